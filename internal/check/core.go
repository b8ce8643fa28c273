package check

import (
	"context"
	"fmt"

	"volume-backup-tester/internal/cloud"
)

func createVolume(ctx context.Context, r *Run) (err error) {
	r.Volume, err = r.makeVolume(ctx, cloud.VolumeSpec{Name: r.Prefix + "volume"})
	return err
}

func createBackup(ctx context.Context, r *Run) (err error) {
	r.Backup, err = r.makeBackup(ctx, cloud.BackupSpec{Name: r.Prefix + "volume-backup"}, r.Volume)
	return err
}

// restoreBackup believes only the restore's own answer: a volume of that name
// may be there, available and empty, after a restore that was refused.
func restoreBackup(ctx context.Context, r *Run) (err error) {
	target := cloud.Resource{Kind: cloud.KindVolume, Name: r.Prefix + "restored-backup"}
	if r.VolumeType != "" || r.Zone != "" { // a cloud restores into its defaults otherwise
		if target, err = r.makeVolume(ctx, cloud.VolumeSpec{Name: target.Name}); err != nil {
			return err
		}
	}
	_, err = r.restore(ctx, r.Backup, target)
	return err
}

// restore restores a backup into a volume, or into a new one if the target has
// no id, and waits until the volume is available and the backup no longer
// 'restoring'. It holds the answer to what was asked.
func (r *Run) restore(ctx context.Context, backup, target cloud.Resource) (cloud.Resource, error) {
	volume, err := r.beginRestore(ctx, backup, target)
	if err != nil {
		return volume, err
	}
	restored := &goal{Resource: volume, mayBeAbsent: true}
	if err := r.await(ctx, restored, &goal{Resource: backup}); err != nil {
		return restored.Resource, err
	}
	if !ours(r.Prefix, restored.Resource) {
		return restored.Resource, &Finding{
			On:       restored.Resource,
			Expected: fmt.Sprintf("the name '%s', as asked for", target.Name), Seen: fmt.Sprintf("the name '%s'", restored.Name),
			Advice: "delete this volume by hand: clean-up touches only what has the prefix",
		}
	}
	return restored.Resource, nil
}

// beginRestore is restore up to the answer.
func (r *Run) beginRestore(ctx context.Context, backup, target cloud.Resource) (cloud.Resource, error) {
	r.emit(Doing{Verb: "restoring", On: target, From: backup})
	volume, err := r.create(ctx, target, func(ctx context.Context) (cloud.Resource, error) {
		answer, err := r.Cloud.Restore(ctx, backup, target)
		made := target
		made.ID, made.RequestID = answer.VolumeID, answer.RequestID
		if err == nil && answer.BackupID != "" && answer.BackupID != backup.ID {
			return made, &Finding{On: backup, Expected: "the restore's answer to name this backup", Seen: "backup " + answer.BackupID}
		}
		return made, err
	})
	switch {
	case err != nil:
		return volume, r.restoreRefused(backup, err)
	case target.ID != "" && volume.ID != target.ID:
		return volume, &Finding{On: backup, Expected: "a restore into volume " + target.ID, Seen: "a restore into volume " + volume.ID}
	case target.ID == "" && volume.ID == backup.VolumeID:
		return volume, &Finding{On: backup, Expected: "a restore into a new volume", Seen: "a restore into its source, volume " + volume.ID}
	}
	return volume, nil
}
