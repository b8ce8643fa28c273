package check

import (
	"context"
	"errors"
	"slices"
	"time"

	"volume-backup-tester/internal/cloud"
)

// NotRun is the outcome of a run that ended before Run: a mistake in the command
// line or in clouds.yaml, or no connection.
func NotRun(ctx context.Context, c Config, err error) *Outcome {
	return newRun(c).finish(ctx, err)
}

// failedBy is the first failure of a run that has touched the cloud, nil if it has
// none or a clean-up could not go on just now.
func (r *run) failedBy(err error) *Failure {
	var f *Failure
	switch {
	case errors.As(err, &f) && f.Stage != StageCheck:
		return nil
	case f == nil && len(r.outcome.Failures) > 0:
		f = r.outcome.Failures[0]
	}
	return f
}

// cleanAfter deletes what a failed run has made. What it meets does not replace
// the failure: it is told with it, as what is left is.
func (r *run) cleanAfter(ctx context.Context, f *Failure) {
	err := caught(func() error { return r.cleanUp(ctx, r.emit, r.Prefix, r.kinds()) })
	var notDeleted *notDeletedError
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.As(err, &notDeleted) {
		for _, l := range notDeleted.leftovers {
			if !slices.ContainsFunc(r.outcome.Failures, func(told *Failure) bool { return slices.ContainsFunc(told.NotDeleted, l.same) }) {
				f.NotDeleted = append(f.NotDeleted, l)
			}
		}
	}
	held := r.owned.left()
	for _, told := range r.outcome.Failures { // what an earlier clean-up could not delete may be gone now
		told.NotDeleted = slices.DeleteFunc(told.NotDeleted, func(l Leftover) bool { return !slices.ContainsFunc(held, l.same) })
	}
	if err != nil {
		r.warn("after the failure: %v", err)
	}
}

// fail turns an error into a *Failure. A run that was interrupted gets the
// interruption itself.
func (r *run) fail(ctx context.Context, at Stage, check string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := classify(err)
	f.Stage, f.Check = at, check
	r.wholeEndpoint(ctx, f)
	r.confine(ctx, f)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.explain(f)
	return f
}

// finish ends the outcome. err is what ended the run.
func (r *run) finish(ctx context.Context, err error) *Outcome {
	o := r.outcome
	var failure *Failure
	switch {
	case err == nil:
	case ctx.Err() != nil:
		failure = &Failure{Verdict: Abort, Stage: StageRun, Summary: context.Cause(ctx).Error(), err: context.Cause(ctx)}
	case !errors.As(err, &failure):
		failure = classify(err)
		failure.Stage = StageConnect
		var conf *cloud.ConfigError
		var usage *UsageError
		var bug *bugError
		if errors.As(err, &bug) {
			failure.Stage = StageRun
		}
		if errors.As(err, &conf) || errors.As(err, &usage) {
			failure.Stage = StageUsage
		}
		if o.Verdict != "" {
			o.Verdict = failure.Verdict
		}
	}
	if failure != nil {
		o.Failures = append(o.Failures, failure)
	}
	for _, f := range o.Failures {
		o.Left = append(o.Left, f.NotDeleted...)
	}
	if len(o.Failures) > 0 {
		for _, l := range r.owned.left() {
			if l.ID == "" || !slices.ContainsFunc(o.Left, l.same) {
				o.Left = append(o.Left, l)
			}
		}
	}
	if len(o.Left) > 0 {
		o.CleanupCommand = r.CleanupCommand
	}
	o.Tolerated = r.Tolerance.list()
	o.Ended = time.Now().UTC()
	return o
}
