package cli

import (
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestOnFailureClean: a failed run deletes what it has made, and the failure stays
// the first one, whatever the clean-up meets. After a signal it deletes nothing.
func TestOnFailureClean(t *testing.T) {
	for _, row := range []struct {
		name    string
		faults  []string
		args    []string
		prepare func(*scene)
		status  int
		verdict string
		errs    string   // of the first failure
		also    string   // of the clean-up
		more    int      // failures after the first
		left    []string // in the cloud
	}{
		{name: "failed phase", faults: []string{"create-backup=error"}, status: 1, verdict: "FAIL", errs: "error: Create backup from volume: "},
		{name: "not asked for", faults: []string{"create-backup=error"}, args: []string{"--on-failure", "keep"}, status: 1, verdict: "FAIL", errs: "error: Create backup from volume: ", left: []string{"backup scs-test-volume-backup", "volume scs-test-volume"}},
		{name: "could not be tested", faults: []string{"POST /volumes=403@1"}, args: []string{"--volume-type", "cloudsim-2"}, status: 3, verdict: "ABORT", errs: "critical: Restore volume from backup: "},
		{
			name: "optional check", faults: []string{"restore=error_restoring@1"}, args: []string{"--checks", "core,restore-existing,listing"},
			status: 1, verdict: "PASS", errs: "error: restore-existing: ",
		},
		{
			name: "refused", faults: []string{"create-backup=error", "DELETE /volumes/*=403"}, args: []string{"--timeout", "5"},
			status: 1, verdict: "FAIL", errs: "error: Create backup from volume: ", also: "not deleted: volume 'scs-test-volume'", left: []string{"volume scs-test-volume"},
		},
		{
			name: "zone without cinder-backup", args: []string{"--backup-availability-zone", "elsewhere", "--timeout", "5"},
			status: 1, verdict: "FAIL", errs: "error: Create backup from volume: ", also: "hint: correct --backup-availability-zone", left: []string{"backup scs-test-volume-backup"},
		},
		{
			name: "network gone", faults: []string{"create-backup=error", "GET /backups/detail=drop@1"}, args: []string{"--timeout", "5"},
			status: 1, verdict: "FAIL", errs: "error: Create backup from volume: ", also: "warning: after the failure: ", left: []string{"backup scs-test-volume-backup", "volume scs-test-volume"},
		},
		{
			name: "interrupted before", prepare: func(s *scene) { s.signal, s.after = Signal{"SIGTERM", 15}, 150*time.Millisecond },
			status: 143, verdict: "ABORT", errs: "critical: interrupted by SIGTERM", left: []string{"backup scs-test-volume-backup", "volume scs-test-volume"},
		},
		{
			name: "interrupted after an optional check", faults: []string{"create-backup=error*1@1"},
			args: []string{"--checks", "core,incremental,listing", "--parallel", "1"},
			prepare: func(s *scene) {
				s.signal = Signal{"SIGTERM", 15}
				s.onLine = func(line string) {
					if strings.HasPrefix(line, "↳ waiting for volume 'scs-test-incremental-volume'") {
						s.cancel()
					}
				}
			},
			status: 143, verdict: "PASS", errs: "error: listing: ", also: "critical: interrupted by SIGTERM", more: 1, left: []string{"backup scs-test-listing-backup", "volume scs-test-incremental-volume", "volume scs-test-listing-volume"},
		},
		{
			name: "interrupted while it cleans up", faults: []string{"create-backup=error", "delete-volume=stuck"},
			prepare: func(s *scene) { s.signal, s.after = Signal{"SIGTERM", 15}, 10*time.Second },
			status:  1, verdict: "FAIL", errs: "error: Create backup from volume: ", also: "warning: after the failure: interrupted by SIGTERM", left: []string{"volume scs-test-volume"},
		},
		{
			name: "administrator", prepare: func(s *scene) {
				s.env["OS_CLOUD"] = "cloudsim-admin"
				s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-volume", Status: "available", Size: 1, Project: cloudsim.AdminProject}})
			},
			status: 3, verdict: "ABORT", errs: "critical: user 'admin' has the roles", left: []string{"volume scs-test-volume"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{}, row.faults...)
				if row.prepare != nil {
					row.prepare(s)
				}
				status := s.run(append([]string{"--on-failure", "clean", "--json", "run.json"}, row.args...)...)
				left, errs := s.names(), s.stderr.String()
				slices.Sort(left)
				if status != row.status || !strings.HasSuffix(s.stdout.String(), "scs-0117-test-backup: "+row.verdict+"\n") || !slices.Equal(left, row.left) {
					t.Errorf("exit %d, %q left, want %d, %q\n%s%s", status, left, row.status, row.left, &s.stdout, errs)
				}
				if !strings.Contains(errs, row.errs) || !strings.Contains(errs, row.also) || strings.Count(errs, "error: ")+strings.Count(errs, "critical: ") != 1+row.more {
					t.Errorf("stderr has not once %q, and %q:\n%s", row.errs, row.also, errs)
				}
				if told := strings.Contains(s.read("run.json"), `"left": []`); told != (len(row.left) == 0 || row.name == "administrator") {
					t.Errorf("what is left in the report:\n%s", s.read("run.json"))
				}
			})
		})
	}
}
