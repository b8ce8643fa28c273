//go:build acceptance

package acceptance

import (
	"strings"
	"testing"
	"time"

	catalog "volume-backup-tester/internal/check"
)

// TestChecks runs every check, with another project and another volume type at
// hand, so that none has a reason to be skipped. It is the whole of
// `make acceptance-posix`, where the backup driver is a chunked one.
func TestChecks(t *testing.T) {
	api := fresh(t)
	api.bystander(t, "my-scs-test-data-source")
	began := time.Now()
	o := check(t, "--checks", "all", "--other-cloud", "devcloud-other", "--restore-volume-type", "ceph-2", "--timeout", "400", "--json", "-")
	o.wantCode(t, 0)
	for _, c := range catalog.All() {
		if !strings.Contains(o.stderr, "\n"+c.Title+": PASS\n") {
			t.Errorf("%s has not passed", c.Name)
		}
	}
	if !strings.HasSuffix(o.stderr, "\nscs-0117-test-backup: PASS\n") {
		t.Errorf("the text ends otherwise:\n%s", o.stderr)
	}
	for line := range strings.Lines(o.stderr) {
		if strings.Contains(line, "MB/s") {
			t.Log(strings.TrimSpace(line))
		}
	}
	t.Logf("%.0f s in all", time.Since(began).Seconds())
	api.wantNothingLeft(t)
	o = check(t, "--checks", "all", "--cleanup-only", "--dry-run")
	o.wantCode(t, 0)
	if strings.Contains(o.stdout, "↳") {
		t.Errorf("snapshots or images are left:\n%s", o.stdout)
	}
}
