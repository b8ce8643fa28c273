package check

import (
	"context"

	"volume-backup-tester/internal/cloud"
)

var checkOverwrite = Check{
	Name: "overwrite", Title: "overwrite",
	Requirement: "the cloud restores a backup over its own source volume, which has changed since, and gives back the old bytes",
	Reference:   cinder + ", Restore a backup (volume_id)",
	Needs:       Needs{Volumes: 2, Gigabytes: 2, Backups: 2, BackupGigabytes: 2, ImageBytes: 2*patternBytes + 3*gibi},
	Run:         runOverwrite,
}

// runOverwrite is the commonest restore of all, and a path of its own in
// drivers. Cinder marks a source volume as restored only if it bears another
// mark, which the change has left.
func runOverwrite(ctx context.Context, s *Session) error {
	volume, err := s.volumeWithPattern(ctx, s.Name("volume"), first, 1)
	if err != nil {
		return err
	}
	if err := s.control(ctx, volume, first); err != nil {
		return err
	}
	backup, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("backup")}, volume)
	if err != nil {
		return err
	}
	later, err := s.backupOfPattern(ctx, "later", second)
	if err != nil {
		return err
	}
	if volume, err = s.Restore(ctx, later, volume); err != nil {
		return err
	}
	if err := s.verifyContent(ctx, volume, second, later.Size); err != nil {
		return err
	}
	if volume, err = s.Restore(ctx, backup, volume); err != nil {
		return err
	}
	return s.verifyContent(ctx, volume, first, backup.Size)
}
