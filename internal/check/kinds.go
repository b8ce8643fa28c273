package check

import (
	"slices"
	"strings"

	"volume-backup-tester/internal/cloud"
)

// available is what every operation of the mandatory phases has to end in, for
// volumes and backups alike.
const available = "available"

// inUse is the status of an attached volume.
const inUse = "in-use"

// kind is one kind of resource that clean-up deletes.
type kind struct {
	name string
	// deletable are the statuses from which Cinder lets a member delete (API
	// reference: "Delete a backup", "Delete a volume"; Cinder's own checks).
	deletable []string
	// idle are the statuses that nothing but a person changes, besides those
	// that begin with "error", with what that person has to do.
	idle map[string]string
	// reset is the administrator's command that makes one deletable.
	reset string
	// only, if set, picks those that are deleted now; the others come later.
	only func(cloud.Resource) bool
}

// imageKinds are images, if the checks make any and the cloud offers them.
func (r *run) imageKinds() []kind {
	if !Optional(r.Checks) || !r.Cloud.HasImages() {
		return nil
	}
	return []kind{{cloud.KindImage, []string{"active", "queued", "killed", "deactivated", "saving", "uploading", "importing"}, nil, "openstack image delete", nil}}
}

// volumeKinds are the kinds of Block Storage that the checks make, in the order
// in which clean-up deletes them: volumes are begun when the backups are gone.
// Glance has no part in what the mandatory phases decide. A volume holds its
// snapshots, and a snapshot on some storage the volumes that were made from it.
func (r *run) volumeKinds() []kind {
	backup := kind{cloud.KindBackup, []string{available, "error"}, nil, "openstack volume backup set --state error", nil}
	volume := kind{cloud.KindVolume, []string{available, "error", "error_restoring", "error_extending", "error_managing"},
		map[string]string{
			inUse:               "detach it from its server",
			"awaiting-transfer": "delete its transfer request",
		}, "openstack volume set --state error", nil}
	if !Optional(r.Checks) {
		return []kind{backup, volume}
	}
	snapshot := kind{cloud.KindSnapshot, []string{available, "error"}, nil, "openstack volume snapshot set --state error", nil}
	copied := volume
	copied.only = func(v cloud.Resource) bool { return v.SnapshotID != "" }
	return []kind{backup, copied, snapshot, volume}
}

// kinds are both, images last.
func (r *run) kinds() []kind { return append(r.volumeKinds(), r.imageKinds()...) }

// names are kinds in the plural.
func names(kinds []kind) (all []string) {
	for _, k := range kinds {
		if k.only == nil {
			all = append(all, k.name+"s")
		}
	}
	return all
}

func (k kind) mayDelete(status string) bool { return slices.Contains(k.deletable, status) }

// stuck is a status from which neither time nor a member's request leads on.
func (k kind) stuck(status string) bool {
	return !k.mayDelete(status) && (failed(status) || k.idle[status] != "")
}

// failed is a status that an operation does not recover from; the last two are
// images'.
func failed(status string) bool {
	return status == "error" || strings.HasPrefix(status, "error_") || status == "killed" || status == "deleted"
}

// Administrative are roles with which a pass would say nothing about an
// ordinary member (Keystone's default roles).
func Administrative(roles []string) bool {
	return slices.ContainsFunc(roles, func(role string) bool {
		return strings.EqualFold(role, "admin") || strings.EqualFold(role, "manager")
	})
}

// noBackupService is Cinder's word for a cinder-backup that it cannot use, in
// an answer or in a backup's fail_reason.
func noBackupService(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "service not found") || strings.Contains(text, "service cinder-backup could not be found")
}
