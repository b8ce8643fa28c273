package cloudsim

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Volume is a volume as tests see it, and as it is kept.
type Volume struct {
	Resource
	Type       string // name of the volume type
	SnapshotID string // what it was made from
	SourceID   string
	Bootable   bool

	ImageMetadata map[string]string // about the image that it was first made from

	previous   string // the status to go back to after a backup
	attachment object
	data       disk
}

func (c *Cloud) listVolumes(r *call) (*answer, error) {
	return list(c, r, c.volumes, listing[*Volume]{
		collection: "volumes", kind: "Volume",
		filters: map[string]func(*Volume) any{
			"name": func(v *Volume) any { return v.Name }, "status": func(v *Volume) any { return v.Status },
			"size": func(v *Volume) any { return v.Size }, "bootable": func(v *Volume) any { return v.Bootable },
			"availability_zone": func(*Volume) any { return zone },
		},
		view: func(v *Volume, detail bool) object {
			if detail {
				return c.volumeDetail(r, v)
			}
			return object{"id": v.ID, "name": null(v.Name), "links": r.links("volumes", v.ID)}
		},
	})
}

func (c *Cloud) showVolume(r *call) (*answer, error) {
	v, err := lookup(r, c.volumes, "Volume", r.id)
	if err != nil {
		return nil, err
	}
	return ok(object{"volume": c.volumeDetail(r, v)}), nil
}

func (c *Cloud) volumeDetail(r *call, v *Volume) object {
	o := c.volumeView(r, v)
	o["os-vol-tenant-attr:tenant_id"] = v.Project
	if len(v.ImageMetadata) > 0 {
		o["volume_image_metadata"] = maps.Clone(v.ImageMetadata)
	}
	if r.token.admin() {
		o["os-vol-host-attr:host"] = "cloudsim@" + v.Type
		o["os-vol-mig-status-attr:migstat"] = nil
		o["os-vol-mig-status-attr:name_id"] = nil
	}
	return o
}

// volumeView is what a volume looks like in the answer to a change; see also volumeDetail.
func (c *Cloud) volumeView(r *call, v *Volume) object {
	attachments := []object{}
	if v.attachment != nil {
		attachments = append(attachments, v.attachment)
	}
	o := object{
		"id": v.ID, "status": v.Status, "size": v.Size, "availability_zone": zone,
		"created_at": stamp(v.CreatedAt), "updated_at": stamp(v.UpdatedAt),
		"name": null(v.Name), "description": null(v.Description), "volume_type": v.Type,
		"snapshot_id": null(v.SnapshotID), "source_volid": null(v.SourceID),
		"metadata": v.metadata(), "links": r.links("volumes", v.ID), "user_id": v.User,
		"bootable": map[bool]string{true: "true", false: "false"}[v.Bootable], "encrypted": c.broken("encrypted"),
		"replication_status": nil, "consistencygroup_id": nil, "multiattach": false, "attachments": attachments,
	}
	if r.token.admin() {
		o["migration_status"] = nil
	}
	if r.minor >= 13 {
		o["group_id"] = nil
	}
	if r.minor >= 48 {
		o["shared_targets"], o["service_uuid"] = false, uuid("cinder-volume")
	}
	if r.minor >= 63 {
		if t, err := c.findType(v.Type); err == nil {
			o["volume_type_id"] = t.id
		}
	}
	if r.minor >= 65 {
		o["consumes_quota"] = true
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
	size, typeName := a.size(), a.text("volume_type")
	snapshotID, sourceID, backupID := a.uuid("snapshot_id"), a.uuid("source_volid"), a.uuid("backup_id")
	imageID := cmp.Or(a.text("imageRef"), a.text("image_id"))
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
		s, err := lookup(r, c.snapshots, "Snapshot", snapshotID)
		if err != nil {
			return nil, err
		}
		if s.Status != "available" {
			return nil, malformed("Invalid snapshot: Originating snapshot status must be one of 'available' values")
		}
		minimum, v.Type, v.data = s.Size, s.volumeType, maps.Clone(s.data)
	case sourceID != "":
		s, err := lookup(r, c.volumes, "Volume", sourceID)
		if err != nil {
			return nil, err
		}
		if s.Status != "available" && s.Status != "in-use" {
			return nil, malformed("Invalid volume: Unable to create volume from source volume %s: its status is %s", s.ID, s.Status)
		}
		minimum, v.Type, v.data, v.Bootable, v.ImageMetadata = s.Size, s.Type, maps.Clone(s.data), s.Bootable, s.ImageMetadata
	case backupID != "":
		if from, err = lookup(r, c.backups, "Backup", backupID); err != nil {
			return nil, err
		}
		if from.Status != "available" {
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
	if typeName != "" {
		t, err := c.findType(typeName)
		if err != nil {
			return nil, err
		}
		v.Type = t.name
	}
	v.Size = size
	if err := c.reserve(r.token.project.id, quotaVolumes, size); err != nil {
		return nil, err
	}
	c.volumes[v.ID] = v
	if from != nil && !c.service.up {
		v.Status = "error"
	} else if from != nil {
		from.request = r.entry.ID
		c.startRestore(from, v, false)
		v.Status = "creating" // until it is restored: it never says restoring-backup
	} else if image != nil {
		c.fillVolume(v, image)
	} else {
		c.operate(opCreateVolume, &v.Resource, nil, func(outcome string) { c.endVolume(v, outcome, "available") })
	}
	view := c.volumeView(r, v)
	view["created_at"] = v.CreatedAt.UTC().Format(timeLayout) // not yet read back from the database
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
	v, err := lookup(r, c.volumes, "Volume", r.id)
	if err != nil {
		return nil, err
	}
	a, err := r.args("volume", "name", "description", "display_name", "display_description", "metadata")
	if err != nil {
		return nil, err
	}
	if err := c.update(&v.Resource, a); err != nil {
		return nil, err
	}
	return ok(object{"volume": c.volumeView(r, v)}), nil
}

func (c *Cloud) deleteVolume(r *call) (*answer, error) {
	v, err := lookup(r, c.volumes, "Volume", r.id)
	if err != nil {
		return nil, err
	}
	statuses := []string{"available", "error", "error_restoring", "error_extending", "error_managing"}
	deletable := slices.Contains(statuses, v.Status) && v.attachment == nil
	for _, s := range c.snapshots {
		deletable = deletable && s.VolumeID != v.ID
	}
	if v.Status == "backing-up" && c.broken("accepts:delete-backing-up") {
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
	c.set(&v.Resource, "deleting")
	c.operate(opDeleteVolume, &v.Resource, nil, func(outcome string) {
		if outcome == "" {
			outcome = vanished
		}
		c.endVolume(v, outcome, "")
	})
}
