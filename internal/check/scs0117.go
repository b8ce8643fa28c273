package check

import (
	"context"

	"volume-backup-tester/internal/cloud"
)

// The mandatory phases: the standard's own test. Each goes on with what the one
// before made.

const volumeName, backupName, restoredName = "volume", "volume-backup", "restored-backup"

var checkCreateVolume = Check{
	Name: "create-volume", Title: "Create empty volume", Mandatory: true,
	Requirement: "an ordinary member can create a volume", Reference: standard,
	Needs: Needs{Volumes: 1, Gigabytes: 1},
	Run: func(ctx context.Context, s *Session) error {
		_, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name(volumeName)})
		return err
	},
}

var checkCreateBackup = Check{
	Name: "create-backup", Title: "Create backup from volume", Mandatory: true,
	Requirement: "an ordinary member can back a volume up", Reference: standard,
	Needs: Needs{Volumes: 1, Gigabytes: 1, Backups: 1, BackupGigabytes: 1},
	Run: func(ctx context.Context, s *Session) error {
		_, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name(backupName)}, s.made(cloud.KindVolume, volumeName))
		return err
	},
}

// checkRestore relies on nothing but the restore's own answer: a volume of that
// name may be there, available and empty, after a restore that was refused.
var checkRestore = Check{
	Name: "restore", Title: "Restore volume from backup", Mandatory: true,
	Requirement: "an ordinary member can restore a backup", Reference: standard,
	Needs: Needs{Volumes: 2, Gigabytes: 2, Backups: 1, BackupGigabytes: 1},
	Run: func(ctx context.Context, s *Session) error {
		_, err := s.Restore(ctx, s.made(cloud.KindBackup, backupName), newVolume(s.Name(restoredName)))
		return err
	},
}
