package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// Run cleans up, runs the mandatory phases in order up to the first that fails,
// and cleans up after a pass; their verdict is then decided. After a pass, or if
// none is selected, each optional check runs, whatever another came to. A ctx
// that is cancelled is an outcome, too.
func Run(ctx context.Context, c Config) *Outcome {
	r := newRun(c)
	err := caught(func() error { return r.all(ctx) })
	if f := r.failedBy(err); f != nil && r.CleanOnFailure && ctx.Err() == nil {
		r.cleanAfter(ctx, f)
		ctx = context.WithoutCancel(ctx) // what interrupted that came after the failure
	}
	return r.finish(ctx, err)
}

// run is one Run: what it was told, and what all its sessions share.
type run struct {
	Config
	owned  *owned
	usage  usage
	skips  []skips
	qcow2  formats
	hashes *hashes
	usual  *usual
	// unlisted tells that the cloud gives no list of snapshots.
	unlisted atomic.Bool

	mu      sync.Mutex // one event at a time; guards the outcome's timelines and skips
	outcome *Outcome
}

func newRun(c Config) *run {
	c.VolumeSize = max(c.VolumeSize, 1)
	if c.Tolerance == nil {
		c.Tolerance = new(Tolerance)
	}
	return &run{Config: c, owned: &owned{prefix: c.Prefix, tolerance: c.Tolerance}, hashes: newHashes(), usual: &usual{known: map[string]time.Duration{}}, usage: newUsage(), outcome: newOutcome(c)}
}

func (r *run) policy() wait.Policy { return r.Tolerance.policy(r.Timeout) }

func (r *run) emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Progress(e)
}

// saw records a resource's status.
func (r *run) saw(on cloud.Resource) {
	r.owned.saw(on)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome.saw(on)
}

// deleting tells and records that a deletion is about to be asked for.
func (r *run) deleting(tell func(Event), on cloud.Resource, dryRun bool) {
	var age time.Duration // by this machine's clock
	if !on.Created.IsZero() {
		age = max(time.Since(on.Created), 0)
	}
	r.mu.Lock()
	t := r.outcome.saw(on)
	if !dryRun {
		t.Deleted, t.DeletionAsked = true, cmp.Or(t.DeletionAsked, time.Now().UTC())
	}
	r.mu.Unlock()
	tell(Deleting{on, age, dryRun})
}

// notDeleted takes back what deleting has recorded.
func (r *run) notDeleted(on cloud.Resource) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome.saw(on).Deleted = false
}

// warn adds a warning of the run.
func (r *run) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome.Warnings = append(r.outcome.Warnings, text)
	r.Progress(Warning{text})
}

// all is the whole run. It returns nil, or ctx's cause or the *Failure that ended
// it; that an optional check has failed is in the outcome.
func (r *run) all(ctx context.Context) error {
	r.emit(Connected{r.Cloud.Login})
	for _, text := range r.Cloud.Login.Warnings { // in the outcome already
		r.emit(Warning{text})
	}
	if r.CleanupOnly {
		return r.clean(ctx, r.emit, r.Prefix, r.kinds())
	}
	if err := r.checkRoles(); err != nil {
		return r.fail(ctx, StageRun, "", err)
	}
	r.usage.before = r.limits(ctx)
	first := slices.IndexFunc(r.Checks, func(c Check) bool { return !c.Mandatory })
	if first < 0 {
		first = len(r.Checks)
	}
	if first > 0 {
		err := r.mandatory(ctx, r.Checks[:first])
		if err == nil && first == len(r.Checks) {
			err = r.compareUsage(ctx)
		}
		var failure *Failure
		switch { // nothing that comes later changes the verdict
		case err == nil:
			r.outcome.Verdict = Pass
		case errors.As(err, &failure):
			r.outcome.Verdict = failure.Verdict
		}
		if err != nil || first == len(r.Checks) {
			return err
		}
	} else if err := r.clean(ctx, r.emit, r.Prefix, r.volumeKinds()); err != nil {
		return err
	}
	if err := r.optional(ctx, r.Checks[first:]); err != nil || len(r.outcome.Failures) > 0 {
		return err
	}
	return r.compareUsage(ctx)
}

// checkRoles refuses an administrator, as whom a pass proves nothing about
// ordinary members, and warns about other roles.
func (r *run) checkRoles() error {
	l := r.Cloud.Login
	has := fmt.Sprintf("user '%s' has the roles %s", l.User, strings.Join(l.Roles, ", "))
	switch {
	case Administrative(l.Roles) && !r.AllowAdmin:
		return &Blocked{
			Why:  has + ": a pass as an administrator proves nothing about ordinary members",
			Hint: "use the credentials of an ordinary member, or --allow-admin to run all the same",
		}
	case Administrative(l.Roles):
		r.warn("%s: with --allow-admin, a pass proves nothing about ordinary members", has)
	case !slices.ContainsFunc(l.Roles, func(role string) bool { return strings.EqualFold(role, "member") }):
		r.warn("%s, and not member: a pass proves nothing about ordinary members", has)
	}
	return nil
}

// mandatory cleans up, runs the mandatory phases, and cleans up when all have
// passed.
func (r *run) mandatory(ctx context.Context, phases []Check) error {
	if err := r.clean(ctx, r.emit, r.Prefix, r.volumeKinds()); err != nil {
		return err
	}
	for _, c := range phases {
		if err := r.perform(ctx, r.newSession(c), c); err != nil {
			return err
		}
	}
	return r.clean(ctx, r.emit, r.Prefix, r.volumeKinds())
}

// optional runs the optional checks. One that fails keeps what it made, the
// others clean up behind themselves. Glance has no part in what needs no images:
// that images cannot be looked at is a failure only if this run made some.
func (r *run) optional(ctx context.Context, checks []Check) error {
	if err := r.cleanUp(ctx, r.emit, r.Prefix, r.imageKinds()); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var notDeleted *notDeletedError
		if errors.As(err, &notDeleted) {
			r.leave(notDeleted.leftovers)
		} else {
			r.warn("images of earlier runs could not be deleted: %v", err)
		}
	}
	if err := r.sideBySide(ctx, checks); err != nil {
		return err
	}
	r.tellSkipped()
	return nil
}

// leave warns of what cannot be deleted and is no failure.
func (r *run) leave(all []Leftover) {
	for _, l := range all {
		r.warn("%s of an earlier run could not be deleted: %s; %s", l, l.Reason, l.Hint)
	}
	r.outcome.Left = append(r.outcome.Left, all...)
}

// clean is a clean-up whose failure is the run's.
func (r *run) clean(ctx context.Context, tell func(Event), prefix string, kinds []kind) error {
	return r.fail(ctx, StageCleanup, "", caught(func() error { return r.cleanUp(ctx, tell, prefix, kinds) }))
}

// againError is a check's failure that may be due to others that ran beside it.
type againError struct{ error }

func (e *againError) Unwrap() error { return e.error }

// perform runs a check and tells what it came to.
func (r *run) perform(ctx context.Context, s *Session, c Check) error {
	s.emit(CheckStarted{c.Title})
	began := time.Now()
	err := caught(func() error { return c.Run(ctx, s) })
	if err != nil && ctx.Err() == nil && s.disturbed.Load() && byLoad(err) {
		s.result.Status, s.result.Measurements = "", []Measurement{}
		s.result.Notes = []string{fmt.Sprintf("failed while other checks ran, and not yet tried again alone: %v", err)}
		return &againError{err}
	}
	s.result.Seconds = time.Since(began).Seconds()
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
		r.skipped(c, err)
		err = nil
	case ctx.Err() != nil:
		s.result.Status = ""
		s.Note("interrupted%s", s.state())
		return context.Cause(ctx)
	default:
		err = r.fail(ctx, StageCheck, c.Name, err)
		var failure *Failure
		if !errors.As(err, &failure) || failure.Verdict != Fail {
			s.result.Status = "" // it did not come to an end
			return err
		}
		s.result.Status = Failed
	}
	s.emit(CheckFinished{*s.result})
	return err
}

// cleanCheck cleans up what an optional check made. Images that cannot be
// deleted are a failure whatever Glance is in.
func (r *run) cleanCheck(ctx context.Context, s *Session) error {
	err := r.clean(ctx, s.emit, s.under, r.volumeKinds())
	if len(r.owned.made(cloud.KindImage, s.under)) == 0 {
		return err
	}
	imageErr := r.clean(ctx, s.emit, s.under, r.imageKinds())
	var failure *Failure
	var bug *bugError
	if errors.As(imageErr, &failure) && !errors.As(imageErr, &bug) {
		failure.Verdict = Fail
	}
	return cmp.Or(err, imageErr)
}
