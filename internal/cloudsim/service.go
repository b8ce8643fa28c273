package cloudsim

// backupService is cinder-backup, and what the scheduler knows of it.
type backupService struct {
	up         bool
	known      bool // the scheduler has seen it, and does not look again whether it still runs
	generation int  // counts the times that it went down: what was under way then is not finished
}

// inZone tells whether the backup is in cinder-backup's zone. In another one nothing takes it, and nothing
// deletes it, for whomever (seen on Cinder 26.0.0).
func (b *Backup) inZone() bool { return b.Zone == "" || b.Zone == zone }

// StopBackupService kills cinder-backup: what it was doing stays as it is, new backups stay
// `creating`, and deletions and restores are refused.
func (c *Cloud) StopBackupService() {
	c.lock()
	defer c.mu.Unlock()
	c.service.up = false
	c.service.generation++
}

// StartBackupService starts cinder-backup, which first puts right what an earlier one left: a backup
// being created becomes an error, a restore one too, and a deletion is taken up again.
func (c *Cloud) StartBackupService() {
	c.lock()
	defer c.mu.Unlock()
	if c.service.up {
		return
	}
	c.service.up, c.service.known = true, true
	for _, b := range c.backups {
		c.after(c.config.OperationTime, func() { c.recover(b) })
	}
}

func (c *Cloud) recover(b *Backup) {
	switch b.Status {
	case "creating":
		if v := c.volumes[b.VolumeID]; v != nil && v.Status == "backing-up" {
			c.set(&v.Resource, v.previous)
		}
		if s := c.snapshots[b.SnapshotID]; s != nil && s.Status == "backing-up" {
			c.set(&s.Resource, "available")
		}
		b.FailReason = "incomplete backup reset on manager restart"
		c.set(&b.Resource, "error")
	case "restoring":
		if v := c.volumes[b.restoring]; v != nil && v.Status == "restoring-backup" {
			c.set(&v.Resource, "error_restoring")
		}
		c.set(&b.Resource, "available")
	case "deleting":
		c.removeBackup(b)
	}
}

// RestartScheduler makes the scheduler forget a cinder-backup that does not run, so that new backups
// fail at once.
func (c *Cloud) RestartScheduler() {
	c.lock()
	defer c.mu.Unlock()
	c.service.known = c.service.up
}
