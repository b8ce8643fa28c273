package cli

import (
	"slices"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// detachments are the requests to detach something.
func (s *scene) detachments() (n int) {
	for _, r := range s.sim.Log() {
		if strings.HasSuffix(r.Path, "/action") && strings.Contains(string(r.Body), "os-detach") {
			n++
		}
	}
	return n
}

// TestCleanUpDetaches: what the check in-use has left attached does not block a
// later run.
func TestCleanUpDetaches(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "create-backup=error*1")
		if status := s.run("--checks", "in-use"); status != exitFail || s.detachments() != 0 || !slices.Contains(s.names(), "volume scs-test-in_use-volume") {
			t.Fatalf("exit %d, left %v\n%s", status, s.names(), &s.stderr)
		}
		if status := s.run("--cleanup-only", "--checks", "all", "--dry-run"); status != exitPass || s.detachments() != 0 {
			t.Errorf("a dry run: exit %d, %d detached\n%s", status, s.detachments(), &s.stderr)
		}
		if status := s.run("--cleanup-only", "--checks", "all"); status != exitPass || s.detachments() != 1 || len(s.names()) > 0 {
			t.Errorf("exit %d, %d detached, left %v\n%s%s", status, s.detachments(), s.names(), &s.stdout, &s.stderr)
		}
	})
}

// TestCleanUpDetachesNothingElse: any other attachment may be somebody's mount,
// and a refused detachment ends in a leftover.
func TestCleanUpDetachesNothingElse(t *testing.T) {
	own := cloudsim.Attachment{ID: "11111111-1111-4111-8111-111111111111", Device: "/dev/volume-backup-tester"}
	server := own
	server.ServerID = "22222222-2222-4222-8222-222222222222"
	for _, row := range []struct {
		what        string
		attachments []cloudsim.Attachment
		name        string
		fault       string
		detached    int
		says        string
	}{
		{"another device", []cloudsim.Attachment{{ID: own.ID, Device: "/dev/vdb"}}, "scs-test-v", "", 0, "in-use"},
		{"a server", []cloudsim.Attachment{server}, "scs-test-v", "", 0, "detach it from its server"},
		{"two", []cloudsim.Attachment{own, server}, "scs-test-v", "", 0, "in-use"},
		{"another name", []cloudsim.Attachment{own}, "my-scs-test-v", "", 0, ""},
		{"refused", []cloudsim.Attachment{own}, "scs-test-v", "POST /volumes/*/action=403", 1, "403 Forbidden"},
	} {
		t.Run(row.what, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var faults []string
				if row.fault != "" {
					faults = append(faults, row.fault)
				}
				s := newScene(t, cloudsim.Config{}, faults...)
				s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: row.name, Status: "in-use"}, Attachments: row.attachments})
				want := exitFail
				if row.says == "" {
					want = exitPass
				}
				if status := s.run("--cleanup-only"); status != want || s.detachments() != row.detached || !strings.Contains(s.stderr.String(), row.says) || len(s.names()) != 1 {
					t.Errorf("exit %d, %d detached, left %v\n%s", status, s.detachments(), s.names(), &s.stderr)
				}
			})
		})
	}
}

// TestInUseWithoutPermission: whether a member may attach a volume is policy's
// affair, not the backups'.
func TestInUseWithoutPermission(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "POST /volumes/*/action=403")
		if status := s.run("--checks", "in-use"); status != exitPass || !strings.Contains(s.stdout.String(), "policy does not let this user attach a volume") || !strings.Contains(s.stdout.String(), "in-use: SKIP") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}
