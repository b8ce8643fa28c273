package cli

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestLookedAtBeforeEveryTry: what the run made is looked at before every try of a
// call that writes to it. The first is answered with "later", and somebody else has
// renamed it by then.
func TestLookedAtBeforeEveryTry(t *testing.T) {
	const later, never = "20", "3600" // the latter is made once more all the same, to see what is confined to backups
	for _, row := range []struct {
		name, method, path, after string
		args                      []string
	}{
		{"restore", "POST", "/restore", later, []string{"--volume-type", cloudsim.OtherType}},
		{"restore, confined", "POST", "/restore", never, []string{"--volume-type", cloudsim.OtherType}},
		{"restore to be refused", "POST", "/restore", later, []string{"--checks", "restore-existing"}},
		{"deletion to be refused", "DELETE", "/volumes/", later, []string{"--checks", "refusals"}},
		{"deletion of a check", "DELETE", "/backups/", later, []string{"--checks", "incremental"}},
		{"action", "POST", "/action", later, []string{"--checks", "refusals"}},
		{"action, confined", "POST", "/action", never, []string{"--checks", "refusals"}},
		{"attachment", "POST", "/action", later, []string{"--checks", "in-use"}},
		{"renaming", "PUT", "/backups/", later, []string{"--checks", "fidelity"}},
		{"renaming by another project", "PUT", "/volumes/", later, []string{"--checks", "isolation", "--other-cloud", "cloudsim-other"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{})
				id, written := "", 0
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					if r.Method != row.method || !strings.Contains(r.URL.Path, row.path) {
						return cloud.RoundTrip(r)
					}
					kind, on := writtenTo(t, r)
					if id == on {
						written++
					}
					if id != "" {
						return cloud.RoundTrip(r)
					}
					id = on
					s.rename(kind, id, "mine")
					return answered(r, http.StatusTooManyRequests, row.after, ""), nil
				}
				status := s.run(append(row.args, "--parallel", "1")...)
				if id == "" || written > 0 || !strings.Contains(fmt.Sprint(s.names()), "mine") {
					t.Errorf("exit %d, %s, written to %d times, there are %v\n%s%s", status, id, written, s.names(), &s.stdout, &s.stderr)
				}
			})
		})
	}
}

var intoVolume = regexp.MustCompile(`"volume_id": ?"([^"]+)"`)

// writtenTo is what a request writes to: what a restore overwrites, or what its path names.
func writtenTo(t *testing.T, r *http.Request) (kind, id string) {
	parts := strings.Split(r.URL.Path, "/")
	if last(r.URL.Path) != "restore" {
		return strings.TrimSuffix(parts[4], "s"), parts[5]
	}
	into := intoVolume.FindStringSubmatch(bodyOf(r))
	if into == nil {
		t.Fatal("restored into nothing that is there")
	}
	return "volume", into[1]
}

// answered is Cinder's answer to a request that it never gets.
func answered(r *http.Request, status int, retryAfter, body string) *http.Response {
	header := http.Header{"X-Openstack-Request-Id": {"req-1"}, "Content-Type": {"application/json"}}
	if retryAfter != "" {
		header.Set("Retry-After", retryAfter)
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

// TestRefusedAndRenamed: a deletion that Cinder refused is asked for again only of
// what has its name still.
func TestRefusedAndRenamed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{})
		id, again := "", 0
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			switch on := last(r.URL.Path); {
			case r.Method == "DELETE" && id == "" && strings.Contains(fmt.Sprint(s.names()), "scs-test-incremental-child") && on == s.id("backup", "scs-test-incremental-child"):
				id = on
				s.rename("backup", id, "mine")
				return answered(r, http.StatusBadRequest, "", `{"badRequest": {"code": 400, "message": "Invalid backup: Backup status must be available or error"}}`), nil
			case r.Method == "DELETE" && on == id:
				again++
			}
			return cloud.RoundTrip(r)
		}
		status := s.run("--checks", "incremental")
		if id == "" || again > 0 || status == exitPass || !strings.Contains(s.stderr.String(), "now has the name 'mine'") {
			t.Errorf("exit %d, asked for again %d times\n%s%s", status, again, &s.stdout, &s.stderr)
		}
	})
}

// TestSlowRefusals: each deletion is asked for, although the first are refused, and
// slowly: they do not come again before the others have had their turn.
func TestSlowRefusals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		for i := range 12 {
			s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: fmt.Sprintf("scs-test-%d", i), Status: "available", Size: 1, CreatedAt: time.Now().Add(-time.Duration(i) * time.Hour)}})
		}
		var mu sync.Mutex
		asked, began := map[string]int{}, time.Now()
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			if r.Method != "DELETE" {
				return cloud.RoundTrip(r)
			}
			mu.Lock()
			if time.Since(began) < time.Minute {
				asked[last(r.URL.Path)]++
			}
			mu.Unlock()
			<-time.After(15 * time.Second)
			return answered(r, http.StatusBadRequest, "", `{"badRequest": {"code": 400, "message": "Invalid volume: Volume status must be available"}}`), nil
		}
		status := s.run("--cleanup-only")
		if status != exitFail || len(asked) != 12 || s.elapsed > 3*time.Minute {
			t.Errorf("exit %d after %v, %d of 12 asked for within a minute\n%s", status, s.elapsed, len(asked), &s.stderr)
		}
	})
}

// TestOldNames: what a list showed under the prefix long ago may have another name
// now.
func TestOldNames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		oldest := ""
		for i := range 12 {
			oldest = s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: fmt.Sprintf("scs-test-%d", i), Status: "available", Size: 1, CreatedAt: time.Now().Add(-time.Duration(i) * time.Hour)}})
		}
		time.AfterFunc(time.Second, func() { s.rename("volume", oldest, "mine") })
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			if r.Method == "DELETE" {
				<-time.After(20 * time.Second) // the API is slow
			}
			return cloud.RoundTrip(r)
		}
		status := s.run("--cleanup-only")
		if status != exitPass || fmt.Sprint(s.names()) != "[volume mine]" || !strings.HasSuffix(s.stdout.String(), "clean-up: 11 deleted\n") {
			t.Errorf("exit %d, there are %v\n%s%s", status, s.names(), &s.stdout, &s.stderr)
		}
	})
}
