package check

import (
	"context"

	"volume-backup-tester/internal/cloud"
)

var checkData = Check{
	Name: "data", Title: "data",
	Requirement: "the cloud gives back every byte, in a new volume and over other bytes",
	Reference:   purpose,
	Needs:       Needs{Volumes: 3, Gigabytes: 3, Backups: 1, BackupGigabytes: 1, ImageBytes: pairImages + 3*gibi},
	Run:         runData,
}

// runData sends known bytes through a backup: image, volume, backup, restored
// volume, image. The source volume is read in the same way first, so that a
// fault of images is not blamed on backups. Drivers restore into a new volume in
// another way than into one that is there before, where zeros have to be written.
func runData(ctx context.Context, s *Session) error {
	var source, target patternVolume
	var backup cloud.Resource
	if err := s.together(ctx, func(ctx context.Context) (err error) {
		source, backup, err = s.controlledBackup(ctx, "source", "backup")
		return err
	}, func(ctx context.Context) (err error) {
		target, err = s.volumeWithPattern(ctx, s.Name("target"), second, s.size())
		return err
	}); err != nil {
		return err
	}
	restored, err := s.Restore(ctx, backup, newVolume(s.Name("restored")))
	if err != nil {
		return err
	}
	return s.together(ctx, func(ctx context.Context) error {
		return s.verifyContent(ctx, source.restored(restored, content{}))
	}, func(ctx context.Context) error {
		return s.verifyRestore(ctx, backup, source, target.Resource)
	})
}
