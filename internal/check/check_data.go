package check

import (
	"context"

	"volume-backup-tester/internal/cloud"
)

var checkData = Check{
	Name: "data", Title: "data",
	Requirement: "the cloud gives back every byte",
	Reference:   purpose,
	Needs:       Needs{Volumes: 2, Gigabytes: 2, Backups: 1, BackupGigabytes: 1, ImageBytes: content{pattern: first, size: 1}.imageBytes() + 2*gibi},
	Run:         runData,
}

// runData sends known bytes through a backup: image, volume, backup, restored
// volume, image. The source volume is read in the same way first, so that a
// fault of images is not blamed on backups.
func runData(ctx context.Context, s *Session) error {
	source, err := s.controlledVolume(ctx, "source")
	if err != nil {
		return err
	}
	backup, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("backup")}, source.Resource)
	if err != nil {
		return err
	}
	restored, err := s.Restore(ctx, backup, newVolume(s.Name("restored")))
	if err != nil {
		return err
	}
	return s.verifyContent(ctx, source.restored(restored, content{}))
}
