package cli

import (
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// verdicts is the table of what a run can end in. Each row's whole transcript
// is a golden file; status and verdict line stand here, so that a careless
// update cannot change them.
var verdicts = []struct {
	name    string
	faults  []string
	config  cloudsim.Config
	prepare func(s *scene)
	args    []string
	status  int
	verdict string // "": no verdict line
}{
	{name: "pass", verdict: "PASS"},
	{name: "pass-typed", args: []string{"--volume-type", "cloudsim-2", "--availability-zone", "nova"}, verdict: "PASS"},
	{name: "backup-zone-unknown", args: []string{"--backup-availability-zone", "elsewhere"}, status: 1, verdict: "FAIL"},

	// each phase: in error, never settling, vanishing
	{name: "volume-error", faults: []string{"create-volume=error"}, status: 1, verdict: "FAIL"},
	{name: "volume-stuck", faults: []string{"create-volume=stuck"}, status: 1, verdict: "FAIL"},
	{name: "volume-vanishes", faults: []string{"create-volume=vanish"}, status: 1, verdict: "FAIL"},
	{name: "backup-error", faults: []string{"create-backup=error"}, status: 1, verdict: "FAIL"},
	{name: "backup-stuck", faults: []string{"create-backup=stuck"}, status: 1, verdict: "FAIL"},
	{name: "backup-vanishes", faults: []string{"create-backup=vanish"}, status: 1, verdict: "FAIL"},
	{name: "restore-error", faults: []string{"restore=error_restoring"}, status: 1, verdict: "FAIL"},
	{name: "restore-stuck", faults: []string{"restore=stuck"}, args: []string{"--timeout", "15"}, status: 1, verdict: "FAIL"},
	{name: "restore-vanishes", faults: []string{"restore=vanish"}, status: 1, verdict: "FAIL"},

	// answers that are wrong, unusable or missing
	{name: "volume-500", faults: []string{"POST /volumes=500"}, status: 1, verdict: "FAIL"},
	{name: "backup-html-502", faults: []string{"POST /backups=html:502"}, status: 1, verdict: "FAIL"},
	{name: "backup-garbage", faults: []string{"POST /backups=garbage"}, status: 1, verdict: "FAIL"},
	{name: "backup-null", faults: []string{"POST /backups=null"}, status: 1, verdict: "FAIL"},
	{name: "restore-empty", faults: []string{"POST /backups/*/restore=empty"}, status: 1, verdict: "FAIL"},
	{name: "restore-lost", faults: []string{"POST /backups/*/restore=lose*1"}, status: 3, verdict: "ABORT"},
	{name: "restore-always-lost", faults: []string{"POST /backups/*/restore=lose"}, status: 1, verdict: "FAIL"},
	{name: "show-503", faults: []string{"GET /volumes/*=503@1"}, status: 1, verdict: "FAIL"},
	{name: "show-503-thrice", faults: []string{"GET /volumes/*=503*3@1"}, verdict: "PASS"},
	{name: "show-hour", faults: []string{"GET /volumes/*=503+3600@1"}, status: 1, verdict: "FAIL"},
	{name: "create-503-with-retry-after", faults: []string{"POST /backups=503+7*2"}, verdict: "PASS"},
	{name: "show-dropped", faults: []string{"GET /volumes/*=drop@1"}, status: 3, verdict: "ABORT"},
	{name: "list-500", faults: []string{"GET /backups/detail=500"}, status: 1, verdict: "FAIL"},

	// the backup API is not offered
	{name: "backup-403", faults: []string{"POST /backups=403"}, status: 1, verdict: "FAIL"},
	{name: "backup-list-403", faults: []string{"GET /backups/detail=403"}, status: 1, verdict: "FAIL"},
	{name: "backup-list-404", faults: []string{"GET /backups/detail=404"}, status: 1, verdict: "FAIL"},
	{name: "backup-quota-zero", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 10, Gigabytes: 1000, Snapshots: 10, BackupGigabytes: 1000}}, status: 1, verdict: "FAIL"},
	{name: "no-block-storage", prepare: func(s *scene) {
		s.sim.SetEndpoints(cloudsim.Endpoint{Type: "identity", Name: "keystone", Region: "RegionOne", Interface: "public", URL: "/identity"})
	}, status: 1, verdict: "FAIL"},

	// cinder-backup: never there, dead at each step
	{name: "without-backup-service", config: cloudsim.Config{WithoutBackupService: true}, status: 1, verdict: "FAIL"},
	{name: "backup-service-dies", prepare: func(s *scene) { s.sim.StopBackupService() }, status: 1, verdict: "FAIL"},
	{name: "backup-service-dies-before-restore", prepare: func(s *scene) {
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Create backup from volume: PASS") {
				s.sim.StopBackupService()
			}
		}
	}, status: 1, verdict: "FAIL"},
	{name: "backup-service-dies-before-clean-up", prepare: func(s *scene) {
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Restore volume from backup: PASS") {
				s.sim.StopBackupService()
			}
		}
	}, status: 1, verdict: "FAIL"},

	// preconditions that are not the backup API
	{name: "volume-403", faults: []string{"POST /volumes=403"}, status: 3, verdict: "ABORT"},
	{name: "volume-quota", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Gigabytes: 1000, Backups: 10, BackupGigabytes: 1000}}, status: 3, verdict: "ABORT"},
	{name: "restore-volume-quota", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 1, Gigabytes: 1000, Backups: 10, BackupGigabytes: 1000}}, status: 3, verdict: "ABORT"},
	{name: "backup-quota-used", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 10, Gigabytes: 1000, Backups: 1, BackupGigabytes: 1000}}, prepare: func(s *scene) {
		s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "somebody's", Status: "available", Size: 1}})
	}, status: 3, verdict: "ABORT"},
	{name: "backup-gigabytes-zero", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 10, Gigabytes: 1000, Backups: 10}}, status: 1, verdict: "FAIL"},
	{name: "backup-gigabytes-used", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 10, Gigabytes: 1000, Backups: 10, BackupGigabytes: 1}}, prepare: put("backup", "somebody's", "available"), status: 3, verdict: "ABORT"},
	{name: "gigabytes-zero", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 10, Backups: 10, BackupGigabytes: 1000}}, status: 3, verdict: "ABORT"},
	{name: "gigabytes-used", config: cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 10, Gigabytes: 1, Backups: 10, BackupGigabytes: 1000}}, prepare: put("volume", "somebody's", "available"), status: 3, verdict: "ABORT"},
	{name: "quota-without-limits", faults: []string{"POST /backups=quota", "GET /limits=500"}, status: 1, verdict: "FAIL"},
	{name: "quota-without-answer", faults: []string{"POST /backups=quota", "GET /limits=refuse"}, status: 3, verdict: "ABORT"},
	{name: "unknown-volume-type", args: []string{"--volume-type", "nosuch"}, status: 3, verdict: "ABORT"},
	{name: "administrator", prepare: as("cloudsim-admin"), status: 3, verdict: "ABORT"},
	{name: "administrator-allowed", prepare: as("cloudsim-admin"), args: []string{"--allow-admin"}, verdict: "PASS"},

	// Keystone, the login, the network
	{name: "keystone-refuses", faults: []string{"POST /v3/auth/tokens=refuse"}, status: 3, verdict: "ABORT"},
	{name: "keystone-503", faults: []string{"POST /v3/auth/tokens=503"}, status: 3, verdict: "ABORT"},
	{name: "keystone-garbage", faults: []string{"POST /v3/auth/tokens=garbage"}, status: 3, verdict: "ABORT"},
	{name: "wrong-password", prepare: func(s *scene) {
		s.clouds = strings.ReplaceAll(string(s.sim.ClientConfig()), "password: secret", "password: wrong")
	}, status: 3, verdict: "ABORT"},
	{name: "cinder-401", faults: []string{"cinder=401"}, status: 3, verdict: "ABORT"},
	{name: "backups-401", faults: []string{"GET /backups/detail=401"}, status: 1, verdict: "FAIL"},
	{name: "token-expires", prepare: func(s *scene) {
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Create empty volume: PASS") {
				s.sim.RevokeTokens()
			}
		}
	}, verdict: "PASS"},
	{name: "cinder-refuses", faults: []string{"cinder=refuse"}, status: 3, verdict: "ABORT"},
	{name: "backups-refused", faults: []string{"GET /backups/detail=refuse"}, status: 1, verdict: "FAIL"},

	// configuration
	{name: "other-region", prepare: func(s *scene) {
		s.clouds = strings.ReplaceAll(string(s.sim.ClientConfig()), "region_name: RegionOne", "region_name: Nowhere")
	}, status: 2, verdict: "ABORT"},
	{name: "other-interface", prepare: func(s *scene) {
		s.clouds = strings.ReplaceAll(string(s.sim.ClientConfig()), "region_name: RegionOne", "region_name: RegionOne\n    interface: sideways")
	}, status: 2, verdict: "ABORT"},
	{name: "no-project", prepare: func(s *scene) {
		s.clouds = strings.ReplaceAll(string(s.sim.ClientConfig()), "project_name:", "no_project_name:")
	}, status: 2, verdict: "ABORT"},

	// clean-up alone
	{name: "cleanup-only-nothing", args: []string{"--cleanup-only"}},
	{name: "cleanup-only-admin", prepare: as("cloudsim-admin"), args: []string{"--cleanup-only"}},
	{name: "cleanup-only-leftovers", prepare: someLeftovers, args: []string{"--cleanup-only"}},
	{name: "cleanup-only-dry-run", prepare: someLeftovers, args: []string{"--cleanup-only", "--dry-run"}},
	{name: "cleanup-only-undeletable", prepare: undeletable, args: []string{"--cleanup-only"}, status: 1},
	{name: "cleanup-only-keystone-refuses", faults: []string{"POST /v3/auth/tokens=refuse"}, args: []string{"--cleanup-only"}, status: 3},
	{name: "leftovers-before-a-test", prepare: undeletable, status: 1, verdict: "FAIL"},
	{name: "deletion-does-nothing", faults: []string{"delete-volume=available"}, status: 1, verdict: "FAIL"},
	{name: "deletion-fails", faults: []string{"delete-volume=error_deleting"}, status: 1, verdict: "FAIL"},
}

func as(cloud string) func(*scene) { return func(s *scene) { s.env["OS_CLOUD"] = cloud } }

func put(kind, name, status string) func(*scene) {
	return func(s *scene) {
		r := cloudsim.Resource{Name: name, Status: status, Size: 1, CreatedAt: time.Now().Add(-90 * time.Minute)}
		if kind == "backup" {
			s.sim.PutBackup(cloudsim.Backup{Resource: r})
			return
		}
		s.sim.PutVolume(cloudsim.Volume{Resource: r})
	}
}

func all(steps ...func(*scene)) func(*scene) {
	return func(s *scene) {
		for _, step := range steps {
			step(s)
		}
	}
}

var (
	lookAlikes    = all(put("volume", "", "available"), put("volume", "my-scs-test-volume", "available"), put("backup", "SCS-TEST-volume", "available"), put("backup", "", "error"))
	someLeftovers = all(lookAlikes, put("volume", "scs-test-volume", "available"), put("volume", "scs-test-restored-backup", "error_restoring"), put("backup", "scs-test-volume-backup", "error"))
	undeletable   = all(lookAlikes, put("volume", "scs-test-a", "error_deleting"), put("volume", "scs-test-b", "available"), put("backup", "scs-test-c", "creating"), put("volume", "scs-test-d", "in-use"))
)

func TestVerdicts(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range verdicts {
		if seen[row.name] {
			t.Fatalf("two rows %s", row.name)
		}
		seen[row.name] = true
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, row.config, row.faults...)
				if row.prepare != nil {
					row.prepare(s)
				}
				status := s.run(row.args...)
				if status != row.status {
					t.Errorf("exit status %d, want %d", status, row.status)
				}
				lines := strings.Split(strings.TrimRight(s.stdout.String(), "\n"), "\n")
				last := lines[len(lines)-1]
				want := "scs-0117-test-backup: " + row.verdict
				if row.verdict != "" && last != want {
					t.Errorf("last line %q, want %q", last, want)
				}
				if row.verdict == "" && strings.Contains(s.stdout.String(), "scs-0117-test-backup") {
					t.Errorf("a verdict line: %q", last)
				}
				diagnosed := strings.Contains(s.stderr.String(), "error: ") || strings.Contains(s.stderr.String(), "critical: ")
				if (row.status == 0) == diagnosed {
					t.Errorf("exit %d with this on stderr:\n%s", status, &s.stderr)
				}
				golden(t, row.name, s.transcript(status, row.args...))
			})
		})
	}
}
