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
	Needs:       Needs{Volumes: 3, Gigabytes: 3, Backups: 3, BackupGigabytes: 3, ImageBytes: chainImages + 3*gibi},
	Run: func(ctx context.Context, s *Session) error {
		c, err := makeChain(ctx, s)
		if err != nil {
			return err
		}
		return c.restoreBoth(ctx, s)
	},
}

// chain is a full backup of the first pattern and an incremental one of the
// second.
type chain struct {
	volume, other     filled // with the one, and, at first, with the other
	full, incremental cloud.Resource
}

// chainImages are the bytes of the images that a chain's volumes are made from.
var chainImages = content{pattern: first, size: 1}.imageBytes() + content{pattern: second, size: 1}.imageBytes()

// makeChain changes a volume's bytes without a server to write them: another
// volume's backup is restored into it. Re-imaging it instead would destroy what
// the increment is measured against on some drivers.
func makeChain(ctx context.Context, s *Session) (c chain, err error) {
	if c.volume, err = s.volumeWithPattern(ctx, s.Name("volume"), first, s.size()); err != nil {
		return c, err
	}
	if c.other, err = s.volumeWithPattern(ctx, s.Name("other"), second, s.size()); err != nil {
		return c, err
	}
	if err := s.control(ctx, c.volume); err != nil {
		return c, err
	}
	if c.full, err = s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("full")}, c.volume.Resource); err != nil {
		return c, err
	}
	change, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("change")}, c.other.Resource)
	if err != nil {
		return c, err
	}
	if _, err := s.Restore(ctx, change, c.volume.Resource); err != nil {
		return c, err
	}
	c.incremental, err = s.incrementOrFull(ctx, c.volume.Resource)
	return c, err
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

// restoreBoth verifies both ends of a chain: the increment gives back the newer
// bytes, in a new volume, and the full backup still the older ones, over the
// newer, which shows zeros that are not written.
func (c chain) restoreBoth(ctx context.Context, s *Session) error {
	into := newVolume(s.Name("restored"))
	for _, step := range []struct {
		backup cloud.Resource
		of     filled
	}{{c.incremental, c.other}, {c.full, c.volume}} {
		restored, err := s.Restore(ctx, step.backup, into)
		if err != nil {
			return err
		}
		if err := s.verifyContent(ctx, step.of.restored(restored, content{})); err != nil {
			return err
		}
		into = restored
	}
	return nil
}
