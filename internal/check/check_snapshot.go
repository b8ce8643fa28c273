package check

import (
	"context"
	"fmt"

	"volume-backup-tester/internal/cloud"
)

var checkSnapshot = Check{
	Name: "snapshot", Title: "snapshot",
	Requirement: "the cloud backs up a snapshot and creates a volume from it, each with the snapshot's bytes, and leaves the volume available",
	Reference:   cinder + ", Create a backup (snapshot_id), Create a volume (snapshot_id)",
	Needs:       Needs{Volumes: 3, Gigabytes: 4, Backups: 2, BackupGigabytes: 2, Snapshots: 1, ImageBytes: pairImages + 3*gibi},
	Run:         runSnapshot,
}

// runSnapshot overwrites a volume behind its snapshot, so that a backup that
// reads the volume instead shows.
func runSnapshot(ctx context.Context, s *Session) error {
	volume, err := s.volumeWithPatternOrEmpty(ctx, s.Name("volume"), first, s.size())
	if err != nil {
		return err
	}
	compares := !volume.empty()
	if compares {
		if err := s.control(ctx, volume); err != nil {
			return err
		}
	}
	var snapshot cloud.Resource
	var later patternBackup
	if err := s.together(ctx, func(ctx context.Context) (err error) {
		snapshot, err = s.CreateSnapshot(ctx, s.Name("snapshot"), volume.Resource)
		return err
	}, func(ctx context.Context) (err error) {
		if compares {
			later, err = s.backupOfPattern(ctx, "later", second)
		}
		return err
	}); err != nil {
		return err
	}
	if compares {
		if _, err := s.rewrite(ctx, volume, later); err != nil {
			return err
		}
	}
	backup, err := s.StartBackup(ctx, cloud.BackupSpec{Name: s.Name("backup"), VolumeID: volume.ID, SnapshotID: snapshot.ID}, snapshot)
	if err != nil {
		return err
	}
	made := &target{Resource: backup}
	if err := s.waitFor(ctx, &target{Resource: volume.Resource, stays: true}, made, &target{Resource: snapshot}); err != nil {
		return err
	}
	if made.SnapshotID != snapshot.ID {
		return &Finding{On: made.Resource, Expected: "to be of snapshot " + snapshot.ID, Got: fmt.Sprintf("snapshot_id '%s'", made.SnapshotID)}
	}
	return s.together(ctx, func(ctx context.Context) error {
		restored, err := s.Restore(ctx, made.Resource, newVolume(s.Name("restored")))
		if err != nil || !compares {
			return err
		}
		return s.verifyContent(ctx, volume.restored(restored, content{}))
	}, func(ctx context.Context) error {
		copied, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("copied"), SnapshotID: snapshot.ID})
		if err != nil || !compares {
			return err
		}
		return s.verifyContent(ctx, volume.restored(copied, content{}))
	})
}
