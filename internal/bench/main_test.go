package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"volume-backup-tester/internal/cli"
	"volume-backup-tester/internal/cloudsim"
)

var report = flag.Bool("report", false, "measure, and print the figures")

// measured skips a measurement that nobody asked for.
func measured(t *testing.T, headline string) {
	t.Helper()
	if !*report {
		t.Skip("only with -report: make bench")
	}
	fmt.Println("\n" + headline)
}

// figure prints what was measured beside what is allowed at most.
func figure(t *testing.T, what string, got, most float64, unit string) {
	t.Helper()
	verdict := "ok"
	if got > most {
		verdict = "MISSED"
		t.Errorf("%s: %.3f%s, want at most %g", what, got, unit, most)
	}
	fmt.Printf("  %-66s %8.2f%-3s (at most %g) %s\n", what, got, unit, most, verdict)
}

// note prints what has no target.
func note(format string, args ...any) { fmt.Printf("  "+format+"\n", args...) }

// newCloud is a simulated cloud without quotas, with pages as given.
func newCloud(t *testing.T, config cloudsim.Config, faults ...string) *cloudsim.Cloud {
	t.Helper()
	for _, text := range faults {
		f, err := cloudsim.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		config.Faults = append(config.Faults, f)
	}
	config.Quotas = &cloudsim.Quotas{Volumes: -1, Gigabytes: -1, Snapshots: -1, Backups: -1, BackupGigabytes: -1}
	return cloudsim.New(config)
}

// run runs the program in this process, and returns how long that took.
func run(t *testing.T, clouds []byte, transport http.RoundTripper, args ...string) time.Duration {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "clouds.yaml"), clouds, 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	began := time.Now()
	status := cli.Main(context.WithoutCancel(t.Context()), cli.Process{
		Args: append([]string{"--os-cloud", "cloudsim"}, args...), Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr,
		Getenv: func(string) string { return "" }, Dir: dir, Home: dir, Version: "bench", Transport: transport,
	})
	took := time.Since(began)
	if status != 0 {
		t.Fatalf("exit %d\n%s", status, &stderr)
	}
	return took
}

// meter counts the requests that are under way at the same time.
type meter struct {
	http.RoundTripper
	mu            sync.Mutex
	inFlight, max int
}

func (m *meter) RoundTrip(req *http.Request) (*http.Response, error) {
	m.add(1)
	defer m.add(-1)
	return m.RoundTripper.RoundTrip(req)
}

func (m *meter) add(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inFlight += n
	m.max = max(m.max, m.inFlight)
}

func median[T float64 | time.Duration](of []T) T {
	slices.Sort(of)
	return of[len(of)/2]
}
