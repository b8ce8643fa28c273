package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// withoutImages is a scene on a cloud without Glance, where optional checks have
// no bytes to look at, and take little time.
func withoutImages(t *testing.T, config cloudsim.Config, faults ...string) *scene {
	s := newScene(t, config, faults...)
	noImages(s)
	return s
}

func noImages(s *scene) {
	var kept []cloudsim.Endpoint
	for _, e := range s.sim.Endpoints() {
		if e.Type != "image" {
			kept = append(kept, e)
		}
	}
	s.sim.SetEndpoints(kept...)
}

// TestOptionalRideOut: one bad answer to a read, a change of name or a deletion
// decides nothing in a optional check either.
func TestOptionalRideOut(t *testing.T) {
	checks := []string{"--checks", "listing,fidelity,refusals,isolation,incremental", "--other-cloud", "cloudsim-other", "--parallel", "1"}
	config := cloudsim.Config{PageSize: 1000}
	var requests []string
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, config)
		if status := s.run(checks...); status != exitPass {
			t.Fatalf("exit %d\n%s", status, &s.stderr)
		}
		for _, r := range s.sim.Log() {
			requests = append(requests, pattern(r))
		}
	})
	ridden := 0
	for k, request := range requests {
		if strings.HasPrefix(request, "POST") || request == requests[k-1] { // which has rules of its own, or was struck already
			continue
		}
		ridden++
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, config, fmt.Sprintf("*=502*1@%d", k))
				if status := s.run(checks...); status != exitPass {
					t.Errorf("502 for %s, request %d: exit %d\n%s%s", request, k, status, &s.stdout, &s.stderr)
				}
			})
		})
	}
	if ridden < 50 {
		t.Errorf("only %d requests were struck", ridden)
	}
}

// TestOptionalMarkerGone: a page behind a backup that another has deleted
// meanwhile is a 404, and no word about the backup API.
func TestOptionalMarkerGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{})
		s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "another's", Status: "available", Size: 1}})
		gone := false
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			response, err := cloud.RoundTrip(r)
			if q := r.URL.Query(); err == nil && !gone && q.Get("limit") == "1" && q.Has("marker") {
				gone = true
				response.StatusCode = http.StatusNotFound
				replaceBody(response, `{"itemNotFound": {"code": 404, "message": "Backup `+q.Get("marker")+` could not be found."}}`)
			}
			return response, err
		}
		if status := s.run("--checks", "listing"); status != exitPass || !gone {
			t.Errorf("exit %d, a marker gone: %t\n%s", status, gone, &s.stderr)
		}
	})
}

// TestOptionalNoAnswer: no request of an optional check is waited for without end.
func TestOptionalNoAnswer(t *testing.T) {
	for request, check := range map[string]string{
		"POST /backups/*/restore": "refusals", "POST /backups": "refusals", "POST /backups/*/restore@0": "restore-existing",
		"POST /backups/*/restore@1": "isolation", "DELETE /backups/*": "refusals", "GET /limits@1": "listing", "POST /backups/*/action": "refusals",
	} {
		t.Run(check+" "+request, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				at, skip, _ := strings.Cut(request, "@")
				fault := at + "=slow:48h"
				if skip != "" {
					fault += "@" + skip
				}
				if check == "isolation" {
					fault = at + "=slow:48h"
				}
				s := withoutImages(t, cloudsim.Config{}, fault)
				status := s.run("--checks", check, "--other-cloud", "cloudsim-other")
				want := exitFail // nothing but backups is struck
				if at == "GET /limits" {
					want = exitAbort
				}
				if status != want || s.elapsed > 4*time.Minute {
					t.Errorf("exit %d after %v\n%s", status, s.elapsed, &s.stderr)
				}
			})
		})
	}
}

// TestOptionalSlowAnswers: what is asked for too late to be refused is rightly
// accepted; that it was too late shows only afterwards, and is no finding.
func TestOptionalSlowAnswers(t *testing.T) {
	for _, check := range []string{"refusals", "restore-existing"} {
		for _, operation := range []time.Duration{300 * time.Millisecond, 800 * time.Millisecond, 2 * time.Second} {
			for _, latency := range []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond, 500 * time.Millisecond} {
				t.Run(fmt.Sprintf("%s %v %v", check, operation, latency), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						s := withoutImages(t, cloudsim.Config{OperationTime: operation, Latency: latency})
						if status := s.run("--checks", check); status != exitPass || len(s.names()) > 0 {
							t.Errorf("exit %d, left %v\n%s%s", status, s.names(), &s.stdout, &s.stderr)
						}
					})
				})
			}
		}
	}
}

// TestOptionalFlags: what a flag names wrongly is no fault of the cloud, and a
// fault of the cloud is not laid to a flag.
func TestOptionalFlags(t *testing.T) {
	for _, row := range []struct {
		check, fault string
		args         []string
		status       int
		says         string
	}{
		{check: "other-type", args: []string{"--restore-volume-type", "nosuch"}, says: "a volume with the type 'nosuch' is refused"},
		{check: "other-type", args: []string{"--restore-volume-type", cloudsim.DefaultType}, says: "volume type '" + cloudsim.DefaultType + "' is the one that is backed up"},
		{check: "volume-from-backup", fault: "POST /volumes=400@1", args: []string{"--volume-type", cloudsim.DefaultType}, status: exitFail, says: "volume-from-backup: FAIL"},
	} {
		t.Run(strings.Join(append(row.args, row.check), " "), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var faults []string
				if row.fault != "" {
					faults = []string{row.fault}
				}
				s := withoutImages(t, cloudsim.Config{}, faults...)
				if status := s.run(append(row.args, "--checks", row.check)...); status != row.status || !strings.Contains(s.stdout.String(), row.says) {
					t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestOptionalQuota: a quota without room for what a check needs is a SKIP at
// once, with both figures; one that others use up meanwhile is used up, and no
// contradiction.
func TestOptionalQuota(t *testing.T) {
	bubble(t, func(t *testing.T) {
		quotas := cloudsim.DefaultQuotas()
		quotas.BackupGigabytes = 3
		s := withoutImages(t, cloudsim.Config{Quotas: &quotas})
		foreign := cloudsim.Backup{Resource: cloudsim.Resource{Name: "another's", Status: "available", Size: 1}}
		s.sim.PutBackup(foreign)
		if status := s.run("--checks", "restore-existing"); status != exitPass || !strings.Contains(s.stdout.String(), "↳ it needs 3 GiB of backups, and the project's quota of 3 has room for 2\nrestore-existing: SKIP\n") || strings.Contains(s.stdout.String(), "Creating") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
		s = withoutImages(t, cloudsim.Config{Quotas: &quotas})
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Creating volume 'scs-test-restore_existing-source'") {
				s.sim.PutBackup(foreign)
			}
		}
		if status := s.run("--checks", "restore-existing", "--parallel", "1"); status != exitPass || !strings.Contains(s.stdout.String(), "the backup quota is used up by other backups: backups 2 of 10 used, gigabytes 2 of 3 used; the project's list has 2 backups, 2 GiB in all") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
		quotas.Backups = 3
		s = withoutImages(t, cloudsim.Config{Quotas: &quotas, IncrementalsFail: true})
		if status := s.run("--checks", "incremental,restore-existing", "--parallel", "1"); status != exitFail || !strings.Contains(s.stdout.String(), "↳ it needs 2 backups, and the project's quota of 3 has room for 1 beside the 2 that failed checks have left\nrestore-existing: SKIP\n") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}

// TestOptionalLeftovers: what a check cannot delete hides nothing else that the
// run leaves.
func TestOptionalLeftovers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{}, "DELETE /backups/*=403")
		status := s.run("--checks", "listing", "--json", "report")
		var report struct{ Left []struct{ Name string } }
		if err := json.Unmarshal(must(os.ReadFile(filepath.Join(s.dir, "report"))), &report); err != nil || len(report.Left) != 2 {
			t.Errorf("the report has %v left, %v", report.Left, err)
		}
		for _, want := range []string{"not deleted: backup 'scs-test-listing-second'", "not deleted: backup 'scs-test-listing-backup'"} {
			if status != exitFail || strings.Count(s.stderr.String(), want) != 1 {
				t.Errorf("exit %d, not once %q:\n%s", status, want, &s.stderr)
			}
		}
	})
}

// TestOptionalLostDeletion: a deletion that has to be refused, was accepted, and
// whose answer was lost is no refusal, whatever a second try is answered.
func TestOptionalLostDeletion(t *testing.T) {
	for check, rule := range map[string]cloudsim.Rule{
		"incremental": cloudsim.AcceptsDeleteParent,
		"isolation":   cloudsim.ForeignDeleteBackup,
	} {
		for _, operation := range []time.Duration{100 * time.Millisecond, time.Second} { // it is gone by the second try, or on its way
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{OperationTime: operation, Broken: []cloudsim.Rule{rule}}, "DELETE /backups/*=lose*1")
				if status := s.run("--checks", check, "--other-cloud", "cloudsim-other"); status != exitFail {
					t.Errorf("%s: exit %d\n%s%s", check, status, &s.stdout, &s.stderr)
				}
			})
		}
	}
}

// TestRefusalsDone: a cloud that does what it has to refuse is found out, though
// the state that it had to be refused for is gone then.
func TestRefusalsDone(t *testing.T) {
	for what, row := range map[string]struct{ method, path, on, status, then string }{
		"deleting a volume that is being backed up": {"DELETE", "/volumes/", "/volumes/", "backing-up", "deleting"},
		"restoring a backup that is being made":     {"POST", "/restore", "/backups/", "creating", "restoring"},
		"deleting a backup that is being made":      {"DELETE", "/backups/", "/backups/", "creating", "deleting"},
	} {
		t.Run(what, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{OperationTime: 20 * time.Second})
				done := false
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					if err == nil && r.Method == row.method && strings.Contains(r.URL.Path, row.path) && response.StatusCode == http.StatusBadRequest {
						done = true
						response.StatusCode = http.StatusAccepted
						replaceBody(response, `{"restore": {"volume_id": "00000000-0000-4000-8000-000000000001"}}`)
					}
					if err == nil && done && r.Method == "GET" && strings.Contains(r.URL.Path, row.on) {
						body := string(must(io.ReadAll(response.Body)))
						replaceBody(response, strings.ReplaceAll(body, `"status":"`+row.status+`"`, `"status":"`+row.then+`"`))
					}
					return response, err
				}
				status := s.run("--checks", "refusals")
				if want := "expected: " + what + " to be refused with 400"; status != exitFail || !done || !strings.Contains(s.stderr.String(), want) {
					t.Errorf("exit %d, done: %t\n%s%s", status, done, &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestRefusedLeavesNothing: what was rightly refused is not told as left.
func TestRefusedLeavesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{Broken: []cloudsim.Rule{cloudsim.AcceptsDeleteBusy}})
		status := s.run("--checks", "refusals")
		if status != exitFail || strings.Contains(s.stderr.String(), "may still exist") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}

// TestSkippedForOneReason: what keeps several checks from being carried out is
// told once, above the summary, without the names of one of them.
func TestSkippedForOneReason(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "POST /volumes/*/action=403")
		if status := s.run("--checks", "data,data-incremental,listing"); status != exitPass {
			t.Fatalf("exit %d\n%s", status, &s.stderr)
		}
		const want = "warning: skipped for the same reason: data, data-incremental: a volume cannot be uploaded to an image: "
		if text := s.stderr.String(); strings.Count(text, "warning:") != 1 || !strings.HasPrefix(text, want) || strings.Contains(text, "scs-test-") {
			t.Errorf("got %s", text)
		}
	})
}
