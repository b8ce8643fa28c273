package check

import (
	"context"
	"net/http"

	"volume-backup-tester/internal/cloud"
)

var checkIncremental = Check{
	Name: "incremental", Title: "incremental",
	Requirement: "the cloud makes an incremental backup, and does not delete a backup that another builds on",
	Reference:   cinder + ", Create a backup (incremental)",
	Needs:       Needs{Volumes: 1, Gigabytes: 1, Backups: 2, BackupGigabytes: 2},
	Run:         runIncremental,
}

// runIncremental builds a chain of two, and takes it down from the right end.
func runIncremental(ctx context.Context, s *Session) error {
	volume, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("volume")})
	if err != nil {
		return err
	}
	parentless := cloud.BackupSpec{Name: s.Name("first"), VolumeID: volume.ID, Incremental: true}
	err = s.TryBackup(ctx, parentless)
	switch call := asCall(err); {
	case err == nil:
		s.Warn("an incremental backup of a volume without a full one was accepted")
		if err := s.run.cleanUp(ctx, s.emit, parentless.Name, s.run.volumeKinds()); err != nil {
			return err
		}
	case call == nil || call.Code != http.StatusBadRequest:
		return s.backupRefused(ctx, err, volume.Size)
	}
	full, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("full")}, volume)
	if err != nil {
		return err
	}
	child, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("child"), Incremental: true}, volume)
	if err != nil {
		return err
	}
	if !child.Incremental {
		s.Warn(notIncremental, child)
		return nil
	}
	if err := s.waitForDependents(ctx, full); err != nil {
		return err
	}
	if err := expectRefused(full, "its deletion", s.TryDelete(ctx, full), http.StatusBadRequest); err != nil {
		return err
	}
	for _, backup := range []cloud.Resource{child, full} {
		if err := s.Remove(ctx, backup); err != nil {
			return err
		}
	}
	return nil
}

// notIncremental is unusual but sound: some drivers make a full backup where
// they can do no better.
const notIncremental = "%s was asked for as incremental and is a full backup"
