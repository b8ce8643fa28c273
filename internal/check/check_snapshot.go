package check

import (
	"context"
	"fmt"

	"volume-backup-tester/internal/cloud"
)

var checkSnapshot = Check{
	Name: "snapshot", Title: "snapshot",
	Requirement: "the cloud backs up a snapshot, leaving the volume available, and restores it",
	Reference:   cinder + ", Create a backup (snapshot_id)",
	Needs:       Needs{Volumes: 2, Gigabytes: 3, Backups: 1, BackupGigabytes: 1, Snapshots: 1},
	Run:         runSnapshot,
}

func runSnapshot(ctx context.Context, s *Session) error {
	volume, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("volume")})
	if err != nil {
		return err
	}
	snapshot, err := s.CreateSnapshot(ctx, s.Name("snapshot"), volume)
	if err != nil {
		return err
	}
	backup, err := s.StartBackup(ctx, cloud.BackupSpec{Name: s.Name("backup"), VolumeID: volume.ID, SnapshotID: snapshot.ID}, snapshot)
	if err != nil {
		return err
	}
	made := &target{Resource: backup}
	if err := s.waitFor(ctx, &target{Resource: volume, stays: true}, made, &target{Resource: snapshot}); err != nil {
		return err
	}
	if made.SnapshotID != snapshot.ID {
		return &Finding{On: made.Resource, Expected: "to be of snapshot " + snapshot.ID, Got: fmt.Sprintf("snapshot_id '%s'", made.SnapshotID)}
	}
	_, err = s.Restore(ctx, made.Resource, newVolume(s.Name("restored")))
	return err
}
