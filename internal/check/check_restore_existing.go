package check

import (
	"context"
	"fmt"
	"net/http"

	"volume-backup-tester/internal/cloud"
)

var checkRestoreExisting = Check{
	Name: "restore-existing", Title: "restore-existing",
	Requirement: "the cloud restores into an existing volume, and refuses one that is too small or not available",
	Reference:   cinder + ", Restore a backup",
	Needs:       Needs{Volumes: 2, Gigabytes: 3, Backups: 2, BackupGigabytes: 3, ImageBytes: firstImage + content{pattern: second, size: 2}.imageBytes() + 2*gibi},
	Run:         runRestoreExisting,
}

// runRestoreExisting writes a backup into a volume that is larger by 1 GiB and
// holds the other pattern, and tries what must be refused: a target that is too
// small, and one that is in use.
func runRestoreExisting(ctx context.Context, s *Session) error {
	var source, into patternVolume
	var small, large cloud.Resource
	if err := s.together(ctx, func(ctx context.Context) (err error) {
		if source, err = s.volumeWithPatternOrEmpty(ctx, s.Name("source"), first, s.size()); err != nil {
			return err
		}
		small, err = s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("small")}, source.Resource)
		return err
	}, func(ctx context.Context) (err error) {
		if into, err = s.volumeWithPatternOrEmpty(ctx, s.Name("target"), second, s.size()+1); err != nil {
			return err
		}
		large, err = s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("large")}, into.Resource)
		return err
	}); err != nil {
		return err
	}
	err := s.TryRestore(ctx, large, source.Resource)
	if err := expectRefused(large, "a restore into a volume that is too small", err, http.StatusBadRequest); err != nil {
		return err
	}
	restored, err := restoreWhileRestoring(ctx, s, small, large, into.Resource)
	if err != nil {
		return err
	}
	if restored.Size != into.Size {
		return &Finding{On: restored, Expected: fmt.Sprintf("to keep its %d GiB", into.Size), Got: fmt.Sprintf("%d GiB", restored.Size)}
	}
	if source.empty() {
		return nil
	}
	return s.verifyContentOrControl(ctx, source, source.restored(restored, into.content))
}

// restoreWhileRestoring restores a small backup into a volume, and meanwhile
// tries to restore a large one into it.
func restoreWhileRestoring(ctx context.Context, s *Session, small, large, into cloud.Resource) (cloud.Resource, error) {
	r, err := s.StartRestore(ctx, small, into)
	if err != nil {
		return into, err
	}
	const what = "a restore into a volume that is being restored into"
	if err := s.TryRestore(ctx, large, into); err != nil {
		if err := expectRefused(large, what, err, http.StatusBadRequest); err != nil {
			return into, err
		}
		return s.FinishRestore(ctx, r)
	}
	// accepted: rightly so if the first one was over
	now, err := s.show(ctx, small)
	if err != nil {
		return into, err
	}
	if now.Status == "restoring" {
		return into, expectRefused(large, what, nil, http.StatusBadRequest)
	}
	s.Note("the restore was done before a second one could be refused")
	if err := s.waitFor(ctx, &target{Resource: into}, &target{Resource: large}); err != nil {
		return into, err
	}
	return s.Restore(ctx, small, into)
}
