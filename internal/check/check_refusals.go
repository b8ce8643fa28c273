package check

import (
	"context"
	"net/http"
	"time"

	"volume-backup-tester/internal/cloud"
)

var checkRefusals = Check{
	Name: "refusals", Title: "refusals",
	Requirement: "the cloud refuses what cannot be done, with the right code",
	Reference:   cinder + ", Backups",
	Needs:       Needs{Volumes: 1, Gigabytes: 1, Backups: 2, BackupGigabytes: 2},
	Alone:       true, // what is refused while a backup is made depends on how long that takes
	Run:         runRefusals,
}

func runRefusals(ctx context.Context, s *Session) error {
	if err := refusesUnknown(ctx, s); err != nil {
		return err
	}
	volume, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("volume")})
	if err != nil {
		return err
	}
	backup, err := refusesWhileBusy(ctx, s, volume)
	if err != nil {
		return err
	}
	for _, action := range []string{"os-reset_status", "os-force_delete"} {
		err := s.writing(backup).Act(ctx, backup, action, map[string]string{"status": available})
		if err == nil {
			s.Warn("a member may do %s to a backup, which Cinder's default policy leaves to administrators", action)
			continue
		}
		if err := expectRefused(backup, action+" by a member", err, http.StatusForbidden); err != nil {
			return err
		}
	}
	return nil
}

// refusesUnknown tries what there is not.
func refusesUnknown(ctx context.Context, s *Session) error {
	unknown := cloud.Resource{Kind: cloud.KindBackup, ID: unusedID}
	_, err := s.cloud.Show(ctx, unknown)
	if err := expectRefused(unknown, "showing an unknown backup", err, http.StatusNotFound); err != nil {
		return err
	}
	err = s.TryRestore(ctx, unknown, newVolume(s.Name("restored")))
	if err := expectRefused(unknown, "restoring an unknown backup", err, http.StatusNotFound); err != nil {
		return err
	}
	err = s.run.owned.delete(ctx, s.cloud, unknown)
	if err := expectRefused(unknown, "deleting an unknown backup", err, http.StatusNotFound); err != nil {
		return err
	}
	err = s.TryBackup(ctx, cloud.BackupSpec{Name: s.Name("of-nothing"), VolumeID: unusedID})
	return expectRefused(cloud.Resource{Kind: cloud.KindVolume, ID: unusedID}, "backing up an unknown volume", err, http.StatusNotFound, http.StatusBadRequest)
}

// refusesWhileBusy tries what must be refused while a backup is being made, and
// returns the backup. What is accepted is a finding if the backup was certainly
// being made still: the state says so afterwards, or a backup of the same
// volume has just taken more than four times as long.
func refusesWhileBusy(ctx context.Context, s *Session, volume cloud.Resource) (cloud.Resource, error) {
	first, err := s.StartBackup(ctx, cloud.BackupSpec{Name: s.Name("first"), VolumeID: volume.ID}, volume)
	if err != nil {
		return first, err
	}
	began := time.Now()
	measured := &target{Resource: first}
	if err := s.waitFor(ctx, measured, &target{Resource: volume}); err != nil {
		return first, err
	}
	usual := measured.unreached.Sub(began)

	began = time.Now()
	backup, err := s.StartBackup(ctx, cloud.BackupSpec{Name: s.Name("throw-away"), VolumeID: volume.ID}, volume)
	if err != nil {
		return backup, err
	}
	const creating = "creating"
	for _, busy := range []struct {
		what   string
		on     cloud.Resource
		status string // while it has to be refused
		try    func() error
	}{
		{"deleting a volume that is being backed up", volume, "backing-up", func() error { return s.TryDelete(ctx, volume) }},
		{"restoring a backup that is being made", backup, creating, func() error { return s.TryRestore(ctx, backup, newVolume(s.Name("restored"))) }},
		{"deleting a backup that is being made", backup, creating, func() error { return s.TryDelete(ctx, backup) }},
	} {
		before, err := s.show(ctx, backup)
		if err != nil {
			return backup, err
		}
		if before.Status != creating {
			return backup, &Skip{Why: "the backup was finished before every refusal could be tried"}
		}
		tried := busy.try()
		if tried == nil {
			took := time.Since(began)
			now, err := s.cloud.Show(ctx, busy.on)
			if err != nil && !gone(err) {
				return backup, err
			}
			if now.Status != busy.status && took > usual/4 {
				return backup, &Skip{Why: busy.what + " was accepted, possibly because the backup was finished by then"}
			}
		}
		if err := expectRefused(backup, busy.what, tried, http.StatusBadRequest); err != nil {
			return backup, err
		}
	}
	return backup, s.waitFor(ctx, &target{Resource: backup}, &target{Resource: volume})
}
