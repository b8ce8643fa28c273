//go:build acceptance

package acceptance

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// devcloud stops, starts or restarts a service; `start` returns when the service answers.
func devcloud(t *testing.T, verb, service string) {
	t.Helper()
	if out, err := exec.Command(devcloudScript, verb, service).CombinedOutput(); err != nil {
		t.Fatalf("devcloud %s %s: %v: %s", verb, service, err, out)
	}
}

// mayStop sees to it that the service runs again when the test is over, however it ends.
func mayStop(t *testing.T, service string) {
	t.Helper()
	t.Cleanup(func() { devcloud(t, "start", service) })
}

// TestStoppedBackupService is one story: the runs meet what the earlier ones left.
func TestStoppedBackupService(t *testing.T) {
	api := fresh(t)
	mayStop(t, "cinder-backup")
	devcloud(t, "stop", "cinder-backup")

	// The scheduler still believes in the service: the backup stays as it is, for ever.
	check(t, "--timeout", "30").wantFailed(t, "creating", "cinder-backup", "--timeout", prefix+"volume-backup")

	// A scheduler that never saw it refuses at once. The first run's volume cannot be deleted
	// now, so that this one keeps out of its way.
	devcloud(t, "restart", "cinder-scheduler")
	yaml, create := front(t, createBackup)
	p := startCheck(t, yaml, "--prefix", prefix+"2-")
	create.reached(t, p)
	created := time.Now()
	create.open()
	o := p.wait(t)
	if took := time.Since(created); took > 5*time.Second {
		t.Errorf("%v from the backup's creation to the exit, want less than 5s", took)
	}
	o.wantFailed(t, "Service not found", "cinder-backup", prefix+"2-volume-backup")

	devcloud(t, "start", "cinder-backup")
	check(t).wantPassed(t)
	api.wantNothingLeft(t)
}

// Cinder makes the new volume before it looks for the service that is to fill it. What is then to be
// seen is a volume of the right name, available and empty.
func TestStoppedBeforeRestore(t *testing.T) {
	api, admin := fresh(t), login(t, "devcloud-admin")
	mayStop(t, "cinder-backup")
	yaml, request := front(t, restore)
	p := startCheck(t, yaml)
	request.reached(t, p)
	devcloud(t, "stop", "cinder-backup")
	eventually(t, time.Minute, "Cinder sees that cinder-backup is down", func() bool {
		return admin.serviceState(t, "cinder-backup") == "down"
	})
	request.open()
	o := p.wait(t)
	o.wantFailed(t, "cinder-backup")
	if strings.Contains(o.stdout, restorePassed) || !strings.Contains(o.stdout, backupPassed) {
		t.Error("want the backup passed and the restore not")
	}
	if left := api.ours(t); !strings.Contains(strings.Join(left, "\n"), "volumes "+prefix+"restored-backup available") {
		t.Errorf("the volume that tempts a checker is not there: %q", left)
	}

	devcloud(t, "start", "cinder-backup")
	wantCleared(t, api)
}
