package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"volume-backup-tester/internal/cloud"
)

// volumeRefused tells a refusal to create a volume that is a precondition from
// a fault. What is asked for by name may be misspelt, if nothing else is.
func volumeRefused(err error, spec cloud.VolumeSpec) error {
	call := answered(err)
	switch {
	case call == nil:
		return err
	case call.Code == http.StatusForbidden:
		return &Blocked{Why: "creating a volume is forbidden, so backups cannot be tested", Hint: "give the user the role of a member in this project", Err: err}
	case call.Code == http.StatusRequestEntityTooLarge:
		return &Blocked{Why: "the volume quota is used up, so backups cannot be tested", Hint: "free or raise the project's quota for volumes and gigabytes", Err: err}
	case (call.Code == http.StatusNotFound || call.Code == http.StatusBadRequest) && spec.Type+spec.Zone != "" && spec.BackupID+spec.ImageID == "":
		return &Blocked{Why: fmt.Sprintf("a volume with the type '%s' and the availability zone '%s' is refused", spec.Type, spec.Zone),
			Hint: "see: openstack volume type list; openstack availability zone list --volume", Err: err}
	}
	return err
}

// backupRefused tells, of a backup of so many GiB and with the project's
// limits, a quota that others use up from one that allows no backup at all.
func (s *Session) backupRefused(ctx context.Context, err error, size int) error {
	call := answered(err)
	if call == nil || call.Code != http.StatusRequestEntityTooLarge {
		return err
	}
	l, limitsErr := s.cloud.Limits(ctx)
	on := cloud.Resource{Kind: call.On.Kind, Name: call.On.Name}
	used := fmt.Sprintf("backups %d of %d, gigabytes %d of %d used", l.BackupsUsed, l.Backups, l.BackupGigabytesUsed, l.BackupGigabytes)
	switch {
	case limitsErr != nil && classify(limitsErr).Verdict == Abort:
		return &Blocked{Why: "the backup is refused for the quota, and whether others use that up cannot be found out: " + limitsErr.Error(), Hint: "run again when the cloud answers", Err: limitsErr}
	case limitsErr != nil:
		return &Finding{On: on, Expected: "the backup to be accepted", Got: "refused for the quota, and the limits cannot be read: " + limitsErr.Error(), Hint: "look for the request ids in Cinder's logs", Err: err}
	case l.Backups == 0 || l.BackupGigabytes == 0:
		return &Finding{On: on, Expected: "a quota that allows backups", Got: "a backup quota of 0 (" + used + ")", Hint: "the operator has to raise the project's quota: openstack quota set --backups ... --backup-gigabytes ...", Err: err}
	case l.Backups > 0 && l.BackupsUsed >= l.Backups || l.BackupGigabytes > 0 && l.BackupGigabytesUsed+size > l.BackupGigabytes:
		return &Blocked{Why: "the backup quota is used up by other backups: " + used, Hint: "delete backups that are no longer needed, or raise the project's quota", Err: err}
	}
	return &Finding{On: on, Expected: "the backup to be accepted: the limits allow it", Got: "refused for the quota, while the limits say: " + used, Hint: "look for the request id in Cinder's logs", Err: err}
}

// restoreRefused knows the refusals of a restore that mean something besides
// what they say.
func (s *Session) restoreRefused(backup cloud.Resource, err error) error {
	call := answered(err)
	var finding *Finding
	switch {
	case call == nil || errors.As(err, &finding):
		return err
	case call.Code == http.StatusNotFound && noBackupService(call.Message):
		return &Finding{On: backup, Expected: "the restore to be accepted", Got: "refused: cinder-backup is not there",
			Hint: "cinder-backup is the likely cause: it is down or disabled; an administrator sees it in: openstack volume service list. The empty volume that Cinder made for the restore is not a restored one", Err: err}
	case call.Code == http.StatusRequestEntityTooLarge && s.run.VolumeType == "" && s.run.Zone == "":
		return &Blocked{Why: "the volume quota has no room for the restored volume", Hint: "free or raise the project's quota for volumes and gigabytes", Err: err}
	}
	return err
}
