package cloudsim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Volume is a volume as tests see it, and as it is kept.
type Volume struct {
	Resource
	Type       string // name of the volume type
	SnapshotID string // what it was made from
	SourceID   string
	Bootable   bool

	ImageMetadata map[string]string // about the image that it was first made from
	Attachments   []Attachment

	previous  string    // the status to go back to after a backup
	keptUntil time.Time // deletions before are undone; zero: none was tried
	data      disk
	key       byte // what an encrypted volume's ciphertext is made with
	headed    bool // an encrypted volume that was made empty: its device is longer by a header
}

// Attachment is that of a volume, perhaps to a server.
type Attachment struct {
	ID, ServerID, Device string
}

func (c *Cloud) listVolumes(r *call) (*answer, error) {
	return list(c, r, r.node().volumes, listing[*Volume]{
		collection: "volumes", kind: "Volume", foreign: ForeignListVolume, filters: volumeFilters(r.minor), sorts: volumeSorts(),
		view: func(v *Volume, detail bool) any {
			if detail {
				return c.volumeDetail(r, v)
			}
			return object{"id": v.ID, "name": null(v.Name), "links": r.links("volumes", v.ID)}
		},
	})
}

func (c *Cloud) showVolume(r *call) (*answer, error) {
	v, err := lookup(r, volumesOf, "Volume", r.id)
	if err == nil && c.broken(UnreadableVolume) {
		err = notFound("Volume", r.id)
	}
	if err != nil {
		return nil, err
	}
	return ok(object{"volume": c.volumeDetail(r, v)}), nil
}

// volumeView is a volume as it is answered: with the members of the first microversion, then those
// that came later, of details, and of an administrator's details.
type volumeView struct {
	ID               string            `json:"id"`
	Status           string            `json:"status"`
	Size             int               `json:"size"`
	Zone             string            `json:"availability_zone"`
	CreatedAt        any               `json:"created_at"`
	UpdatedAt        any               `json:"updated_at"`
	Name             any               `json:"name"`
	Description      any               `json:"description"`
	Type             string            `json:"volume_type"`
	SnapshotID       any               `json:"snapshot_id"`
	SourceID         any               `json:"source_volid"`
	Metadata         map[string]string `json:"metadata"`
	Links            []link            `json:"links"`
	User             string            `json:"user_id"`
	Bootable         string            `json:"bootable"`
	Encrypted        bool              `json:"encrypted"`
	Replication      any               `json:"replication_status"`
	ConsistencyGroup any               `json:"consistencygroup_id"`
	Multiattach      bool              `json:"multiattach"`
	Attachments      []object          `json:"attachments"`
	Group            absentOrNull      `json:"group_id,omitempty"`       // from 3.13 on
	SharedTargets    *bool             `json:"shared_targets,omitempty"` // from 3.48 on
	ServiceID        string            `json:"service_uuid,omitempty"`
	TypeID           string            `json:"volume_type_id,omitempty"` // from 3.63 on
	ConsumesQuota    bool              `json:"consumes_quota,omitempty"` // from 3.65 on
	Migration        absentOrNull      `json:"migration_status,omitempty"`
	Project          string            `json:"os-vol-tenant-attr:tenant_id,omitempty"`
	ImageMetadata    map[string]string `json:"volume_image_metadata,omitempty"`
	Host             string            `json:"os-vol-host-attr:host,omitempty"`
	MigrationState   absentOrNull      `json:"os-vol-mig-status-attr:migstat,omitempty"`
	MigrationTarget  absentOrNull      `json:"os-vol-mig-status-attr:name_id,omitempty"`
}

func (c *Cloud) volumeDetail(r *call, v *Volume) volumeView {
	o := c.volumeView(r, v)
	o.Project, o.ImageMetadata = v.Project, maps.Clone(v.ImageMetadata)
	if r.token.admin() {
		o.Host, o.MigrationState, o.MigrationTarget = "cloudsim@"+v.Type, true, true
	}
	return o
}

// volumeView is what a volume looks like in the answer to a change; see also volumeDetail.
func (c *Cloud) volumeView(r *call, v *Volume) volumeView {
	attachments := []object{}
	for _, a := range v.Attachments {
		attachments = append(attachments, object{"id": v.ID, "attachment_id": a.ID, "volume_id": v.ID, "host_name": nil,
			"server_id": null(a.ServerID), "device": a.Device, "attached_at": stamp(v.UpdatedAt)})
	}
	o := volumeView{
		ID: v.ID, Status: v.Status, Size: v.Size, Zone: zone, CreatedAt: stamp(v.CreatedAt), UpdatedAt: stamp(v.UpdatedAt),
		Name: null(v.Name), Description: null(v.Description), Type: v.Type, SnapshotID: null(v.SnapshotID), SourceID: null(v.SourceID),
		Metadata: v.metadata(), Links: r.links("volumes", v.ID), User: v.User,
		Bootable: strconv.FormatBool(v.Bootable), Encrypted: c.encrypted(v) || c.broken(Encrypted), Attachments: attachments,
	}
	o.Migration, o.Group, o.ConsumesQuota = absentOrNull(r.token.admin()), r.minor >= 13, r.minor >= 65
	if r.minor >= 48 {
		o.SharedTargets, o.ServiceID = new(bool), uuid("cinder-volume")
	}
	if r.minor >= 63 {
		if t, err := c.findType(v.Type); err == nil {
			o.TypeID = t.id
		}
	}
	return o
}

func (r *Resource) metadata() map[string]string {
	if r.Metadata == nil {
		return map[string]string{}
	}
	return maps.Clone(r.Metadata)
}

func (c *Cloud) createVolume(r *call) (*answer, error) {
	var allowed []string // before 3.53 anything is
	if r.minor >= 53 {
		allowed = []string{"name", "description", "display_name", "display_description", "volume_type", "metadata", "snapshot_id", "source_volid",
			"consistencygroup_id", "size", "availability_zone", "multiattach", "image_id", "imageRef", "group_id", "backup_id"}
	}
	a, err := r.args("volume", allowed...)
	if err != nil {
		return nil, err
	}
	a.alias("name", "display_name")
	a.alias("description", "display_description")
	size, typeName := a.size(), a.text("volume_type")
	snapshotID, sourceID, backupID := a.uuid("snapshot_id"), a.uuid("source_volid"), a.uuid("backup_id")
	imageID := cmp.Or(a.text("imageRef"), a.text("image_id"))
	if requested, given := a.m["availability_zone"]; given && requested == "" {
		a.fail(invalid("availability_zone", requested, "'' is too short"))
	}
	if requested := a.text("availability_zone"); a.err == nil && requested != "" && requested != zone {
		return nil, malformed("Availability zone '%s' is invalid.", requested)
	}
	v := &Volume{Type: DefaultType, SnapshotID: snapshotID, SourceID: sourceID, data: disk{}}
	v.Resource = c.newResource("volume", r, a)
	if a.err != nil {
		return nil, a.err
	}
	var from *Backup
	var image *Image
	minimum := 0
	switch {
	case snapshotID != "":
		s, err := lookup(r, snapshotsOf, "Snapshot", snapshotID)
		if err != nil {
			return nil, err
		}
		if r.statusOf(&s.Resource, "available") != "available" {
			return nil, malformed("Invalid snapshot: Originating snapshot status must be one of 'available' values")
		}
		minimum, v.Type, v.data = s.Size, s.volumeType, maps.Clone(s.data)
		if later := c.volumes[s.VolumeID]; later != nil && c.broken(VolumeFromSnapshotIsLater) {
			v.data = maps.Clone(later.data)
		}
	case sourceID != "":
		s, err := lookup(r, volumesOf, "Volume", sourceID)
		if err != nil {
			return nil, err
		}
		if status := r.statusOf(&s.Resource, "available", "in-use"); status != "available" && status != "in-use" {
			return nil, malformed("Invalid volume: Unable to create volume from source volume %s: its status is %s", s.ID, status)
		}
		minimum, v.Type, v.data, v.Bootable, v.ImageMetadata = s.Size, s.Type, maps.Clone(s.data), s.Bootable, s.ImageMetadata
	case backupID != "":
		if from, err = lookup(r, backupsOf, "Backup", backupID); err != nil {
			return nil, err
		}
		if r.statusOf(&from.Resource, "available") != "available" {
			return nil, malformed("Invalid backup: Backup status must be available")
		}
		minimum = from.Size
	case size == 0:
		return nil, malformed("The server could not comply with the request since it is either malformed or otherwise incorrect.")
	case imageID != "":
		if image, err = c.imageFor(r, imageID, size); err != nil {
			return nil, err
		}
	}
	if size == 0 {
		size = minimum
	}
	if size < minimum {
		return nil, malformed("Invalid input received: Volume size '%d'GB cannot be smaller than original volume size  %dGB. They must be >= original volume size.", size, minimum)
	}
	v.Size = size
	if v.Type, err = c.newVolumeType(r, typeName, v.Type, size); err != nil {
		return nil, err
	}
	if err := c.reserve(r.token.project.id, quotaVolumes, size); err != nil {
		return nil, err
	}
	c.volumes[v.ID] = v
	if from != nil && !c.service.up {
		v.Status = "error"
	} else if from != nil {
		from.request = r.entry.ID
		c.startRestore(from, v, true, false)
		v.Status = "creating" // until it is restored: it never says restoring-backup
	} else if image != nil {
		c.fillVolume(v, image)
	} else {
		v.headed = c.encrypted(v) && snapshotID+sourceID == ""
		c.operate(opCreateVolume, &v.Resource, nil, func(outcome string) { c.endVolume(v, outcome, "available") })
	}
	view := c.volumeView(r, v)
	view.CreatedAt = v.CreatedAt.UTC().Format(timeLayout) // not yet read back from the database
	return accepted(object{"volume": view}), nil
}

// endVolume ends an operation on a volume that is there afterwards, unless it is to vanish.
func (c *Cloud) endVolume(v *Volume, outcome, well string) {
	if outcome == vanished {
		delete(c.volumes, v.ID)
		return
	}
	c.settle(&v.Resource, outcome, well)
}

func (c *Cloud) updateVolume(r *call) (*answer, error) {
	a, err := r.args("volume", "name", "description", "display_name", "display_description", "metadata")
	if err != nil {
		return nil, err
	}
	if r.minor >= 53 {
		a.something("volume")
	}
	a.alias("name", "display_name")
	a.alias("description", "display_description")
	change, err := c.change(a)
	if err != nil {
		return nil, err
	}
	v, err := lookup(r, volumesOf, "Volume", r.id)
	if err != nil {
		return nil, err
	}
	change(&v.Resource)
	return ok(object{"volume": c.volumeView(r, v)}), nil
}

func (c *Cloud) deleteVolume(r *call) (*answer, error) {
	v, err := lookup(r, volumesOf, "Volume", r.id)
	if err != nil {
		return nil, err
	}
	statuses := []string{"available", "error", "error_restoring", "error_extending", "error_managing"}
	deletable := slices.Contains(statuses, r.statusOf(&v.Resource, statuses...)) && len(v.Attachments) == 0
	for _, n := range []*node{&c.node, r.node()} {
		for _, s := range n.snapshots {
			deletable = deletable && s.VolumeID != v.ID
		}
	}
	if v.Status == "backing-up" && c.broken(AcceptsDeleteBackingUp) {
		return accepted(nil), nil
	}
	if !deletable {
		return nil, c.busy("Invalid volume: Volume status must be %s and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.", strings.Join(statuses, " or "))
	}
	c.removeVolume(v)
	return accepted(nil), nil
}

// removeVolume begins a volume's deletion.
func (c *Cloud) removeVolume(v *Volume) {
	if v.keptUntil.IsZero() {
		v.keptUntil = c.now.Add(c.config.DeletionUndone)
	}
	c.set(&v.Resource, "deleting")
	c.operate(opDeleteVolume, &v.Resource, nil, func(outcome string) {
		if outcome == "" && c.now.Before(v.keptUntil) {
			outcome = "available"
		} else if outcome == "" {
			outcome = vanished
		}
		c.endVolume(v, outcome, "")
	})
}
