package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"volume-backup-tester/internal/cloud"
)

// volumeRefused tells a refusal to create a volume, which says nothing about
// backups unless the volume is made from one, from a fault.
func volumeRefused(err error, spec cloud.VolumeSpec) error {
	call := answered(err)
	if call == nil || call.Origin != cloud.FromService || call.Code < 400 || call.Code >= 500 || call.Code == http.StatusUnauthorized || call.Limited() {
		return err
	}
	switch {
	case call.Code == http.StatusForbidden:
		return &Blocked{Why: "creating a volume is forbidden, so backups cannot be tested", Hint: "give the user the role of a member in this project", Err: err}
	case call.OverQuota():
		return &Blocked{Why: "the volume quota is used up, so backups cannot be tested", Hint: "free or raise the project's quota for volumes and gigabytes", Err: err}
	case spec.BackupID+spec.SnapshotID+spec.ImageID != "":
		return err
	case spec.Type+spec.Zone != "":
		var with []string
		if spec.Type != "" {
			with = append(with, "the type '"+spec.Type+"'")
		}
		if spec.Zone != "" {
			with = append(with, "the availability zone '"+spec.Zone+"'")
		}
		return &Blocked{Why: "a volume with " + strings.Join(with, " and ") + " is refused",
			Hint: "see: openstack volume type list; openstack availability zone list --volume; if the type has a minimum size, give --volume-size", Err: err}
	}
	return &Blocked{Why: fmt.Sprintf("a volume of %d GiB and the default volume type is refused", spec.Size),
		Hint: "if the type has a minimum size, give --volume-size GIB; if members may not use it, name another with --volume-type (see: openstack volume type list)", Err: err}
}

// backupRefused tells, of a backup of so many GiB and with the project's
// limits, a quota that others use up from one that allows no backup at all.
func (s *Session) backupRefused(ctx context.Context, err error, size int) error {
	call := answered(err)
	if call == nil || !call.OverQuota() {
		return err
	}
	on := cloud.Resource{Kind: call.On.Kind, Name: call.On.Name}
	l, limitsErr := s.cloud.Limits(ctx)
	if limitsErr != nil {
		if classify(limitsErr).Verdict == Abort {
			return &Blocked{Why: "the backup is refused for the quota, and whether others use that up cannot be found out: " + limitsErr.Error(), Hint: "run again when the cloud answers", Err: limitsErr}
		}
		return &Finding{On: on, Expected: "the backup to be accepted", Got: "refused for the quota, and the limits cannot be read: " + limitsErr.Error(), Hint: "look for the request ids in Cinder's logs", Err: err}
	}
	listed, listErr := s.cloud.List(ctx, cloud.KindBackup)
	if listErr != nil {
		return listErr
	}
	stored := 0
	for _, b := range listed {
		stored += b.Size
	}
	backups := quota{"backups", l, cloud.MaxBackups, cloud.UsedBackups, len(listed), 1}
	gigabytes := quota{"gigabytes", l, cloud.MaxBackupGigabytes, cloud.UsedBackupGigabytes, stored, size}
	stated := fmt.Sprintf("%s, %s; the project's list has %d backups, %d GiB in all", backups, gigabytes, len(listed), stored)
	switch {
	case backups.zero() || gigabytes.zero():
		return &Finding{On: on, Expected: "a quota that allows backups", Got: "a backup quota of 0 (" + stated + ")", Hint: "the operator has to raise the project's quota: openstack quota set --backups ... --backup-gigabytes ...", Err: err}
	case backups.usedByListed() || gigabytes.usedByListed():
		return &Blocked{Why: "the backup quota is used up by other backups: " + stated, Hint: "delete backups that are no longer needed, or raise the project's quota", Err: err}
	case !backups.known() && !gigabytes.known():
		return &Blocked{Why: "the backup is refused for the quota, and the limits do not state the backup quota", Hint: "ask the operator for the project's backup quota; delete backups that are no longer needed, or have it raised", Err: err}
	case backups.usedUp() || gigabytes.usedUp():
		return &Finding{On: on, Expected: "a quota that counts what the project's list has", Got: "a quota used up by what is not listed: " + stated, Hint: "the operator has to correct the usage: cinder-manage quota sync --project-id PROJECT", Err: err}
	}
	return &Finding{On: on, Expected: "the backup to be accepted: the limits allow it", Got: "refused for the quota, while the limits say: " + stated, Hint: "look for the request id in Cinder's logs", Err: err}
}

// quota is one figure of a backup quota: what the limits state of it, what the
// project's list has, and what one more takes.
type quota struct {
	what         string
	limits       cloud.Limits
	most, used   string
	listed, more int
}

func (q quota) String() string {
	figure := func(name string) string {
		if n, known := q.limits[name]; known {
			return fmt.Sprint(n)
		}
		return "?"
	}
	return fmt.Sprintf("%s %s of %s used", q.what, figure(q.used), figure(q.most))
}

func (q quota) known() bool { _, known := q.limits[q.most]; return known }
func (q quota) zero() bool  { most, known := q.limits[q.most]; return known && most == 0 }

// exceeded tells whether so many leave no room for more.
func (q quota) exceeded(used int) bool {
	most, known := q.limits[q.most]
	return known && most >= 0 && used+q.more > most
}

func (q quota) usedUp() bool {
	used, known := q.limits[q.used]
	return known && q.exceeded(used) || !known && q.known()
}

func (q quota) usedByListed() bool { return q.exceeded(q.listed) }

// restoreRefused knows the refusals of a restore that mean something besides
// what they say. Into a volume that is there, a restore uses no quota.
func restoreRefused(backup, into cloud.Resource, err error) error {
	call := answered(err)
	var finding *Finding
	switch {
	case call == nil || errors.As(err, &finding):
		return err
	case call.Code == http.StatusNotFound && noBackupService(call.Message):
		return &Finding{On: backup, Expected: "the restore to be accepted", Got: "refused: cinder-backup is not there",
			Hint: "cinder-backup is the likely cause: it is down or disabled; an administrator sees it in: openstack volume service list. The empty volume that Cinder made for the restore is not a restored one", Err: err}
	case call.OverQuota() && into.ID == "":
		return &Blocked{Why: "the volume quota has no room for the restored volume", Hint: "free or raise the project's quota for volumes and gigabytes", Err: err}
	}
	return err
}
