package check

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// What a check can ask for: each of these creates or deletes, waits until that
// is done, and keeps account of what exists since.

// create asks for something new, and keeps account of what may exist since.
func (s *Session) create(wanted cloud.Resource, ask func() (cloud.Resource, error)) (cloud.Resource, error) {
	made, err := ask()
	switch call := asCall(err); {
	case err == nil:
		s.run.owned.add(made, wanted.Name)
	case call == nil || call.MayHaveApplied:
		if made.ID == "" {
			made = wanted
		}
		s.run.owned.add(made, wanted.Name)
	}
	return made, err
}

// CreateVolume creates a volume, empty and of 1 GiB if the specification does
// not say otherwise, and waits until it is available.
func (s *Session) CreateVolume(ctx context.Context, spec cloud.VolumeSpec) (cloud.Resource, error) {
	spec.Size, spec.Type, spec.Zone = max(spec.Size, 1), cmp.Or(spec.Type, s.run.VolumeType), s.run.Zone
	wanted := newVolume(spec.Name)
	s.run.emit(StepStarted{Verb: "creating", On: wanted})
	volume, err := s.create(wanted, func() (cloud.Resource, error) { return s.cloud.CreateVolume(ctx, spec) })
	if err != nil {
		return volume, volumeRefused(err, spec)
	}
	made := &target{Resource: volume}
	err = s.waitFor(ctx, made)
	return made.Resource, err
}

// newVolume is a volume that is not there yet.
func newVolume(name string) cloud.Resource {
	return cloud.Resource{Kind: cloud.KindVolume, Name: name}
}

// CreateBackup creates a backup of a volume and waits until both are available.
func (s *Session) CreateBackup(ctx context.Context, spec cloud.BackupSpec, volume cloud.Resource) (cloud.Resource, error) {
	spec.VolumeID = volume.ID
	backup, err := s.StartBackup(ctx, spec, volume)
	if err != nil {
		return backup, err
	}
	made := &target{Resource: backup}
	err = s.waitFor(ctx, made, &target{Resource: volume})
	return made.Resource, err
}

// StartBackup is CreateBackup up to the answer, also for a backup of a snapshot.
func (s *Session) StartBackup(ctx context.Context, spec cloud.BackupSpec, from cloud.Resource) (cloud.Resource, error) {
	wanted := cloud.Resource{Kind: cloud.KindBackup, Name: spec.Name}
	s.run.emit(StepStarted{Verb: "creating", On: wanted, From: from})
	backup, err := s.create(wanted, func() (cloud.Resource, error) { return s.cloud.CreateBackup(ctx, spec) })
	if err != nil {
		return backup, s.backupRefused(ctx, err, from.Size)
	}
	return backup, nil
}

// CreateSnapshot creates a snapshot of a volume and waits until it is available.
func (s *Session) CreateSnapshot(ctx context.Context, name string, volume cloud.Resource) (cloud.Resource, error) {
	wanted := cloud.Resource{Kind: cloud.KindSnapshot, Name: name}
	s.run.emit(StepStarted{Verb: "creating", On: wanted, From: volume})
	snapshot, err := s.create(wanted, func() (cloud.Resource, error) { return s.cloud.CreateSnapshot(ctx, name, volume) })
	if call := answered(err); call != nil && call.Code == http.StatusRequestEntityTooLarge {
		return snapshot, &Blocked{Why: "the snapshot quota is used up", Err: err}
	}
	if err != nil {
		return snapshot, err
	}
	made := &target{Resource: snapshot}
	err = s.waitFor(ctx, made)
	return made.Resource, err
}

// Restore restores a backup into a volume, or into a new one if the target has
// no id, and waits until the volume is available and the backup no longer
// 'restoring'.
func (s *Session) Restore(ctx context.Context, backup, into cloud.Resource) (cloud.Resource, error) {
	volume, err := s.StartRestore(ctx, backup, into)
	if err != nil {
		return volume, err
	}
	restored := &target{Resource: volume, mayBeAbsent: true}
	err = s.waitFor(ctx, restored, &target{Resource: backup})
	return restored.Resource, err
}

// StartRestore is Restore up to the answer, which it holds to what was asked.
func (s *Session) StartRestore(ctx context.Context, backup, into cloud.Resource) (cloud.Resource, error) {
	s.run.emit(StepStarted{Verb: "restoring", On: into, From: backup})
	volume, err := s.askRestore(ctx, backup, into)
	switch {
	case err != nil:
		return volume, s.restoreRefused(backup, err)
	case into.ID != "" && volume.ID != into.ID:
		return volume, &Finding{On: backup, Expected: "a restore into volume " + into.ID, Got: "a restore into volume " + volume.ID}
	case into.ID == "" && volume.ID == backup.VolumeID:
		return volume, &Finding{On: backup, Expected: "a restore into a new volume", Got: "a restore into its source, volume " + volume.ID}
	}
	return volume, nil
}

// askRestore asks for a restore and reads its answer. What is overwritten has
// to be this run's own.
func (s *Session) askRestore(ctx context.Context, backup, into cloud.Resource) (cloud.Resource, error) {
	if into.ID != "" {
		if err := s.run.owned.verify(ctx, s.cloud, into); err != nil {
			return into, err
		}
	}
	return s.create(into, func() (cloud.Resource, error) {
		answer, err := s.cloud.Restore(ctx, backup, into)
		made := into
		if err == nil {
			made.ID, made.RequestID = answer.VolumeID, answer.RequestID
		}
		if answer.BackupID != "" && answer.BackupID != backup.ID {
			return made, &Finding{On: backup, Expected: "the restore's answer to name this backup", Got: "backup " + answer.BackupID}
		}
		return made, err
	})
}

// TryRestore asks for a restore that should be refused.
func (s *Session) TryRestore(ctx context.Context, backup, into cloud.Resource) error {
	_, err := s.askRestore(ctx, backup, into)
	if call := answered(err); call != nil && call.Code >= 400 && call.Code < 500 && into.ID == "" && !noBackupService(call.Message) {
		s.run.owned.forget(into) // refused before a volume was made
	}
	return err
}

// TryDelete asks for a deletion that should be refused. One without a clear
// answer was accepted if the resource shows it.
func (s *Session) TryDelete(ctx context.Context, what cloud.Resource) error {
	err := s.run.owned.delete(ctx, s.cloud, what)
	if call := answered(err); call == nil || !call.MayHaveApplied {
		return err
	}
	now, showErr := s.cloud.Show(ctx, what)
	if gone(showErr) || now.Status == "deleting" {
		return nil
	}
	return err
}

// Remove deletes one resource of the run and waits until it is gone.
func (s *Session) Remove(ctx context.Context, what cloud.Resource) error {
	if err := s.run.owned.verify(ctx, s.cloud, what); err != nil {
		return err
	}
	s.run.deleting(what, false)
	err := s.run.owned.delete(ctx, s.cloud, what)
	if call := asCall(err); err != nil && !(gone(err) || call != nil && call.MayHaveApplied && call.Code == http.StatusBadRequest) {
		return err // else an earlier try did it; how it is shows in the end
	}
	status := what.Status
	_, err = wait.Until(ctx, s.run.policy(), func(ctx context.Context) (nothing, bool, error) {
		now, err := s.cloud.Once().Show(ctx, what)
		switch {
		case gone(err):
			s.run.owned.gone(what)
			return nothing{}, true, nil
		case err == nil && failed(now.Status):
			return nothing{}, false, &Finding{On: now, Expected: "to be deleted", Got: "status '" + now.Status + "'"}
		case err == nil:
			status = now.Status
		}
		return nothing{}, false, err
	})
	if timedOut(err) {
		return &Finding{On: what, Expected: "to be deleted", Got: fmt.Sprintf("status '%s' after %s", status, s.run.Timeout), Hint: "if the cloud is merely slow, allow more with --timeout"}
	}
	return err
}

// nothing is what a poll returns that only waits.
type nothing struct{}

// FindBackups lists the backups that pass the filters; pages are how many came
// with each page.
func (s *Session) FindBackups(ctx context.Context, f cloud.Filter) (found []cloud.Resource, pages []int, err error) {
	return s.cloud.Find(ctx, cloud.KindBackup, f)
}
