package cli

import (
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestOtherCloudMistakes: another project is one that is another, and whose
// user is no administrator; else the check isolation would prove nothing.
func TestOtherCloudMistakes(t *testing.T) {
	for other, want := range map[string]string{
		"cloudsim":       "--other-cloud 'cloudsim' is the same project as 'cloudsim'",
		"cloudsim-admin": "--other-cloud 'cloudsim-admin' has an administrator's role",
		"nosuch":         "cloud 'nosuch' is not in",
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			status := s.run("--checks", "isolation", "--other-cloud", other)
			if status != exitUsage || !strings.Contains(s.stderr.String(), want) || strings.Contains(s.stdout.String(), "Creating") {
				t.Errorf("exit %d\n%s", status, &s.stderr)
			}
		})
	}
}

// TestSkips: what a cloud or the command line does not offer is told, and is no
// pass.
func TestSkips(t *testing.T) {
	for name, want := range map[string]string{
		"isolation": "no other project is named; give --other-cloud NAME", "other-type": "no other volume type is named",
		"data": "the cloud offers no image service", "disaster": "the cloud offers no image service",
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			var kept []cloudsim.Endpoint
			for _, e := range s.sim.Endpoints() {
				if e.Type != "image" {
					kept = append(kept, e)
				}
			}
			s.sim.SetEndpoints(kept...)
			status := s.run("--checks", name)
			if status != 0 || !strings.Contains(s.stdout.String(), "↳ skipped: "+want) || !strings.Contains(s.stdout.String(), "\n"+name+": SKIP\n") || strings.Contains(s.stdout.String(), "scs-0117") {
				t.Errorf("%s: exit %d\n%s%s", name, status, &s.stdout, &s.stderr)
			}
		})
	}
}

// TestLeftoversOfFurtherChecks: a clean-up that leaves snapshots alone says what
// clears a volume that it cannot delete because of one.
func TestLeftoversOfFurtherChecks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		r := cloudsim.Resource{Name: "scs-test-snapshot-volume", Status: "available", Size: 1}
		volume := s.sim.PutVolume(cloudsim.Volume{Resource: r})
		s.sim.PutSnapshot(cloudsim.Snapshot{Resource: r, VolumeID: volume})
		s.sim.PutImage(cloudsim.Image{Resource: cloudsim.Resource{Name: "scs-test-data-source"}})
		public := cloudsim.Image{Resource: cloudsim.Resource{Project: cloudsim.OtherProject, Name: "scs-test-data-source"}, Visibility: "public"}
		s.sim.PutImage(public) // to be seen here, and somebody else's
		if status := s.run("--cleanup-only"); status != 1 || !strings.Contains(s.stderr.String(), "--cleanup-only --checks all") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
		if status := s.run("--cleanup-only", "--checks", "all"); status != 0 || !slices.Equal(s.names(), []string{"image scs-test-data-source"}) {
			t.Errorf("exit %d, left %v\n%s", status, s.names(), &s.stderr)
		}
	})
}

// TestLostDeletionOfACheck: a deletion whose answer is lost is asked for again,
// and that there is nothing left to delete is then no failure.
func TestLostDeletionOfACheck(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{OperationTime: time.Millisecond}, "DELETE /backups/*=lose*1@1")
		if status := s.run("--checks", "incremental"); status != 0 || !strings.Contains(s.stdout.String(), "incremental: PASS") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}
