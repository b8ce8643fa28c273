package cli

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

var update = flag.Bool("update", false, "write the golden files anew; a person reads them before they are committed")

// digests are remembered from test to test: hashing a GiB takes seconds.
var digests = new(cloudsim.Digests)

// scene is one run of the program against a simulated cloud in virtual time.
type scene struct {
	t       *testing.T
	sim     *cloudsim.Cloud
	env     map[string]string
	stdin   string
	clouds  string // clouds.yaml; "": the simulator's own
	signal  Signal
	after   time.Duration // when the signal comes; 0: never
	onLine  func(line string)
	stdout  bytes.Buffer
	stderr  bytes.Buffer
	elapsed time.Duration
	dir     string

	// network, if set, stands between the program and the cloud.
	network func(*http.Request, http.RoundTripper) (*http.Response, error)
	cancel  func() // sends the signal; set while the program runs

	stdoutTo    io.Writer // nil: stdout
	stdinFrom   io.Reader // nil: stdin
	makeDir     string    // below the working directory
	realNetwork bool      // go by sockets, where the case ends before any is opened
}

func newScene(t *testing.T, config cloudsim.Config, faults ...string) *scene {
	t.Helper()
	for _, text := range faults {
		f, err := cloudsim.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		config.Faults = append(config.Faults, f)
	}
	config.WithEncryptedType = true
	if config.Digests == nil {
		config.Digests = digests
	}
	return &scene{t: t, sim: cloudsim.New(config), env: map[string]string{"OS_CLOUD": "cloudsim"}}
}

// memberCloud is a small clouds.yaml of the simulator's member; entry is what
// the cloud has besides, with a comma behind it.
func memberCloud(entry, password string) string {
	return "clouds: {cloudsim: {" + entry + "auth: {auth_url: 'http://cloudsim/identity/v3', username: tester, user_domain_name: Default, password: '" + password + "', project_name: cloudsim, project_domain_name: Default}}}"
}

// run returns the exit status.
func (s *scene) run(args ...string) int {
	s.t.Helper()
	dir := s.t.TempDir()
	s.dir = dir
	if s.clouds == "" {
		s.clouds = string(s.sim.ClientConfig())
	}
	if s.clouds == "none" {
		s.t.Log("without a clouds.yaml")
	} else if err := os.WriteFile(filepath.Join(dir, "clouds.yaml"), []byte(s.clouds), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if s.makeDir != "" {
		if err := os.Mkdir(filepath.Join(dir, s.makeDir), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancelCause(s.t.Context())
	defer cancel(nil)
	s.cancel = func() { cancel(s.signal) }
	if s.after > 0 {
		defer time.AfterFunc(s.after, s.cancel).Stop()
	}
	s.stdout.Reset()
	s.stderr.Reset()
	began := time.Now()
	p := Process{
		Args: args, Stdin: strings.NewReader(s.stdin), Stdout: lineWatcher{&s.stdout, s.onLine}, Stderr: &s.stderr,
		Getenv: func(key string) string { return s.env[key] }, Dir: dir, Home: dir, Version: "test", Date: "2026-01-02",
		Transport: s.sim.Transport(),
	}
	if s.network != nil {
		p.Transport = network{s, p.Transport}
	}
	if s.stdoutTo != nil {
		p.Stdout = s.stdoutTo
	}
	if s.stdinFrom != nil {
		p.Stdin = s.stdinFrom
	}
	if s.realNetwork {
		p.Transport = nil
	}
	status := Main(ctx, p)
	s.elapsed = time.Since(began)
	return status
}

// transcript is what a person would have seen, for a golden file.
func (s *scene) transcript(status int, args ...string) string {
	text := fmt.Sprintf("$ volume-backup-tester %s\n-- stdout --\n%s-- stderr --\n%s-- exit %d after %s --\n",
		strings.Join(args, " "), &s.stdout, &s.stderr, status, s.elapsed.Round(time.Millisecond))
	return strings.ReplaceAll(text, s.dir, "DIR")
}

// names lists what is in the simulated cloud.
func (s *scene) names() (names []string) {
	for _, b := range s.sim.Backups() {
		names = append(names, "backup "+b.Name)
	}
	for _, v := range s.sim.Volumes() {
		names = append(names, "volume "+v.Name)
	}
	for _, snapshot := range s.sim.Snapshots() {
		names = append(names, "snapshot "+snapshot.Name)
	}
	for _, i := range s.sim.Images() {
		names = append(names, "image "+i.Name)
	}
	return names
}

type network struct {
	*scene
	cloud http.RoundTripper
}

func (n network) RoundTrip(r *http.Request) (*http.Response, error) { return n.network(r, n.cloud) }

type lineWatcher struct {
	to     *bytes.Buffer
	onLine func(string)
}

func (w lineWatcher) Write(p []byte) (int, error) {
	if w.onLine != nil {
		w.onLine(string(p))
	}
	return w.to.Write(p)
}

// bubble runs f in virtual time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// golden compares a transcript with the file of that name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}
