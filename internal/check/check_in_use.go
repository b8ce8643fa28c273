package check

import (
	"context"
	"net/http"

	"volume-backup-tester/internal/cloud"
)

var checkInUse = Check{
	Name: "in-use", Title: "in-use",
	Requirement: "the cloud backs up a volume in use only with force, with its bytes, and leaves it in use",
	Reference:   cinder + ", Create a backup (force)",
	Needs:       Needs{Volumes: 2, Gigabytes: 2, Backups: 1, BackupGigabytes: 1, ImageBytes: firstImage + gibi},
	Run:         runInUse,
}

// runInUse attaches a volume without a server: a member may, and no host
// connects to it.
func runInUse(ctx context.Context, s *Session) error {
	source, err := s.volumeWithPatternOrEmpty(ctx, s.Name("volume"), first, s.size())
	if err != nil {
		return err
	}
	volume, err := s.Attach(ctx, source.Resource)
	if err != nil {
		return err
	}
	err = s.TryBackup(ctx, cloud.BackupSpec{Name: s.Name("unforced"), VolumeID: volume.ID})
	if err := expectRefused(volume, "a backup without force", err, http.StatusBadRequest); err != nil {
		return err
	}
	backup, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("backup"), Force: true}, volume)
	if err != nil {
		return err
	}
	// not before the backup is over: Cinder writes 'in-use' back then
	if source.Resource, err = s.Detach(ctx, volume); err != nil {
		return err
	}
	restored, err := s.Restore(ctx, backup, newVolume(s.Name("restored")))
	if err != nil || source.empty() {
		return err
	}
	return s.verifyContentOrControl(ctx, source, source.restored(restored, content{}))
}
