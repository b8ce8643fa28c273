package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestStaleLists: a list that tells how things were some seconds ago hides what
// the run has made, and shows what is gone.
func TestStaleLists(t *testing.T) {
	for _, lag := range []time.Duration{time.Second, 5 * time.Second, 20 * time.Second} {
		bubble(t, func(t *testing.T) {
			c := newCell(t)
			lists := &staleLists{cell: c, lag: lag}
			c.network = lists.roundTrip
			status := c.run()
			c.judge("", status)
			if status != exitPass {
				t.Errorf("lists %v behind: exit %d\n%s", lag, status, &c.stderr)
			}
			c.network = nil
			c.clear()
		})
	}
}

// staleLists answers lists from what was in the cloud at an earlier request.
type staleLists struct {
	*cell
	lag    time.Duration
	mu     sync.Mutex
	before []sight
}

type sight struct {
	at      time.Time
	volumes []cloudsim.Volume
	backups []cloudsim.Backup
}

func (s *staleLists) roundTrip(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
	s.mu.Lock()
	s.before = append(s.before, sight{time.Now(), s.sim.Volumes(), s.sim.Backups()})
	then := s.before[0]
	for _, sight := range s.before {
		if time.Since(sight.at) >= s.lag {
			then = sight
		}
	}
	s.mu.Unlock()
	response, err := cloud.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/detail") {
		return response, err
	}
	entries := []map[string]any{}
	add := func(r cloudsim.Resource) {
		if r.Project == s.sim.ProjectID(cloudsim.Project) {
			entries = append(entries, map[string]any{"id": r.ID, "name": r.Name, "status": r.Status, "created_at": r.CreatedAt})
		}
	}
	kind := "volumes"
	if strings.HasSuffix(r.URL.Path, "/backups/detail") {
		kind = "backups"
		for _, b := range then.backups {
			add(b.Resource)
		}
	} else {
		for _, v := range then.volumes {
			add(v.Resource)
		}
	}
	replaceBody(response, string(must(json.Marshal(map[string]any{kind: entries}))))
	return response, nil
}

// gone404 makes an answer Cinder's 404 for a volume.
func gone404(response *http.Response, id string) {
	response.StatusCode = http.StatusNotFound
	replaceBody(response, `{"itemNotFound": {"code": 404, "message": "Volume `+id+` could not be found."}}`)
}

// TestLagInChecks: lag is no fault in the optional checks either.
func TestLagInChecks(t *testing.T) {
	for _, row := range []struct {
		checks   string
		lag      time.Duration
		flapping bool
	}{
		{"refusals", 300 * time.Millisecond, false}, {"refusals", time.Second, false},
		{"in-use", 2 * time.Second, true}, {"fidelity", 2 * time.Second, true}, {"fidelity", time.Second, true}, {"incremental", 2 * time.Second, true},
		{"listing", 2 * time.Second, true}, {"restore-existing", 2 * time.Second, true}, {"snapshot", 2 * time.Second, true},
	} {
		t.Run(fmt.Sprint(row), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{Lag: row.lag, LagFlapping: row.flapping})
				status := s.run("--checks", row.checks, "--timeout", "30")
				if status != exitPass {
					t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestDeletionLost: what a check deletes is gone although no answer said that it
// would be, and is not waited for as if lag hid it: that may outlast --timeout.
func TestDeletionLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{}, "DELETE /backups/*=lose*1@1")
		if status := s.run("--checks", "incremental", "--timeout", "5"); status != exitPass || s.elapsed > 5*time.Second {
			t.Errorf("exit %d after %s\n%s%s", status, s.elapsed, &s.stdout, &s.stderr)
		}
	})
}

// bodyOf is a request's body, which the cloud still gets.
func bodyOf(r *http.Request) string {
	if r.Body == nil {
		return ""
	}
	body := string(must(io.ReadAll(r.Body)))
	r.Body = io.NopCloser(strings.NewReader(body))
	return body
}

// replaceBody puts another body into an answer.
func replaceBody(response *http.Response, body string) {
	_ = response.Body.Close()
	response.Body, response.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}
