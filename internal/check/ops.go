package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// What a check can ask for: each of these creates or deletes, waits until that
// is done, and keeps account of what exists since.

// ask asks for something new, and keeps account of what may exist since.
func (s *Session) ask(wanted cloud.Resource, call func() (cloud.Resource, error)) (cloud.Resource, error) {
	defer s.run.owned.asking(wanted)()
	made, err := call()
	if failed := asCall(err); err != nil && failed != nil && !failed.MayHaveApplied {
		return made, err
	}
	if made.ID == "" {
		made = wanted
	}
	s.run.owned.add(made, wanted.Name)
	return made, err
}

// create is ask for what is made from something that this session was shown: a
// refusal that lag explains is asked again. from is what it is made from, where
// that may have been taken away meanwhile.
func (s *Session) create(ctx context.Context, wanted, from cloud.Resource, call func() (cloud.Resource, error)) (made cloud.Resource, err error) {
	err = s.askPastLag(ctx, func(context.Context) error {
		made, err = s.ask(wanted, call)
		return err
	}, from)
	return made, err
}

// CreateVolume creates a volume, empty and of the size that was asked for if the
// specification does not say otherwise, and waits until it is available.
func (s *Session) CreateVolume(ctx context.Context, spec cloud.VolumeSpec) (cloud.Resource, error) {
	spec.Size, spec.Type, spec.Zone = cmp.Or(spec.Size, s.run.VolumeSize), cmp.Or(spec.Type, s.run.VolumeType), s.run.Zone
	wanted := newVolume(spec.Name)
	s.emit(StepStarted{Verb: "creating", On: wanted})
	call := func() (cloud.Resource, error) { return s.cloud.CreateVolume(ctx, spec) }
	var volume cloud.Resource
	var err error
	if madeFrom := cmp.Or(spec.ImageID, spec.BackupID, spec.SnapshotID); madeFrom == "" {
		volume, err = s.ask(wanted, call)
	} else {
		var from cloud.Resource // images are no part of what is tested
		if e := s.run.owned.find(madeFrom); e != nil && spec.ImageID == "" {
			from = e.Resource
		}
		volume, err = s.create(ctx, wanted, from, call)
	}
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

// CreateBackup creates a backup of a volume and waits until it is available, and
// the volume what it was before.
func (s *Session) CreateBackup(ctx context.Context, spec cloud.BackupSpec, volume cloud.Resource) (cloud.Resource, error) {
	spec.VolumeID = volume.ID
	backup, err := s.StartBackup(ctx, spec, volume)
	if err != nil {
		return backup, err
	}
	made, of := &target{Resource: backup}, &target{Resource: volume}
	if volume.Status == inUse {
		of.wanted = inUse
	}
	err = s.waitFor(ctx, made, of)
	var finding *Finding
	if s.run.BackupZone != "" && errors.As(err, &finding) && noBackupService(finding.On.Reason) {
		finding.Hint = fmt.Sprintf("correct --backup-availability-zone, or have cinder-backup run in '%s'; until it does Cinder deletes this backup for nobody, and another run needs another --prefix", s.run.BackupZone)
	}
	return made.Resource, err
}

// TryBackup asks for a backup that should be refused, and not because lag hides its
// volume.
func (s *Session) TryBackup(ctx context.Context, spec cloud.BackupSpec) error {
	hidden := func(err error) bool {
		call := answered(err)
		return call != nil && call.Code == http.StatusNotFound && spec.VolumeID != unusedID && strings.Contains(call.Message, spec.VolumeID)
	}
	return s.run.Tolerance.repeat(ctx, shown404, hidden, func(ctx context.Context) error {
		_, err := s.ask(cloud.Resource{Kind: cloud.KindBackup, Name: spec.Name}, func() (cloud.Resource, error) { return s.cloud.CreateBackup(ctx, spec) })
		return err
	})
}

// StartBackup is CreateBackup up to the answer, also for a backup of a snapshot.
func (s *Session) StartBackup(ctx context.Context, spec cloud.BackupSpec, from cloud.Resource) (cloud.Resource, error) {
	spec.Zone = s.run.BackupZone
	wanted := cloud.Resource{Kind: cloud.KindBackup, Name: spec.Name}
	s.emit(StepStarted{Verb: "creating", On: wanted, From: from})
	backup, err := s.create(ctx, wanted, from, func() (cloud.Resource, error) { return s.cloud.CreateBackup(ctx, spec) })
	if err != nil {
		return backup, s.backupRefused(ctx, err, from.Size)
	}
	return backup, nil
}

// CreateSnapshot creates a snapshot of a volume and waits until it is available.
func (s *Session) CreateSnapshot(ctx context.Context, name string, volume cloud.Resource) (cloud.Resource, error) {
	wanted := cloud.Resource{Kind: cloud.KindSnapshot, Name: name}
	s.emit(StepStarted{Verb: "creating", On: wanted, From: volume})
	snapshot, err := s.create(ctx, wanted, volume, func() (cloud.Resource, error) { return s.cloud.CreateSnapshot(ctx, name, volume) })
	var finding *Finding
	if call := answered(err); call != nil && !errors.As(err, &finding) && troubleOf(call) == noTrouble && call.Code >= 400 && call.Code < 500 {
		return snapshot, &Blocked{Why: "the cloud refuses a snapshot: " + call.Answer(), Err: err}
	}
	if err != nil {
		return snapshot, err
	}
	made := &target{Resource: snapshot}
	err = s.waitFor(ctx, made)
	return made.Resource, err
}

// Attach makes a volume in use, without a server: no instance is named, so Nova
// is not asked (API reference: "Attach volume to a server").
func (s *Session) Attach(ctx context.Context, volume cloud.Resource) (cloud.Resource, error) {
	s.emit(StepStarted{Verb: "attaching", On: volume})
	err := s.askPastLag(ctx, func(ctx context.Context) error {
		return s.writing(volume).Act(ctx, volume, "os-attach", map[string]any{"host_name": "volume-backup-tester", "mountpoint": device, "mode": "rw"})
	}, volume)
	if call := answered(err); call != nil && call.Code == http.StatusForbidden && call.Origin == cloud.FromService {
		return volume, &Skip{Why: "policy does not let this user attach a volume: " + call.Answer()}
	}
	if err != nil {
		return volume, err
	}
	attached := &target{Resource: volume, wanted: inUse}
	err = s.waitFor(ctx, attached)
	return attached.Resource, err
}

// Detach ends what Attach began.
func (s *Session) Detach(ctx context.Context, volume cloud.Resource) (cloud.Resource, error) {
	now, err := s.run.owned.verify(ctx, s.cloud, volume)
	if err != nil {
		return now, err
	}
	s.emit(StepStarted{Verb: "detaching", On: now})
	if err := s.run.owned.detach(ctx, s.writing(now), now); err != nil {
		return now, err
	}
	detached := &target{Resource: now, wanted: available}
	err = s.waitFor(ctx, detached)
	return detached.Resource, err
}

// TryDelete asks for a deletion that should be refused. One without a clear
// answer was accepted if the resource shows it.
func (s *Session) TryDelete(ctx context.Context, what cloud.Resource) error {
	err := s.deleteAs(ctx, s.cloud, what)
	if call := answered(err); call == nil || !call.MayHaveApplied {
		return err
	}
	now, showErr := s.cloud.Show(ctx, what)
	if gone(showErr) || now.Status == "deleting" {
		return nil
	}
	return err
}

// deleteAs asks for a deletion with whichever credentials.
func (s *Session) deleteAs(ctx context.Context, as *cloud.Client, what cloud.Resource) error {
	return s.run.owned.deleteAs(ctx, as, s.cloud, what)
}

// writing is the client for what writes to something of this run.
func (s *Session) writing(on cloud.Resource) *cloud.Client {
	return s.run.owned.guarded(s.cloud, s.cloud, on, nil)
}

// Remove deletes one resource of the run and waits until it is gone. What
// refuses it for its status may pass: it is asked again within the budget.
func (s *Session) Remove(ctx context.Context, what cloud.Resource) error {
	if err := s.run.Tolerance.present(ctx, func(ctx context.Context) error {
		_, err := s.run.owned.verify(ctx, s.cloud, what)
		return err
	}); err != nil {
		return err
	}
	s.run.deleting(s.emit, what, false)
	status := what.Status
	var accepted, missing time.Time // missing: since when it is 404, and Cinder was not told to delete it
	applied := false                // the deletion was accepted, or may have been
	var refusal error
	policy := s.run.policy()
	policy.Expect = func() time.Duration {
		if status != "deleting" {
			return 0
		}
		return s.run.usual.half(deletionKind(what.Kind))
	}
	_, err := wait.Until(ctx, policy, func(ctx context.Context) (nothing, bool, error) {
		began := time.Now()
		if accepted.IsZero() || status != "deleting" && time.Since(accepted) > undone {
			err := s.run.owned.delete(ctx, s.cloud, what)
			call := answered(err)
			applied = applied || err == nil || call != nil && call.MayHaveApplied
			if call != nil && call.Code == http.StatusBadRequest && call.Origin == cloud.FromService {
				refusal, err = err, nil
			} else if err == nil {
				accepted = time.Now()
			}
			if err != nil && !gone(err) {
				return nothing{}, false, err
			}
		}
		now, err := s.cloud.Once().Show(ctx, what)
		if err == nil {
			what, err = now, s.run.owned.expectName(now)
		}
		switch {
		case gone(err) && !applied && time.Since(cmp.Or(missing, began)) < lag:
			missing = cmp.Or(missing, began)
			return nothing{}, false, nil
		case gone(err):
			s.run.owned.gone(what)
			if !accepted.IsZero() {
				s.run.usual.took(deletionKind(what.Kind), time.Since(accepted))
			}
			return nothing{}, true, nil
		case err == nil && failed(now.Status):
			return nothing{}, false, &Finding{On: now, Expected: "to be deleted", Got: "status '" + now.Status + "'"}
		case err == nil:
			status, missing = now.Status, time.Time{}
		}
		return nothing{}, false, err
	})
	if timedOut(err) {
		return &Finding{On: what, Expected: "to be deleted", Got: fmt.Sprintf("status '%s' after %s", status, s.run.Timeout), Err: refusal, Hint: "if the cloud is merely slow, allow more with --timeout", late: true}
	}
	return err
}

// makeWay deletes what ended in error, if it was made at all, for what takes its place
// in the quota. What cannot be deleted is the clean-up's to tell.
func (s *Session) makeWay(ctx context.Context, failed cloud.Resource) {
	if failed.ID != "" {
		_ = s.Remove(ctx, failed)
	}
}

// undone is after how long an accepted deletion is asked for again: storage may
// refuse it later, and the resource is available again then.
const undone = 10 * time.Second

// nothing is what a poll returns that only waits.
type nothing struct{}
