package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/utils/v2/client"
)

// debugging tells every exchange a line at a time: a summary with method,
// address, status, time and request id, and before it what went over the wire
// as gophercloud/utils logs it, with its gaps closed: secrets that it lets
// through are masked, and errors keep their identity.
func debugging(next http.RoundTripper, s *secrets, line func(string)) http.RoundTripper {
	hidden := func(text string) { line(s.hide(text)) }
	return &debugger{
		line: hidden,
		logged: &client.RoundTripper{
			Rt:         errorKeeper{next, s},
			Logger:     lineLogger(hidden),
			FormatJSON: s.maskJSON,
		},
	}
}

type debugger struct {
	line   func(string)
	logged http.RoundTripper
}

type keptKey struct{}

// RoundTrip gives back the transport's own error, which utils only quotes.
func (d *debugger) RoundTrip(r *http.Request) (*http.Response, error) {
	var kept error
	began := time.Now()
	resp, err := d.logged.RoundTrip(r.WithContext(context.WithValue(r.Context(), keptKey{}, &kept)))
	took := time.Since(began).Round(time.Millisecond)
	if resp != nil && err != nil { // the body broke off while it was read for the log
		resp.Body, err = io.NopCloser(broken{err}), nil
	}
	if err != nil {
		if kept != nil {
			err = kept
		}
		d.line(fmt.Sprintf("debug: %s %s failed after %s: %v", r.Method, r.URL.Redacted(), took, err))
		return nil, err
	}
	d.line(fmt.Sprintf("debug: %s %s: %s in %s, request id %s", r.Method, r.URL.Redacted(), resp.Status, took, requestID(resp.Header)))
	return resp, nil
}

// broken is a body that breaks off: without --debug it would as well.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

type errorKeeper struct {
	next    http.RoundTripper
	secrets *secrets
}

func (k errorKeeper) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := k.next.RoundTrip(r)
	if kept, ok := r.Context().Value(keptKey{}).(*error); ok {
		*kept = err
	}
	if err == nil { // before the headers are told
		k.secrets.learn(inAddress(resp.Header.Get("Location")))
	}
	return resp, err
}

// lineLogger is utils' logger: it prefixes each line and hides the password
// in an address.
type lineLogger func(string)

func (l lineLogger) Printf(format string, args ...any) {
	for i, arg := range args {
		if address, ok := arg.(*url.URL); ok {
			args[i] = address.Redacted()
		}
	}
	for text := range strings.Lines(fmt.Sprintf(format, args...)) {
		l("debug:   " + strings.TrimRight(text, "\n"))
	}
}

// maskJSON indents a body and masks every secret by the name of its key, and
// wherever else it stands. A body that is not JSON is not shown: nobody knows
// what is in it.
func (s *secrets) maskJSON(raw []byte) (string, error) {
	var body any
	if err := json.Unmarshal(raw, &body); err != nil {
		return fmt.Sprintf("(%d bytes that are not JSON)", len(raw)), errors.New("the body is not JSON")
	}
	pretty, err := json.MarshalIndent(s.mask(body, ""), "", "  ")
	return string(pretty), err
}

// secretKeys are those that a secret stands at, Keystone's and those of OpenID
// Connect providers.
var secretKeys = []string{"password", "secret", "passcode", "access_token", "id_token", "refresh_token", "client_secret"}

// mask returns the value that stands under a key without its secrets.
func (s *secrets) mask(value any, under string) any {
	switch value := value.(type) {
	case string:
		return s.hide(value)
	case []any:
		for i, element := range value {
			value[i] = s.mask(element, under)
		}
	case map[string]any:
		for key, below := range value {
			lower := strings.ToLower(key)
			_, block := below.(map[string]any)
			switch secret := slices.Contains(secretKeys, lower) || under == "token" && lower == "id"; {
			case lower == "catalog":
				value[key] = "(left out)"
			case secret && !block:
				value[key] = masked
			default:
				value[key] = s.mask(below, lower)
			}
		}
	}
	return value
}
