package cloud

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// message finds the cloud's words in an error body: {"anything": {"message":
// "..."}} as the services themselves answer, {"message": "..."} as the
// framework below them does, or the first words of whatever a proxy sent.
func message(body []byte) string {
	type worded struct {
		Message string `json:"message"`
	}
	var outer worded
	var wrapped map[string]json.RawMessage
	if json.Unmarshal(body, &outer) == nil && outer.Message != "" {
		return outer.Message
	}
	if json.Unmarshal(body, &wrapped) == nil {
		for _, kind := range slices.Sorted(maps.Keys(wrapped)) {
			var inner worded
			if json.Unmarshal(wrapped[kind], &inner) == nil && inner.Message != "" {
				return inner.Message
			}
		}
	}
	return string(body)
}

// serviceError tells whether a body is an error as OpenStack's services write
// them: {"kind": {"code": ..., "message": ...}}.
func serviceError(body []byte) bool {
	var outer map[string]struct {
		Code    int     `json:"code"`
		Message *string `json:"message"`
	}
	if json.Unmarshal(body, &outer) != nil || len(outer) != 1 {
		return false
	}
	for _, inner := range outer {
		return inner.Code >= 400 && inner.Message != nil
	}
	return false
}

// tag is one of those HTML elements that proxies' pages consist of and a few
// messages have; what else is in angle brackets is part of a message.
var tag = regexp.MustCompile(`(?i)</?(?:html|head|title|meta|link|style|script|body|h[1-6]|p|br|hr|div|span|pre|code|center|address|a|b|i|em|strong|small|ul|ol|li|table|t[rdh]|img|font)(?:\s[^<>]*)?/?>|<!(?:doctype[^<>]*|--.*?--)>`)

// Printable makes one short line of words that came over the network, so that
// they cannot disturb a terminal or a log.
func Printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:300]) + "..."
	}
	return text
}

func unusable(err error) string {
	if errors.Is(err, io.EOF) {
		return "the body is empty"
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the body is cut short"
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return "the body is not JSON"
	}
	var other *json.UnmarshalTypeError
	if errors.As(err, &other) {
		return fmt.Sprintf("the API reference has no %s as %s", other.Value, cmp.Or(other.Field, "the body"))
	}
	return err.Error()
}

func noAnswer(err error) string {
	var u *url.Error
	if !errors.As(err, &u) {
		return err.Error()
	}
	where := unreadable
	if parsed, err := url.Parse(u.URL); err == nil {
		where = parsed.Scheme + "://" + parsed.Host
	}
	text := u.Err.Error()
	var untrusted *tls.CertificateVerificationError
	switch {
	case u.Timeout():
		text = "timed out"
	case errors.As(u.Err, &untrusted):
		text += "; a certificate authority of the cloud's own belongs into 'cacert' of clouds.yaml, or into the file that SSL_CERT_FILE names"
	}
	return where + ": " + text
}

const unreadable = "(an address that cannot be read)"

// public is an address without what may be secret in it: user, password, query.
func public(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return unreadable
	}
	parsed.User, parsed.RawQuery, parsed.Fragment = nil, "", ""
	return parsed.String()
}

// inAddress is the password in an address; "" if there is none.
func inAddress(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	password, _ := parsed.User.Password()
	return password
}

func requestID(h http.Header) string {
	for _, name := range []string{"X-Openstack-Request-Id", "X-Compute-Request-Id"} {
		if id := h.Get(name); id != "" {
			return Printable(id)
		}
	}
	return ""
}

// retryAfter reads both forms of the header (RFC 9110, 10.2.3); -1: none. A date is
// by the clock that the answer's own Date is by, if there is one.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return -1
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(until.Sub(now), 0)
}
