package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// endings are runs of every kind.
var endings = []struct {
	name            string
	faults          []string
	prepare         func(*scene)
	args            []string
	status          int
	verdict         string
	tests, fail     int
	errors, skipped int
}{
	{name: "pass", verdict: "PASS", tests: 3},
	{name: "fail", faults: []string{"create-backup=error"}, status: 1, verdict: "FAIL", tests: 3, fail: 1, skipped: 1},
	{name: "abort", faults: []string{"POST /volumes=403"}, status: 3, verdict: "ABORT", tests: 3, errors: 1, skipped: 2},
	{name: "no login", faults: []string{"POST /v3/auth/tokens=503"}, status: 3, verdict: "ABORT", tests: 4, errors: 1, skipped: 3},
	{name: "no Block Storage", prepare: func(s *scene) { s.sim.SetEndpoints() }, status: 1, verdict: "FAIL", tests: 4, fail: 1, skipped: 3},
	{name: "leftovers", prepare: undeletable, args: []string{"--timeout", "5"}, status: 1, verdict: "FAIL", tests: 4, fail: 1, skipped: 3},
	{name: "interrupted", prepare: func(s *scene) { s.signal, s.after = Signal{"SIGINT", 2}, 150*time.Millisecond }, status: 130, verdict: "ABORT", tests: 4, errors: 1, skipped: 2},
	{name: "unknown region", prepare: func(s *scene) {
		s.clouds = strings.ReplaceAll(string(s.sim.ClientConfig()), "RegionOne", "Nowhere")
	}, status: 2, verdict: "ABORT", tests: 4, errors: 1, skipped: 3},
	{name: "skipped check", args: []string{"--checks", "core,data"}, prepare: noImages, verdict: "PASS", tests: 4, skipped: 1},
	{name: "optional check alone", args: []string{"--checks", "listing"}, tests: 1},
	{name: "clean-up", args: []string{"--cleanup-only"}, prepare: leftover, tests: 1},
	{name: "clean-up of nothing", args: []string{"--cleanup-only", "--older-than", "1h"}, tests: 1},
	{name: "clean-up that fails", args: []string{"--cleanup-only", "--timeout", "5"}, prepare: undeletable, status: 1, tests: 1, fail: 1},
	{name: "clean-up without a login", args: []string{"--cleanup-only", "--timeout", "5"}, faults: []string{"POST /v3/auth/tokens=503"}, status: 3, tests: 1, errors: 1},
	{name: "dry run", args: []string{"--cleanup-only", "--dry-run"}, prepare: leftover, tests: 1, skipped: 1},
}

func leftover(s *scene) {
	s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-volume", Status: "available", Size: 1}})
}

// TestReports: both files are there whatever the run comes to, hold to the
// schema and to what GitLab and Jenkins read, and agree with the text.
func TestReports(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../report/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range endings {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{}, row.faults...)
				if row.prepare != nil {
					row.prepare(s)
				}
				if status := s.run(append(row.args, "--json", "run.json", "--junit", "run.xml")...); status != row.status {
					t.Fatalf("exit %d\n%s", status, &s.stderr)
				}
				raw := s.read("run.json")
				parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(raw))
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(parsed); err != nil {
					t.Errorf("%v\n%s", err, raw)
				}
				var r check.Outcome
				if err := json.Unmarshal([]byte(raw), &r); err != nil {
					t.Fatal(err)
				}
				if string(r.Verdict) != row.verdict || r.ExitStatus != row.status || (len(r.Failures) == 0) != (row.status == 0) {
					t.Errorf("verdict %q, exit %d, failure %v", r.Verdict, r.ExitStatus, r.Failures)
				}
				if row.verdict != "" && !strings.HasSuffix(s.stdout.String(), "scs-0117-test-backup: "+row.verdict+"\n") {
					t.Errorf("the text ends otherwise than in %s:\n%s", r.Verdict, &s.stdout)
				}
				for _, f := range r.Failures {
					if !strings.Contains(s.stderr.String(), f.Summary) {
						t.Errorf("no %q in the text:\n%s", f.Summary, &s.stderr)
					}
				}
				if r.Requests != int64(len(s.sim.Log())) {
					t.Errorf("%d requests, sent were %d", r.Requests, len(s.sim.Log()))
				}
				if r.Ended.Sub(r.Started) != s.elapsed {
					t.Errorf("from %v to %v, it took %v", r.Started, r.Ended, s.elapsed)
				}
				for _, l := range r.Left {
					i := slices.IndexFunc(r.Resources, func(t check.Timeline) bool { return t.ID == l.ID })
					if i < 0 || len(r.Resources[i].Statuses) == 0 {
						continue
					}
					if last := r.Resources[i].Statuses[len(r.Resources[i].Statuses)-1].Status; l.Status != last {
						t.Errorf("%s is left with status %q, and was last shown with %q", l, l.Status, last)
					}
				}
				if row.name == "fail" && !slices.ContainsFunc(r.Left, func(l check.Leftover) bool { return l.Status == "error" }) {
					t.Errorf("what failed is not left with its status: %v", r.Left)
				}
				if (len(r.Left) > 0) != (r.CleanupCommand != "") || len(s.names()) > 0 && row.name == "fail" && len(r.Left) != len(s.names()) {
					t.Errorf("left %v, command %q", r.Left, r.CleanupCommand)
				}
				s.readsAsJUnit(t, row.tests, row.fail, row.errors, row.skipped)
			})
		})
	}
}

// read is a file in the working directory.
func (s *scene) read(name string) string {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(raw)
}

// TestReportOnStdout: then everything else, the verdict line included, goes to
// stderr.
func TestReportOnStdout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		if status := s.run("--json", "-"); status != 0 {
			t.Fatalf("exit %d", status)
		}
		var r check.Outcome
		if err := json.Unmarshal(s.stdout.Bytes(), &r); err != nil || r.Verdict != "PASS" {
			t.Errorf("%v\n%s", err, &s.stdout)
		}
		if !strings.HasSuffix(s.stderr.String(), "scs-0117-test-backup: PASS\n") {
			t.Errorf("stderr:\n%s", &s.stderr)
		}
		if status := s.run("--junit", "-"); status != 0 || !strings.HasPrefix(s.stdout.String(), "<?xml") {
			t.Errorf("exit %d\n%s", status, &s.stdout)
		}
	})
}

// TestReportCannotBeWritten: found out before anything is begun, or else no
// PASS, and never a part of a file.
func TestReportCannotBeWritten(t *testing.T) {
	for _, path := range []string{"nosuch/run.json", "."} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			if status := s.run("--json", path); status != exitUsage || !strings.HasPrefix(s.stderr.String(), "critical: writing ") || len(s.sim.Log()) > 0 {
				t.Errorf("%s: exit %d, %d requests\n%s", path, status, len(s.sim.Log()), &s.stderr)
			}
		})
	}
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		if status := s.run("--json", "/dev/full"); status != exitAbort || !strings.Contains(s.stderr.String(), "critical: writing /dev/full: no space left on device") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
		if !strings.HasSuffix(s.stdout.String(), "scs-0117-test-backup: ABORT\n") {
			t.Errorf("stdout:\n%s", &s.stdout)
		}
	})
	for _, args := range [][]string{{"--cleanup-only"}, {"--checks", "listing"}} { // these have no verdict
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			if status := s.run(append(args, "--json", "/dev/full")...); status != exitAbort || strings.Contains(s.stdout.String(), "scs-0117-test-backup") {
				t.Errorf("%s: exit %d, stdout:\n%s", args, status, &s.stdout)
			}
		})
	}
	bubble(t, func(t *testing.T) { // the directory goes away while the run lasts
		s := newScene(t, cloudsim.Config{})
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Create empty volume: PASS") {
				if err := os.RemoveAll(filepath.Join(s.dir, "reports")); err != nil {
					t.Error(err)
				}
			}
		}
		s.makeDir = "reports"
		if status := s.run("--junit", "reports/run.xml"); status != exitAbort || !strings.Contains(s.stderr.String(), "no such file or directory") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}

// TestQuiet leaves results, verdict and errors.
func TestQuiet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		want := "Create empty volume: PASS\nCreate backup from volume: PASS\nRestore volume from backup: PASS\nscs-0117-test-backup: PASS\n"
		if status := s.run("--quiet"); status != 0 || s.stdout.String() != want || s.stderr.Len() > 0 {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "create-backup=error")
		want := "Create empty volume: PASS\nscs-0117-test-backup: FAIL\n"
		if status := s.run("--quiet"); status != 1 || s.stdout.String() != want || !strings.HasPrefix(s.stderr.String(), "error: Create backup from volume: ") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}

// TestCleanUpReports: the reports of a clean-up name what it has deleted, what not
// and why, and what it would delete.
func TestCleanUpReports(t *testing.T) {
	for _, row := range []struct {
		args  []string
		junit []string // in order
		json  func(o check.Outcome) bool
	}{
		{
			nil, []string{`<failure message="clean-up could not delete everything: 1 left"`, "not deleted: backup &#39;scs-test-backup&#39;", "reason: 403 Forbidden", "<system-out>deleted: volume &#39;scs-test-young&#39;", "deleted: volume &#39;scs-test-old&#39;"},
			func(o check.Outcome) bool {
				return len(o.Left) == 1 && strings.HasPrefix(o.Left[0].Reason, "403 Forbidden") && len(o.Resources) == 3 && !slices.ContainsFunc(o.Resources, func(r check.Timeline) bool { return !r.Deleted })
			},
		},
		{
			[]string{"--dry-run", "--older-than", "1h"}, []string{"<skipped message=\"--dry-run: nothing was deleted\"", "would be deleted: backup &#39;scs-test-backup&#39;", "would be deleted: volume &#39;scs-test-old&#39;", "left alone: volume &#39;scs-test-young&#39; (", "): it was created at "},
			func(o check.Outcome) bool {
				return len(o.Left) == 0 && len(o.LeftAlone) == 1 && o.LeftAlone[0].Name == "scs-test-young" && len(o.Resources) == 2 && !slices.ContainsFunc(o.Resources, func(r check.Timeline) bool { return r.Deleted })
			},
		},
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, "DELETE /backups/*=403")
			a := aged{s, time.Now()}
			a.backup("backup", day, cloudsim.Backup{})
			a.volume("old", day)
			a.volume("young", time.Minute)
			s.run(append([]string{"--cleanup-only", "--timeout", "5", "--json", "run.json", "--junit", "run.xml"}, row.args...)...)
			rest := s.read("run.xml")
			for _, want := range row.junit {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("%s is not where it should be in\n%s", want, s.read("run.xml"))
				}
				rest = after
			}
			var o check.Outcome
			if err := json.Unmarshal([]byte(s.read("run.json")), &o); err != nil || !row.json(o) || !strings.Contains(s.read("run.json"), `"verdict": null`) {
				t.Errorf("%v\n%s", err, s.read("run.json"))
			}
		})
	}
}
