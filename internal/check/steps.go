package check

import (
	"context"
	"net/http"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// remove deletes one resource of the run and waits until it is gone.
func (r *Run) remove(ctx context.Context, what cloud.Resource) error {
	if !ours(r.Prefix, what) {
		return nil
	}
	r.emit(Deleting{On: what, Age: age(what)})
	_, err := wait.Until(ctx, r.policy(false), func(ctx context.Context) (struct{}, bool, error) {
		err := r.Cloud.Delete(ctx, what)
		if call := asCall(err); call != nil && call.Gone() {
			err = nil // an earlier try did it, and its answer was lost
		}
		return struct{}{}, err == nil, err
	})
	if err != nil {
		return err
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

// timedOut is a wait in which every look was sound and none saw the end.
func timedOut(err error) bool {
	timeout, ok := err.(*wait.TimeoutError)
	return ok && timeout.Err == nil
}

// quota makes a quota that is used up a precondition.
func quota(err error) error {
	if call := answered(err); call != nil && call.Code == http.StatusRequestEntityTooLarge {
		return &Blocked{Why: "a quota is used up", Err: err}
	}
	return err
}
