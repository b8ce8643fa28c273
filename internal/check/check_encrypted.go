package check

import (
	"context"

	"volume-backup-tester/internal/cloud"
)

// headerBytes is how much longer than asked Cinder 26.0.0 makes an empty volume
// that is encrypted.
const headerBytes = 2068480

var checkEncrypted = Check{
	Name: "encrypted", Title: "encrypted",
	Requirement: "the cloud restores an encrypted volume's backup to the same ciphertext, also after the volume and its key are gone; " +
		"whether it can be opened needs a host, and is not tried",
	Reference: purpose,
	Needs:     Needs{Volumes: 2, Gigabytes: 2, Backups: 1, BackupGigabytes: 1, ImageBytes: firstImage + 3*gibi + 2*headerBytes},
	Run:       runEncrypted,
}

// runEncrypted compares what is uploaded of source and restored volume. Cinder
// deletes a volume's key with it; a backup has one of its own.
func runEncrypted(ctx context.Context, s *Session) error {
	made, _, err := s.fill(ctx, s.Name("source"), s.run.EncryptedType, first, s.size())
	if err != nil {
		return err
	}
	source := made.Resource
	if !source.Encrypted {
		return &Skip{Why: "volume type '" + source.VolumeType + "' is not encrypted; give one that is with --encrypted-volume-type NAME"}
	}
	ciphertext, err := s.contentHash(ctx, source)
	if err != nil {
		return skipUnlessEnded(ctx, err, "an encrypted volume cannot be uploaded to an image")
	}
	backup, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("backup")}, source)
	if err != nil {
		return err
	}
	for _, name := range []string{"restored", "restored-without-source"} {
		into, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name(name), Size: source.Size, Type: s.run.EncryptedType})
		if err != nil {
			return err
		}
		restored, err := s.Restore(ctx, backup, into)
		if err != nil {
			return err
		}
		got, err := s.contentHash(ctx, restored)
		if err != nil {
			return s.unreadableRestored(restored, err)
		}
		if got != ciphertext {
			return &Finding{On: restored, Expected: "the ciphertext of its source, sha256 " + ciphertext, Got: "sha256 " + got,
				Hint: "the backup's data or its key is lost; keep these volumes and backups and look into cinder-backup's log"}
		}
		if err := s.Remove(ctx, restored); err != nil {
			return err
		}
		if name == "restored" {
			if err := s.Remove(ctx, source); err != nil {
				return err
			}
		}
	}
	return nil
}
