package check

import (
	"context"
	"fmt"

	"volume-backup-tester/internal/cloud"
)

// standard is where the core's sentences come from.
const standard = "scs-0117: the volume backup functionality is configured properly and its API, /v3/{project_id}/backups, is offered"

// Core is the three phases of the standard's own test, in order.
func Core() []Check {
	return []Check{
		{"create-volume", "Create empty volume", "an ordinary member can create a volume", standard, createVolume},
		{"create-backup", "Create backup from volume", "an ordinary member can back a volume up", standard, createBackup},
		{"restore", "Restore volume from backup", "an ordinary member can restore a backup", standard, restoreBackup},
	}
}

func createVolume(ctx context.Context, r *Run) (err error) {
	r.Volume, err = r.makeVolume(ctx, r.Prefix+"volume")
	return err
}

func createBackup(ctx context.Context, r *Run) error {
	wanted := cloud.Resource{Kind: cloud.KindBackup, Name: r.Prefix + "volume-backup"}
	r.emit(Doing{Verb: "creating", On: wanted, From: r.Volume})
	backup, err := r.create(ctx, wanted, func(ctx context.Context) (cloud.Resource, error) {
		return r.Cloud.CreateBackup(ctx, cloud.BackupSpec{Name: wanted.Name, VolumeID: r.Volume.ID})
	})
	if err != nil {
		return r.backupRefused(ctx, err)
	}
	r.Backup = backup
	return r.await(ctx, &goal{Resource: backup}, &goal{Resource: r.Volume})
}

// restoreBackup believes only the restore's own answer: a volume of that name
// may be there, available and empty, after a restore that was refused.
func restoreBackup(ctx context.Context, r *Run) (err error) {
	target := cloud.Resource{Kind: cloud.KindVolume, Name: r.Prefix + "restored-backup"}
	if r.VolumeType != "" || r.Zone != "" { // a cloud restores into its defaults otherwise
		if target, err = r.makeVolume(ctx, target.Name); err != nil {
			return err
		}
	}
	r.emit(Doing{Verb: "restoring", On: target, From: r.Backup})
	restored, err := r.restore(ctx, target)
	if err != nil {
		return err
	}
	if err := r.await(ctx, restored, &goal{Resource: r.Backup}); err != nil {
		return err
	}
	if !ours(r.Prefix, restored.Resource) {
		return &Finding{
			On:       restored.Resource,
			Expected: fmt.Sprintf("the name '%s', as asked for", target.Name), Seen: fmt.Sprintf("the name '%s'", restored.Name),
			Advice: "delete this volume by hand: clean-up touches only what has the prefix",
		}
	}
	return nil
}

// restore asks for the restore and holds the answer to what was asked.
func (r *Run) restore(ctx context.Context, target cloud.Resource) (*goal, error) {
	volume, err := r.create(ctx, target, func(ctx context.Context) (cloud.Resource, error) {
		answer, err := r.Cloud.Restore(ctx, r.Backup, target)
		made := target
		made.ID, made.RequestID = answer.VolumeID, answer.RequestID
		if err == nil && answer.BackupID != "" && answer.BackupID != r.Backup.ID {
			return made, &Finding{On: r.Backup, Expected: "the restore's answer to name this backup", Seen: "backup " + answer.BackupID}
		}
		return made, err
	})
	switch {
	case err != nil:
		return nil, r.restoreRefused(err)
	case target.ID != "" && volume.ID != target.ID:
		return nil, &Finding{On: r.Backup, Expected: "a restore into volume " + target.ID, Seen: "a restore into volume " + volume.ID}
	case volume.ID == r.Volume.ID:
		return nil, &Finding{On: r.Backup, Expected: "a restore into a new volume", Seen: "a restore into its source, volume " + volume.ID}
	}
	return &goal{Resource: volume, mayBeAbsent: true}, nil
}
