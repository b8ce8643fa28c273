package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"volume-backup-tester/internal/check"
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

// TestEncryptedVolumes: where all volumes are encrypted, what does not look at
// their bytes is checked as elsewhere, and the rest says why it cannot be.
func TestEncryptedVolumes(t *testing.T) {
	why := map[string]string{"other-type": "the volumes are encrypted, and Cinder refuses by design to restore an encrypted backup onto another type"}
	passes := []string{"listing", "fidelity", "refusals", "isolation", "incremental", "encrypted"}
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		status := s.run(append(optional("all"), "--volume-type", cloudsim.EncryptedType)...)
		for _, c := range check.All() {
			want := fmt.Sprintf("↳ %s\n%s: SKIP\n", cmp.Or(why[c.Name], "volumes are encrypted, and what is uploaded of one is ciphertext"), c.Title)
			if c.Mandatory || slices.Contains(passes, c.Name) {
				want = "\n" + c.Title + ": PASS\n"
			}
			if !strings.Contains(s.stdout.String(), want) {
				t.Errorf("not said: %q", want)
			}
		}
		if status != exitPass || t.Failed() {
			t.Error(s.transcript(status))
		}
	})
}
