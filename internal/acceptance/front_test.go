//go:build acceptance

package acceptance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// The requests at which the tests step in.
var (
	createVolume = regexp.MustCompile(`^POST /v3/[^/]+/volumes$`)
	showVolume   = regexp.MustCompile(`^GET /v3/[^/]+/volumes/[0-9a-f-]{36}$`)
	createBackup = regexp.MustCompile(`^POST /v3/[^/]+/backups$`)
	showBackup   = regexp.MustCompile(`^GET /v3/[^/]+/backups/[0-9a-f-]{36}$`)
	deleteBackup = regexp.MustCompile(`^DELETE /v3/[^/]+/backups/[0-9a-f-]{36}$`)
	restore      = regexp.MustCompile(`^POST /v3/[^/]+/backups/[0-9a-f-]{36}/restore$`)
)

// gate holds the first request that matches, so that what a test does to the cloud between reached
// and open is done for certain before Cinder gets that request.
type gate struct {
	at              *regexp.Regexp
	once            sync.Once
	arrived, opened chan struct{}
	open            func()   // lets the request through; may be called again
	volumes         sync.Map // how Cinder last described each volume to the checker, by name
}

func (g *gate) pass(r *http.Request) {
	if g.at.MatchString(r.Method + " " + r.URL.Path) {
		g.once.Do(func() {
			close(g.arrived)
			select {
			case <-g.opened:
			case <-r.Context().Done():
			}
		})
	}
}

// note keeps how Cinder describes a volume.
func (g *gate) note(r *http.Response) error {
	if !showVolume.MatchString(r.Request.Method + " " + r.Request.URL.Path) {
		return nil
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	var answer struct{ Volume resource }
	if json.Unmarshal(text, &answer) == nil {
		g.volumes.Store(answer.Volume.Name, answer.Volume)
	}
	return nil
}

// reached waits until the request is held; a checker that ends without it fails the test.
func (g *gate) reached(t *testing.T, p *process) {
	t.Helper()
	select {
	case <-g.arrived:
	case <-p.done:
		p.wait(t)
		t.Fatalf("the checker ended without a request like %v", g.at)
	}
}

// front puts a proxy between a checker and the devcloud, with a gate at the requests to Cinder,
// and returns the clouds.yaml that leads there.
func front(t *testing.T, at *regexp.Regexp) (yaml string, g *gate) {
	t.Helper()
	api := login(t, "devcloud")
	keystone, cinder := origin(t, api.keystone), origin(t, api.url)

	g = &gate{at: at, arrived: make(chan struct{}), opened: make(chan struct{})}
	g.open = sync.OnceFunc(func() { close(g.opened) })
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(cinder) },
		ModifyResponse: g.note,
	}
	cinderFront := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.pass(r)
		if r.Context().Err() == nil { // the checker still waits for the answer
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() { g.open(); cinderFront.Close() }) // Close waits for what is held

	var keystoneFront *httptest.Server
	moved := func(text []byte) []byte { // the catalog, and Keystone's links to itself
		text = bytes.ReplaceAll(text, []byte(cinder.String()), []byte(cinderFront.URL))
		return bytes.ReplaceAll(text, []byte(keystone.String()), []byte(keystoneFront.URL))
	}
	keystoneFront = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(keystone) },
		ModifyResponse: func(r *http.Response) error {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			text = moved(text)
			r.Body = io.NopCloser(bytes.NewReader(text))
			r.ContentLength = int64(len(text))
			r.Header.Set("Content-Length", strconv.Itoa(len(text)))
			return nil
		},
	})
	t.Cleanup(keystoneFront.Close)

	text, err := os.ReadFile(cloudsYAML)
	if err != nil {
		t.Fatal(err)
	}
	return writeYAML(t, moved(text)), g
}

func origin(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}
}

func writeYAML(t *testing.T, text []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
