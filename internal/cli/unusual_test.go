package cli

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// TestUnusualClouds: clouds that behave in unusual, real ways, and what a run
// comes to there.
func TestUnusualClouds(t *testing.T) {
	typed := []string{"--volume-type", cloudsim.OtherType}
	for _, row := range []struct {
		name    string
		config  cloudsim.Config
		faults  []string
		args    []string
		prepare func(*scene)
		status  int
		says    []string // on either stream
	}{
		{name: "minimum size", config: cloudsim.Config{MinVolumeSize: 2}, status: exitAbort, says: []string{"critical: Create empty volume: a volume of 1 GiB and the default volume type is refused", "--volume-size GIB"}},
		{name: "minimum size kept to", config: cloudsim.Config{MinVolumeSize: 2}, args: []string{"--volume-size", "2"}},
		{name: "private default type", config: cloudsim.Config{PrivateDefaultType: true}, status: exitAbort, says: []string{"name another with --volume-type"}},
		{name: "private default type avoided", config: cloudsim.Config{PrivateDefaultType: true}, args: typed},
		{name: "no room for the restored volume", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 1, Gigabytes: 10, Backups: 10, BackupGigabytes: 10}}, args: typed, status: exitAbort, says: []string{"the volume quota is used up"}},
		{name: "quota used by what is not listed", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 10, Gigabytes: 10, Backups: 1, BackupGigabytes: 10}}, prepare: func(s *scene) {
			s.sim.SetUnlisted(cloudsim.Project, cloudsim.Quotas{Backups: 1})
		}, status: exitFail, says: []string{"got: a quota used up by what is not listed: backups 1 of 1 used"}},
		{name: "quota refused without figures", config: cloudsim.Config{LimitsWithoutBackups: true}, faults: []string{"POST /backups=quota"}, status: exitAbort, says: []string{"the limits do not state the backup quota"}},
		{name: "quota not given back", config: cloudsim.Config{QuotaKept: true}, says: []string{"warning: quota not given back: the limits count 1 backups more than before the run"}},
		{name: "user without the role member", prepare: func(s *scene) { s.sim.SetRoles(cloudsim.Username, "reader", "backup_user") }, says: []string{"warning: user 'tester' has the roles backup_user, reader, and not member"}},
		{name: "prefix that others share", args: []string{"--prefix", "ci1"}, says: []string{"warning: --prefix 'ci1' ends in a letter or digit"}},
		{name: "short prefix", args: []string{"--prefix", "a-"}, says: []string{"warning: --prefix 'a-' is short"}},

		{name: "restore cut off, the mark tells", faults: []string{"POST /backups/*/restore=lose*1"}, args: typed},
		{name: "restore cut off by a front end, the mark tells", faults: []string{"POST /backups/*/restore=slow:61s*1"}, args: append([]string{"--timeout", "60"}, typed...)},
		{name: "restore cut off before it began", faults: []string{"POST /backups/*/restore=drop*1"}, args: typed, status: exitAbort, says: []string{"left in the cloud: volume 'scs-test-restored-backup'"}},
		{name: "restored volume deleted by another program", faults: []string{"restore=delete"}, config: cloudsim.Config{OperationTime: 2 * time.Second}, status: exitAbort, says: []string{"was deleted by another program"}},
		{name: "backup vanishes beside another run's volume", faults: []string{"create-backup=vanish"}, args: []string{"--prefix", "ci-42-"}, prepare: put("volume", "ci-volume", "available"), status: exitAbort, says: []string{"which another run has made under an overlapping prefix"}},
		{name: "backup vanishes", faults: []string{"create-backup=vanish"}, status: exitFail, says: []string{"either Cinder lost it, or another program deleted it"}},

		{name: "deletion undone by the storage", config: cloudsim.Config{DeletionUndone: 40 * time.Second}},
		{name: "deletion refused by policy", faults: []string{"DELETE /backups/*=403"}, status: exitFail, says: []string{"hint: policy does not let this user delete it"}},
		{name: "older than the mark", config: cloudsim.Config{MaxMicroversion: "3.59"}},
		{name: "older than the mark, stale", config: cloudsim.Config{MaxMicroversion: "3.59", Lag: 3 * time.Second, OperationTime: 5 * time.Second}},
		{name: "older than the mark, too fast to be seen", config: cloudsim.Config{MaxMicroversion: "3.59", OperationTime: time.Millisecond, Latency: 100 * time.Millisecond}, status: exitAbort, says: []string{"whether the restore was completed cannot be found out"}},
		{name: "limits closed to members", config: cloudsim.Config{LimitsWithoutUsed: true}, args: []string{"--checks", "core,listing"}, says: []string{"↳ the limits do not state what is used", "listing: PASS"}},
		{name: "request ids stripped, Cinder's error", config: cloudsim.Config{StripRequestIDs: true}, faults: []string{"create-backup=error"}, status: exitFail},
		{name: "request ids stripped, Cinder's 500", config: cloudsim.Config{StripRequestIDs: true}, faults: []string{"POST /backups=500"}, status: exitFail, says: []string{"the answer has no request id"}},
		{name: "request ids stripped, a front end's 502", config: cloudsim.Config{StripRequestIDs: true}, faults: []string{"cinder=proxy:502@9"}, status: exitAbort},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, row.config, row.faults...)
				if row.prepare != nil {
					row.prepare(s)
				}
				status := s.run(row.args...)
				said := s.stdout.String() + s.stderr.String()
				for _, want := range row.says {
					if !strings.Contains(said, want) {
						t.Errorf("not said: %q", want)
					}
				}
				if status != row.status {
					t.Errorf("exit %d", status)
				}
				if t.Failed() {
					t.Log(s.transcript(status, row.args...))
				}
			})
		})
	}
}

// TestChecksOnUnusualClouds: what a cloud accepts and cannot do fails the check
// that is named for it, and no other.
func TestChecksOnUnusualClouds(t *testing.T) {
	const all = "listing,fidelity,refusals,isolation,snapshot,incremental,restore-existing,other-type,volume-from-backup"
	for _, row := range []struct {
		name    string
		config  cloudsim.Config
		faults  []string
		checks  string
		images  bool
		results map[string]string // all others pass
		status  int
	}{
		{name: "snapshots end in error", faults: []string{"create-snapshot=error"}, checks: all, results: map[string]string{"snapshot": "FAIL"}, status: exitFail},
		{name: "snapshots are refused", faults: []string{"POST /snapshots=403"}, checks: all, results: map[string]string{"snapshot": "SKIP"}},
		{name: "increments end in error", config: cloudsim.Config{IncrementalsFail: true}, checks: "incremental,data-incremental,disaster", images: true, results: map[string]string{"incremental": "FAIL", "data-incremental": "WARN", "disaster": "WARN"}, status: exitFail},
		{name: "Glance is down", faults: []string{"glance=refuse"}, checks: "listing,fidelity,data", images: true, results: map[string]string{"data": "SKIP"}},
		{name: "images are in use for a while", config: cloudsim.Config{ImageInUse: 25 * time.Second}, checks: "data", images: true},
		{name: "volumes are encrypted", config: cloudsim.Config{Broken: []cloudsim.Rule{cloudsim.Encrypted}}, checks: "listing,other-type", results: map[string]string{"other-type": "SKIP"}},
		{name: "answers lag", config: cloudsim.Config{Lag: 3 * time.Second, OperationTime: 4 * time.Second}, checks: "listing,fidelity,isolation,incremental,other-type,volume-from-backup"},
		{name: "answers flap", config: cloudsim.Config{Lag: 3 * time.Second, LagFlapping: true, OperationTime: 4 * time.Second}, checks: "listing,fidelity,isolation,incremental,other-type,volume-from-backup"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, row.config, row.faults...)
				if !row.images {
					noImages(s)
				}
				status := s.run(optional("core," + row.checks)...)
				failed := false
				for check := range strings.SplitSeq(row.checks, ",") {
					want := "PASS"
					if other := row.results[check]; other != "" {
						want = other
					}
					failed = failed || want == "FAIL"
					if !strings.Contains(s.stdout.String(), "\n"+check+": "+want+"\n") {
						t.Errorf("%s is not %s", check, want)
					}
				}
				if status != row.status || !strings.HasSuffix(s.stdout.String(), "\nscs-0117-test-backup: PASS\n") {
					t.Errorf("exit %d", status)
				}
				if left := s.names(); (len(left) > 0) != failed {
					t.Errorf("left: %v", left)
				}
				if t.Failed() {
					t.Log(s.transcript(status, row.checks))
				}
			})
		})
	}
}

// TestIndependentChecks: each optional check runs whatever another came to. One
// that failed keeps what it made and names it, the others delete theirs.
func TestIndependentChecks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{Broken: []cloudsim.Rule{cloudsim.LimitsWrong}}, "create-snapshot=error")
		status := s.run("--checks", "core,listing,snapshot,incremental,data", "--json", "run.json")
		said := s.stdout.String() + s.stderr.String()
		for _, want := range []string{
			"\nlisting: FAIL\n", "\nsnapshot: FAIL\n", "\nincremental: PASS\n", "\ndata: SKIP\n", "1 passed, 0 warned, 2 failed, 1 skipped\n",
			"error: listing: backup 'scs-test-listing-second'", "error: snapshot: snapshot 'scs-test-snapshot-snapshot'",
			"left in the cloud: backup 'scs-test-listing-second'", "left in the cloud: snapshot 'scs-test-snapshot-snapshot'", "scs-0117-test-backup: PASS\n",
		} {
			if strings.Count(said, want) != 1 {
				t.Errorf("not once: %q", want)
			}
		}
		kept := slices.DeleteFunc(s.names(), func(name string) bool {
			return strings.Contains(name, "scs-test-listing-") || strings.Contains(name, "scs-test-snapshot-")
		})
		if status != exitFail || len(kept) > 0 || len(s.names()) != 5 {
			t.Errorf("exit %d, left %v\n%s", status, s.names(), said)
		}
		if status := s.run("--cleanup-only", "--checks", "all"); status != exitPass || len(s.names()) > 0 {
			t.Errorf("the clean-up afterwards: exit %d, left %v", status, s.names())
		}
	})
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{})
		if status := s.run("--checks", "core,data", "--fail-on-skip"); status != exitFail || !strings.Contains(s.stderr.String(), "error: with --fail-on-skip, skipped: data\n") || !strings.HasSuffix(s.stdout.String(), "scs-0117-test-backup: PASS\n") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
		if status := s.run("--checks", "core,all"); status != exitPass || !strings.Contains(s.stdout.String(), "no other project is named; give --other-cloud NAME") {
			t.Errorf("of all, what needs a flag is skipped: exit %d\n%s", status, &s.stdout)
		}
	})
}

// TestCleanUpOutlasts: what refuses a deletion may pass within the budget, which
// is --timeout without progress.
func TestCleanUpOutlasts(t *testing.T) {
	for name, refusal := range map[string]struct {
		code int
		body string
	}{
		"cinder-backup restarts": {http.StatusNotFound, `{"itemNotFound": {"code": 404, "message": "Service cinder-backup could not be found."}}`},
		"400 for a while":        {http.StatusBadRequest, `{"badRequest": {"code": 400, "message": "Invalid backup: Backup status must be available or error"}}`},
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, "DELETE /backups/*=503") // which the answer below replaces
			put("backup", "scs-test-volume-backup", "available")(s)
			began := time.Now()
			s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
				if time.Since(began) >= 20*time.Second {
					s.sim.ClearFaults()
				}
				response, err := cloud.RoundTrip(r)
				if err == nil && r.Method == "DELETE" && response.StatusCode == http.StatusServiceUnavailable {
					response.StatusCode = refusal.code
					replaceBody(response, refusal.body)
				}
				return response, err
			}
			if status := s.run("--cleanup-only", "--timeout", "120"); status != exitPass || s.elapsed < 20*time.Second || s.elapsed > 40*time.Second || len(s.names()) > 0 {
				t.Errorf("%s: exit %d after %v\n%s", name, status, s.elapsed, &s.stderr)
			}
		})
	}
}

// TestManyBackups: a list has a budget for each of its pages, and the check
// listing ends it when it has had its own.
func TestManyBackups(t *testing.T) {
	bubble(t, func(t *testing.T) {
		unlimited := cloudsim.Quotas{Volumes: -1, Gigabytes: -1, Snapshots: -1, Backups: -1, BackupGigabytes: -1}
		s := withoutImages(t, cloudsim.Config{PageSize: 1, Latency: 45 * time.Millisecond, Quotas: &unlimited})
		for range 1500 {
			put("backup", "somebody's", "available")(s)
		}
		pages := 0 // of one
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			if r.URL.Query().Get("limit") == "1" {
				pages++
			}
			return cloud.RoundTrip(r)
		}
		if status := s.run("--checks", "listing"); status != exitPass || !strings.Contains(s.stdout.String(), "\nlisting: PASS\n") {
			t.Errorf("exit %d after %v\n%s%s", status, s.elapsed, &s.stdout, &s.stderr)
		}
		if pages < 2 || pages > 10 {
			t.Errorf("%d pages of one were asked for", pages)
		}
	})
}

// TestTolerated: what was passed over is counted in text and report.
func TestTolerated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{Lag: 2 * time.Second}, "GET /volumes/*=429*3@1", "GET /backups/detail=502*2", "GET /volumes/detail=redirect:307")
		if status := s.run("--json", "run.json"); status != exitPass {
			t.Fatalf("exit %d\n%s", status, &s.stderr)
		}
		for _, want := range []string{"3 × 429", "2 × 502", "× 404 after creating, longest 2", "redirect"} {
			if !strings.Contains(s.stdout.String(), want) {
				t.Errorf("not told: %s\n%s", want, &s.stdout)
			}
		}
		var o check.Outcome
		if err := json.Unmarshal([]byte(s.read("run.json")), &o); err != nil || len(o.Tolerated) < 4 {
			t.Errorf("%v, %+v", err, o.Tolerated)
		}
	})
}

// TestWarningsInReports: a warning of the run is in the text and in both reports,
// once.
func TestWarningsInReports(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.sim.SetRoles(cloudsim.Username, "reader", "Manager")
		status := s.run("--allow-admin", "--prefix", "ci1", "--json", "run.json", "--junit", "run.xml")
		for _, want := range []string{"with --allow-admin, a pass proves nothing about ordinary members", "ends in a letter or digit"} {
			for name, text := range map[string]string{"text": s.stderr.String(), "JSON": s.read("run.json"), "JUnit": s.read("run.xml")} {
				if strings.Count(text, want) != 1 {
					t.Errorf("%s has not once %q:\n%s", name, want, text)
				}
			}
		}
		if status != exitPass || !strings.Contains(s.read("run.json"), `"allow_admin": true`) || !strings.Contains(s.read("run.json"), `"standard": "scs-0117-v1"`) {
			t.Errorf("exit %d\n%s", status, s.read("run.json"))
		}
	})
}

// TestInterruptedPhase: a phase that was interrupted shows how long it had run
// and what it was waiting for.
func TestInterruptedPhase(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "create-backup=stuck")
		s.signal, s.after = Signal{"SIGHUP", 1}, 30*time.Second
		status := s.run("--junit", "run.xml")
		said := s.stdout.String() + s.read("run.xml")
		for _, want := range []string{"Create backup from volume   -        29.", "interrupted after a wait of ", "had status 'creating'", "scs-0117-test-backup: ABORT\n"} {
			if !strings.Contains(said, want) {
				t.Errorf("not said: %q\n%s", want, said)
			}
		}
		if status != 129 {
			t.Errorf("exit %d", status)
		}
	})
}

// TestOptionsOnEveryPath: what a check restores into has the type that was asked
// for, whichever way it is made.
func TestOptionsOnEveryPath(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{})
		s.onLine = func(string) {
			for _, v := range s.sim.Volumes() {
				if v.Type != cloudsim.OtherType {
					t.Errorf("%s has the type %s", v.Name, v.Type)
				}
			}
		}
		status := s.run("--checks", "core,listing,fidelity,snapshot,incremental,restore-existing", "--volume-type", cloudsim.OtherType)
		if status != exitPass {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}

// TestUnreadableAfterControl: once the source volume was read through images, a
// restored volume that cannot be read is the cloud's fault, unless Glance itself
// is away.
func TestUnreadableAfterControl(t *testing.T) {
	for _, row := range []struct {
		name, fault, result string
		says                []string
	}{
		{"Cinder refuses the upload", "POST /volumes/*/action=400", "FAIL", []string{"expected: to be readable through images, as the source volume was", "400 Bad Request"}},
		{"the upload never ends", "upload=stuck", "FAIL", []string{"got status 'saving' after 1m0s", "--timeout"}},
		{"the image ends otherwise", "save-image=killed", "FAIL", []string{"status 'killed'"}},
		{"Glance is away", "glance=503", "SKIP", []string{"warning: data: Glance failed while a restored volume was read: "}},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				s.onLine = func(line string) {
					if strings.HasPrefix(line, "Uploading image 'scs-test-data-restored-content'") {
						s.sim.Add(must(cloudsim.ParseFault(row.fault)))
					}
				}
				s.run("--checks", "data")
				said := s.stdout.String() + s.stderr.String()
				for _, want := range append(row.says, "\ndata: "+row.result+"\n") {
					if !strings.Contains(said, want) {
						t.Errorf("not said: %q\n%s", want, said)
					}
				}
				if row.fault == "upload=stuck" && strings.Contains(said, "cannot be uploaded") {
					t.Errorf("a time-out told as a refusal:\n%s", said)
				}
			})
		})
	}
}

// TestAbortedCheck: a check that could not be carried out does not keep the next
// one from running.
func TestAbortedCheck(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{})
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Creating volume 'scs-test-listing-volume'") {
				s.sim.Add(must(cloudsim.ParseFault("POST /volumes=proxy:502*1")))
			}
		}
		status := s.run("--checks", "core,listing,incremental", "--timeout", "20", "--parallel", "1")
		said := s.stdout.String() + s.stderr.String()
		if status != exitAbort || !strings.Contains(said, "critical: listing: ") || !strings.Contains(said, "listing                     ABORT") || !strings.Contains(said, "\nincremental: PASS\n") {
			t.Errorf("exit %d\n%s", status, said)
		}
	})
}
