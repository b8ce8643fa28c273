package check

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"volume-backup-tester/internal/cloud"
)

var checkChain = Check{
	Name: "chain", Title: "chain",
	Requirement: "the cloud restores each backup of a chain to its own bytes, deletes the newest, and refuses to delete a parent",
	Reference:   purpose,
	Needs:       Needs{Volumes: 2, Gigabytes: 2, Backups: 6, BackupGigabytes: 6, ImageBytes: pairImages + content{pattern: third, size: 1}.imageBytes() + 6*gibi},
	Run:         runChain,
}

// link is one backup of a chain, and the volume as it was backed up.
type link struct {
	backup cloud.Resource
	of     patternVolume
}

// runChain makes a full backup and three increments, and restores them into one
// volume, each over other bytes: one in the middle while there are older and newer
// ones, and then from the newest on what is left.
func runChain(ctx context.Context, s *Session) error {
	links, err := makeLinks(ctx, s)
	if err != nil || links == nil {
		return err
	}
	into, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("into"), Size: s.size()})
	if err != nil {
		return err
	}
	const middle = 2
	if err := s.verifyRestore(ctx, links[middle].backup, links[middle].of, into); err != nil {
		return err
	}
	for i, l := range slices.Backward(links) {
		if i > 0 {
			parent := links[i-1].backup
			if err := expectRefused(parent, "its deletion", s.TryDelete(ctx, parent), http.StatusBadRequest); err != nil {
				return err
			}
		}
		if err := s.verifyRestore(ctx, l.backup, l.of, into); err != nil {
			return err
		}
		if err := s.Remove(ctx, l.backup); err != nil {
			return err
		}
	}
	return nil
}

// makeLinks makes the chain, oldest first. It returns none if the cloud makes no
// increments, which is a warning.
func makeLinks(ctx context.Context, s *Session) ([]link, error) {
	var volume patternVolume
	var full cloud.Resource
	changes := make([]patternBackup, 3)
	if err := s.together(ctx, func(ctx context.Context) (err error) {
		volume, full, err = s.controlledBackup(ctx, "volume", "full")
		return err
	}, func(ctx context.Context) (err error) { // one after the other: a quota holds few volumes
		if changes[0], err = s.backupOfPattern(ctx, "change-1", second); err != nil {
			return err
		}
		changes[1], err = s.backupOfPattern(ctx, "change-2", third)
		return err
	}); err != nil {
		return nil, err
	}
	changes[2] = changes[0]
	links := []link{{full, volume}}
	for i, change := range changes {
		var err error
		if volume, err = s.rewrite(ctx, volume, change); err != nil {
			return nil, err
		}
		increment, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name(fmt.Sprintf("increment-%d", i+1)), Incremental: true}, volume.Resource)
		if err != nil {
			return nil, err
		}
		if !increment.Incremental {
			s.Warn(notIncremental, increment)
			return nil, nil
		}
		links = append(links, link{increment, volume})
	}
	return links, nil
}
