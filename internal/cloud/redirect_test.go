package cloud

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// hops are the places that a redirect may lead to; PORT is the other server's,
// HOST the front end's, and AT the request's path with its query. "" is followed,
// else the reason why not.
var hops = []struct{ name, location, reason string }{
	{"absolute", "http://HOST/movedAT", ""},
	{"path", "/movedAT", ""},
	{"without scheme", "//HOST/movedAT", ""},
	{"fragment", "/movedAT#x", ""},
	{"user information", "http://eve:guess@HOST/movedAT", ""},
	{"other host", "http://localhost:PORTAT", "other host"},
	{"other host without scheme", "//localhost:PORTAT", "other host"},
	{"other host behind this one's name", "http://HOST@localhost:PORT/a?password=x#y", "other host"},
	{"other host by TLS", "https://localhost:PORTAT", "other host"},
	{"other port", "http://127.0.0.1:PORTAT", "other port"},
	{"other scheme", "ftp://HOSTAT", "not http or https"},
	{"no address", "", "it has no Location"},
	{"unreadable", "http://[localhost:PORT/", "its Location cannot be read"},
	{"loop", "AT", "more than 5 redirects"},
}

// TestRedirects: every call follows a redirect on its own host with method, token
// and body, and none to another, whatever the status.
func TestRedirects(t *testing.T) {
	for _, op := range operations {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, hop := range hops {
				t.Run(fmt.Sprintf("%s/%d/%s", op.name, status, hop.name), func(t *testing.T) {
					t.Parallel()
					s := newStage(t, op.config)
					if op.authURL != "" {
						s.write(t, op.authURL, "")
					}
					call := op.prepare(t, s)
					host := strings.TrimPrefix(s.front.URL, "http://")
					s.mu.Lock()
					s.answer = func(w http.ResponseWriter, r *http.Request) bool {
						if r.Method != op.method || !strings.HasSuffix(r.URL.Path, op.path) {
							return false
						}
						s.note(r)
						if strings.HasPrefix(r.URL.Path, moved) {
							return false
						}
						if hop.location != "" {
							w.Header().Set("Location", strings.NewReplacer("HOST", host, "PORT", s.elsewhere, "AT", r.URL.RequestURI()).Replace(hop.location))
						}
						w.WriteHeader(status)
						return true
					}
					s.mu.Unlock()
					before := s.redirects.Load()
					err := call(t.Context())
					want := hop.reason
					if status == http.StatusSeeOther && !strings.HasPrefix(hop.reason, "it") {
						want = "303 asks for another method"
					}
					if want == "" {
						s.followed(t, err, int(s.redirects.Load()-before))
					} else {
						s.refused(t, err, op, status, want)
					}
					if n := s.leaked(); n > 0 {
						t.Errorf("%d requests to another server", n)
					}
				})
			}
		}
	}
}

// followed holds the two requests to be the same.
func (s *stage) followed(t *testing.T, err error, counted int) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
	if len(s.requests) != 2 || counted != 1 {
		t.Fatalf("%d requests, %d redirects counted", len(s.requests), counted)
	}
	first, second := s.requests[0], s.requests[1]
	if second.path != moved+first.path || second.query != first.query {
		t.Errorf("%s?%s after %s?%s", second.path, second.query, first.path, first.query)
	}
	if second.method != first.method || second.token != first.token || !bytes.Equal(second.body, first.body) {
		t.Errorf("%s, token %q, %d bytes; then %s, token %q, %d bytes", first.method, first.token, len(first.body), second.method, second.token, len(second.body))
	}
}

// refused holds an error to be about the redirect, and about nothing else.
func (s *stage) refused(t *testing.T, err error, op operation, status int, reason string) {
	t.Helper()
	requests := 1
	if strings.HasPrefix(reason, "more") {
		requests = 6
	}
	if len(s.requests) != requests {
		t.Errorf("%d requests, want %d", len(s.requests), requests)
	}
	var failed *Error
	var refused *RedirectError
	if !errors.As(err, &failed) || !errors.As(err, &refused) {
		t.Fatalf("%T %v", err, err)
	}
	if failed.Service != op.service || failed.Code != status || refused.Code != status {
		t.Errorf("%s %d", failed.Service, failed.Code)
	}
	if refused.Reason != reason || refused.From != s.front.URL+s.requests[0].path {
		t.Errorf("%q from %q", refused.Reason, refused.From)
	}
	if _, again := failed.Retry(); again {
		t.Error("would be tried again")
	}
	mutates := slices.Contains([]string{"create", "rename", "delete", "upload"}, op.name)
	if failed.MayHaveApplied != (mutates && status == http.StatusSeeOther) {
		t.Errorf("may have applied: %t", failed.MayHaveApplied)
	}
	said := err.Error()
	for _, part := range []string{fmt.Sprintf("answer %d, which cannot be used: redirect from ", status), refused.From, " to " + refused.To, reason} {
		if !strings.Contains(said, part) {
			t.Errorf("%q is not in %q", part, said)
		}
	}
	for _, part := range []string{"eve", "guess", "password", "#", "?"} {
		if strings.Contains(said, part) {
			t.Errorf("%q is in %q", part, said)
		}
	}
}

// TestTarget has the addresses that sockets on loopback do not show.
func TestTarget(t *testing.T) {
	for _, c := range []struct{ from, location, want string }{
		{"http://a/x", "https://a/x", "https://a/x"},
		{"http://a:5000/x", "https://a/x", "https://a/x"},
		{"http://a:5000/x", "https://a:13000/x", "https://a:13000/x"},
		{"http://a/x", "http://a:80/x", "http://a:80/x"},
		{"https://a:443/x", "https://a/y?b=c", "https://a/y?b=c"},
		{"https://A.example.com/x", "https://a.EXAMPLE.com/x", "https://a.EXAMPLE.com/x"},
		{"https://[::1]:5000/x", "https://[::1]:5000/y", "https://[::1]:5000/y"},
		{"https://a/b/c", "../d", "https://a/d"},
		{"https://u:p@a/x", "/y", "https://u:p@a/y"},
		{"https://u:p@a/x", "https://q:r@a/y#z", "https://u:p@a/y"},
		{"https://a/x", "https://q:r@a/y", "https://a/y"},
		{"https://a/x", "http://a/x", "from https to http"},
		{"https://a:5000/x", "http://a:5000/x", "from https to http"},
		{"https://a/x", "https://a:8443/x", "other port"},
		{"http://a/x", "http://a:8080/x", "other port"},
		{"http://a:443/x", "http://a/x", "other port"},
		{"https://a/x", "https://a./x", "other host"},
		{"https://k/x", "https://\u212a/x", "other host"}, // the Kelvin sign is a K to some
		{"https://a/x", "https://a.evil/x", "other host"},
		{"https://a/x", "https://b.a/x", "other host"},
		{"https://a/x", "https:///x", "other host"},
		{"https://a/x", "https:x", "other host"},
		{"https://a/x", `https://a\@b/x`, "its Location cannot be read"},
		{"https://a/x", "https://a b/x", "its Location cannot be read"},
		{"https://a/x", "mailto:a@a", "not http or https"},
		{"https://a/x", "", "it has no Location"},
	} {
		from, err := url.Parse(c.from)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		to, err := target(from, http.StatusFound, c.location)
		var refused *RedirectError
		if errors.As(err, &refused) {
			got = refused.Reason
		} else {
			got = to.String()
		}
		if got != c.want {
			t.Errorf("%s to %q: %s, want %s", c.from, c.location, got, c.want)
		}
	}
}

// TestRedirectToTLS: a front end that sends http to https is followed with token
// and body, there as anywhere; one that sends https to http is not.
func TestRedirectToTLS(t *testing.T) {
	s := newStage(t, cloudsim.Config{})
	secure := httptest.NewTLSServer(nil)
	secure.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if "https://"+r.Host != secure.URL {
			t.Errorf("asked as %s", r.Host)
		}
		s.sim.ServeHTTP(w, r)
	})
	defer secure.Close()
	host := func(server *httptest.Server) string { return server.URL[strings.Index(server.URL, "127"):] }
	var plain atomic.Int64
	s.answer = func(w http.ResponseWriter, r *http.Request) bool {
		plain.Add(1)
		w.Header().Set("Location", "https://"+host(secure)+r.URL.RequestURI())
		w.WriteHeader(http.StatusMovedPermanently)
		return true
	}
	ca := filepath.Join(s.dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s.write(t, "/identity/v3", "cacert: ca.pem, block_storage_endpoint_override: '"+s.front.URL+"/volume/v3', ")
	c := s.connect(t)
	if _, err := c.CreateVolume(t.Context(), VolumeSpec{Name: "x", Size: 1}); err != nil {
		t.Error(err)
	}
	if plain.Load() != 2 || s.redirects.Load() != 2 {
		t.Errorf("%d requests by http, %d redirects", plain.Load(), s.redirects.Load())
	}

	secure.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", s.front.URL+r.URL.RequestURI())
		w.WriteHeader(http.StatusPermanentRedirect)
	})
	if c.block.HTTPClient.CheckRedirect(nil, nil) != http.ErrUseLastResponse {
		t.Error("net/http's client would follow")
	}
	_, err := c.CreateVolume(t.Context(), VolumeSpec{Name: "x", Size: 1})
	if refused := new(*RedirectError); !errors.As(err, refused) || (*refused).Reason != "from https to http" {
		t.Errorf("got %v", err)
	}
}

// TestRedirectsInDebug: every hop is told, and no secret in what it was answered.
func TestRedirectsInDebug(t *testing.T) {
	s := newStage(t, cloudsim.Config{})
	var lines strings.Builder
	s.options.Debug = func(line string) { lines.WriteString(line + "\n") }
	c := s.connect(t)
	host := strings.TrimPrefix(s.front.URL, "http://")
	var token string
	s.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, moved) {
			return false
		}
		token = r.Header.Get("X-Auth-Token")
		w.Header().Set("Location", "http://eve:horse-battery@"+host+moved+r.URL.Path+"?password=secret&was="+token)
		w.WriteHeader(http.StatusFound)
		return true
	}
	if _, err := c.CreateVolume(t.Context(), VolumeSpec{Name: "x", Size: 1}); err != nil {
		t.Error(err)
	}
	s.sim.RevokeTokens()
	if _, err := c.CreateVolume(t.Context(), VolumeSpec{Name: "y", Size: 1}); err != nil {
		t.Error(err)
	}
	said := lines.String()
	for _, hop := range []string{
		"debug: POST " + s.front.URL + "/volume/v3/PID/volumes: 302 Found in ",
		"debug: POST " + s.front.URL + "/moved/volume/v3/PID/volumes?password=***&was=***: 202 Accepted in ",
		"debug: POST " + s.front.URL + "/moved/volume/v3/PID/volumes?password=***&was=***: 401 Unauthorized in ",
		"debug: POST " + s.front.URL + "/identity/v3/auth/tokens: 302 Found in ",
		"debug: POST " + s.front.URL + "/moved/identity/v3/auth/tokens?password=***&was=: 201 Created in ",
	} {
		if !strings.Contains(said, strings.ReplaceAll(hop, "PID", c.Login.ProjectID)) {
			t.Errorf("not told: %s\n%s", hop, said)
		}
	}
	for _, secret := range []string{token, "=secret", `"secret"`, "horse-battery"} {
		if secret == "" || strings.Contains(said, secret) {
			t.Errorf("%q was told:\n%s", secret, said)
		}
	}
}
