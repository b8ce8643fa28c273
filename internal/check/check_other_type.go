package check

import (
	"context"
	"fmt"

	"volume-backup-tester/internal/cloud"
)

var checkOtherType = Check{
	Name: "other-type", Title: "other-type",
	Requirement: "the cloud restores onto another volume type",
	Reference:   cinder + ", Restore a backup",
	Needs:       Needs{Volumes: 2, Gigabytes: 2, Backups: 1, BackupGigabytes: 1, Flag: "--restore-volume-type"},
	Run:         runOtherType,
}

func runOtherType(ctx context.Context, s *Session) error {
	other := s.run.RestoreType
	if other == "" {
		return &Skip{Why: "no other volume type is named; give --restore-volume-type NAME"}
	}
	volume, backup, err := s.volumeAndBackup(ctx)
	if err != nil {
		return err
	}
	if volume.VolumeType == other {
		return &Skip{Why: "volume type '" + other + "' is the one that is backed up; give another with --restore-volume-type"}
	}
	if volume.Encrypted {
		return &Skip{Why: "the volumes are encrypted, and Cinder refuses by design to restore an encrypted backup onto another type"}
	}
	into, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("target"), Type: other})
	if err != nil {
		return err
	}
	restored, err := s.Restore(ctx, backup, into)
	if err != nil {
		return err
	}
	if want := into.VolumeType; restored.VolumeType != want { // its name; other may be its id
		return &Finding{On: restored, Expected: fmt.Sprintf("volume type '%s'", want), Got: fmt.Sprintf("volume type '%s'", restored.VolumeType)}
	}
	return nil
}
