// Package wait owns waiting: how often to poll, for how long, and what a
// failing poll means for the next one. It is the only place in the program
// that repeats a request, and it knows neither OpenStack nor HTTP.
package wait

import (
	"context"
	"fmt"
	"time"
)

const (
	// A pause is a sixth of the time waited so far, within these bounds: short
	// waits end promptly, long ones cost a cloud few requests.
	shortestPause = 100 * time.Millisecond
	longestPause  = 5 * time.Second
	// A poll that begins just before the deadline still gets this long.
	lastPoll = 10 * time.Second
)

// Policy says how one wait behaves.
type Policy struct {
	// Limit is the budget; the last poll is at its end. It must be positive.
	Limit time.Duration
	// Transient tells errors that the next poll may cure from those that end
	// the wait; after is how long to pause at least (0: no wish). A nil
	// Transient cures nothing.
	Transient func(error) (after time.Duration, ok bool)
	// Tick, if set, is told after each poll that did not end the wait how long
	// the wait has lasted.
	Tick func(waited time.Duration)
	// Moved, if set, tells after each poll when something last moved: the budget
	// begins anew then. The pace does not, so that a long wait stays cheap.
	Moved func() time.Time
	// Unbounded polls bound their own requests: one may outlast the budget.
	Unbounded bool
	// Expect, if set, tells how long the wait will last at least: nothing is polled
	// between the first time and then.
	Expect func() time.Duration
	// Rest, if set, tells after each poll how long to pause at least; for
	// polls that are expensive, such as listing.
	Rest func() time.Duration
}

// TimeoutError is a wait whose budget ran out.
type TimeoutError struct {
	Limit, Waited time.Duration
	// RetryAfter is what the other side asked to be left alone for when that is
	// longer than what was left of the budget, which ended the wait early; else 0.
	RetryAfter time.Duration
	// Err is the last poll's transient error, nil if that poll succeeded and the
	// wait was not over.
	Err error
	// Failing is how long no poll has succeeded; 0 if Err is nil.
	Failing time.Duration
}

func (e *TimeoutError) Error() string {
	text := fmt.Sprintf("timed out after %s", Round(e.Waited))
	if e.RetryAfter > 0 {
		text = fmt.Sprintf("Retry-After: %s is longer than what is left of the timeout of %s", Round(e.RetryAfter), Round(e.Limit))
	}
	if e.Err != nil {
		return text + ": " + e.Err.Error()
	}
	return text
}

func (e *TimeoutError) Unwrap() error { return e.Err }

// Until polls at once and then again and again until poll is done, fails with
// an error that is not transient, ctx ends, or the budget is used up. It
// returns what the last poll returned, with the reason: poll's own error, a
// *TimeoutError, or ctx's cause.
func Until[T any](ctx context.Context, p Policy, poll func(context.Context) (v T, done bool, err error)) (T, error) {
	start := time.Now()
	moved := start // when the present budget began
	sound := start // when a poll last succeeded
	for {
		deadline := moved.Add(p.Limit)
		limit := max(time.Until(deadline), lastPoll)
		if p.Unbounded {
			limit = 0
		}
		v, done, err := once(ctx, limit, poll)
		now := time.Now()
		switch {
		case done && err == nil:
			return v, nil
		case ctx.Err() != nil:
			return v, context.Cause(ctx)
		}
		var after time.Duration
		if err != nil {
			var again bool
			if p.Transient != nil {
				after, again = p.Transient(err)
			}
			if !again {
				return v, err
			}
		} else {
			sound = now
		}
		if p.Moved != nil && p.Moved().After(moved) {
			moved = p.Moved()
			deadline = moved.Add(p.Limit)
		}
		waited := now.Sub(start)
		if p.Tick != nil {
			p.Tick(waited)
		}
		timeout := &TimeoutError{Limit: p.Limit, Waited: now.Sub(moved), Err: err, Failing: now.Sub(sound)}
		if !now.Before(deadline) {
			return v, timeout
		}
		if now.Add(after).After(deadline) {
			timeout.RetryAfter = after
			return v, timeout
		}
		pause := max(min(max(waited/6, shortestPause), longestPause), after)
		if p.Rest != nil {
			pause = max(pause, p.Rest())
		}
		if p.Expect != nil {
			pause = max(pause, p.Expect()-waited)
		}
		if err := sleep(ctx, min(pause, deadline.Sub(now))); err != nil {
			return v, err
		}
	}
}

// once bounds one poll, so that an answer that never comes cannot outlast the
// wait by much; 0: it bounds itself.
func once[T any](ctx context.Context, limit time.Duration, poll func(context.Context) (T, bool, error)) (T, bool, error) {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	return poll(ctx)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Round shortens a duration to what a reader needs: tenths of a second.
func Round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
