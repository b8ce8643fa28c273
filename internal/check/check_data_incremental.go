package check

import (
	"context"
	"errors"
	"net/http"

	"volume-backup-tester/internal/cloud"
)

var checkDataIncremental = Check{
	Name: "data-incremental", Title: "data-incremental",
	Requirement: "the cloud gives back every byte of an incremental chain, and the older bytes from the full backup",
	Reference:   purpose,
	Needs:       Needs{Volumes: 3, Gigabytes: 3, Backups: 3, BackupGigabytes: 3, ImageBytes: 2*patternBytes + 3*gibi},
	Run: func(ctx context.Context, s *Session) error {
		c, err := makePair(ctx, s)
		if err != nil {
			return err
		}
		return c.restoreBoth(ctx, s)
	},
}

// pair is a full backup of the first pattern and an incremental one of the
// second.
type pair struct {
	volume            cloud.Resource
	full, incremental cloud.Resource
}

func makePair(ctx context.Context, s *Session) (c pair, err error) {
	if c.volume, err = s.volumeWithPattern(ctx, s.Name("volume"), first, 1); err != nil {
		return c, err
	}
	change, err := s.backupOfPattern(ctx, "change", second)
	if err != nil {
		return c, err
	}
	if err := s.control(ctx, c.volume, first); err != nil {
		return c, err
	}
	if c.full, err = s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("full")}, c.volume); err != nil {
		return c, err
	}
	if c.volume, err = s.Restore(ctx, change, c.volume); err != nil {
		return c, err
	}
	c.incremental, err = s.incrementOrFull(ctx, c.volume)
	return c, err
}

// backupOfPattern is what changes a volume's bytes without a server to write
// them: a backup to be restored into it. Re-imaging the volume would destroy what
// an increment is measured against on some drivers.
func (s *Session) backupOfPattern(ctx context.Context, name string, p pattern) (cloud.Resource, error) {
	volume, err := s.volumeWithPattern(ctx, s.Name(name+"-source"), p, 1)
	if err != nil {
		return volume, err
	}
	backup, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name(name)}, volume)
	if err != nil {
		return backup, err
	}
	return backup, s.Remove(ctx, volume)
}

// incrementOrFull makes an incremental backup, or a full one where the cloud
// cannot do that: whether it can is the check incremental's affair.
func (s *Session) incrementOrFull(ctx context.Context, volume cloud.Resource) (cloud.Resource, error) {
	backup, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("incremental"), Incremental: true}, volume)
	var finding *Finding
	call := answered(err)
	refused := call != nil && call.Code == http.StatusBadRequest && call.Origin == cloud.FromService
	if ended := errors.As(err, &finding) && finding.ended && finding.On.Kind == cloud.KindBackup; !ended && !refused {
		if err == nil && !backup.Incremental {
			s.Warn(notIncremental, backup)
		}
		return backup, err
	}
	s.Warn("no incremental backup can be made, so a full one takes its place: %v", err)
	return s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("instead")}, volume)
}

// restoreBoth verifies both: the increment gives back the newer
// bytes, the full backup still the older ones.
func (c pair) restoreBoth(ctx context.Context, s *Session) error {
	for _, step := range []struct {
		backup cloud.Resource
		name   string
		want   pattern
	}{{c.incremental, "newer", second}, {c.full, "older", first}} {
		restored, err := s.Restore(ctx, step.backup, newVolume(s.Name(step.name)))
		if err != nil {
			return err
		}
		if err := s.verifyContent(ctx, restored, step.want, step.backup.Size); err != nil {
			return err
		}
	}
	return nil
}
