package cli

import (
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// TestEncryptedUnreadable: a download that breaks off says nothing about the
// backups, of whichever volume.
func TestEncryptedUnreadable(t *testing.T) {
	for _, fault := range []string{"GET /images/*/file=cut*1", "GET /images/*/file=cut*1@1"} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, fault)
			if status := s.run(optional("encrypted")...); status != exitPass || !strings.Contains(s.stdout.String(), "\nencrypted: SKIP\n") {
				t.Errorf("%s: exit %d\n%s%s", fault, status, &s.stdout, &s.stderr)
			}
		})
	}
}
