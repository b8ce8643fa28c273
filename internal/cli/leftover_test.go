package cli

import (
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// TestOtherBackupDriver: a backup of another driver than today's cannot be
// deleted, which no waiting changes. Seen on Cinder 26.0.0.
func TestOtherBackupDriver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "delete-backup=error")
		s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-x", Status: "error"},
			FailReason: "Delete backup aborted, the backup service currently configured [ceph] is not the backup service that was used to create this backup [posix]."})
		if status := s.run("--cleanup-only"); status != exitFail || !strings.Contains(s.stderr.String(), "hint: Cinder deletes it only with the backup driver that it was made with") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}
