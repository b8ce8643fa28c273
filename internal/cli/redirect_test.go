package cli

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// redirected is an answer in the cloud's place.
func redirected(r *http.Request, code int, to string) *http.Response {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return &http.Response{
		Status: http.StatusText(code), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Location": {to}}, Body: io.NopCloser(strings.NewReader("")), Request: r,
	}
}

// TestFrontEndRedirects: a cloud whose front end sends every request on, in the
// way that makes a GET of a POST elsewhere, is as good as any.
func TestFrontEndRedirects(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			path, moved := strings.CutPrefix(r.URL.Path, "/moved")
			if !moved {
				return redirected(r, http.StatusFound, "/moved"+r.URL.RequestURI()), nil
			}
			r = r.Clone(r.Context())
			r.URL.Path = path
			return cloud.RoundTrip(r)
		}
		if status := s.run("--checks", "core,fidelity"); status != exitPass {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}

// TestRedirectedElsewhere: a redirect to another host is not followed by any
// request, is not asked for again, and is told with both addresses. It is nobody's
// fault but the front end's: not the password's.
func TestRedirectedElsewhere(t *testing.T) {
	for _, end := range []string{"POST /auth/tokens", "GET /backups/detail", "POST /volumes", "POST /backups"} {
		t.Run(end, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				struck := 0
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					if r.URL.Host != "cloudsim" {
						t.Errorf("%s %s was asked for", r.Method, r.URL)
					}
					if method, path, _ := strings.Cut(end, " "); r.Method != method || !strings.HasSuffix(r.URL.Path, path) {
						return cloud.RoundTrip(r)
					}
					struck++
					return redirected(r, http.StatusTemporaryRedirect, "https://sso.example.com/login?next=x"), nil
				}
				status := s.run()
				said := s.stderr.String()
				if status == exitPass || struck > 3 || strings.Contains(said, "credentials") ||
					!strings.Contains(said, "redirect from http://cloudsim/") || !strings.Contains(said, " to https://sso.example.com/login refused: other host") {
					t.Errorf("exit %d, redirected %d times\n%s", status, struck, said)
				}
				if end == "POST /auth/tokens" && status != exitAbort {
					t.Errorf("exit %d, although it was Keystone", status)
				}
			})
		})
	}
}
