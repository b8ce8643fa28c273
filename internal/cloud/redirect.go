package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// maxRedirects is how many redirects one request may meet. It ends loops, too.
const maxRedirects = 5

// RedirectError is a redirect that was not followed. It is an answer that asking
// again will not change, and says nothing about the credentials.
type RedirectError struct {
	Code int // the HTTP status
	// From and To are the two addresses without what may be secret in them: user
	// information, query and fragment.
	From, To string
	Reason   string
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("redirect from %s to %s refused: %s", e.From, e.To, e.Reason)
}

// redirects follows redirects, because net/http's client would take token and
// body to any host, and makes a GET of a POST that is answered 301 or 302. It
// sends the same request again, to the same host name and
//
//   - by the same scheme and port, or
//   - from http to https on any port, as TLS has a port of its own.
//
// Everything else is refused with a *RedirectError: another host would get the
// password or the token, another port of this one may be another program, 303
// asks for another method. User information in the new address is ignored.
type redirects struct {
	next     http.RoundTripper
	followed *atomic.Int64 // if set, counts the redirects that were followed
}

// notByClient keeps net/http's client from following redirects.
func notByClient(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// RoundTrip follows; the answer's Request is the last one that was sent.
func (f redirects) RoundTrip(r *http.Request) (*http.Response, error) {
	r = rewindable(r)
	for hops := 0; ; hops++ {
		resp, err := f.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		if !redirecting(resp.StatusCode) {
			resp.Request = r
			return resp, nil
		}
		discard(resp)
		to, err := target(r.URL, resp.StatusCode, resp.Header.Get("Location"))
		if err == nil && hops == maxRedirects {
			err = refusal(resp.StatusCode, r.URL, to, fmt.Sprintf("more than %d redirects", maxRedirects))
		}
		var next *http.Request
		if err == nil {
			if next, err = again(r); err != nil {
				err = refusal(resp.StatusCode, r.URL, to, err.Error())
			}
		}
		if err != nil {
			return nil, err
		}
		next.URL, next.Host = to, to.Host
		r = next
		if f.followed != nil {
			f.followed.Add(1)
		}
	}
}

// redirecting tells which statuses ask for another request. 300 is an answer:
// services list their versions with it.
func redirecting(code int) bool {
	switch code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// target is the address that a redirect leads to, or a *RedirectError.
func target(from *url.URL, code int, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	reason := ""
	switch {
	case location == "":
		to, reason = nil, "it has no Location"
	case err != nil:
		to, reason = nil, "its Location cannot be read"
	case code == http.StatusSeeOther:
		reason = "303 asks for another method"
	case to.Scheme != "http" && to.Scheme != "https":
		reason = "not http or https"
	case lowerASCII(to.Hostname()) != lowerASCII(from.Hostname()):
		reason = "other host"
	case from.Scheme == "https" && to.Scheme == "http":
		reason = "from https to http"
	case from.Scheme == to.Scheme && port(from) != port(to):
		reason = "other port"
	}
	if reason != "" {
		return nil, refusal(code, from, to, reason)
	}
	// The client has made its header of the user information that was asked with.
	to.User, to.Fragment, to.RawFragment = from.User, "", ""
	return to, nil
}

func refusal(code int, from, to *url.URL, reason string) error {
	return &RedirectError{Code: code, From: bare(from), To: bare(to), Reason: reason}
}

// bare is an address without what may be secret in it.
func bare(u *url.URL) string {
	if u == nil {
		return "(no address)"
	}
	plain := url.URL{Scheme: u.Scheme, Opaque: u.Opaque, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return plain.String()
}

// lowerASCII leaves other letters alone: which of them are equal in a host name
// is not for this program to say.
func lowerASCII(host string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, host)
}

func port(u *url.URL) string {
	switch given := u.Port(); {
	case given != "":
		return given
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// discard ends an answer that is not read, so that its connection can serve the
// next request if little is left of it.
func discard(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 2<<10)
	_ = resp.Body.Close()
}

type bodyKey struct{}

// withBody lets a request's body be read anew for each time that it is sent.
// Every reader is one of its own: a transport may still read the former when the
// request is sent again.
func withBody(ctx context.Context, open func() io.Reader) context.Context {
	return context.WithValue(ctx, bodyKey{}, open)
}

// rewindable is the request with a GetBody, where withBody has told of one.
// net/http knows by itself how to rewind the JSON bodies. Such a body is long, and
// services that refuse it close the connection before they have read it, which
// then looks like a connection that broke: so it is sent when the service asks
// for it, or after net/http's second of silence.
func rewindable(r *http.Request) *http.Request {
	open, found := r.Context().Value(bodyKey{}).(func() io.Reader)
	if !found || r.Body == nil || r.GetBody != nil {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Set("Expect", "100-continue")
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(open()), nil }
	return r
}

// again is the same request with its body from the beginning.
func again(r *http.Request) (*http.Request, error) {
	next := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return next, nil
	}
	if r.GetBody == nil {
		return nil, errors.New("its body cannot be sent again")
	}
	var err error
	next.Body, err = r.GetBody()
	return next, err
}
