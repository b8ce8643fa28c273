//go:build acceptance

package acceptance

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	catalog "volume-backup-tester/internal/check"
)

// TestChecks runs every check, with another project and another volume type at
// hand, so that none has a reason to be skipped. It is the whole of
// `make acceptance-drivers`, where the backup drivers are chunked ones.
func TestChecks(t *testing.T) {
	api := fresh(t)
	api.bystander(t, "my-scs-test-data-source")
	known := knownFailures(t, api)
	began := time.Now()
	o := check(t, "--checks", "all", "--other-cloud", "devcloud-other", "--restore-volume-type", "ceph-2",
		"--encrypted-volume-type", "luks", "--timeout", "400", "--json", "-")
	code := 0
	if len(known) > 0 {
		code = 1
	}
	o.wantCode(t, code)
	var report struct {
		Failures []struct{ Check, Got string }
	}
	if err := json.Unmarshal([]byte(o.stdout), &report); err != nil {
		t.Fatal(err)
	}
	failed := map[string]string{}
	for _, f := range report.Failures {
		failed[f.Check], _, _ = strings.Cut(f.Got, ":")
	}
	if !maps.Equal(failed, known) {
		t.Errorf("failed: %v, want %v", failed, known)
	}
	for _, c := range catalog.All() {
		if _, fails := known[c.Name]; !fails && !strings.Contains(o.stderr, "\n"+c.Title+": PASS\n") {
			t.Errorf("%s has not passed", c.Name)
		}
	}
	if !strings.HasSuffix(o.stderr, "\nscs-0117-test-backup: PASS\n") {
		t.Errorf("the text ends otherwise:\n%s", o.stderr)
	}
	for line := range strings.Lines(o.stderr) {
		if strings.Contains(line, "content verified") {
			t.Log(strings.TrimSpace(line))
		}
	}
	t.Logf("%.0f s in all", time.Since(began).Seconds())
	if len(known) > 0 {
		check(t, "--checks", "all", "--cleanup-only").wantCode(t, 0)
	}
	api.wantNothingLeft(t)
	o = check(t, "--checks", "all", "--cleanup-only", "--dry-run")
	o.wantCode(t, 0)
	if strings.Contains(o.stdout, "↳") {
		t.Errorf("snapshots or images are left:\n%s", o.stdout)
	}
}

// knownFailures is what the checks have found in the release that is tested: a check's name, and where the
// bytes begin to be wrong. A fault that is no longer seen fails the test as a new one does.
func knownFailures(t *testing.T, api *cinder) map[string]string {
	t.Helper()
	driver := backupDriver(t)
	t.Logf("release %s, backup driver %s", api.release(t), driver)
	switch {
	case api.release(t) != "2025.1":
		return nil
	case driver == "ceph":
		// A snapshot's backup comes back in a new volume without its 128 MiB of zeros: bug 2155612.
		return map[string]string{"snapshot": "data differs from offset 268435456"}
	}
	// The chunked drivers do not write an increment's zeros into a new volume, which keeps its parent's bytes.
	return map[string]string{
		"data-incremental": "data differs from offset 1048576",
		"disaster":         "data differs from offset 1048576",
	}
}

// backupDriver is what is written down in the devcloud's cinder.conf; a member cannot see it.
func backupDriver(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(cloudsYAML), "os/cinder/cinder.conf"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^backup_driver = cinder\.backup\.drivers\.(\w+)\.`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no backup driver in %s", text)
	}
	return string(found[1])
}
