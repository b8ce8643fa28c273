package cloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// ConfigError is something that the user has to mend in clouds.yaml or in the
// flags; the text names it and the remedy.
type ConfigError struct{ text string }

func (e *ConfigError) Error() string { return e.text }

func configErrorf(format string, args ...any) error {
	return &ConfigError{fmt.Sprintf(format, args...)}
}

// NotOfferedError is a project-scoped catalog without Block Storage in any
// region or interface.
type NotOfferedError struct {
	Project string
	// WithoutURL tells that there are entries, which lack their address.
	WithoutURL bool
}

func (e *NotOfferedError) Error() string {
	if e.WithoutURL {
		return fmt.Sprintf("the catalog of project %s has Block Storage endpoints without a URL, and none with one", e.Project)
	}
	return fmt.Sprintf("the catalog of project %s has no Block Storage endpoint in any region or interface", e.Project)
}

// The services that calls go to.
const (
	Identity     = "identity"
	BlockStorage = "block storage"
	ImageService = "image service"
)

// Origin is whose answer an error is.
type Origin string

// The origins. Cinder's good answers bear a request id: if this endpoint's did,
// an error without one was made by something in front of it.
const (
	FromService  Origin = "service"
	FromKeystone Origin = "Keystone" // by the middleware that checks tokens for a service
	FromFrontEnd Origin = "front end"
	FromProvider Origin = "OpenID Connect provider" // asked for a login, whose Service is Identity
)

// Error is a failed call, answered (Code > 0) or not.
type Error struct {
	Service string // Identity, BlockStorage or ImageService
	Origin  Origin // of the answer; "": there was none
	Op      string // "creating", "listing", ...
	On      Resource
	// Code is the HTTP status; 0: no answer. One below 400 is an answer that
	// could not be used.
	Code int
	// Message is the cloud's own as it came, or what is wrong with the answer.
	// Got and CloudMessage have it in a form that can be printed.
	Message   string
	RequestID string
	// RetryAfter is what the cloud asked for; -1: it did not.
	RetryAfter time.Duration
	// MayHaveApplied is a mutating call that may have taken effect all the same,
	// this time or at an earlier try.
	MayHaveApplied bool
	// Creates is a call that would make a second resource if it were repeated.
	Creates bool
	// Restart is a listing whose page vanished while it was read: it has to be
	// begun anew.
	Restart bool
	// Again makes the call once more, one that creates under another name; nil:
	// it is not a call about backups. What it made is returned.
	Again func(context.Context) (Resource, error)
	Err   error

	// inFront is a front end's answer although the service behind it has answered
	// before, by this address.
	inFront bool
	secrets *secrets // that Message may quote
}

func (e *Error) Error() string { return e.Operation() + ": " + e.Answer() }

// Operation is what was tried, on which resource.
func (e *Error) Operation() string {
	if e.On.Kind == "" {
		return e.Op
	}
	return e.Op + " " + e.On.String()
}

// Got is what came of it, in this program's words.
func (e *Error) Got() string {
	switch {
	case e.Code == 0:
		return "no answer: " + e.text()
	case e.Code < 400:
		return fmt.Sprintf("answer %d, which cannot be used: %s", e.Code, e.text())
	}
	text := fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code))
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(", Retry-After: %s", e.RetryAfter)
	}
	return text
}

// text is Message to print: secrets are hidden while they are whole.
func (e *Error) text() string {
	text := tag.ReplaceAllString(e.secrets.hide(e.Message), " ")
	return Printable(e.secrets.hide(html.UnescapeString(text)))
}

// CloudMessage is what the cloud said, in its own words; "" if it said nothing.
func (e *Error) CloudMessage() string {
	if e.Code < 400 {
		return ""
	}
	return e.text()
}

// Answer is Got, CloudMessage and the request id in one line.
func (e *Error) Answer() string {
	text := e.Got()
	if said := e.CloudMessage(); said != "" {
		text += ": " + said
	}
	if e.RequestID != "" {
		text += fmt.Sprintf(" (request id %s)", e.RequestID)
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Gone is a 404 for the resource itself; Cinder then names its id. Any other
// 404 (a service that is missing, a proxy's page) says nothing about it.
func (e *Error) Gone() bool {
	return e.Code == http.StatusNotFound && e.On.ID != "" && strings.Contains(e.Message, e.On.ID)
}

// Retry tells whether the same call may be made again and is worth it, and
// after how long at least. A call that creates is only made again if the cloud
// said, or it is certain, that it did nothing.
func (e *Error) Retry() (after time.Duration, ok bool) {
	after = max(e.RetryAfter, 0)
	switch {
	case e.untrusted(), e.redirected():
		return 0, false
	case e.Limited():
		return after, true
	case e.Service == Identity && e.Code >= 400 && e.Code < 500:
		return 0, false
	case e.Creates && e.Service != Identity: // else it was refused before, with 401
		refused := e.Code == http.StatusServiceUnavailable && e.RetryAfter >= 0
		return after, refused || e.Code == 0 && !e.MayHaveApplied
	case e.Code == 0, e.Code < 400, e.Restart, e.Code == http.StatusRequestTimeout:
		return after, true
	case e.inFront && (e.Code == http.StatusForbidden || e.Code == http.StatusNotFound): // as while its rules are loaded
		return after, true
	}
	return after, e.Code >= 500
}

// Limited is a refusal of Cinder's rate limiter, or of one in front of it: a
// quota's 413 says Retry-After: 0.
func (e *Error) Limited() bool {
	return e.Code == http.StatusTooManyRequests || e.Code == http.StatusRequestEntityTooLarge && e.RetryAfter > 0
}

// OverQuota is the service's own refusal because a quota is used up. A front end's
// 413 is about the size of a request.
func (e *Error) OverQuota() bool {
	return e.Code == http.StatusRequestEntityTooLarge && e.RetryAfter <= 0 && e.Origin == FromService
}

// untrusted is a certificate that will not get better by asking again.
func (e *Error) untrusted() bool {
	var bad *tls.CertificateVerificationError
	return errors.As(e.Err, &bad)
}

// redirected is a redirect that was refused, and will be again.
func (e *Error) redirected() bool {
	var refused *RedirectError
	return errors.As(e.Err, &refused)
}

// call is what is known of one call while it is made; the transport finds it
// in the request's context.
type call struct {
	service, op string
	provider    bool // the OpenID Connect provider is asked, for a login
	on          Resource
	mutates     bool
	creates     bool                                    // what a second call would make a second time
	again       func(context.Context) (Resource, error) // of a call about backups that creates
	// of the last answer that arrived
	code      int
	requestID string
	date      time.Time // the other side's clock; zero: not said
	secrets   *secrets  // of the client whose call it is; nil: not sent yet
	named     *named    // whose answers bear request ids, likewise
}

type callKey struct{}

func (c *call) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// fail turns what gophercloud returned into an *Error; nil stays nil.
func (c *call) fail(err error) error {
	if err == nil {
		return nil
	}
	return c.failure(err)
}

func (c *call) failure(err error) *Error {
	var login *Error
	if errors.As(err, &login) { // the renewal's; the call itself was refused before, with 401
		again := *login
		again.Op, again.On, again.Creates = login.Op+" before "+c.op, c.on, c.creates
		return &again
	}
	e := &Error{Service: c.service, Op: c.op, On: c.on, Code: c.code, RequestID: c.requestID, RetryAfter: -1, Creates: c.creates, Err: err, secrets: c.secrets}
	var answered gophercloud.ErrUnexpectedResponseCode
	var refused *RedirectError
	switch {
	case errors.As(err, &refused):
		e.Code, e.Message, e.Origin = refused.Code, refused.Error(), FromFrontEnd
		e.MayHaveApplied = c.mutates && e.Code == http.StatusSeeOther // the answer to what was done is elsewhere
	case errors.As(e.Err, &answered):
		e.Code = answered.Actual
		e.Message = message(answered.Body)
		e.RequestID = c.secrets.hide(requestID(answered.ResponseHeader))
		e.RetryAfter = retryAfter(answered.ResponseHeader)
		e.Origin = c.origin(e, answered.Body)
		e.inFront = e.Origin == FromFrontEnd && c.named.has(c.service)
	case e.Code >= 200 && e.Code < 400:
		e.Origin = c.origin(e, nil)
		e.Message = unusable(e.Err)
		e.MayHaveApplied = c.mutates
	default:
		e.Code = 0
		e.Message = noAnswer(e.Err)
		e.MayHaveApplied = c.mutates && !neverSent(e.Err)
	}
	if c.mutates && (e.Code >= 500 || e.Code >= 200 && e.Code < 300) {
		e.MayHaveApplied = true
	}
	return e
}

// origin is whose answer a failed call got.
func (c *call) origin(e *Error, body []byte) Origin {
	switch {
	case c.provider:
		return FromProvider
	case e.Service != BlockStorage:
		return FromService
	case e.Code == http.StatusServiceUnavailable && strings.Contains(e.Message, "Keystone service"): // keystonemiddleware's words
		return FromKeystone
	case e.RequestID != "" || !c.named.has(e.Service) && serviceError(body):
		return FromService
	}
	return FromFrontEnd
}

// neverSent is certain that a request did not reach the service: there was no
// connection for it, whether to the service itself or to a proxy.
func neverSent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errNotSent), errors.As(err, &dns), errors.As(err, &cert):
		return true
	case errors.As(err, &op) && slices.Contains([]string{"dial", "proxyconnect", "socks connect"}, op.Op):
		return true
	}
	return err != nil && strings.HasSuffix(err.Error(), noHandshake)
}

// noHandshake is net/http's error of its TLSHandshakeTimeout, which has no
// exported type.
const noHandshake = "net/http: TLS handshake timeout"
