package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// mark is the key of a restored volume's metadata that names the backup.
// Cinder's backup manager writes it when the driver is done, so it is what shows
// that a restore was completed: behind nodes that lag, volume and backup still
// look available for a while after the restore was accepted. Cinder writes it
// since Ussuri (microversion 3.60), and into the backup's own source volume only
// where that bears another mark, and had no metadata when it was backed up: those
// replace the mark. What it had then is not known here.
const (
	mark     = "src_backup_id"
	markFrom = "3.60"
)

// restore is one that was asked for.
type restore struct {
	backup, volume *target
	// marked is whether the volume bore this backup's mark before; tells, whether
	// it bears it for certain when the restore is completed.
	marked, tells bool
	// unclear is why it is not known whether the restore was accepted; nil: it
	// was.
	unclear error

	older  bool      // Cinder is older than the mark
	stable time.Time // since when every poll has shown both as available
}

// Restore restores a backup into a volume, or into a new one if the target has
// no id, and waits until that is known to be completed.
func (s *Session) Restore(ctx context.Context, backup, into cloud.Resource) (cloud.Resource, error) {
	r, err := s.StartRestore(ctx, backup, into)
	if err != nil {
		return into, err
	}
	return s.FinishRestore(ctx, r)
}

// StartRestore is Restore up to the answer, which it holds to what was asked.
// Where a volume type or zone was asked for, a new volume is created so
// beforehand: a cloud restores into its defaults otherwise.
func (s *Session) StartRestore(ctx context.Context, backup, into cloud.Resource) (*restore, error) {
	if into.ID == "" && s.run.VolumeType+s.run.Zone != "" {
		var err error
		if into, err = s.CreateVolume(ctx, cloud.VolumeSpec{Name: into.Name, Size: backup.Size}); err != nil {
			return nil, err
		}
	}
	s.emit(StepStarted{Verb: "restoring", On: into, From: backup})
	r := &restore{backup: &target{Resource: backup}, tells: true}
	var volume cloud.Resource
	err := s.askPastLag(ctx, func(ctx context.Context) (err error) {
		volume, err = s.askRestore(ctx, backup, into, func(before cloud.Resource) {
			r.marked = before.Metadata[mark] == backup.ID
			r.tells = !r.marked && into.ID != backup.VolumeID
		})
		return err
	}, backup, into)
	call := answered(err)
	switch {
	case into.ID != "" && r.tells && call != nil && call.MayHaveApplied && (call.Code < 400 || call.Origin == cloud.FromFrontEnd):
		volume, r.unclear = into, err // the mark will tell
	case err != nil:
		return nil, restoreRefused(backup, into, err)
	case into.ID != "" && volume.ID != into.ID:
		return nil, &Finding{On: backup, Expected: "a restore into volume " + into.ID, Got: "a restore into volume " + volume.ID}
	case into.ID == "" && volume.ID == backup.VolumeID:
		s.run.owned.add(into, into.Name) // whatever the answer says, there may be a new one
		return nil, &Finding{On: backup, Expected: "a restore into a new volume", Got: "a restore into its source, volume " + volume.ID}
	}
	r.volume = &target{Resource: volume, mayBeAbsent: true}
	return r, nil
}

// askRestore asks for a restore and reads its answer. shown gets what an existing
// volume was before.
func (s *Session) askRestore(ctx context.Context, backup, into cloud.Resource, shown func(cloud.Resource)) (cloud.Resource, error) {
	client := s.cloud
	if into.ID != "" {
		client = s.run.owned.guarded(s.cloud, s.cloud, into, shown)
	}
	return s.ask(into, func() (cloud.Resource, error) {
		answer, err := client.Restore(ctx, backup, into)
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
	_, err := s.askRestore(ctx, backup, into, nil)
	if call := answered(err); call != nil && call.Code >= 400 && call.Code < 500 && into.ID == "" && !noBackupService(call.Message) {
		s.run.owned.gone(into) // refused before a volume was made
	}
	return err
}

// FinishRestore waits until volume and backup are available and the restore is
// known to be completed.
func (s *Session) FinishRestore(ctx context.Context, r *restore) (cloud.Resource, error) {
	began := time.Now()
	err := s.waitUntil(ctx, waiting{
		targets: []*target{r.volume, r.backup},
		confirm: func(ctx context.Context) (bool, error) { return r.completed(ctx, s) },
		until: func() time.Time {
			if r.stable.IsZero() || r.stable.Sub(began) > s.run.Timeout {
				return time.Time{}
			}
			return r.stable.Add(lag)
		},
	})
	var timeout *wait.TimeoutError
	switch {
	case err == nil:
		return r.volume.Resource, nil
	case timedOut(err) && r.unclear != nil:
		return r.volume.Resource, r.unclear
	case timedOut(err) && errors.As(err, &timeout):
		return r.volume.Resource, r.withoutEvidence(ctx, s, timeout.Waited)
	}
	return r.volume.Resource, err
}

// completed is asked when volume and backup are available.
func (r *restore) completed(ctx context.Context, s *Session) (bool, error) {
	if !r.marked && r.volume.Metadata[mark] == r.backup.ID {
		return true, nil
	}
	if !r.volume.busy && !r.backup.busy || r.unclear != nil {
		return false, nil
	}
	since := r.backup.unreached
	if r.volume.unreached.After(since) {
		since = r.volume.unreached
	}
	if r.stable.Before(since) || r.stable.IsZero() {
		r.stable = time.Now()
	}
	if time.Since(r.stable) < lag {
		return false, nil
	}
	if r.tells && !r.older {
		_, older, err := s.cloud.Once().Supports(ctx, markFrom)
		if err != nil {
			return false, err
		}
		r.older = older
	}
	return !r.tells || r.older, nil
}

// withoutEvidence is a restore that nothing shows to have been completed.
func (r *restore) withoutEvidence(ctx context.Context, s *Session, waited time.Duration) error {
	expected := fmt.Sprintf("evidence that the restore was completed: '%s' of its metadata = %s", mark, r.backup.ID)
	if !r.tells {
		expected = "evidence that the restore was completed: status 'restoring-backup', and then 'available' for " + lag.String()
	}
	got := fmt.Sprintf("status '%s' for %s, and no such evidence", r.volume.Status, wait.Round(waited))
	ctx, cancel := context.WithTimeout(ctx, answerSoon)
	defer cancel()
	if _, older, err := s.cloud.Once().Supports(ctx, markFrom); err == nil && older {
		return &Blocked{
			Why:  fmt.Sprintf("%s: whether the restore was completed cannot be found out: expected %s, got %s", r.volume.Resource, expected, got),
			Hint: "this Cinder is older than microversion " + markFrom + "; run again, or allow more with --timeout",
		}
	}
	return &Finding{On: r.volume.Resource, Expected: expected, Got: got, late: true,
		Hint: "look for the request id in the log of cinder-backup; if the cloud is merely slow, allow more with --timeout"}
}
