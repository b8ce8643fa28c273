package cloudsim_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

const notFoundReason = "Service not found for creating backup."

// A cinder-backup that the scheduler never saw: a backup fails at once, with a reason.
func TestWithoutBackupService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{WithoutBackupService: true})
		c := connect(t, cloud)
		volume := c.volume(t, "v")
		b := c.get(t, "/backups/"+c.backup(t, volume))
		if b["status"] != "error" || b["fail_reason"] != notFoundReason || c.status(t, "/volumes/"+volume) != "available" {
			t.Errorf("backup is %v", b)
		}
	})
}

// One that dies later: what it was doing stays as it is, also after it is back, except that it puts
// right what it finds.
func TestBackupServiceDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{})
		c := connect(t, cloud)
		volume, target := c.volume(t, "v"), c.volume(t, "target")
		well, deleted, restored := cloud.PutBackup(cloudsim.Backup{}), cloud.PutBackup(cloudsim.Backup{}), cloud.PutBackup(cloudsim.Backup{})
		c.do(t, "DELETE", "/backups/"+deleted, nil, http.StatusAccepted)
		c.do(t, "POST", "/backups/"+restored+"/restore", object{"restore": object{"volume_id": target}}, http.StatusAccepted)
		cloud.StopBackupService()
		created := c.backup(t, volume)

		statuses := func(want ...any) {
			t.Helper()
			time.Sleep(time.Minute)
			for i, path := range []string{"/volumes/" + volume, "/backups/" + created, "/backups/" + deleted, "/backups/" + restored, "/volumes/" + target} {
				if want[i] == nil {
					c.do(t, "GET", path, nil, http.StatusNotFound)
				} else if got := c.status(t, path); got != want[i] {
					t.Errorf("%s is %v, want %v", path, got, want[i])
				}
			}
		}
		statuses("backing-up", "creating", "deleting", "restoring", "restoring-backup")

		// Deleting and restoring are refused; a restore's new volume is there all the same.
		gone := "Service cinder-backup could not be found."
		if got := c.do(t, "DELETE", "/backups/"+well, nil, http.StatusNotFound); got["message"] != gone {
			t.Errorf("deleting: %v", got)
		}
		if got := c.do(t, "POST", "/backups/"+well+"/restore", object{"restore": object{"name": "never"}}, http.StatusNotFound); got["message"] != gone {
			t.Errorf("restoring: %v", got)
		}
		volumes := cloud.Volumes()
		if v := volumes[len(volumes)-1]; v.Name != "never" || v.Status != "available" {
			t.Errorf("the new volume is %+v", v)
		}
		if c.status(t, "/backups/"+well) != "available" {
			t.Error("the backup was touched")
		}

		cloud.StartBackupService()
		statuses("available", "error", nil, "available", "error_restoring")
		if c.status(t, "/backups/"+c.backup(t, volume)) != "creating" {
			t.Error("it is back, but does nothing")
		}
	})
}

func TestRestartScheduler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{})
		c := connect(t, cloud)
		volume := c.volume(t, "v")
		cloud.StopBackupService()
		cloud.RestartScheduler()
		if b := c.get(t, "/backups/"+c.backup(t, volume)); b["fail_reason"] != notFoundReason {
			t.Errorf("backup is %v", b)
		}
		cloud.StartBackupService()
		backup := c.backup(t, volume)
		time.Sleep(time.Second)
		if got := c.status(t, "/backups/"+backup); got != "available" {
			t.Errorf("backup is %v", got)
		}
	})
}

// An increment passes over a failed one to a sound parent; a failed one still counts as a child.
func TestChains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{})
		c := connect(t, cloud)
		volume := c.volume(t, "v")
		parent := c.backup(t, volume)
		time.Sleep(time.Second)
		cloud.Add(fault(t, "create-backup=error*1"))
		child := c.backup(t, volume, "incremental")
		time.Sleep(time.Second)
		if b := c.get(t, "/backups/"+parent); b["has_dependent_backups"] != false {
			t.Errorf("a failed child is a dependent: %v", b)
		}
		if got := c.do(t, "DELETE", "/backups/"+parent, nil, http.StatusBadRequest); got["message"] != "Invalid backup: Incremental backups exist for this backup." {
			t.Errorf("deleting the parent: %v", got)
		}
		next := c.backup(t, volume, "incremental")
		time.Sleep(time.Second)
		if b := c.get(t, "/backups/"+next); b["status"] != "available" || b["is_incremental"] != true {
			t.Errorf("an increment after a failed one: %v", b)
		}
		c.do(t, "DELETE", "/backups/"+next, nil, http.StatusAccepted)
		c.do(t, "DELETE", "/backups/"+child, nil, http.StatusAccepted)
		time.Sleep(time.Second)
		c.do(t, "DELETE", "/backups/"+parent, nil, http.StatusAccepted)
	})
}
