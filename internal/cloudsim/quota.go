package cloudsim

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

// Quotas are a project's limits; -1 is none.
type Quotas struct {
	Volumes, Gigabytes, Snapshots, Backups, BackupGigabytes int
}

// DefaultQuotas are Cinder's own.
func DefaultQuotas() Quotas {
	return Quotas{Volumes: 10, Gigabytes: 1000, Snapshots: 10, Backups: 10, BackupGigabytes: 1000}
}

// quota is a kind of resource that has a limit in number and one in GiB.
type quota int

const (
	quotaVolumes quota = iota
	quotaSnapshots
	quotaBackups
)

// SetQuotas changes a project's limits, by the project's name.
func (c *Cloud) SetQuotas(project string, q Quotas) {
	c.lock()
	defer c.mu.Unlock()
	c.quotas[c.projectID(project)] = q
}

// SetUnlisted makes a project, by its name, use so much more of its quotas than its lists account for.
func (c *Cloud) SetUnlisted(project string, q Quotas) {
	c.lock()
	defer c.mu.Unlock()
	c.unlisted[c.projectID(project)] = q
}

// keepQuota has a deleted backup not give back what it used, if that is wanted.
func (c *Cloud) keepQuota(b *Backup) {
	if c.config.QuotaKept {
		q := c.unlisted[b.Project]
		q.Backups++
		q.BackupGigabytes += b.Size
		c.unlisted[b.Project] = q
	}
}

func (c *Cloud) quotasOf(projectID string) Quotas {
	if q, set := c.quotas[projectID]; set {
		return q
	}
	return *c.config.Quotas
}

// usage is what a project has, in the form of quotas. Snapshots count as gigabytes, too.
func (c *Cloud) usage(projectID string) Quotas {
	q := c.unlisted[projectID]
	for _, v := range c.volumes {
		if v.Project == projectID {
			q.Volumes++
			q.Gigabytes += v.Size
		}
	}
	for _, s := range c.snapshots {
		if s.Project == projectID {
			q.Snapshots++
			q.Gigabytes += s.Size
		}
	}
	for _, b := range c.backups {
		if b.Project == projectID {
			q.Backups++
			q.BackupGigabytes += b.Size
		}
	}
	return q
}

// reserve says whether a project may have one more, of that many GiB.
func (c *Cloud) reserve(projectID string, of quota, size int) error {
	limit, used := c.quotasOf(projectID), c.usage(projectID)
	over := func(limit, wanted int) bool { return limit >= 0 && wanted > limit }
	if of == quotaBackups {
		if over(limit.BackupGigabytes, used.BackupGigabytes+size) {
			return overQuota("VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup gigabytes quota. Requested %dG, quota is %dG and %dG has been consumed.", size, limit.BackupGigabytes, used.BackupGigabytes)
		}
		if over(limit.Backups, used.Backups+1) {
			return overQuota("BackupLimitExceeded: Maximum number of backups allowed (%d) exceeded", limit.Backups)
		}
		return nil
	}
	if over(limit.Gigabytes, used.Gigabytes+size) {
		return overQuota("VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested %dG, quota is %dG and %dG has been consumed.", size, limit.Gigabytes, used.Gigabytes)
	}
	if of == quotaSnapshots && over(limit.Snapshots, used.Snapshots+1) {
		return overQuota("SnapshotLimitExceeded: Maximum number of snapshots allowed (%d) exceeded", limit.Snapshots)
	}
	if of == quotaVolumes && over(limit.Volumes, used.Volumes+1) {
		return overQuota("VolumeLimitExceeded: Maximum number of volumes allowed (%d) exceeded for quota 'volumes'.", limit.Volumes)
	}
	return nil
}

// unprefixed takes the name of Cinder's exception away: a restore shows only its words.
func unprefixed(err error) error {
	var refusal *apiError
	if errors.As(err, &refusal) {
		_, refusal.message, _ = strings.Cut(refusal.message, ": ")
	}
	return err
}

func (c *Cloud) showLimits(r *call) (*answer, error) {
	limit, used := c.quotasOf(r.token.project.id), c.usage(r.token.project.id)
	if c.broken(LimitsWrong) {
		used.Backups, used.BackupGigabytes = 0, 0
	}
	limits := object{
		"maxTotalVolumes": limit.Volumes, "maxTotalSnapshots": limit.Snapshots, "maxTotalVolumeGigabytes": limit.Gigabytes,
		"maxTotalBackups": limit.Backups, "maxTotalBackupGigabytes": limit.BackupGigabytes,
		"totalVolumesUsed": used.Volumes, "totalGigabytesUsed": used.Gigabytes, "totalSnapshotsUsed": used.Snapshots,
		"totalBackupsUsed": used.Backups, "totalBackupGigabytesUsed": used.BackupGigabytes}
	maps.DeleteFunc(limits, func(name string, _ any) bool {
		return c.config.LimitsWithoutUsed && strings.HasSuffix(name, "Used") || c.config.LimitsWithoutBackups && strings.Contains(name, "Backup")
	})
	return ok(object{"limits": object{"rate": []object{}, "absolute": limits}}), nil
}

func (c *Cloud) showQuotas(r *call) (*answer, error) {
	if r.id != r.token.project.id && !r.token.admin() {
		return nil, forbidden("volume_extension:quotas:show")
	}
	limit, used := c.quotasOf(r.id), c.usage(r.id)
	set := object{"id": r.id}
	for _, q := range []struct {
		name        string
		limit, used int
	}{
		{"volumes", limit.Volumes, used.Volumes}, {"gigabytes", limit.Gigabytes, used.Gigabytes},
		{"snapshots", limit.Snapshots, used.Snapshots}, {"backups", limit.Backups, used.Backups},
		{"backup_gigabytes", limit.BackupGigabytes, used.BackupGigabytes},
		{"per_volume_gigabytes", -1, 0}, {"groups", 10, 0},
	} {
		if strings.EqualFold(fmt.Sprint(r.query.Get("usage")), "true") {
			set[q.name] = object{"limit": q.limit, "in_use": q.used, "reserved": 0}
		} else {
			set[q.name] = q.limit
		}
	}
	return ok(object{"quota_set": set}), nil
}
