package check

import "context"

var checkDisaster = Check{
	Name: "disaster", Title: "disaster",
	Requirement: "the cloud restores full and incremental after the source volume is gone",
	Reference:   purpose,
	Needs:       Needs{Volumes: 2, Gigabytes: 2, Backups: 3, BackupGigabytes: 3, ImageBytes: pairImages + 3*gibi},
	Run:         runDisaster,
}

// runDisaster is data-incremental when nothing is left but the backups, each
// into a new volume.
func runDisaster(ctx context.Context, s *Session) error {
	c, err := makePair(ctx, s)
	if err != nil {
		return err
	}
	if err := s.Remove(ctx, c.older.Resource); err != nil {
		return err
	}
	return s.together(ctx, func(ctx context.Context) error {
		_, err := c.restoreIncremental(ctx, s)
		return err
	}, func(ctx context.Context) error {
		return s.verifyRestore(ctx, c.full, c.older, newVolume(s.Name("older")))
	})
}
