package wait

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

var errBusy = errors.New("busy")

func transient(after time.Duration) func(error) (time.Duration, bool) {
	return func(err error) (time.Duration, bool) { return after, errors.Is(err, errBusy) }
}

func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		_, err := Until(t.Context(), Policy{Limit: 60 * time.Second}, func(context.Context) (int, bool, error) {
			at = append(at, time.Since(start))
			return 0, false, nil
		})
		var timeout *TimeoutError
		if !errors.As(err, &timeout) || timeout.Waited != 60*time.Second || timeout.Err != nil {
			t.Fatalf("got %v", err)
		}
		if at[0] != 0 || at[1] != 100*time.Millisecond {
			t.Errorf("the first looks were at %v", at[:2])
		}
		if last := at[len(at)-1]; last != 60*time.Second {
			t.Errorf("the last look was at %v, not at the deadline", last)
		}
		for i := 2; i < len(at)-1; i++ {
			want := min(max(at[i-1]/6, 100*time.Millisecond), 5*time.Second)
			if pause := at[i] - at[i-1]; pause != want {
				t.Errorf("pause %v after %v, want %v", pause, at[i-1], want)
			}
		}
		if len(at) > 40 {
			t.Errorf("%d looks", len(at))
		}
	})
}

// TestFailing: how long there was no sound look is told apart from how long the
// wait was.
func TestFailing(t *testing.T) {
	for _, row := range []struct{ from, failing time.Duration }{{0, 20 * time.Second}, {19900 * time.Millisecond, 2 * time.Second}, {21 * time.Second, 0}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, err := Until(t.Context(), Policy{Limit: 20 * time.Second, Transient: transient(0)}, func(context.Context) (int, bool, error) {
				if time.Since(start) >= row.from {
					return 0, false, errBusy
				}
				return 0, false, nil
			})
			var timeout *TimeoutError
			if !errors.As(err, &timeout) || (timeout.Err == nil) != (row.failing == 0) || timeout.Failing < row.failing*9/10 || timeout.Failing > row.failing*11/10+time.Second {
				t.Errorf("failing from %v on: %+v", row.from, timeout)
			}
		})
	}
}

func TestDoneAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		v, err := Until(t.Context(), Policy{Limit: 7 * time.Second}, func(context.Context) (string, bool, error) {
			return "seen", time.Since(start) >= 7*time.Second, nil
		})
		if v != "seen" || err != nil {
			t.Errorf("got %q, %v", v, err)
		}
	})
}

func TestErrors(t *testing.T) {
	final := errors.New("no")
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		_, err := Until(t.Context(), Policy{Limit: time.Minute, Transient: transient(0)}, func(context.Context) (int, bool, error) {
			looks++
			if looks < 3 {
				return 0, false, errBusy
			}
			return 0, false, final
		})
		if err != final || looks != 3 {
			t.Errorf("%v after %d looks", err, looks)
		}
		_, err = Until(t.Context(), Policy{Limit: time.Second}, func(context.Context) (int, bool, error) { return 0, false, errBusy })
		if err != errBusy {
			t.Errorf("without Transient: %v", err)
		}
		_, err = Until(t.Context(), Policy{Limit: time.Second, Transient: transient(0)}, func(context.Context) (int, bool, error) { return 0, false, errBusy })
		var timeout *TimeoutError
		if !errors.As(err, &timeout) || timeout.Err != errBusy || timeout.Waited != time.Second {
			t.Errorf("transient for ever: %v", err)
		}
	})
}

func TestAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		_, err := Until(t.Context(), Policy{Limit: time.Minute, Transient: transient(7 * time.Second)}, func(context.Context) (int, bool, error) {
			at = append(at, time.Since(start))
			if len(at) == 3 {
				return 0, true, nil
			}
			return 0, false, errBusy
		})
		if want := []time.Duration{0, 7 * time.Second, 14 * time.Second}; err != nil || !slices.Equal(at, want) {
			t.Errorf("looked at %v, %v", at, err)
		}

		start = time.Now()
		_, err = Until(t.Context(), Policy{Limit: time.Minute, Transient: transient(time.Hour)}, func(context.Context) (int, bool, error) { return 0, false, errBusy })
		var timeout *TimeoutError
		if !errors.As(err, &timeout) || timeout.RetryAfter != time.Hour || time.Since(start) != 0 {
			t.Errorf("an hour's Retry-After: %v after %v", err, time.Since(start))
		}
	})
}

func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var began []time.Duration
		_, err := Until(t.Context(), Policy{Limit: time.Minute, Rest: func() time.Duration { return 3 * time.Second }}, func(ctx context.Context) (int, bool, error) {
			began = append(began, time.Since(start))
			<-time.After(300 * time.Millisecond)
			return 0, len(began) == 3, nil
		})
		if want := []time.Duration{0, 3300 * time.Millisecond, 6600 * time.Millisecond}; err != nil || !slices.Equal(began, want) {
			t.Errorf("looked at %v, %v", began, err)
		}
	})
}

// TestMoved: what moves renews the budget, also where a transient error came
// with it, and leaves the pace as slow as it was.
func TestMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		looks := 0
		_, err := Until(t.Context(), Policy{
			Limit: 10 * time.Second, Transient: transient(0),
			Moved: func() time.Time { return start.Add(min(time.Since(start), time.Minute)) },
		}, func(context.Context) (int, bool, error) {
			looks++
			return 0, false, errBusy
		})
		var timeout *TimeoutError
		if !errors.As(err, &timeout) || timeout.Waited != 10*time.Second {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 70*time.Second {
			t.Errorf("ended after %v, want 1m10s", took)
		}
		if looks > 50 {
			t.Errorf("%d looks: the pace began anew", looks)
		}
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(cause) })
		start := time.Now()
		_, err := Until(ctx, Policy{Limit: time.Minute}, func(context.Context) (int, bool, error) { return 0, false, nil })
		if err != cause || time.Since(start) != 1500*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestLookThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := Until(t.Context(), Policy{Limit: 30 * time.Second, Transient: transient(0)}, func(ctx context.Context) (int, bool, error) {
			<-ctx.Done()
			return 0, false, errBusy
		})
		var timeout *TimeoutError
		if !errors.As(err, &timeout) || time.Since(start) != 30*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ticks []time.Duration
		_, _ = Until(t.Context(), Policy{Limit: 250 * time.Millisecond, Tick: func(w time.Duration) { ticks = append(ticks, w) }},
			func(context.Context) (int, bool, error) { return 0, false, nil })
		if want := []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond, 250 * time.Millisecond}; !slices.Equal(ticks, want) {
			t.Errorf("ticks at %v", ticks)
		}
	})
}
