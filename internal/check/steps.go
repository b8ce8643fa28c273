package check

import (
	"context"
	"net/http"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// show and find read what the next try may have to.
func (r *Run) show(ctx context.Context, as *cloud.Client, of cloud.Resource) (cloud.Resource, error) {
	return attempt(ctx, r, false, func(ctx context.Context) (cloud.Resource, error) { return as.Show(ctx, of) })
}

func (r *Run) find(ctx context.Context, f cloud.Filter) (found []cloud.Resource, pages []int, err error) {
	err = r.Patiently(ctx, func(ctx context.Context) (err error) {
		found, pages, err = r.Cloud.Find(ctx, cloud.KindBackup, f)
		return err
	})
	return found, pages, err
}

// tryRestore and tryDelete ask for what should be refused, with the same
// patience and the same account of what may exist since as if it should not.
func (r *Run) tryRestore(ctx context.Context, backup, target cloud.Resource) error {
	left := len(r.left)
	_, err := r.create(ctx, target, func(ctx context.Context) (cloud.Resource, error) {
		answer, err := r.Cloud.Restore(ctx, backup, target)
		made := target
		made.ID = answer.VolumeID
		return made, err
	})
	if call := answered(err); call != nil && call.Code >= 400 && call.Code < 500 && !noBackupService(call.Message) {
		r.left = r.left[:left] // refused before a volume was made
	}
	return err
}

func (r *Run) tryDelete(ctx context.Context, what cloud.Resource) error {
	perhaps, err := r.delete(ctx, what)
	if !perhaps || answered(err) == nil {
		return err
	}
	now, showErr := r.show(ctx, r.Cloud, what)
	if call := asCall(showErr); call != nil && call.Gone() || now.Status == "deleting" {
		return nil
	}
	return err
}

// delete asks for a deletion. Perhaps is that a try without a clear answer may
// have been accepted, whatever a later one was answered.
func (r *Run) delete(ctx context.Context, what cloud.Resource) (perhaps bool, err error) {
	err = r.Patiently(ctx, func(ctx context.Context) error {
		err := r.Cloud.Delete(ctx, what)
		call := asCall(err)
		perhaps = perhaps || call != nil && call.Perhaps
		return err
	})
	return perhaps, err
}

// remove deletes one resource of the run and waits until it is gone.
func (r *Run) remove(ctx context.Context, what cloud.Resource) error {
	if !ours(r.Prefix, what) {
		return nil
	}
	r.emit(Deleting{On: what, Age: age(what)})
	perhaps, err := r.delete(ctx, what)
	if call := asCall(err); err != nil && !(call != nil && (call.Gone() || perhaps && call.Code == http.StatusBadRequest)) {
		return err // else an earlier try did it; how it is shows in the end
	}
	status := what.Status
	_, err = wait.Until(ctx, r.policy(false), func(ctx context.Context) (struct{}, bool, error) {
		now, err := r.Cloud.Show(ctx, what)
		if call := asCall(err); call != nil && call.Gone() {
			return struct{}{}, true, nil
		}
		if err == nil && failed(now.Status) {
			return struct{}{}, false, &Finding{On: now, Expected: "to be deleted", Seen: "status '" + now.Status + "'"}
		}
		if err == nil {
			status = now.Status
		}
		return struct{}{}, false, err
	})
	if timedOut(err) {
		return &Finding{On: what, Expected: "to be deleted", Seen: "status '" + status + "' when the time was up", Advice: "if the cloud is merely slow, allow more with --timeout"}
	}
	return err
}

// awaitDependents waits for the mark that others build on a backup: Cinder
// sets it after the child has become available.
func (r *Run) awaitDependents(ctx context.Context, parent cloud.Resource) error {
	_, err := wait.Until(ctx, r.policy(false), func(ctx context.Context) (struct{}, bool, error) {
		now, err := r.Cloud.Show(ctx, parent)
		return struct{}{}, now.HasDependents, err
	})
	if timedOut(err) {
		return &Finding{On: parent, Expected: "has_dependent_backups to become true", Seen: "it stays false although an incremental backup builds on it"}
	}
	return err
}

// timedOut is a wait that used its whole budget and is known to have come to
// nothing: none of its looks saw what it was for, and but for a last one or two
// they were sound.
func timedOut(err error) bool {
	timeout, ok := err.(*wait.TimeoutError)
	return ok && timeout.After == 0 && timeout.Failing <= min(unseen, timeout.Waited/2)
}

// unseen is how long at its end a wait may have seen nothing.
const unseen = 10 * time.Second

// quota makes a quota that is used up a precondition.
func quota(err error) error {
	if call := answered(err); call != nil && call.Code == http.StatusRequestEntityTooLarge {
		return &Blocked{Why: "a quota is used up", Err: err}
	}
	return err
}
