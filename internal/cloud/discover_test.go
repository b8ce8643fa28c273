package cloud

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// links are those of version 3 in a document that was asked for at BASE, and the
// address below the host that follows from them. EVIL is another server.
var links = []struct{ name, links, want string }{
	{"same host", `[{"rel": "self", "href": "HOST/movedBASE/v3/"}]`, "/movedBASE/v3/"},
	{"without a slash at the end", `[{"rel": "self", "href": "HOST/movedBASE/v3"}]`, "/movedBASE/v3/"},
	{"other host", `[{"rel": "self", "href": "http://localhost:EVIL/movedBASE/v3/"}]`, "BASE/v3/"},
	{"other host, more of it", `[{"rel": "self", "href": "http://u:p@localhost:EVIL/movedBASE/v3/?a=b#c"}]`, "BASE/v3/"},
	{"other host, no version", `[{"rel": "self", "href": "http://localhost:EVIL/x/"}]`, "BASE/v3/"},
	{"other host without scheme", `[{"rel": "self", "href": "//localhost:EVIL/movedBASE/v3/"}]`, "BASE/v3/"},
	{"other port", `[{"rel": "self", "href": "http://127.0.0.1:EVIL/movedBASE/v3/"}]`, "BASE/v3/"},
	{"other scheme", `[{"rel": "self", "href": "https://127.0.0.1:EVIL/movedBASE/v3/"}]`, "BASE/v3/"},
	{"other scheme, same host", `[{"rel": "self", "href": "https://FRONT/movedBASE/v3/"}]`, "/movedBASE/v3/"},
	{"path", `[{"rel": "self", "href": "/movedBASE/v3/"}]`, "/movedBASE/v3/"},
	{"relative", `[{"rel": "self", "href": "v3/"}]`, "BASE/v3/"},
	{"relative upwards", `[{"rel": "self", "href": "../movedBASE/v3/"}]`, "/movedBASE/v3/"},
	{"another one first", `[{"rel": "describedby", "href": "http://localhost:EVIL/doc/"}, {"rel": "self", "href": "/movedBASE/v3/"}]`, "/movedBASE/v3/"},
	{"host alone", `[{"rel": "self", "href": "http://localhost:EVIL"}]`, "BASE/v3/"},
	{"no path", `[{"rel": "self", "href": "mailto:a@localhost:EVIL"}]`, "BASE/v3/"},
	{"unreadable", `[{"rel": "self", "href": "http://[localhost:EVIL/"}]`, "BASE/v3/"},
	{"empty address", `[{"rel": "self", "href": ""}]`, "BASE/v3/"},
	{"none", `[]`, "BASE/v3/"},
	{"null", `null`, "BASE/v3/"},
}

// documents are the ways to write the versions down.
var documents = map[string]string{
	"Keystone's":      `{"versions": {"values": [{"id": "v2.0", "links": [{"rel": "self", "href": "http://localhost:EVIL/v2.0/"}]}, {"id": "v3.14", "status": "stable", "links": LINKS}]}}`,
	"deprecated":      `{"versions": {"values": [{"id": "v3.14", "status": "deprecated", "links": LINKS}]}}`,
	"as others write": `{"versions": [{"id": "v3", "status": "CURRENT", "links": LINKS}]}`,
	"of one version":  `{"version": {"id": "v3.14", "status": "stable", "links": LINKS}}`,
	"minor versions":  `{"versions": [{"id": "v3.0", "links": [{"rel": "self", "href": "/wrong/v3"}]}, {"id": "v3.2", "links": LINKS}, {"id": "v3.1", "links": [{"rel": "self", "href": "/wrong/v3"}]}]}`,
}

// document lets the server answer what it is asked at a path.
func (s *stage) document(path, text, links string) {
	s.answer = func(w http.ResponseWriter, r *http.Request) bool {
		s.note(r)
		if r.Method != "GET" || strings.TrimSuffix(r.URL.Path, "/") != path {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusMultipleChoices)
		fmt.Fprint(w, strings.NewReplacer("EVIL", s.elsewhere, "HOST", s.front.URL, "FRONT", strings.TrimPrefix(s.front.URL, "http://"), "BASE", path).Replace(strings.ReplaceAll(text, "LINKS", links)))
		return true
	}
}

// asked lists the requests so far.
func (s *stage) asked() (list []string) {
	for _, r := range s.requests {
		list = append(list, r.method+" "+r.path)
	}
	return list
}

// TestDiscovery: of the links that services name, only the path counts; password
// and token stay with the host of clouds.yaml and of the catalog.
func TestDiscovery(t *testing.T) {
	for form, text := range documents {
		for _, l := range links {
			t.Run("Keystone/"+form+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, cloudsim.Config{})
				s.write(t, "/identity", "")
				s.document("/identity", text, l.links)
				c := s.connect(t)
				login := "POST " + strings.ReplaceAll(l.want, "BASE", "/identity") + "auth/tokens"
				if got := strings.Join(s.asked(), ", "); got != "GET /identity, "+login {
					t.Errorf("requests: %s, want GET /identity, %s", got, login)
				}
				s.sim.RevokeTokens()
				if _, err := c.List(t.Context(), KindBackup); err != nil {
					t.Error(err)
				}
				if got := s.asked(); len(got) != 5 || got[3] != login {
					t.Errorf("requests: %q", got)
				}
				if n := s.leaked(); n > 0 {
					t.Errorf("%d requests to another server", n)
				}
			})
			t.Run("Cinder/"+form+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, cloudsim.Config{UnversionedCatalog: true})
				s.document("/volume", text, l.links)
				c := s.connect(t)
				if _, err := c.List(t.Context(), KindBackup); err != nil {
					t.Error(err)
				}
				list := "GET " + strings.ReplaceAll(l.want, "BASE", "/volume") + "backups/detail"
				if got := s.asked(); got[len(got)-1] != list {
					t.Errorf("requests: %q, want %s", got, list)
				}
				if n := s.leaked(); n > 0 {
					t.Errorf("%d requests to another server", n)
				}
			})
		}
	}
}

// TestAuthURL: what is asked before the login follows from auth_url and auth_type.
func TestAuthURL(t *testing.T) {
	const discovered = "/moved/identity/v3/" // as its document says
	for _, c := range []struct{ path, kind, asked, login string }{
		{"/identity/v3", "", "", "/identity/v3/"},
		{"/identity/v3/", "", "", "/identity/v3/"},
		{"//identity/v3//", "", "", "/identity/v3/"},
		{"/identity/v3?a=b#c", "", "", "/identity/v3/"},
		{"/identity/v3/auth/tokens", "", "", "/identity/v3/"},
		{"/moved/identity/v3", "", "", "/moved/identity/v3/"},
		{"/identity", "", "/identity", discovered},
		{"/identity/", "", "/identity/", discovered},
		{"/identity?a=b", "password", "/identity", discovered},
		{"/identity", "v3password", "", "/identity/v3/"},
	} {
		t.Run(c.path+" "+c.kind, func(t *testing.T) {
			s := newStage(t, cloudsim.Config{})
			entry := ""
			if c.kind != "" {
				entry = "auth_type: " + c.kind + ", "
			}
			s.write(t, c.path, entry)
			s.document("/identity", documents["Keystone's"], links[0].links)
			s.connect(t)
			want := "POST " + c.login + "auth/tokens"
			if c.asked != "" {
				want = "GET " + c.asked + ", " + want
			}
			if got := strings.Join(s.asked(), ", "); got != want {
				t.Errorf("requests: %s, want %s", got, want)
			}
		})
	}
}

// TestDiscoveryMoved: relative links begin where the document was found after all.
func TestDiscoveryMoved(t *testing.T) {
	s := newStage(t, cloudsim.Config{})
	s.write(t, "/old", "")
	s.document("/moved/identity", documents["Keystone's"], `[{"rel": "self", "href": "v3/"}]`)
	document := s.answer
	s.answer = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/old" {
			return document(w, r)
		}
		http.Redirect(w, r, "/moved/identity?a=b", http.StatusMovedPermanently)
		return true
	}
	s.connect(t)
	if got := strings.Join(s.asked(), ", "); got != "GET /moved/identity, POST /moved/identity/v3/auth/tokens" {
		t.Errorf("requests: %s", got)
	}
}

// TestNoVersion3: a service that answers without it cannot be used.
func TestNoVersion3(t *testing.T) {
	for _, text := range []string{
		`{"versions": {"values": [{"id": "v2.0"}]}}`, `{"versions": [{"id": "v30.1"}]}`, `{"versions": []}`, `{"versions": null}`, `{}`, `{"versions": {}}`, `{"versions": 3}`, `[]`, ``,
	} {
		s := newStage(t, cloudsim.Config{UnversionedCatalog: true})
		for path, service := range map[string]string{"/identity": Identity, "/volume": BlockStorage} {
			authURL := "/identity"
			if service == BlockStorage {
				authURL += "/v3"
			}
			s.write(t, authURL, "")
			s.document(path, text, "")
			_, err := Connect(t.Context(), s.options)
			var failed *Error
			if !errors.As(err, &failed) || failed.Service != service || failed.Code != http.StatusMultipleChoices || failed.Message == "" {
				t.Errorf("%s at %s: %v", text, path, err)
			}
		}
	}
}
