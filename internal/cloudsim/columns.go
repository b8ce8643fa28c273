package cloudsim

import (
	"strconv"
	"strings"
	"time"
)

// This file says by what each kind of resource is selected and sorted.

// volumeFilters are those of a microversion; another one is ignored before 3.31.
func volumeFilters(minor int) map[string]filter[*Volume] {
	filters := map[string]filter[*Volume]{
		"name":              same(func(v *Volume) any { return v.Name }),
		"status":            same(func(v *Volume) any { return v.Status }),
		"size":              same(func(v *Volume) any { return v.Size }),
		"availability_zone": same(func(*Volume) any { return zone }),
		"migration_status":  same(func(*Volume) any { return "None" }),
		"metadata":          keyValues[*Volume],
		"bootable":          truth(func(v *Volume) bool { return v.Bootable }, "Invalid input received: 'bootable = %s'"),
		"consumes_quota":    quotaUse[*Volume](),
		"group_id":          same(func(*Volume) any { return "None" }),
		"created_at":        moment(func(v *Volume) time.Time { return v.CreatedAt }),
		"updated_at":        moment(func(v *Volume) time.Time { return v.UpdatedAt }),
	}
	if minor < 2 { // whatever else it says is yes
		filters["bootable"] = func(asked string) (func(*Volume) bool, error) {
			wanted := asked != "" && !strings.EqualFold(asked, "false")
			return func(v *Volume) bool { return v.Bootable == wanted }, nil
		}
	}
	if minor < 31 {
		filters["consumes_quota"] = func(string) (func(*Volume) bool, error) { return none[*Volume], nil } // another name of it is known
		for _, later := range []string{"group_id", "created_at", "updated_at"} {
			delete(filters, later)
		}
	}
	return filters
}

func volumeSorts() map[string]order[*Volume] {
	sorts := map[string]order[*Volume]{
		"name":           by(func(v *Volume) string { return v.Name }),
		"size":           by(func(v *Volume) int { return v.Size }),
		"bootable":       by(func(v *Volume) string { return strconv.FormatBool(v.Bootable) }),
		"snapshot_id":    by(func(v *Volume) string { return v.SnapshotID }),
		"source_volid":   by(func(v *Volume) string { return v.SourceID }),
		"host":           by(func(v *Volume) string { return v.Type }), // a backend for each
		"volume_type":    by(func(v *Volume) string { return v.Type }),
		"volume_type_id": by(func(v *Volume) string { return v.Type }),
	}
	for _, key := range []string{"attach_status", "availability_zone", "cluster_name", "consistencygroup_id", "group_id",
		"migration_status", "multiattach", "replication_status", "service_uuid"} {
		sorts[key] = alike[*Volume]
	}
	return sorts
}

// snapshotFilters are those of a microversion; another one is ignored before 3.31.
func snapshotFilters(minor int) map[string]filter[*Snapshot] {
	filters := map[string]filter[*Snapshot]{
		"name":              same(func(s *Snapshot) any { return s.Name }),
		"status":            same(func(s *Snapshot) any { return s.Status }),
		"volume_id":         same(func(s *Snapshot) any { return s.VolumeID }),
		"metadata":          keyValues[*Snapshot],
		"availability_zone": same(func(*Snapshot) any { return zone }),
		"consumes_quota":    quotaUse[*Snapshot](),
	}
	if minor < 31 {
		for _, later := range []string{"metadata", "availability_zone", "consumes_quota"} {
			delete(filters, later)
		}
	}
	return filters
}

func snapshotSorts(minor int) map[string]order[*Snapshot] {
	sorts := map[string]order[*Snapshot]{
		"volume_id":      by(func(s *Snapshot) string { return s.VolumeID }),
		"volume_size":    by(func(s *Snapshot) int { return s.Size }),
		"volume_type_id": by(func(s *Snapshot) string { return s.volumeType }),
		"progress":       alike[*Snapshot],
	}
	if minor >= 30 {
		sorts["name"] = by(func(s *Snapshot) string { return s.Name })
	}
	return sorts
}

func backupFilters() map[string]filter[*Backup] {
	return map[string]filter[*Backup]{
		"name":      same(func(b *Backup) any { return b.Name }),
		"status":    same(func(b *Backup) any { return b.Status }),
		"volume_id": same(func(b *Backup) any { return b.VolumeID }),
	}
}

func backupSorts(minor int) map[string]order[*Backup] {
	sorts := map[string]order[*Backup]{
		"size":           by(func(b *Backup) int { return b.Size }),
		"volume_id":      by(func(b *Backup) string { return b.VolumeID }),
		"snapshot_id":    by(func(b *Backup) string { return b.SnapshotID }),
		"parent_id":      by(func(b *Backup) string { return b.ParentID }),
		"container":      by(func(b *Backup) string { return b.container }),
		"fail_reason":    by(func(b *Backup) string { return b.FailReason }),
		"data_timestamp": by(func(b *Backup) int64 { return b.DataTimestamp.Unix() }),
	}
	for _, key := range []string{"availability_zone", "host", "object_count"} {
		sorts[key] = alike[*Backup]
	}
	if minor >= 37 {
		sorts["name"] = by(func(b *Backup) string { return b.Name })
	}
	return sorts
}
