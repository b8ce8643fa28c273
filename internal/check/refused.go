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
		return &Blocked{Why: "creating a volume is forbidden, so backups cannot be tested", Advice: "give the user the role of a member in this project", Err: err}
	case call.Code == http.StatusRequestEntityTooLarge:
		return &Blocked{Why: "the volume quota is used up, so backups cannot be tested", Advice: "free or raise the project's quota for volumes and gigabytes", Err: err}
	case (call.Code == http.StatusNotFound || call.Code == http.StatusBadRequest) && spec.Type+spec.Zone != "" && spec.BackupID+spec.ImageID == "":
		return &Blocked{Why: fmt.Sprintf("a volume with the type '%s' and the availability zone '%s' is refused", spec.Type, spec.Zone),
			Advice: "see: openstack volume type list; openstack availability zone list --volume", Err: err}
	}
	return err
}

// backupRefused tells, of a backup of so many GiB and with the project's
// limits, a quota that others use up from one that allows no backup at all.
func (r *Run) backupRefused(ctx context.Context, err error, size int) error {
	call := answered(err)
	if call == nil || call.Code != http.StatusRequestEntityTooLarge {
		return err
	}
	l, limitsErr := attempt(ctx, r, false, r.Cloud.Limits)
	on := cloud.Resource{Kind: call.On.Kind, Name: call.On.Name}
	seen := fmt.Sprintf("backups %d of %d, gigabytes %d of %d used", l.BackupsUsed, l.Backups, l.BackupGigabytesUsed, l.BackupGigabytes)
	switch {
	case limitsErr != nil && Judge(limitsErr).Verdict == Abort:
		return &Blocked{Why: "the backup is refused for the quota, and whether others use that up cannot be found out: " + limitsErr.Error(), Advice: "run again when the cloud answers", Err: limitsErr}
	case limitsErr != nil:
		return &Finding{On: on, Expected: "the backup to be accepted", Seen: "refused for the quota, and the limits cannot be read: " + limitsErr.Error(), Advice: "look for the request ids in Cinder's logs", Err: err}
	case l.Backups == 0 || l.BackupGigabytes == 0:
		return &Finding{On: on, Expected: "a quota that allows backups", Seen: "a backup quota of 0 (" + seen + ")", Advice: "the operator has to raise the project's quota: openstack quota set --backups ... --backup-gigabytes ...", Err: err}
	case l.Backups > 0 && l.BackupsUsed >= l.Backups || l.BackupGigabytes > 0 && l.BackupGigabytesUsed+size > l.BackupGigabytes:
		return &Blocked{Why: "the backup quota is used up by other backups: " + seen, Advice: "delete backups that are no longer needed, or raise the project's quota", Err: err}
	}
	return &Finding{On: on, Expected: "the backup to be accepted: the limits allow it", Seen: "refused for the quota, while the limits say: " + seen, Advice: "look for the request id in Cinder's logs", Err: err}
}

// restoreRefused knows the refusals of a restore that mean something besides
// what they say.
func (r *Run) restoreRefused(backup cloud.Resource, err error) error {
	call := answered(err)
	var finding *Finding
	switch {
	case call == nil || errors.As(err, &finding):
		return err
	case call.Code == http.StatusNotFound && noBackupService(call.Message):
		return &Finding{On: backup, Expected: "the restore to be accepted", Seen: "refused: cinder-backup is not there",
			Advice: "cinder-backup is the likely cause: it is down or disabled; an administrator sees it in: openstack volume service list. The empty volume that Cinder made for the restore is not a restored one", Err: err}
	case call.Code == http.StatusRequestEntityTooLarge && r.VolumeType == "" && r.Zone == "":
		return &Blocked{Why: "the volume quota has no room for the restored volume", Advice: "free or raise the project's quota for volumes and gigabytes", Err: err}
	}
	return err
}
