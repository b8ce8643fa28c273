package check

import (
	"context"

	"volume-backup-tester/internal/cloud"
)

var checkOverwrite = Check{
	Name: "overwrite", Title: "overwrite",
	Requirement: "the cloud restores a backup over its own source volume, which has changed since, and gives back the old bytes",
	Reference:   cinder + ", Restore a backup (volume_id)",
	Needs:       Needs{Volumes: 2, Gigabytes: 2, Backups: 2, BackupGigabytes: 2, ImageBytes: pairImages + 3*gibi},
	Run:         runOverwrite,
}

// runOverwrite is the commonest restore of all, and a path of its own in
// drivers. Cinder marks a source volume as restored only if it bears another
// mark, which the change has left.
func runOverwrite(ctx context.Context, s *Session) error {
	var volume patternVolume
	var backup cloud.Resource
	var later patternBackup
	if err := s.together(ctx, func(ctx context.Context) (err error) {
		volume, backup, err = s.controlledBackup(ctx, "volume", "backup")
		return err
	}, func(ctx context.Context) (err error) {
		later, err = s.backupOfPattern(ctx, "later", second)
		return err
	}); err != nil {
		return err
	}
	rewritten, err := s.rewrite(ctx, volume, later)
	if err != nil {
		return err
	}
	if err := s.verifyContent(ctx, rewritten); err != nil {
		return err
	}
	return s.verifyRestore(ctx, backup, volume, rewritten.Resource)
}
