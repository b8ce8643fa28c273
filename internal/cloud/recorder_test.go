package cloud

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// The recorder's member.
const (
	recordedProject = "0123456789abcdef0123456789abcdef"
	recordedUser    = "fedcba9876543210fedcba9876543210"
)

// recorder is a Keystone, a Cinder and an OpenID Connect provider that take every
// login, have nothing, and remember what they were asked: what a client makes of its
// configuration is what it sends.
type recorder struct {
	server  *httptest.Server
	base    string // its address, for links and catalog
	catalog string // TYPE REGION INTERFACE URL [NAME] lines
	routes  map[string]route

	mu       sync.Mutex
	requests []recorded
	revoked  int // tokens up to this number are refused
	issued   int
}

// route is an answer of a case's own.
type route struct {
	status  int
	headers map[string]string
	body    string
}

type recorded struct {
	method, host, path string
	header             http.Header
	body               []byte
}

// allRegions is the usual catalog.
var allRegions = func() string {
	var b strings.Builder
	for _, region := range []string{"RegionOne", "RegionTwo"} {
		for _, iface := range []string{"public", "internal", "admin"} {
			path := "/volume-" + region + "-" + iface
			if region == "RegionOne" && iface == "public" {
				path = "/volume"
			}
			fmt.Fprintf(&b, "volumev3 %s %s %s/v3/PROJECT_ID cinderv3\nimage %s %s /image glance\nidentity %s %s /identity/v3 keystone\n", region, iface, path, region, iface, region, iface)
		}
	}
	return b.String()
}()

func newRecorder(t *testing.T, catalog string, routes map[string]route) *recorder {
	t.Helper()
	r := &recorder{catalog: catalog, routes: routes}
	if catalog == "" {
		r.catalog = allRegions
	}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	r.base = r.server.URL
	return r
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	r.requests = append(r.requests, recorded{q.Method, q.Host, q.URL.Path, q.Header.Clone(), body})
	revoked := r.revoked
	r.mu.Unlock()
	path := strings.TrimRight(q.URL.Path, "/")
	w.Header().Set("Content-Type", "application/json")
	if own, found := r.routes[q.Method+" "+path]; found {
		for name, value := range own.headers {
			w.Header().Set(name, r.fill(value))
		}
		w.WriteHeader(own.status)
		fmt.Fprint(w, r.fill(own.body))
		return
	}
	var number int
	_, _ = fmt.Sscanf(q.Header.Get("X-Auth-Token"), "recorded-token-%d", &number)
	switch {
	case q.Method == "POST" && strings.HasSuffix(path, "/v3/auth/tokens"):
		r.logIn(w)
	case strings.HasSuffix(path, "/backups/detail") && number <= revoked:
		w.WriteHeader(http.StatusUnauthorized)
	case strings.HasSuffix(path, "/backups/detail"):
		w.Header().Set("X-Openstack-Request-Id", "req-1")
		fmt.Fprint(w, `{"backups": []}`)
	case q.Method == "GET" && knownRoot.MatchString(path):
		root := "/" + strings.Split(path, "/")[1]
		w.WriteHeader(http.StatusMultipleChoices)
		fmt.Fprint(w, r.fill(fmt.Sprintf(`{"versions": [{"id": "v3.0", "status": "CURRENT", "version": "3.70", "min_version": "3.0", "links": [{"rel": "self", "href": "BASE%s/v3/"}]}]}`, root)))
	case q.Method == "GET" && knownKeystone.MatchString(strings.ToLower(path)):
		w.WriteHeader(http.StatusMultipleChoices)
		fmt.Fprint(w, r.fill(`{"versions": {"values": [{"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": "BASE/identity/v3/"}]}]}}`))
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error": {"code": 404, "message": "nothing here"}}`)
	}
}

// knownRoot and knownKeystone are where Cinder and Keystone can be asked for their
// versions.
var knownRoot = regexp.MustCompile(`^/(volume[\w-]*|first|second)(/v3)?$|^/over(/.*)?$`)

var knownKeystone = regexp.MustCompile(`^/identity(/v[\d.]+)?$`)

// logIn gives a token with the catalog.
func (r *recorder) logIn(w http.ResponseWriter) {
	type entry = map[string]any
	services := []entry{}
	for line := range strings.Lines(r.catalog) {
		f := strings.Fields(r.fill(line))
		if len(f) == 4 {
			f = append(f, f[0])
		}
		var address any = f[3]
		switch {
		case f[3] == "null":
			address = nil
		case strings.HasPrefix(f[3], "/"):
			address = r.base + f[3]
		}
		e := entry{"id": line, "region": f[1], "region_id": f[1], "interface": f[2], "url": address}
		known := false
		for _, s := range services {
			if known = s["type"] == f[0] && s["name"] == f[4]; known {
				s["endpoints"] = append(s["endpoints"].([]entry), e)
				break
			}
		}
		if !known {
			services = append(services, entry{"id": line, "type": f[0], "name": f[4], "endpoints": []entry{e}})
		}
	}
	r.mu.Lock()
	r.issued++
	token := fmt.Sprintf("recorded-token-%d", r.issued)
	r.mu.Unlock()
	w.Header().Set("X-Subject-Token", token)
	w.WriteHeader(http.StatusCreated)
	domain := entry{"id": "default", "name": "Default"}
	_ = json.NewEncoder(w).Encode(entry{"token": entry{
		"methods": []string{"password"}, "issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2099-01-01T00:00:00.000000Z",
		"user":    entry{"id": recordedUser, "name": "tester", "domain": domain},
		"project": entry{"id": recordedProject, "name": "cloudsim", "domain": domain},
		"roles":   []entry{{"id": "m", "name": "member"}}, "catalog": services,
	}})
}

func (r *recorder) fill(text string) string {
	return strings.NewReplacer("http://cloudsim", r.base, "BASE", r.base, "PROJECT_ID", recordedProject, "%(project_id)s", recordedProject).Replace(text)
}

// taken are the requests since the last time.
func (r *recorder) taken() []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.requests
	r.requests = nil
	return taken
}

// observed is what a reading of clouds.yaml comes to on the wire.
type observed struct {
	login any    // the last login's body
	to    string // its address
	list  string // the address of the last list of backups
}

// observe reads it from the requests. A secret in a form, and the token of a
// federated login, are part of it.
func observe(t *testing.T, requests []recorded) (o observed) {
	t.Helper()
	for _, r := range requests {
		switch {
		case r.method == "POST" && strings.HasSuffix(r.path, "/auth/tokens"):
			if err := json.Unmarshal(r.body, &o.login); err != nil {
				t.Fatalf("a login of %q: %v", r.body, err)
			}
			o.to = r.path
		case r.method == "GET" && strings.HasSuffix(r.path, "/backups/detail"):
			o.list = strings.ReplaceAll(r.path, recordedProject, "PROJECT_ID")
		}
	}
	return o
}

// wire is a request in one line, to be compared with another client's.
func (r recorded) wire() string {
	line := r.method + " " + r.path
	if authorization := r.header.Get("Authorization"); authorization != "" {
		line += ", Authorization: " + authorization
	}
	if token := r.header.Get("X-Auth-Token"); token != "" {
		line += ", X-Auth-Token: " + token
	}
	body := string(r.body)
	if strings.HasPrefix(r.header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(body); err == nil {
			body = "form " + form.Encode()
		}
	}
	var tree any
	if json.Unmarshal(r.body, &tree) == nil {
		sorted, _ := json.Marshal(tree)
		body = string(sorted)
	}
	if body != "" {
		line += ", " + body
	}
	return line
}
