package check

import (
	"context"

	"volume-backup-tester/internal/cloud"
)

// data sends known bytes through a backup: image, volume, backup, restored
// volume, image. The source volume is looked at in the same way first, so that
// a fault of images is not blamed on backups.
func data(ctx context.Context, r *Run) error {
	source, pattern, err := r.filled(ctx, r.own+"source", first, 1)
	if err != nil {
		return err
	}
	if pattern == nil {
		return r.noImages
	}
	if err := r.control(ctx, source, *pattern); err != nil {
		return err
	}
	backup, err := r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "backup"}, source)
	if err != nil {
		return err
	}
	restored, err := r.restore(ctx, backup, cloud.Resource{Kind: cloud.KindVolume, Name: r.own + "restored"})
	if err != nil {
		return err
	}
	return r.holds(ctx, restored, *pattern, backup.Size)
}

// dataIncremental looks at both ends of a chain: the increment gives back the
// newer bytes, the full backup still the older ones.
func dataIncremental(ctx context.Context, r *Run) error {
	c, err := r.makeChain(ctx)
	if err != nil {
		return err
	}
	return c.restoreBoth(ctx, r)
}

// disaster is the same when nothing is left but the backups.
func disaster(ctx context.Context, r *Run) error {
	c, err := r.makeChain(ctx)
	if err != nil {
		return err
	}
	for _, volume := range c.volumes {
		if err := r.remove(ctx, volume); err != nil {
			return err
		}
	}
	return c.restoreBoth(ctx, r)
}

// chain is a full backup of the first pattern and an incremental one of the
// second.
type chain struct {
	volumes           []cloud.Resource
	full, incremental cloud.Resource
}

// makeChain changes a volume's bytes without a server to write them: another
// volume's backup is restored into it. Re-imaging it instead would destroy what
// the increment is measured against on some drivers.
func (r *Run) makeChain(ctx context.Context) (c chain, err error) {
	volume, pattern, err := r.filled(ctx, r.own+"volume", first, 1)
	if err != nil {
		return c, err
	}
	if pattern == nil {
		return c, r.noImages
	}
	other, _, err := r.filled(ctx, r.own+"other", second, 1)
	if err != nil {
		return c, err
	}
	if err := r.control(ctx, volume, first); err != nil {
		return c, err
	}
	c.volumes = []cloud.Resource{volume, other}
	if c.full, err = r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "full"}, volume); err != nil {
		return c, err
	}
	change, err := r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "change"}, other)
	if err != nil {
		return c, err
	}
	if _, err := r.restore(ctx, change, volume); err != nil {
		return c, err
	}
	c.incremental, err = r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "incremental", Incremental: true}, volume)
	if err == nil && !c.incremental.Incremental {
		r.warn("%s was asked for as incremental and is a full backup", c.incremental)
	}
	return c, err
}

func (c chain) restoreBoth(ctx context.Context, r *Run) error {
	for _, step := range []struct {
		backup cloud.Resource
		name   string
		holds  pattern
	}{{c.incremental, "newer", second}, {c.full, "older", first}} {
		restored, err := r.restore(ctx, step.backup, cloud.Resource{Kind: cloud.KindVolume, Name: r.own + step.name})
		if err != nil {
			return err
		}
		if err := r.holds(ctx, restored, step.holds, step.backup.Size); err != nil {
			return err
		}
	}
	return nil
}
