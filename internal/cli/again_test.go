package cli

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestTriedAlone: what times out while other checks run is tried once more when
// none does, and that counts. One after the other it counts at once.
func TestTriedAlone(t *testing.T) {
	for _, row := range []struct {
		name, parallel string
		stuck          string // the backup that is shown as creating for ever
		status         int
		says           string
	}{
		{"beside others", "2", "listing-second", exitPass, "\n↳ tried again alone, because it failed while other checks ran: backup 'scs-test-listing-second'"},
		{"also alone", "2", "-second", exitFail, "\nlisting: FAIL\n"},
		{"one after the other", "1", "listing-second", exitFail, "\nlisting: FAIL\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{OperationTime: 3 * time.Second})
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					if err != nil || r.Method != http.MethodGet || strings.HasSuffix(r.URL.Path, "/detail") {
						return response, err
					}
					body, err := io.ReadAll(response.Body)
					text := string(body)
					if strings.Contains(text, row.stuck+`"`) {
						text = strings.ReplaceAll(text, `"status":"available"`, `"status":"creating"`)
					}
					replaceBody(response, text)
					return response, err
				}
				status := s.run("--checks", "listing,incremental,in-use", "--parallel", row.parallel)
				if said := s.stdout.String(); status != row.status || !strings.Contains(said, row.says) || (len(s.names()) > 0) != (row.status == exitFail) {
					t.Errorf("exit %d, left %v\n%s%s", status, s.names(), said, &s.stderr)
				}
			})
		})
	}
}

// TestServiceSeenDown: a cinder-backup that is busy with others' backups reports
// late, and Cinder takes it for dead: what it refuses then is asked for again alone.
func TestServiceSeenDown(t *testing.T) {
	for _, row := range []struct {
		name, parallel, of string // of: the backup that meets it
		refused            bool   // at once; else it ends in error
		status             int
	}{
		{"refused beside others", "2", "listing-second", true, exitPass},
		{"ended in error beside others", "2", "listing-second", false, exitPass},
		{"refused also alone", "2", "-second", true, exitFail},
		{"refused, one after the other", "1", "listing-second", true, exitFail},
		{"ended in error, one after the other", "1", "listing-second", false, exitFail},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{OperationTime: 3 * time.Second})
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					met := strings.HasSuffix(r.URL.Path, "/backups") && strings.Contains(bodyOf(r), row.of+`"`)
					if met && row.refused {
						r.Body = io.NopCloser(strings.NewReader("{}"))
						r.ContentLength = 2
					}
					response, err := cloud.RoundTrip(r)
					if err != nil || strings.HasSuffix(r.URL.Path, "/detail") {
						return response, err
					}
					body, err := io.ReadAll(response.Body)
					text := string(body)
					switch {
					case met && row.refused:
						response.StatusCode = http.StatusNotFound
						text = `{"itemNotFound": {"code": 404, "message": "Service cinder-backup could not be found."}}`
					case !row.refused && strings.Contains(text, row.of+`"`):
						text = strings.ReplaceAll(text, `"status":"available"`, `"status":"error"`)
						text = strings.ReplaceAll(text, `"fail_reason":null`, `"fail_reason":"Service not found for creating backup."`)
					}
					replaceBody(response, text)
					return response, err
				}
				status := s.run("--checks", "listing,incremental,in-use", "--parallel", row.parallel)
				again := "tried again alone, because it failed while other checks ran: "
				if said := s.stdout.String(); status != row.status || strings.Contains(said, again) != (row.parallel == "2") || strings.Contains(said, "listing: FAIL") != (status == exitFail) {
					t.Errorf("exit %d, left %v\n%s%s", status, s.names(), said, &s.stderr)
				}
			})
		})
	}
}

// TestCleanedAlone: a clean-up behind a check that fails beside others is tried
// once more when they have ended, and only then.
func TestCleanedAlone(t *testing.T) {
	for _, row := range []struct {
		name, parallel string
		refusing       time.Duration // from the first deletion on
		status         int
	}{
		{"beside others", "2", 90 * time.Second, exitPass},
		{"also alone", "2", time.Hour, exitFail},
		{"one after the other", "1", 90 * time.Second, exitFail},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{OperationTime: 10 * time.Second})
				var first atomic.Int64
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					refused := r.Method == http.MethodDelete && slices.ContainsFunc(s.sim.Backups(), func(b cloudsim.Backup) bool {
						return strings.HasPrefix(b.Name, "scs-test-listing-") && b.ID == last(r.URL.Path)
					})
					if refused {
						first.CompareAndSwap(0, time.Now().UnixNano())
					}
					if refused && time.Since(time.Unix(0, first.Load())) < row.refusing {
						r.Method = http.MethodGet
						response, err := cloud.RoundTrip(r)
						if err == nil {
							response.StatusCode = http.StatusInternalServerError
							replaceBody(response, `{"computeFault": {"code": 500, "message": "busy"}}`)
						}
						return response, err
					}
					return cloud.RoundTrip(r)
				}
				status := s.run("--checks", "listing,refusals,incremental,in-use", "--parallel", row.parallel, "--timeout", "60")
				if status != row.status || (len(s.names()) > 0) != (status == exitFail) || !strings.Contains(s.stdout.String(), "listing: PASS") {
					t.Errorf("exit %d, left %v\n%s%s", status, s.names(), &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestNoRoomToTryAgain: a check that failed beside others, and of which so much is left
// that it cannot be tried again, has failed: its failure is not to pass for a SKIP.
func TestNoRoomToTryAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		quotas := &cloudsim.Quotas{Volumes: 10, Gigabytes: 1000, Snapshots: 10, Backups: 3, BackupGigabytes: 1000}
		s := withoutImages(t, cloudsim.Config{OperationTime: time.Second, Quotas: quotas}, "create-backup=stuck")
		status := s.run("--checks", "listing,other-type", "--restore-volume-type", cloudsim.OtherType)
		for _, check := range []string{"listing", "other-type"} {
			if !strings.Contains(s.stdout.String(), "\n"+check+": FAIL\n") {
				t.Errorf("%s is no FAIL", check)
			}
		}
		if status != exitFail || !strings.Contains(s.stdout.String(), "↳ could not be tried again alone: it needs 2 backups, and the project's quota of 3 has room for ") {
			t.Errorf("exit %d", status)
		}
		if t.Failed() {
			t.Log(s.stdout.String(), s.stderr.String())
		}
	})
}

// TestImageLostBesideOthers: an image that ends while a restored volume is uploaded may
// have met a quota of Glance's that others' images used up; Glance tells nobody.
func TestImageLostBesideOthers(t *testing.T) {
	for _, fault := range []string{"save-image=killed*1", "upload=vanish*1"} {
		for _, row := range []struct {
			parallel, result string
			status           int
		}{{"2", "PASS", exitPass}, {"1", "FAIL", exitFail}} {
			t.Run(fault+" "+row.parallel, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newScene(t, cloudsim.Config{OperationTime: 3 * time.Second})
					s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
						if strings.HasSuffix(r.URL.Path, "/action") && strings.Contains(bodyOf(r), `"scs-test-data-restored-content"`) {
							s.sim.Add(must(cloudsim.ParseFault(fault)))
						}
						return cloud.RoundTrip(r)
					}
					status := s.run("--checks", "listing,data", "--parallel", row.parallel)
					again := "tried again alone, because it failed while other checks ran: "
					if said := s.stdout.String(); status != row.status || strings.Contains(said, again) != (row.parallel == "2") || !strings.Contains(said, "\ndata: "+row.result+"\n") {
						t.Errorf("exit %d\n%s%s", status, said, &s.stderr)
					}
				})
			})
		}
	}
}
