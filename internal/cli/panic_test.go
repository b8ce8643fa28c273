package cli

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestPanic: a bug of this program is an ABORT that says so and where it is. Other
// checks go on, and what is left is named with the command that deletes it.
func TestPanic(t *testing.T) {
	for _, row := range []struct {
		name, method, path string // the request that panics
		status             int
		says               []string
		leaves             bool
	}{
		{"in a mandatory phase", "POST", "/backups", exitAbort, []string{"critical: Create backup from volume: a bug of this program: ", "\nscs-0117-test-backup: ABORT\n", "left in the cloud: volume 'scs-test-volume'"}, true},
		{"in the first clean-up", "GET", "/backups/detail", exitAbort, []string{"critical: a bug of this program: ", "\nscs-0117-test-backup: ABORT\n"}, false},
		{"in an optional check", "POST", "/snapshots", exitAbort, []string{"critical: snapshot: a bug of this program: ", "check.(*Session).CreateSnapshot (ops.go:", "\nscs-0117-test-backup: PASS\n", "\nlisting: PASS\n", "left in the cloud: volume 'scs-test-snapshot-volume'"}, true},
		{"in the clean-up behind an optional check", "DELETE", "/snapshots/*", exitAbort, []string{"critical: a bug of this program: ", "check.(*clearing).ask (cleanup.go:", "\nsnapshot: PASS\n", "\nlisting: PASS\n", "left in the cloud: snapshot 'scs-test-snapshot-"}, true},
		{"in the clean-up of images", "DELETE", "/images/*", exitAbort, []string{"critical: a bug of this program: ", "check.(*clearing).ask (cleanup.go:", "\nsnapshot: PASS\n", "\nlisting: PASS\n", "left in the cloud: image 'scs-test-snapshot-"}, true},
		{"before anything is done", "GET", "/limits", exitAbort, []string{"critical: a bug of this program: ", "\nscs-0117-test-backup: ABORT\n"}, false},
		{"in the list behind an optional check", "GET", "/volumes/detail", exitAbort, []string{"critical: a bug of this program: ", "\nscs-0117-test-backup: PASS\n", "\nlisting: PASS\n", "\nsnapshot: PASS\n", "left in the cloud: volume 'scs-test-listing-volume'"}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{OperationTime: time.Second})
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					path := row.path
					if before, found := strings.CutSuffix(path, "*"); found {
						path = before + last(r.URL.Path)
					}
					listed := row.path != "/volumes/detail" || slices.Contains(s.names(), "volume scs-test-listing-volume")
					if listed && r.Method == row.method && strings.HasSuffix(r.URL.Path, path) {
						panic("the test's own")
					}
					return cloud.RoundTrip(r)
				}
				status := s.run("--checks", "core,listing,snapshot")
				said := s.stdout.String() + s.stderr.String()
				says := append(row.says, "a bug of this program: panic: the test's own\n", "\n  hint: this says nothing about the cloud; report it with what was called, innermost first: cli.TestPanic.")
				if row.leaves {
					says = append(says, "\n  to delete it: volume-backup-tester --os-cloud cloudsim --prefix scs-test- --cleanup-only")
				}
				missing := slices.DeleteFunc(says, func(text string) bool { return strings.Contains(said, text) })
				if status != row.status || len(missing) > 0 {
					t.Errorf("exit %d, left %v, not said: %q\n%s%s", status, s.names(), missing, &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestPanicAfterFailure: what has failed stays the failure.
func TestPanicAfterFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "create-backup=error")
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/backups/detail") && len(s.sim.Backups()) > 0 {
				panic("the test's own")
			}
			return cloud.RoundTrip(r)
		}
		status := s.run("--on-failure", "clean")
		said := s.stderr.String()
		for _, want := range []string{"warning: after the failure: a bug of this program: panic: the test's own", "error: Create backup from volume: ", "left in the cloud: volume 'scs-test-volume'"} {
			if status != exitFail || !strings.Contains(said, want) {
				t.Errorf("exit %d, not said: %q\n%s%s", status, want, &s.stdout, said)
			}
		}
	})
}
