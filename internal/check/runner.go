package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// Config is what a run is told.
type Config struct {
	Version   string // of the tool
	CloudName string // in clouds.yaml
	Cloud     *cloud.Client
	Other     *cloud.Client // a member of another project; nil: none
	// Prefix is what the names of all resources begin with; never empty.
	Prefix  string
	Timeout time.Duration // what one wait may take
	// VolumeType and Zone are for the volumes created; "": the cloud's default.
	VolumeType, Zone string
	// RestoreType is the other volume type to restore onto; "": none.
	RestoreType string
	AllowAdmin  bool
	// Checks are what is run, and what decides which kinds are cleaned up.
	Checks []Check
	// CleanupOnly deletes what begins with the prefix and runs no check; with
	// DryRun it only tells what it would delete.
	CleanupOnly, DryRun bool
	// CleanupCommand is told with what is left.
	CleanupCommand string
	Progress       func(Event)
}

// Run cleans up, runs the checks in order up to the first that fails, and cleans
// up after a pass: first the mandatory phases, whose verdict is then decided,
// then the optional checks. A ctx that is cancelled is an outcome, too.
func Run(ctx context.Context, c Config) *Outcome {
	r := newRun(c)
	return r.finish(ctx, r.all(ctx))
}

// NotRun is the outcome of a run that ended before Run: a mistake in the command
// line or in clouds.yaml, or no connection.
func NotRun(ctx context.Context, c Config, err error) *Outcome {
	return newRun(c).finish(ctx, err)
}

// Retry is how a client repeats a call: while the next try may cure it, for at
// most limit.
func Retry(limit time.Duration) cloud.Retry {
	return func(ctx context.Context, call func(context.Context) error) error {
		_, err := wait.Until(ctx, policy(limit), func(ctx context.Context) (nothing, bool, error) {
			err := call(ctx)
			return nothing{}, err == nil, err
		})
		return err
	}
}

// policy is how this program waits: through errors that the next poll may cure.
func policy(limit time.Duration) wait.Policy {
	return wait.Policy{Limit: limit, Transient: func(err error) (time.Duration, bool) {
		if failed, ok := err.(*cloud.Error); ok {
			return failed.Retry()
		}
		return 0, false
	}}
}

// run is one Run: what it was told, and what all its sessions share.
type run struct {
	Config
	owned *owned

	mu      sync.Mutex // one event at a time; guards the outcome's timelines
	outcome *Outcome
}

func newRun(c Config) *run {
	return &run{Config: c, owned: &owned{prefix: c.Prefix}, outcome: newOutcome(c)}
}

func (r *run) policy() wait.Policy { return policy(r.Timeout) }

func (r *run) emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Progress(e)
}

// saw records a resource's status.
func (r *run) saw(on cloud.Resource) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome.saw(on)
}

// deleting tells and records that a deletion is about to be asked for.
func (r *run) deleting(on cloud.Resource, dryRun bool) {
	var age time.Duration // by this machine's clock
	if !on.Created.IsZero() {
		age = max(time.Since(on.Created), 0)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !dryRun {
		r.outcome.saw(on).Deleted = true
	}
	r.Progress(Deleting{on, age, dryRun})
}

// all is the whole run. It returns nil, a *Failure, or ctx's cause.
func (r *run) all(ctx context.Context) error {
	r.emit(Connected{r.Cloud.Login})
	if r.CleanupOnly {
		return r.clean(ctx, r.Prefix, r.kinds())
	}
	if l := r.Cloud.Login; Administrative(l.Roles) && !r.AllowAdmin {
		return r.fail(ctx, StageRun, "", &Blocked{
			Why:  fmt.Sprintf("user '%s' has the roles %s: a pass as an administrator proves nothing about ordinary members", l.User, strings.Join(l.Roles, ", ")),
			Hint: "use the credentials of an ordinary member, or --allow-admin to run all the same",
		})
	}
	first := slices.IndexFunc(r.Checks, func(c Check) bool { return !c.Mandatory })
	if first < 0 {
		first = len(r.Checks)
	}
	before := r.kinds()
	if first > 0 {
		err := r.sequence(ctx, r.volumeKinds(), r.Checks[:first], r.volumeKinds())
		r.decide(err)
		if err != nil {
			return err
		}
		before = r.imageKinds()
	}
	if first == len(r.Checks) {
		return nil
	}
	return r.sequence(ctx, before, r.Checks[first:], r.kinds())
}

// decide settles the verdict of the mandatory phases, which nothing that comes
// later changes.
func (r *run) decide(err error) {
	var failure *Failure
	switch {
	case err == nil:
		r.outcome.Verdict = Pass
	case errors.As(err, &failure):
		r.outcome.Verdict = failure.Verdict
	}
}

// sequence cleans up, runs checks one after the other, and cleans up when all
// have passed.
func (r *run) sequence(ctx context.Context, before []kind, checks []Check, after []kind) error {
	if err := r.clean(ctx, r.Prefix, before); err != nil {
		return err
	}
	for _, c := range checks {
		if err := r.runOne(ctx, c); err != nil {
			return err
		}
	}
	return r.clean(ctx, r.Prefix, after)
}

// clean is a clean-up whose failure is the run's.
func (r *run) clean(ctx context.Context, prefix string, kinds []kind) error {
	return r.fail(ctx, StageCleanup, "", r.cleanUp(ctx, prefix, kinds))
}

// runOne runs a check and tells what it came to. An optional check cleans up
// behind itself, so that the next one has the whole quota.
func (r *run) runOne(ctx context.Context, c Check) error {
	s := r.newSession(c)
	r.emit(CheckStarted{c.Title})
	began := time.Now()
	err := c.Run(ctx, s)
	took := time.Since(began)
	var skip *Skip
	var blocked *Blocked
	skipped := ctx.Err() == nil && !c.Mandatory && (errors.As(err, &skip) || errors.As(err, &blocked))
	switch {
	case err == nil && s.result.Status == "":
		s.result.Status = Passed
	case err == nil: // warned
	case skipped:
		s.result.Status = Skipped
		s.Note("%v", err)
		err = nil
	default:
		err = r.fail(ctx, StageCheck, c.Name, err)
		var failure *Failure
		if !errors.As(err, &failure) || failure.Verdict != Fail {
			s.result.Status = "" // it did not come to an end
			return err
		}
		s.result.Status = Failed
	}
	s.result.Seconds = took.Seconds()
	r.emit(CheckFinished{*s.result})
	if err != nil || c.Mandatory {
		return err
	}
	return r.clean(ctx, s.prefix, r.kinds())
}

// fail turns an error into the *Failure of the run. A run that was interrupted
// gets the interruption itself.
func (r *run) fail(ctx context.Context, at Stage, check string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := classify(err)
	f.Stage, f.Check = at, check
	r.explain(f)
	return f
}

// finish ends the outcome.
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
		if errors.As(err, &conf) || errors.As(err, &usage) {
			failure.Stage, o.Verdict = StageUsage, ""
		}
		if o.Verdict != "" {
			o.Verdict = failure.Verdict
		}
	}
	if failure != nil {
		o.Failure = failure
		o.Left = append(o.Left, failure.NotDeleted...)
		for _, l := range r.owned.left() {
			if !slices.ContainsFunc(o.Left, func(known Leftover) bool { return known.ID == l.ID && l.ID != "" }) {
				o.Left = append(o.Left, l)
			}
		}
		if len(o.Left) > 0 {
			o.CleanupCommand = r.CleanupCommand
		}
	}
	o.Ended = time.Now().UTC()
	return o
}
