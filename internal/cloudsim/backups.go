package cloudsim

import (
	"cmp"
	"maps"
	"time"
)

// Backup is a backup as tests see it, and as it is kept.
type Backup struct {
	Resource
	VolumeID      string
	SnapshotID    string // "": of the volume itself
	ParentID      string // "": full
	Zone          string // of the cinder-backup that took it
	FailReason    string
	Dependents    int       // Cinder's own counter, which is late, and knows of no failed child
	DataTimestamp time.Time // when the bytes were as they are in the backup

	container string // asked for, or where the driver has put it
	restoring string // the volume that it is being restored into
	request   string // the last one that began something with it
	source    Volume // the volume as it was when it was backed up
	spoiled   bool   // by DeletionSpoilsParent
	data      disk   // all of the bytes, or what has changed since the parent
}

func (c *Cloud) listBackups(r *call) (*answer, error) {
	return list(c, r, r.node().backups, listing[*Backup]{
		collection: "backups", kind: "Backup", foreign: ForeignListBackup, filters: backupFilters(), sorts: backupSorts(r.minor),
		view: func(b *Backup, detail bool) any {
			if detail {
				return b.detail(r)
			}
			return b.brief(r)
		},
	})
}

func (b *Backup) brief(r *call) object {
	return object{"id": b.ID, "name": null(b.Name), "links": r.links("backups", b.ID)}
}

// backupView is a backup as it is answered.
type backupView struct {
	ID            string            `json:"id"`
	Status        string            `json:"status"`
	Size          int               `json:"size"`
	Objects       int               `json:"object_count"`
	Zone          any               `json:"availability_zone"`
	Container     any               `json:"container"`
	CreatedAt     any               `json:"created_at"`
	UpdatedAt     any               `json:"updated_at"`
	Name          any               `json:"name"`
	Description   any               `json:"description"`
	FailReason    any               `json:"fail_reason"`
	VolumeID      string            `json:"volume_id"`
	Links         []link            `json:"links"`
	Incremental   bool              `json:"is_incremental"`
	HasDependents bool              `json:"has_dependent_backups"`
	SnapshotID    any               `json:"snapshot_id"`
	DataTimestamp any               `json:"data_timestamp"`
	Metadata      map[string]string `json:"metadata,omitzero"` // from 3.43 on
	Project       string            `json:"os-backup-project-attr:project_id,omitempty"`
	User          string            `json:"user_id,omitempty"`
}

func (b *Backup) detail(r *call) backupView {
	o := backupView{
		ID: b.ID, Status: b.Status, Size: b.Size, CreatedAt: stamp(b.CreatedAt), UpdatedAt: stamp(b.UpdatedAt), Name: null(b.Name),
		Zone: null(b.Zone), Description: null(b.Description), FailReason: null(b.FailReason), VolumeID: b.VolumeID, Links: r.links("backups", b.ID),
		Incremental: b.ParentID != "", HasDependents: b.Dependents > 0, SnapshotID: null(b.SnapshotID), DataTimestamp: stamp(b.DataTimestamp),
		Container: null(b.container),
	}
	if r.minor >= 43 {
		o.Metadata = b.metadata()
	}
	if r.minor >= 18 && r.token.admin() {
		o.Project = b.Project
	}
	if r.minor >= 56 && r.token.admin() {
		o.User = b.User
	}
	return o
}

func (c *Cloud) showBackup(r *call) (*answer, error) {
	b, err := lookup(r, backupsOf, "Backup", r.id)
	if err == nil && c.broken(UnreadableBackup) {
		err = notFound("Backup", r.id)
	}
	if err != nil {
		return nil, err
	}
	return ok(object{"backup": b.detail(r)}), nil
}

func (c *Cloud) createBackup(r *call) (*answer, error) {
	allowed := []string{"volume_id", "container", "description", "incremental", "force", "name", "snapshot_id"}
	if r.minor >= 43 {
		allowed = append(allowed, "metadata")
	}
	if r.minor >= 51 {
		allowed = append(allowed, "availability_zone")
	}
	a, err := r.args("backup", allowed...)
	if err != nil {
		return nil, err
	}
	a.required("backup", "volume_id")
	if id, isString := a.m["volume_id"].(string); !isString {
		a.fail(invalid("volume_id", a.m["volume_id"], "%s is not of type 'string'", python(a.m["volume_id"])))
	} else if !uuidFormat.MatchString(id) {
		a.fail(invalid("volume_id", id, "%s is not a 'uuid'", python(id)))
	}
	b := &Backup{VolumeID: a.uuid("volume_id"), SnapshotID: a.uuid("snapshot_id"), Zone: a.text("availability_zone"), container: a.text("container")}
	b.Resource = c.newResource("backup", r, a)
	b.DataTimestamp = b.CreatedAt
	force, incremental := a.flag("force"), a.flag("incremental")
	a.text("availability_zone") // there is one
	if a.err != nil {
		return nil, a.err
	}
	v, err := lookup(r, volumesOf, "Volume", b.VolumeID)
	if err != nil {
		return nil, err
	}
	// What is marked as being backed up, and its bytes: the volume, or one of its snapshots.
	marked, data := &v.Resource, v.data
	if b.SnapshotID != "" {
		s, err := lookup(r, snapshotsOf, "Snapshot", b.SnapshotID)
		switch {
		case err != nil:
			return nil, err
		case s.VolumeID != v.ID:
			return nil, malformed("Invalid volume: Volume %s does not match with snapshot.volume_id %s.", v.ID, s.VolumeID)
		}
		if status := r.statusOf(&s.Resource, "available"); status != "available" {
			return nil, malformed("Invalid snapshot: Snapshot to be backed up must be available, but the current status is \"%s\".", status)
		}
		marked, b.DataTimestamp = &s.Resource, s.CreatedAt
		if !c.broken(SnapshotBackupIsLater) {
			data = s.data
		}
	} else if status := r.statusOf(&v.Resource, "available", "in-use"); status != "available" && status != "in-use" {
		return nil, malformed("Invalid volume: Volume to be backed up must be available or in-use, but the current status is \"%s\".", status)
	} else if v.Status == "in-use" && (!force && !c.broken(AcceptsInUseWithoutForce) || c.broken(ForceIgnored)) {
		return nil, malformed("Invalid volume: Backing up an in-use volume must use the force flag.")
	}
	if v.Status == "in-use" && c.broken(InUseBackupEmpty) {
		data = disk{}
	}
	if err := c.reserve(b.Project, quotaBackups, v.Size); err != nil {
		return nil, err
	}
	b.Size, b.data = v.Size, maps.Clone(data)
	b.source = Volume{Resource: v.Resource, Type: v.Type, Bootable: v.Bootable, ImageMetadata: v.ImageMetadata}
	if incremental {
		parent, err := c.parent(r, b)
		if err != nil && !c.broken(AcceptsIncrementalWithoutFull) {
			return nil, err
		}
		if err == nil && !c.broken(IncrementalFull) {
			b.ParentID, b.data = parent.ID, data.since(c.contents(parent))
		}
	}
	c.misrecord(b)
	b.request = r.entry.ID
	c.backups[b.ID] = b
	c.startBackup(b, marked)
	return accepted(object{"backup": b.brief(r)}), nil
}

// parent is the backup that an increment builds upon: of the available ones of the same volume the one
// with the newest bytes, which for a snapshot must be older than it.
func (c *Cloud) parent(r *call, b *Backup) (*Backup, error) {
	var newest *Backup
	for _, other := range c.backups {
		switch {
		case other.VolumeID != b.VolumeID || other.Project != b.Project || r.node().backups[other.ID] == nil:
		case r.statusOf(&other.Resource, "available") != "available":
		case b.SnapshotID != "" && !other.DataTimestamp.Before(b.DataTimestamp):
		case newest == nil || newest.DataTimestamp.Before(other.DataTimestamp):
			newest = other
		}
	}
	if newest == nil {
		return nil, malformed("Invalid backup: No backups available to do an incremental backup.")
	}
	return newest, nil
}

// startBackup hands a backup to the scheduler, which hands it to cinder-backup as far as it knows one.
func (c *Cloud) startBackup(b *Backup, marked *Resource) {
	previous := marked.Status
	c.set(marked, "backing-up")
	if v := c.volumes[marked.ID]; v != nil {
		v.previous = previous
	}
	if !c.service.known || !b.inZone() {
		b.FailReason = "Service not found for creating backup."
		c.reportBackup(b, "013_024", "create backup:Backup failed to schedule. Service not found for creating backup.")
		c.set(&b.Resource, "error")
		c.set(marked, previous)
		return
	}
	if !c.service.up {
		return // nobody takes it: it stays as it is
	}
	b.Zone = cmp.Or(b.Zone, zone)
	if v := c.volumes[b.VolumeID]; b.SnapshotID != "" && v != nil && c.broken(SnapshotLocksVolume) {
		c.set(&v.Resource, "backing-up")
	}
	release := func(string) {
		if marked.Status == "backing-up" && (previous != "in-use" || !c.broken(InUseStaysBackingUp)) {
			c.set(marked, previous)
		}
	}
	if previous == "in-use" && c.broken(InUseForgotten) {
		previous = "available"
	}
	c.operate(opCreateBackup, &b.Resource, release, func(outcome string) {
		if outcome == vanished {
			delete(c.backups, b.ID)
			return
		}
		reason := "simulated fault"
		if outcome == "" && b.ParentID != "" && c.config.IncrementalsFail {
			outcome, reason = "error", "Backup RBD operation failed"
		}
		c.settle(&b.Resource, outcome, "available")
		if failed(b.Status) {
			b.FailReason = reason
			c.reportBackup(b, "013_020", "create backup:Backup driver failed to create backup.")
			return
		}
		b.container = cmp.Or(b.container, "backups")
		if parent := c.backups[b.ParentID]; parent != nil {
			c.after(c.lag(), func() {
				if !c.broken(ParentUnmarked) {
					parent.Dependents++
				}
			})
		}
	})
}

func (c *Cloud) updateBackup(r *call) (*answer, error) {
	if r.minor < 9 {
		return nil, tooNew()
	}
	allowed := []string{"name", "description"}
	if r.minor >= 43 {
		allowed = append(allowed, "metadata")
	}
	a, err := r.args("backup", allowed...)
	if err != nil {
		return nil, err
	}
	change, err := c.change(a)
	if err != nil {
		return nil, err
	}
	b, err := lookup(r, backupsOf, "Backup", r.id)
	if err != nil {
		return nil, err
	}
	if !c.broken(RenameIgnored) {
		change(&b.Resource)
	}
	return ok(object{"backup": b.brief(r)}), nil
}

func (c *Cloud) deleteBackup(r *call) (*answer, error) {
	b, err := lookup(r, backupsOf, "Backup", r.id)
	if err != nil {
		return nil, err
	}
	if status := r.statusOf(&b.Resource, "available", "error"); status != "available" && status != "error" {
		if c.broken(AcceptsDeleteBusy) {
			return accepted(nil), nil
		}
		return nil, c.busy("Invalid backup: Backup status must be available or error")
	}
	for _, n := range []*node{&c.node, r.node()} {
		for _, child := range n.backups {
			if child.ParentID == b.ID && !c.broken(AcceptsDeleteParent) {
				return nil, malformed("Invalid backup: Incremental backups exist for this backup.")
			}
		}
	}
	if !c.service.up || !b.inZone() {
		return nil, notFound("Service", "cinder-backup")
	}
	c.removeBackup(b)
	return accepted(nil), nil
}

// removeBackup begins a backup's deletion.
func (c *Cloud) removeBackup(b *Backup) {
	c.set(&b.Resource, "deleting")
	c.operate(opDeleteBackup, &b.Resource, nil, func(outcome string) {
		if outcome != "" && outcome != vanished {
			c.settle(&b.Resource, outcome, "")
			return
		}
		delete(c.backups, b.ID)
		c.keepQuota(b)
		if parent := c.backups[b.ParentID]; parent != nil && parent.Dependents > 0 {
			parent.Dependents--
			parent.spoiled = parent.ParentID != "" && c.broken(DeletionSpoilsParent)
		}
	})
}
