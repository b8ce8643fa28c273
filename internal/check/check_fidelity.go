package check

import (
	"context"
	"fmt"
	"net/http"

	"volume-backup-tester/internal/cloud"
)

var checkFidelity = Check{
	Name: "fidelity", Title: "fidelity",
	Requirement: "the cloud records a backup as asked, renames it on request, and restores size, name, metadata, image metadata and bootable flag",
	Reference:   cinder + ", Backups",
	Needs:       Needs{Volumes: 4, Gigabytes: 4, Backups: 2, BackupGigabytes: 2, ImageBytes: firstImage},
	Run:         runFidelity,
}

func runFidelity(ctx context.Context, s *Session) error {
	supported, _, err := s.cloud.Supports(ctx, backupMetadataFrom)
	if err != nil {
		return err
	}
	if !supported {
		s.Note("a backup's metadata were not looked at: the cloud's Cinder does not say that it speaks microversion %s", backupMetadataFrom)
	}
	return s.together(ctx, func(ctx context.Context) error {
		bootable, err := s.volumeOfImageOrEmpty(ctx, s.Name("source"), first, s.size())
		if err != nil {
			return err
		}
		_, err = backedUpAndRestored(ctx, s, bootable.Resource, nil)
		return err
	}, func(ctx context.Context) error {
		wanted := map[string]string{"made-by": s.prefix}
		tagged, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("tagged"), Metadata: wanted})
		if err != nil {
			return err
		}
		if !supported {
			wanted = nil
		}
		backup, err := backedUpAndRestored(ctx, s, tagged, wanted)
		if err != nil {
			return err
		}
		return renaming(ctx, s, backup)
	})
}

// backupMetadataFrom is the microversion from which on a backup has metadata.
const backupMetadataFrom = "3.43"

// backedUpAndRestored holds a backup and the volume restored from it to what
// was asked and to the source volume.
func backedUpAndRestored(ctx context.Context, s *Session, volume cloud.Resource, metadata map[string]string) (cloud.Resource, error) {
	spec := cloud.BackupSpec{Name: volume.Name + "-backup", Description: "as asked: " + volume.Name, Metadata: metadata}
	backup, err := s.CreateBackup(ctx, spec, volume)
	if err != nil {
		return backup, err
	}
	if err := expectAsAsked(backup,
		field{"name", spec.Name, backup.Name}, field{"description", spec.Description, backup.Description},
		field{"size", volume.Size, backup.Size}, field{"volume_id", volume.ID, backup.VolumeID},
	); err != nil {
		return backup, err
	}
	if metadata != nil {
		var shown map[string]string
		if err := s.run.Tolerance.present(ctx, func(ctx context.Context) (err error) {
			shown, err = s.cloud.BackupMetadata(ctx, backup)
			return err
		}); err != nil {
			return backup, err
		}
		if err := expectAsAsked(backup, field{"metadata made-by", metadata["made-by"], shown["made-by"]}); err != nil {
			return backup, err
		}
	}
	restored, err := s.Restore(ctx, backup, newVolume(volume.Name+"-restored"))
	if err != nil {
		return backup, err
	}
	return backup, expectAsAsked(restored,
		field{"name", volume.Name + "-restored", restored.Name}, field{"size", volume.Size, restored.Size},
		field{"bootable", volume.Bootable, restored.Bootable}, field{"metadata made-by", volume.Metadata["made-by"], restored.Metadata["made-by"]},
		field{"volume_image_metadata", fmt.Sprint(volume.ImageMetadata), fmt.Sprint(restored.ImageMetadata)},
	)
}

// renaming gives a backup another name, which keeps the prefix.
func renaming(ctx context.Context, s *Session, backup cloud.Resource) error {
	name, description := backup.Name+"-renamed", "as renamed"
	err := s.writing(backup).Rename(ctx, backup, name, description)
	if call := asCall(err); call != nil && call.Code == http.StatusNotAcceptable {
		s.Note("renaming was not tried: the cloud's Cinder is older than microversion 3.9")
		return nil
	}
	if err != nil {
		return err
	}
	return s.eventually(ctx, func(ctx context.Context) error {
		now, err := s.show(ctx, backup)
		if err != nil {
			return err
		}
		return expectAsAsked(now, field{"name", name, now.Name}, field{"description", description, now.Description})
	})
}
