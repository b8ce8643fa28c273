package cli

import (
	"slices"
	"strings"
	"testing"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// optional runs the optional checks with all that they need.
func optional(checks string) []string {
	return []string{"--checks", checks, "--other-cloud", "cloudsim-other", "--restore-volume-type", cloudsim.OtherType, "--encrypted-volume-type", cloudsim.EncryptedType}
}

// TestAllChecksPass: on a sound cloud every check passes, one after the other and
// beside each other, the verdict line comes last, and nothing is left.
func TestAllChecksPass(t *testing.T) {
	for _, parallel := range []string{"1", "4"} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			lookAlikes(s)
			before := s.names()
			args := append(optional("all"), "--parallel", parallel)
			status := s.run(args...)
			if status != 0 || s.stderr.Len() > 0 {
				t.Fatalf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
			}
			for _, c := range check.All() {
				if !strings.Contains(s.stdout.String(), "\n"+c.Title+": PASS\n") {
					t.Errorf("%s has not passed", c.Name)
				}
			}
			if !strings.HasSuffix(s.stdout.String(), "\nscs-0117-test-backup: PASS\n") {
				t.Errorf("stdout ends otherwise:\n%s", &s.stdout)
			}
			if left := s.names(); !slices.Equal(left, before) {
				t.Errorf("left: %v", left)
			}
			downloads := 0
			for _, r := range s.sim.Log() {
				if r.Method == "GET" && strings.HasSuffix(r.Path, "/file") {
					downloads++
				}
			}
			if downloads != 3 { // of the check encrypted, whose volumes differ in length
				t.Errorf("%d downloads, though Glance's hash tells that the bytes are right", downloads)
			}
			if parallel == "1" {
				golden(t, "checks-all", s.transcript(status, args...))
			}
		})
	}
}

// TestWrongBytes: bytes that came back wrong are told by Glance's hash, and the download that follows
// says which.
func TestWrongBytes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{Broken: []cloudsim.Rule{cloudsim.RestoreFlipsBytes}})
		args := []string{"--checks", "data", "--parallel", "1"} // the order of the lines
		status := s.run(args...)
		golden(t, "data-wrong-bytes", s.transcript(status, args...))
	})
}

// TestWrongBytesInNewVolume: an increment that is restored right into a volume that is there before fails with
// what to do with such backups. The volume that shows it does not stay in the way of other checks.
func TestWrongBytesInNewVolume(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{Broken: []cloudsim.Rule{cloudsim.IncrementLosesZeros}})
		status := s.run("--checks", "disaster")
		const hint = "hint: restore such backups into an existing volume: volume 'scs-test-disaster-existing'"
		if status != exitFail || !strings.Contains(s.stderr.String(), hint) {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
		if left := s.names(); slices.Contains(left, "volume scs-test-disaster-existing") {
			t.Errorf("left: %v", left)
		}
	})
}
