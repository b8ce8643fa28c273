package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// target is a resource that has to become available, or an image active.
type target struct {
	cloud.Resource
	// wanted is the status to reach; "": available, or active of an image.
	wanted string
	// stays is one that has to be available all the time.
	stays bool
	// mayBeAbsent allows that the resource does not exist yet.
	mayBeAbsent bool
	shown       bool      // at least once
	busy        bool      // it was shown as restoring or restoring-backup
	missing     time.Time // since when every poll has said that it is not there
	unreached   time.Time // when the last poll began that did not find it reached
}

func (t *target) reached() bool { return t.shown && t.missing.IsZero() && t.Status == t.want() }

func (t *target) want() string {
	switch {
	case t.wanted != "":
		return t.wanted
	case t.Kind == cloud.KindImage:
		return "active"
	}
	return available
}

func (t *target) expected() string { return "status '" + t.want() + "'" }

// waitFor polls resources together until all of them are available at the same
// time.
func (s *Session) waitFor(ctx context.Context, targets ...*target) error {
	return s.waitUntil(ctx, waiting{targets: targets})
}

// waiting is one wait for targets to be reached.
type waiting struct {
	targets []*target
	// confirm, if set, is asked whenever all are reached: the wait is over only
	// when it says so.
	confirm func(context.Context) (bool, error)
	// until, if set, is when the wait may end at the latest although its budget
	// is used up.
	until func() time.Time
}

// waitUntil asks only for what has not settled, and once more at the end for
// what settled before the rest.
func (s *Session) waitUntil(ctx context.Context, w waiting) error {
	shown := func() []cloud.Resource {
		var all []cloud.Resource
		for _, t := range w.targets {
			all = append(all, t.Resource)
		}
		return all
	}
	told := Waiting{On: shown(), Limit: s.run.Timeout}
	for _, t := range w.targets {
		told.Want = append(told.Want, t.want())
		s.run.saw(t.Resource)
	}
	s.emit(told)
	now, kind := s.waitBegins(w.targets), waitKind(w.targets)
	policy := s.run.policy()
	policy.Expect = func() time.Duration {
		under := func(t *target) bool { return t.shown && !t.reached() } // lag may hide that, or nothing may happen
		if s.result.Mandatory || !slices.ContainsFunc(w.targets, under) {
			return 0
		}
		return s.run.usual.half(kind)
	}
	policy.Tick = func(waited time.Duration) {
		s.mu.Lock()
		now.waited = waited
		s.mu.Unlock()
		s.emit(Polled{shown(), waited, policy.Limit})
	}
	if w.until != nil {
		policy.Moved = func() time.Time { return w.until().Add(-policy.Limit) }
	}
	began, polls := time.Now(), 0
	_, err := wait.Until(ctx, policy, func(ctx context.Context) (nothing, bool, error) {
		polls++
		done, err := s.poll(ctx, w)
		return nothing{}, done, err
	})
	if err == nil && polls > 1 {
		s.run.usual.took(kind, time.Since(began))
	}
	if ctx.Err() == nil {
		s.waitEnds(now)
	}
	var timeout *wait.TimeoutError
	if timedOut(err) && errors.As(err, &timeout) {
		for _, t := range w.targets {
			if !t.reached() {
				return t.timeoutFinding(timeout)
			}
		}
	}
	var finding *Finding
	if errors.As(err, &finding) {
		finding.Got += fmt.Sprintf(" after %s", wait.Round(time.Since(began)))
		if finding.ended {
			s.askMessages(ctx, finding, w.targets)
		}
	}
	return err
}

func (s *Session) waitBegins(targets []*target) *waitState {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := &waitState{targets: targets}
	s.waits = append(s.waits, now)
	return now
}

func (s *Session) waitEnds(now *waitState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = slices.DeleteFunc(s.waits, func(w *waitState) bool { return w == now })
}

func (s *Session) poll(ctx context.Context, w waiting) (bool, error) {
	fresh := map[*target]bool{}
	for _, t := range w.targets {
		if t.reached() && !t.stays {
			continue
		}
		fresh[t] = true
		if err := s.pollOne(ctx, t); err != nil {
			return false, err
		}
	}
	for _, t := range w.targets {
		if !t.reached() {
			return false, nil
		}
	}
	for _, t := range w.targets {
		if fresh[t] {
			continue
		}
		if err := s.pollOne(ctx, t); err != nil || !t.reached() {
			return false, err
		}
	}
	for _, t := range w.targets {
		if err := s.run.owned.expectName(t.Resource); err != nil {
			return false, err
		}
	}
	if w.confirm != nil {
		return w.confirm(ctx)
	}
	return true, nil
}

// pollOne asks once for the resource.
func (s *Session) pollOne(ctx context.Context, t *target) error {
	began := time.Now()
	now, err := s.cloud.Once().Show(ctx, t.Resource)
	if gone(err) {
		return s.pollMissing(ctx, t, began, err)
	}
	if err != nil {
		return err
	}
	if !t.missing.IsZero() {
		if what := "404 after creating"; !t.shown {
			s.run.Tolerance.add(what, time.Since(t.missing))
		} else {
			s.run.Tolerance.add(shown404, time.Since(t.missing))
		}
	}
	now.RequestID = t.RequestID // the operator looks for what began it, not for the poll
	t.Resource, t.shown, t.missing = now, true, time.Time{}
	t.busy = t.busy || now.Status == "restoring" || now.Status == "restoring-backup"
	s.run.saw(now)
	if !t.reached() {
		t.unreached = began
	}
	if t.stays && !t.reached() {
		return &Finding{On: t.Resource, Expected: "to stay '" + t.want() + "'", Got: fmt.Sprintf("status '%s'", t.Status)}
	}
	if failed(t.Status) {
		return &Finding{On: t.Resource, Expected: t.expected(), Got: fmt.Sprintf("status '%s'", t.Status), Hint: t.whyFailed(), ended: true}
	}
	return nil
}

// pollMissing is a poll that was answered that there is no such resource, which
// may be lag.
func (s *Session) pollMissing(ctx context.Context, t *target, now time.Time, err error) error {
	if t.missing.IsZero() {
		t.missing = now
	}
	if !t.shown {
		t.Status = absent
	}
	if t.mayBeAbsent && !t.shown || time.Since(t.missing) < lag {
		return nil
	}
	if t.shown {
		return s.vanished(ctx, t, err)
	}
	return &Finding{On: t.Resource, Expected: "to be readable by its id, as it was just created", Got: "not found", Err: err}
}

// absent is this program's own word for a resource that is not there yet.
const absent = "absent"

// answerSoon bounds what is asked for only to tell more about a failure.
const answerSoon = 10 * time.Second

// askMessages asks for the cloud's words about a resource that ended in an
// error without a reason of its own. A failed restore has them under the
// backup's id.
func (s *Session) askMessages(ctx context.Context, f *Finding, targets []*target) {
	if f.On.Reason != "" || f.On.Kind == cloud.KindImage {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, answerSoon)
	defer cancel()
	about := []cloud.Resource{f.On}
	for _, t := range targets {
		if t.Kind == cloud.KindBackup && t.ID != f.On.ID {
			about = append(about, t.Resource)
		}
	}
	for _, on := range about {
		texts, err := s.cloud.Once().Messages(ctx, on.ID)
		if err != nil {
			return
		}
		if len(texts) > 0 {
			f.On.Reason = texts[0]
			return
		}
	}
	f.asked = true
}

// waitForDependents waits for the mark that others build on a backup: Cinder
// sets it after the child has become available.
func (s *Session) waitForDependents(ctx context.Context, parent cloud.Resource) error {
	_, err := wait.Until(ctx, s.run.policy(), func(ctx context.Context) (nothing, bool, error) {
		now, err := s.cloud.Once().Show(ctx, parent)
		return nothing{}, now.HasDependents, err
	})
	if timedOut(err) {
		return &Finding{On: parent, Expected: "has_dependent_backups to become true", Got: "false although an incremental backup builds on it", late: true}
	}
	return err
}

// timedOut is a wait that used its whole budget and is known to have come to
// nothing: no poll found what it was for, and but for a last one or two they
// succeeded.
func timedOut(err error) bool {
	timeout, ok := err.(*wait.TimeoutError)
	return ok && timeout.RetryAfter == 0 && timeout.Failing <= min(maxUnanswered, timeout.Waited/2)
}

// maxUnanswered is how long at its end a wait may have got no answer.
const maxUnanswered = 10 * time.Second
