package cloudsim_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// An administrator gives resources the statuses that Cinder has for them, and nothing else changes.
func TestResetStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		volume := s.volume()
		backup := s.backup(volume)
		inContainer := s.backupWith(volume, object{"container": "elsewhere"})
		admin := connectAs(t, s.cloud, passwordLogin(cloudsim.AdminUsername, cloudsim.AdminPassword, cloudsim.AdminProject), cloudsim.AdminProject)
		reset := func(path string, members object, code int) {
			t.Helper()
			admin.do(t, "POST", path+"/action", object{"os-reset_status": members}, code)
		}
		for path, statuses := range map[string][]string{"/volumes/" + volume: {"deleting", "in-use", "nosuch", ""}, "/backups/" + backup: {"creating", "nosuch", ""}} {
			for _, status := range statuses {
				reset(path, object{"status": status}, http.StatusBadRequest)
			}
			reset(path, object{}, http.StatusBadRequest)
			if got := s.status(path); got != "available" {
				t.Errorf("%s is %v after refusals", path, got)
			}
			reset(path, object{"status": "ERROR"}, http.StatusAccepted)
			if got := s.status(path); got != "error" {
				t.Errorf("%s is %v", path, got)
			}
		}
		reset("/backups/"+inContainer, object{"status": "error"}, http.StatusAccepted)
		for id, want := range map[string]string{backup: "backups", inContainer: "elsewhere"} {
			if got := s.of("backup", id, "container"); got != want {
				t.Errorf("container is %v, want %s", got, want)
			}
		}
		s.do("POST", "/volumes/"+volume+"/action", object{"os-detach": object{}}, http.StatusAccepted)
		s.do("POST", "/volumes/"+volume+"/action", object{"os-attach": object{"mountpoint": "/dev/vdb", "host_name": "h"}}, http.StatusAccepted)
		reset("/volumes/"+volume, object{"status": "error"}, http.StatusAccepted)
		reset("/volumes/"+volume, object{"status": "in-use"}, http.StatusAccepted)
		if got := s.status("/volumes/" + volume); got != "in-use" {
			t.Errorf("an attached volume is %v", got)
		}
	})
}

// The driver's container is not known before the driver is done; one that was asked for is.
func TestContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		for asked, want := range map[string]any{"": nil, "elsewhere": "elsewhere"} {
			more := object{"volume_id": s.volume()}
			if asked != "" {
				more["container"] = asked
			}
			id := s.member.do(t, "POST", "/backups", object{"backup": more}, http.StatusAccepted)["id"].(string)
			if got := s.of("backup", id, "container"); got != want {
				t.Errorf("asked for %q: %v, want %v", asked, got, want)
			}
			time.Sleep(time.Second)
		}
	})
}
