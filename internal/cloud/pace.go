package cloud

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	// inFlight is how many requests of a run may be under way at the same time.
	inFlight = 8
	// slowdown is the longest Retry-After that holds back all requests; a longer one
	// concerns only the request that got it, and may end it.
	slowdown = 5 * time.Second
)

// Pace keeps what a run asks at once within bounds, whichever of its sessions and
// clients asks, and slows all of them down when the cloud limits one.
type Pace struct {
	slots chan struct{}

	mu    sync.Mutex
	until time.Time // when the next request may be sent
}

// NewPace is for one run.
func NewPace() *Pace { return &Pace{slots: make(chan struct{}, inFlight)} }

// errNotSent is a request whose time was over before its turn came.
var errNotSent = errors.New("too many requests are under way without an answer")

// paced sends what may be sent now.
type paced struct {
	next http.RoundTripper
	pace *Pace
}

func (p paced) RoundTrip(r *http.Request) (*http.Response, error) {
	p.pace.rest(r)
	select {
	case p.pace.slots <- struct{}{}:
	case <-r.Context().Done():
		if r.Body != nil {
			_ = r.Body.Close() // a RoundTripper's duty; nothing was read of it
		}
		return nil, errors.Join(errNotSent, r.Context().Err())
	}
	defer func() { <-p.pace.slots }()
	resp, err := p.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		p.pace.slowDown(retryAfter(resp.Header))
	}
	return resp, err
}

func (p *Pace) slowDown(after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(after); after <= slowdown && until.After(p.until) {
		p.until = until
	}
}

// rest waits until the next request may be sent. One that has not so much time
// is sent at once: what the cloud answers tells more than a timeout.
func (p *Pace) rest(r *http.Request) {
	p.mu.Lock()
	until := p.until
	p.mu.Unlock()
	left := time.Until(until)
	if deadline, bound := r.Context().Deadline(); left <= 0 || bound && deadline.Before(until) {
		return
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done(): // the request tells
	}
}
