package cloud

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// stage is a simulated cloud behind a front end on a socket, and another server
// that must never be asked anything.
type stage struct {
	sim   *cloudsim.Cloud
	front *httptest.Server
	// elsewhere is the other server's port; it has the front end's address, and
	// localhost is another name of it.
	elsewhere string
	leaked    func() int // requests that it got
	dir       string
	options   Options
	redirects atomic.Int64

	mu       sync.Mutex
	requests []received
	// answer, if set, may answer in the cloud's place.
	answer func(w http.ResponseWriter, r *http.Request) bool
}

type received struct {
	method, path, query, token string
	body                       []byte
}

func newStage(t *testing.T, config cloudsim.Config) *stage {
	t.Helper()
	s := &stage{sim: cloudsim.New(config), dir: t.TempDir()}
	s.front = httptest.NewServer(s)
	t.Cleanup(s.front.Close)
	var leaked atomic.Int64
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Add(1) }))
	t.Cleanup(evil.Close)
	_, s.elsewhere, _ = strings.Cut(strings.TrimPrefix(evil.URL, "http://"), ":")
	s.leaked = func() int { return int(leaked.Load()) }
	s.options = Options{Cloud: "mine", Dir: s.dir, Home: s.dir, Getenv: func(string) string { return "" }, UserAgent: "test", Redirects: &s.redirects}
	s.write(t, "/identity/v3", "")
	return s
}

// write writes clouds.yaml; path is that of auth_url.
func (s *stage) write(t *testing.T, path, entry string) {
	t.Helper()
	text := fmt.Sprintf("clouds: {mine: {%sregion_name: RegionOne, auth: {auth_url: '%s%s', username: tester, user_domain_name: Default, password: secret, project_name: cloudsim, project_domain_name: Default}}}", entry, s.front.URL, path)
	if err := os.WriteFile(filepath.Join(s.dir, "clouds.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// moved is where the cloud is found as well.
const moved = "/moved"

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	if answer != nil && answer(w, r) {
		return
	}
	r.URL.Path = strings.TrimPrefix(r.URL.Path, moved)
	s.sim.ServeHTTP(w, r)
}

// note remembers a request with its body.
func (s *stage) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, received{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("X-Auth-Token"), body})
}

func (s *stage) connect(t *testing.T) *Client {
	t.Helper()
	c, err := Connect(t.Context(), s.options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// operation is a call of this package's, and the request of its that is to be
// redirected.
type operation struct {
	name, method, path string // the path's end
	service            string
	config             cloudsim.Config
	authURL            string // its path; "": with the version
	// prepare returns the call to make.
	prepare func(t *testing.T, s *stage) func(ctx context.Context) error
}

func connecting(_ *testing.T, s *stage) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := Connect(ctx, s.options)
		return err
	}
}

var data = func() []byte {
	bytes := make([]byte, 32<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(bytes)
	return bytes
}()

func openData() io.Reader { return io.LimitReader(bytes.NewReader(data), 1<<40) } // net/http cannot rewind it by itself

// image makes an image with data, or one that waits for it.
func image(t *testing.T, c *Client, filled bool) Resource {
	t.Helper()
	image, err := c.CreateImage(t.Context(), "x", "raw")
	if err == nil && filled {
		err = c.FillImage(t.Context(), image, openData)
	}
	if err != nil {
		t.Fatal(err)
	}
	return image
}

var operations = []operation{
	{name: "login", method: "POST", path: "/auth/tokens", service: Identity, prepare: connecting},
	{name: "asking Keystone for its versions", method: "GET", path: "/identity", service: Identity, authURL: "/identity", prepare: connecting},
	{name: "asking Cinder for its versions", method: "GET", path: "/volume/", service: BlockStorage, config: cloudsim.Config{UnversionedCatalog: true}, prepare: connecting},
	{name: "login again", method: "POST", path: "/auth/tokens", service: Identity, prepare: func(t *testing.T, s *stage) func(context.Context) error {
		c := s.connect(t)
		s.sim.RevokeTokens()
		return func(ctx context.Context) error {
			_, err := c.List(ctx, KindBackup)
			return err
		}
	}},
	{name: "list", method: "GET", path: "/backups/detail", service: BlockStorage, prepare: func(t *testing.T, s *stage) func(context.Context) error {
		c := s.connect(t)
		return func(ctx context.Context) error {
			_, err := c.List(ctx, KindBackup)
			return err
		}
	}},
	{name: "create", method: "POST", path: "/volumes", service: BlockStorage, prepare: func(t *testing.T, s *stage) func(context.Context) error {
		c := s.connect(t)
		return func(ctx context.Context) error {
			_, err := c.CreateVolume(ctx, VolumeSpec{Name: "x", Size: 1})
			return err
		}
	}},
	{name: "rename", method: "PUT", path: "", service: BlockStorage, prepare: func(t *testing.T, s *stage) func(context.Context) error {
		c, id := s.connect(t), s.sim.PutVolume(cloudsim.Volume{})
		return func(ctx context.Context) error {
			return c.Rename(ctx, Resource{Kind: KindVolume, ID: id}, "y", "z")
		}
	}},
	{name: "delete", method: "DELETE", path: "", service: BlockStorage, prepare: func(t *testing.T, s *stage) func(context.Context) error {
		c, id := s.connect(t), s.sim.PutVolume(cloudsim.Volume{})
		return func(ctx context.Context) error { return c.Delete(ctx, Resource{Kind: KindVolume, ID: id}) }
	}},
	{name: "upload", method: "PUT", path: "/file", service: ImageService, prepare: func(t *testing.T, s *stage) func(context.Context) error {
		c := s.connect(t)
		image := image(t, c, false)
		return func(ctx context.Context) error { return c.FillImage(ctx, image, openData) }
	}},
	{name: "download", method: "GET", path: "/file", service: ImageService, prepare: func(t *testing.T, s *stage) func(context.Context) error {
		c := s.connect(t)
		image := image(t, c, true)
		return func(ctx context.Context) error {
			r, err := c.ReadImage(ctx, image)
			if err != nil {
				return err
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			return nil
		}
	}},
}
