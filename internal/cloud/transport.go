package cloud

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// observer notes on each call what its last answer was. gophercloud keeps that
// to itself when the body of an answer cannot be decoded.
type observer struct {
	next     http.RoundTripper
	requests *atomic.Int64
	secrets  *secrets
	named    *named
}

// named are the services whose good answers bore a request id.
type named struct {
	mu       sync.Mutex
	services map[string]bool
}

func (n *named) add(service string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.services[service] = true
}

func (n *named) has(service string) bool {
	if n == nil { // nothing was sent
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.services[service]
}

func (o observer) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.requests != nil {
		o.requests.Add(1)
	}
	o.secrets.learn(r.Header.Get("X-Auth-Token"))
	c, _ := r.Context().Value(callKey{}).(*call)
	if c == nil {
		return o.next.RoundTrip(r)
	}
	c.code, c.requestID, c.date, c.secrets, c.named = 0, "", time.Time{}, o.secrets, o.named
	resp, err := o.next.RoundTrip(r)
	if err == nil {
		c.code, c.requestID = resp.StatusCode, o.secrets.hide(requestID(resp.Header))
		c.date, _ = http.ParseTime(resp.Header.Get("Date"))
		if c.code < 300 && c.requestID != "" {
			o.named.add(c.service)
		}
	}
	return resp, err
}
