//go:build acceptance

package acceptance

import (
	"os"
	"slices"
	"testing"
	"time"
)

func TestFullRun(t *testing.T) {
	api := fresh(t)
	for _, name := range []any{"my-scs-test-volume", "SCS-TEST-volume", "scs-tes", nil} {
		api.bystander(t, name)
	}
	check(t).wantPassed(t)
	api.wantNothingLeft(t)
}

// A cloud restores into its default type unless the checker sees to it.
func TestVolumeType(t *testing.T) {
	api := fresh(t)
	yaml, cleanup := front(t, deleteBackup)
	p := startCheck(t, yaml, "--volume-type", "ceph-2")
	cleanup.reached(t, p) // all phases are over, nothing is deleted yet
	types := map[string]string{}
	for _, v := range api.list(t, "volumes") {
		types[v.Name] = v.VolumeType
	}
	cleanup.open()
	p.wait(t).wantPassed(t)
	cleanup.wantRestored(t)
	for _, name := range []string{prefix + "volume", prefix + "restored-backup"} {
		if types[name] != "ceph-2" {
			t.Errorf("volume %s has the type %q, want ceph-2", name, types[name])
		}
	}
	api.wantNothingLeft(t)
}

func TestInterruptedRunIsCleared(t *testing.T) {
	api := fresh(t)
	yaml, look := front(t, showBackup) // never opened: the checker gets no answer
	p := startCheck(t, yaml)
	look.reached(t, p)
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	o := p.wait(t)
	o.wantCode(t, 130)
	o.wantVerdict(t, "ABORT")
	volume, backup := "volume '"+prefix+"volume'", "backup '"+prefix+"volume-backup'"
	wantWords(t, o.stderr, "left in the cloud: "+volume, "left in the cloud: "+backup, "--cleanup-only")
	eventually(t, time.Minute, "leftovers settled", func() bool {
		return slices.Equal(api.ours(t), []string{"backups scs-test-volume-backup available", "volumes scs-test-volume available"})
	})

	o = check(t, "--cleanup-only", "--dry-run")
	o.wantCode(t, 0)
	o.wantVerdict(t, "")
	wantWords(t, o.stdout, volume, backup)
	if left := api.ours(t); len(left) != 2 {
		t.Errorf("after the dry run there is %q", left)
	}

	wantCleared(t, api)
}

// fresh logs in to a project in which nothing of ours is left, not even by a test that failed.
func fresh(t *testing.T) *cinder {
	t.Helper()
	api := login(t, "devcloud")
	if len(api.ours(t)) > 0 {
		wantCleared(t, api)
	}
	return api
}

// wantCleared runs --cleanup-only and looks whether it did what it says.
func wantCleared(t *testing.T, api *cinder) {
	t.Helper()
	o := check(t, "--cleanup-only", "--checks", "all")
	o.wantCode(t, 0)
	o.wantVerdict(t, "")
	api.wantNothingLeft(t)
}
