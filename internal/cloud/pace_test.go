package cloud

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func request(t *testing.T, ctx context.Context) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://cloudsim/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPaceInFlight: no more requests are under way at once than may be, and one
// whose time is over before its turn was never sent.
func TestPaceInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most, sent := 0, 0, 0
		p := paced{roundTripper(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			now, sent = now+1, sent+1
			most = max(most, now)
			mu.Unlock()
			<-time.After(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		}), NewPace()}
		var all sync.WaitGroup
		for range 3 * inFlight {
			all.Go(func() {
				if _, err := p.RoundTrip(request(t, t.Context())); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := p.RoundTrip(request(t, ctx))
		if !errors.Is(err, errNotSent) || !errors.Is(err, context.DeadlineExceeded) || !neverSent(err) {
			t.Errorf("beyond its time: %v", err)
		}
		all.Wait()
		if most != inFlight || sent != 3*inFlight {
			t.Errorf("%d sent, %d at once", sent, most)
		}
	})
}

// TestPaceSlowsDown: the Retry-After of one holds back the others, but for those
// that have not so much time, and for one that is longer than what others should
// wait for.
func TestPaceSlowsDown(t *testing.T) {
	for _, row := range []struct {
		after, bound, held time.Duration // bound: the other's own; 0: none
	}{{3 * time.Second, 0, 3 * time.Second}, {3 * time.Second, time.Second, 0}, {time.Hour, 0, 0}} {
		synctest.Test(t, func(t *testing.T) {
			limited := true
			p := paced{roundTripper(func(*http.Request) (*http.Response, error) {
				resp := &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}
				if limited {
					limited, resp.StatusCode = false, http.StatusTooManyRequests
					resp.Header.Set("Retry-After", row.after.String()[:1])
					if row.after == time.Hour {
						resp.Header.Set("Retry-After", "3600")
					}
				}
				return resp, nil
			}), NewPace()}
			began := time.Now()
			_, _ = p.RoundTrip(request(t, t.Context()))
			ctx := t.Context()
			if row.bound > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, row.bound)
				defer cancel()
			}
			_, err := p.RoundTrip(request(t, ctx))
			if held := time.Since(began); err != nil || held != row.held {
				t.Errorf("%+v: held back for %v, %v", row, held, err)
			}
		})
	}
}
