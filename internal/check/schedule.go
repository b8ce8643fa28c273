package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// schedule runs optional checks beside each other, as many as there are lanes,
// each when the project's quota has room for what it needs. What the quota does
// not allow all the same, and what times out, may be this program's own doing
// then: it is tried once more when nothing else is there.
type schedule struct {
	*run
	lanes   int
	room    room
	waiting []Check // in the order in which they are to begin
	active  []*job  // running, or being cleaned up
	again   []*job  // to be tried once more alone
	steps   chan step
	// failures are those of checks and of their clean-ups.
	failures map[string]error
}

// job is a check that was begun.
type job struct {
	*Session
	check     Check
	running   bool
	abandoned bool  // to be tried again
	first     error // of the first try, if this is the second
	passed    bool  // only its clean-up is to be tried again
}

// step is what became of a job: the check has ended, or its clean-up too.
type step struct {
	job     *job
	cleaned bool
	err     error
}

// sideBySide runs the checks to their end, whatever each comes to. It returns
// ctx's cause, or nil; failures are in the outcome.
func (r *run) sideBySide(ctx context.Context, checks []Check) error {
	q := &schedule{run: r, lanes: max(min(r.Parallel, len(checks)), 1), room: r.findRoom(ctx), waiting: slices.Clone(checks), steps: make(chan step), failures: map[string]error{}}
	if q.lanes > 1 {
		slices.SortStableFunc(q.waiting, func(a, b Check) int { return cmp.Compare(b.weight(), a.weight()) })
		r.emit(ChecksStarted{len(checks)})
	}
	for {
		for ctx.Err() == nil && q.start(ctx) {
		}
		if len(q.active) == 0 {
			break
		}
		q.note(<-q.steps)
	}
	for _, c := range checks { // in their order, whichever failed first
		var failure *Failure
		if errors.As(q.failures[c.Name], &failure) {
			r.outcome.Failures = append(r.outcome.Failures, failure)
		}
	}
	return context.Cause(ctx)
}

// weight is which check begins first: one that has to be alone, before there is
// anything to be waited for, and then what moves most bytes, which takes longest.
func (c Check) weight() int64 {
	if c.Alone {
		return math.MaxInt64
	}
	return c.Needs.ImageBytes + int64(c.Needs.Backups)
}

// start begins one check, if one can begin now.
func (q *schedule) start(ctx context.Context) bool {
	if i := slices.IndexFunc(q.waiting, q.mayStart); i >= 0 {
		c := q.waiting[i]
		q.waiting = slices.Delete(q.waiting, i, i+1)
		q.begin(ctx, &job{Session: q.newSession(c), check: c})
		return true
	}
	if len(q.active)+len(q.waiting) > 0 || len(q.again) == 0 {
		return false
	}
	j := q.again[0]
	q.again = q.again[1:]
	q.begin(ctx, j)
	return true
}

// mayStart tells whether a check may begin now. If nothing else is there, the
// cloud is to tell what there is no room for.
func (q *schedule) mayStart(c Check) bool {
	if len(q.active) == 0 {
		return true
	}
	var held []Needs
	lanes := 0
	for _, j := range q.active {
		if j.running && j.check.Alone {
			return false
		}
		if j.running || q.lanes == 1 {
			lanes++
		}
		held = append(held, j.check.Needs)
	}
	return lanes < q.lanes && !c.Alone && q.room.fits(c.Needs, held)
}

// begin runs a check and cleans up behind it, while others go on.
func (q *schedule) begin(ctx context.Context, j *job) {
	j.running, j.beside = !j.passed, q.lanes > 1
	if q.active = append(q.active, j); len(q.active) > 1 {
		for _, one := range q.active {
			one.disturbed.Store(true)
		}
	}
	c := j.check
	why := q.room.never(c.Needs)
	switch {
	case why != "" && j.first != nil: // it is not to pass for a SKIP because it could not be tried again
		j.result.Notes = []string{"could not be tried again alone: " + why + "; clean up and run it with --parallel 1"}
		c.Run = func(context.Context, *Session) error { return j.first }
	case why != "":
		c.Run = func(context.Context, *Session) error { return &Skip{Why: why} }
	case j.first != nil:
		j.result.Notes = []string{fmt.Sprintf("tried again alone, because it failed while other checks ran: %v", j.first)}
	}
	go func() {
		if !j.passed {
			err := q.perform(ctx, j.Session, c)
			var again *againError
			if err != nil && !errors.As(err, &again) {
				j.ended()
				q.steps <- step{j, false, err}
				return
			}
			q.steps <- step{j, false, err}
		}
		err := q.cleanCheck(ctx, j.Session)
		j.ended()
		q.steps <- step{j, true, err}
	}()
}

// ended tells that nothing more comes of a job, or not before it is tried again.
func (j *job) ended() {
	if j.beside {
		j.emit(CheckEnded{})
	}
}

// note takes a step into account. A check that failed keeps what it made.
func (q *schedule) note(s step) {
	j := s.job
	j.running = false
	var again *againError
	if !s.cleaned && errors.As(s.err, &again) {
		second := &job{Session: q.newSession(j.check), check: j.check, first: again.error}
		second.prefix += "again-" // what the first try made may still be there
		q.again, j.abandoned = append(q.again, second), true
	}
	if !s.cleaned && (s.err == nil || j.abandoned) {
		return // its clean-up goes on
	}
	q.active = slices.DeleteFunc(q.active, func(one *job) bool { return one == j })
	if s.err == nil {
		return
	}
	q.room.keep(j.under)
	switch {
	case j.abandoned: // the second try's clean-up tells
	case s.cleaned && !j.passed && j.disturbed.Load():
		j.passed = true
		j.disturbed.Store(false)
		q.again = append(q.again, j)
	default:
		q.failures[j.check.Name] = s.err
	}
}
