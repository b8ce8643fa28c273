package check

import (
	"context"
	"net/http"

	"volume-backup-tester/internal/cloud"
)

var checkVolumeFromBackup = Check{
	Name: "volume-from-backup", Title: "volume-from-backup",
	Requirement: "the cloud creates a volume from a backup",
	Reference:   cinder + ", Create a volume (backup_id, microversion 3.47)",
	Needs:       Needs{Volumes: 2, Gigabytes: 2, Backups: 1, BackupGigabytes: 1, ImageBytes: firstImage + gibi},
	Run:         runVolumeFromBackup,
}

func runVolumeFromBackup(ctx context.Context, s *Session) error {
	source, err := s.volumeWithPatternOrEmpty(ctx, s.Name("source"), first, s.size())
	if err != nil {
		return err
	}
	backup, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("backup")}, source.Resource)
	if err != nil {
		return err
	}
	volume, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("volume"), BackupID: backup.ID})
	if call := asCall(err); call != nil && call.Code == http.StatusNotAcceptable {
		return &Skip{Why: "the cloud's Cinder is older than microversion 3.47"}
	}
	if err != nil {
		return err
	}
	if err := s.waitFor(ctx, &target{Resource: backup}); err != nil {
		return err
	}
	if source.empty() {
		return nil
	}
	return s.verifyContentOrControl(ctx, source, source.restored(volume, content{}))
}
