package cloudsim

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// This file is what a fault does. A nil fault does nothing.

func (f *Fault) is(kinds ...string) bool { return f != nil && slices.Contains(kinds, f.kind) }

func (f *Fault) delay() time.Duration {
	if f == nil {
		return 0
	}
	return f.slow
}

func (f *Fault) stuck() bool { return f.is("stuck") }

// outcome is what an operation ends in: a status, vanished, or "".
func (f *Fault) outcome() string {
	switch {
	case f.is("vanish"):
		return vanished
	case f.is("delete"):
		return deleted
	case f.is("status"):
		return f.state
	}
	return ""
}

// refuses says that the request does not reach a service.
func (f *Fault) refuses() bool { return f.is("refuse", "drop") }

// severs says that there is no answer.
func (f *Fault) severs() bool { return f.is("refuse", "drop", "lose") }

// instead is the answer of a fault that keeps the service from acting.
func (f *Fault) instead(r *call) *answer {
	if f == nil {
		return nil
	}
	var ans *answer
	switch f.kind {
	case "code":
		ans = f.refusal(r).answer(r)
	case "quota":
		ans = overQuota("VolumeLimitExceeded: Maximum number of volumes allowed (%d) exceeded for quota 'volumes'.", DefaultQuotas().Volumes).answer(r)
		if slices.Contains(r.segs, "backups") {
			ans = overQuota("BackupLimitExceeded: Maximum number of backups allowed (%d) exceeded", DefaultQuotas().Backups).answer(r)
		}
	case "keystone":
		e := notRouted()
		e.code, e.message, e.detail, e.retryAfter = f.code, unavailable, "The Keystone service is temporarily unavailable.", f.after
		ans = e.answer(r)
	case "html":
		e := notRouted()
		e.code, e.message, e.retryAfter = f.code, "simulated fault", f.after
		return e.answer(r)
	case "proxy":
		return f.frontEnd()
	case "redirect":
		return f.redirection(r)
	default:
		return nil
	}
	if ans.header.Get("Content-Type") == "" {
		ans.header.Set("Content-Type", "application/json")
	}
	ans.header.Set("X-Openstack-Request-Id", r.entry.ID)
	return ans
}

// refusal is the service's own answer with a fault's status.
func (f *Fault) refusal(r *call) *apiError {
	e := refuse(f.code, "simulated fault")
	policy, known := policies[r.Method+" "+r.pattern()]
	switch {
	case f.code == http.StatusUnauthorized:
		e = unauthorized()
	case r.service() == "keystone":
		e = reject(f.code, "simulated fault")
	case r.service() == "glance":
		e.html = true
	case f.code == http.StatusForbidden && known:
		e = forbidden(policy)
	case f.code == http.StatusRequestEntityTooLarge && f.after > 0:
		e.limiter, e.message = true, "This request was rate-limited."
	}
	e.retryAfter = f.after
	e.html = e.html || r.service() == "glance"
	return e
}

// replace puts null where the answer's object or list belongs.
func (f *Fault) replace(body any) any {
	if members, isObject := body.(object); isObject && f.is("null") {
		spoilt := object{}
		for name := range members {
			spoilt[name] = nil
		}
		return spoilt
	}
	return body
}

// spoil returns what is sent of a body, and how long it is said to be.
func (f *Fault) spoil(body io.ReadSeeker) (sent io.Reader, declared int64) {
	size, err := body.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = body.Seek(0, io.SeekStart)
	}
	if err != nil {
		panic(err) // it lies in memory
	}
	switch {
	case f.is("cut"):
		return io.LimitReader(body, size/2), size
	case f.is("garbage"):
		garbage := strings.NewReader(`{"garbage": nonsense}`)
		return garbage, garbage.Size()
	case f.is("empty"):
		return http.NoBody, 0
	}
	return body, size
}

var errRefused = errors.New("cloudsim: connection refused")
