package cloudsim

import (
	"cmp"
	"slices"
)

// The methods of this file are for tests: they do what an administrator, or chance, does to a cloud.

// put fills in what a test leaves out: the member's project, a new id, now, available, 1 GiB.
func (c *Cloud) put(r *Resource, kind string) {
	if name := r.Project; name == "" || c.projectID(name) != "" {
		r.Project = c.projectID(cmp.Or(name, Project))
	}
	r.ID = cmp.Or(r.ID, c.newID(kind))
	r.Status = cmp.Or(r.Status, "available")
	r.Size = cmp.Or(r.Size, 1)
	if r.CreatedAt.IsZero() {
		r.CreatedAt = c.now
	}
}

// PutVolume places a volume as it is, past all rules, and returns its id. What is left out gets a
// default; Project may be a project's name (the default is Project) or id.
func (c *Cloud) PutVolume(v Volume) string {
	c.lock()
	defer c.everywhere()
	c.put(&v.Resource, "volume")
	v.Type = cmp.Or(v.Type, DefaultType)
	v.data = disk{}
	c.volumes[v.ID] = &v
	return v.ID
}

// PutSnapshot is PutVolume for a snapshot.
func (c *Cloud) PutSnapshot(s Snapshot) string {
	c.lock()
	defer c.everywhere()
	c.put(&s.Resource, "snapshot")
	s.volumeType, s.data = DefaultType, disk{}
	c.snapshots[s.ID] = &s
	return s.ID
}

// PutBackup is PutVolume for a backup. Its volume need not exist; its parent's counter of dependents
// is the test's own affair.
func (c *Cloud) PutBackup(b Backup) string {
	c.lock()
	defer c.everywhere()
	c.put(&b.Resource, "backup")
	b.VolumeID = cmp.Or(b.VolumeID, c.newID("volume"))
	if b.DataTimestamp.IsZero() {
		b.DataTimestamp = b.CreatedAt
	}
	b.data = disk{}
	if b.Status == "available" {
		b.container = "backups"
	}
	c.backups[b.ID] = &b
	return b.ID
}

// PutImage is PutVolume for an image. It has no data, and is active.
func (c *Cloud) PutImage(i Image) string {
	c.lock()
	defer c.mu.Unlock()
	c.put(&i.Resource, "image")
	i.Status, i.Visibility = "queued", cmp.Or(i.Visibility, "shared")
	c.activate(&i, disk{}, 0)
	c.images[i.ID] = &i
	return i.ID
}

// Volumes returns every project's volumes, oldest first.
func (c *Cloud) Volumes() []Volume {
	return snapshotOf(c, func() map[string]*Volume { return c.volumes })
}

// Snapshots returns every project's snapshots, oldest first.
func (c *Cloud) Snapshots() []Snapshot {
	return snapshotOf(c, func() map[string]*Snapshot { return c.snapshots })
}

// Backups returns every project's backups, oldest first.
func (c *Cloud) Backups() []Backup {
	return snapshotOf(c, func() map[string]*Backup { return c.backups })
}

// Images returns every project's images, oldest first.
func (c *Cloud) Images() []Image {
	return snapshotOf(c, func() map[string]*Image { return c.images })
}

func snapshotOf[T any, P interface {
	*T
	resource() *Resource
}](c *Cloud, all func() map[string]P) []T {
	c.lock()
	defer c.mu.Unlock()
	var copies []T
	for _, one := range all() {
		clone := *one
		P(&clone).resource().Metadata = one.resource().metadata()
		copies = append(copies, clone)
	}
	slices.SortFunc(copies, func(a, b T) int {
		ra, rb := P(&a).resource(), P(&b).resource()
		return cmp.Or(ra.CreatedAt.Compare(rb.CreatedAt), cmp.Compare(ra.ID, rb.ID))
	})
	return copies
}

// SetStatus gives a volume, snapshot, backup or image a status, whatever it is doing, and says whether there
// is one of that id.
func (c *Cloud) SetStatus(id, status string) bool {
	c.lock()
	defer c.mu.Unlock()
	if r := c.any(id); r != nil {
		c.force(r, status)
		return true
	}
	return false
}

// Rename gives a volume, snapshot, backup or image another name, as somebody else might, and says whether
// there is one of that id.
func (c *Cloud) Rename(id, name string) bool {
	c.lock()
	defer c.mu.Unlock()
	if r := c.any(id); r != nil {
		r.Name, r.UpdatedAt = name, c.now
		return true
	}
	return false
}

// Delete begins the deletion of a volume, snapshot or backup, as somebody else's request would, whatever
// it is doing: it is `deleting` for an operation's time, and then gone. Remove has it gone at once.
func (c *Cloud) Delete(id string) {
	c.lock()
	defer c.mu.Unlock()
	if r := c.resource(id); r != nil {
		c.force(r, "deleting")
		c.fade(r)
	}
}

// Remove makes a volume, snapshot, backup or image vanish.
func (c *Cloud) Remove(id string) {
	c.lock()
	defer c.mu.Unlock()
	c.remove(id)
	delete(c.images, id)
}

// any finds a resource of whichever kind.
func (c *Cloud) any(id string) *Resource {
	if r := c.resource(id); r != nil {
		return r
	}
	if i := c.images[id]; i != nil {
		return &i.Resource
	}
	return nil
}

// RevokeTokens makes every token invalid. Logging in again still works.
func (c *Cloud) RevokeTokens() {
	c.lock()
	defer c.mu.Unlock()
	clear(c.tokens)
}

// SetRoles changes the roles of a user, by name, from its next login on.
func (c *Cloud) SetRoles(username string, roles ...string) {
	c.lock()
	defer c.mu.Unlock()
	for i := range c.users {
		if c.users[i].name == username {
			c.users[i].roles = roles
		}
	}
}

// ProjectID returns the id of a project by its name, "" if there is none.
func (c *Cloud) ProjectID(name string) string {
	c.lock()
	defer c.mu.Unlock()
	return c.projectID(name)
}
