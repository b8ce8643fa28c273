// Package wait owns waiting: how often to look, for how long, and what a
// failing look means for the next one. It is the only place in the program
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
	// A look that begins just before the deadline still gets this long.
	lastLook = 10 * time.Second
)

// Policy says how one wait behaves.
type Policy struct {
	// Limit is the budget; the last look is at its end. It must be positive.
	Limit time.Duration
	// Transient tells errors that the next look may cure from those that end
	// the wait; after is how long to stay away at least (0: no wish). A nil
	// Transient cures nothing.
	Transient func(error) (after time.Duration, ok bool)
	// Tick, if set, is told after each look that did not end the wait how long
	// the wait has lasted.
	Tick func(waited time.Duration)
	// Moved, if set, tells after each look when something last moved: the budget
	// begins anew then. The pace does not, so that a long wait stays cheap.
	Moved func() time.Time
	// Rest, if set, tells after each look how long to stay away at least; for
	// looks that are dear, such as listing.
	Rest func() time.Duration
}

// TimeoutError is a wait whose budget ran out.
type TimeoutError struct {
	Limit, Waited time.Duration
	// After is what the other side asked to stay away for when that is longer
	// than what was left of the budget, which ended the wait early; else 0.
	After time.Duration
	// Err is the last look's transient error, nil if it was a sound look that
	// did not see the end.
	Err error
	// Failing is how long there has been no sound look; 0 if Err is nil.
	Failing time.Duration
}

func (e *TimeoutError) Error() string {
	text := fmt.Sprintf("timed out after %s", Round(e.Waited))
	if e.After > 0 {
		text = fmt.Sprintf("asked to come back in %s, when the %s that one wait may take are over", Round(e.After), Round(e.Limit))
	}
	if e.Err != nil {
		return text + ": " + e.Err.Error()
	}
	return text
}

func (e *TimeoutError) Unwrap() error { return e.Err }

// Until looks at once and then again and again until look is done, fails with
// an error that is not transient, ctx ends, or the budget is used up. It
// returns what the last look returned, with the reason: look's own error, a
// *TimeoutError, or ctx's cause.
func Until[T any](ctx context.Context, p Policy, look func(context.Context) (v T, done bool, err error)) (T, error) {
	start := time.Now()
	moved := start // when the present budget began
	sound := start // when a look was last sound
	for {
		deadline := moved.Add(p.Limit)
		v, done, err := once(ctx, max(time.Until(deadline), lastLook), look)
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
			timeout.After = after
			return v, timeout
		}
		pause := max(min(max(waited/6, shortestPause), longestPause), after)
		if p.Rest != nil {
			pause = max(pause, p.Rest())
		}
		if err := sleep(ctx, min(pause, deadline.Sub(now))); err != nil {
			return v, err
		}
	}
}

// once bounds one look, so that an answer that never comes cannot outlast the
// wait by much.
func once[T any](ctx context.Context, limit time.Duration, look func(context.Context) (T, bool, error)) (T, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return look(ctx)
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
