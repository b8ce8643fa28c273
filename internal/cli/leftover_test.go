package cli

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

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

// TestSnapshotsUnlisted: that the cloud gives no list of snapshots says nothing about
// its backups, and keeps nothing else from being deleted. A clean-up alone is not to
// pass for whole where the list may come later.
func TestSnapshotsUnlisted(t *testing.T) {
	const refused, failing, blocked = "GET /snapshots/detail=403", "GET /snapshots/detail=500", "GET /snapshots/detail=proxy:503"
	for _, row := range []struct {
		fault  string
		args   string
		status int
		told   int
		last   string
	}{
		{refused, "--checks core,listing", exitPass, 1, "scs-0117-test-backup: PASS"},
		{failing, "--checks core,listing", exitPass, 1, "scs-0117-test-backup: PASS"},
		{blocked, "--checks core,listing", exitPass, 1, "scs-0117-test-backup: PASS"},
		{refused, "--checks listing", exitPass, 1, ""},
		{refused, "--checks core,snapshot", exitAbort, 1, "scs-0117-test-backup: PASS"},
		{refused, "--checks all --cleanup-only", exitPass, 1, "clean-up: 1 deleted"},
		{failing, "--checks all --cleanup-only", exitFail, 0, ""},
		{blocked, "--checks all --cleanup-only", exitAbort, 0, ""},
	} {
		t.Run(row.fault+" "+row.args, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{}, row.fault)
				put("volume", "scs-test-x", "available")(s)
				status := s.run(strings.Fields(row.args)...)
				told := strings.Count(s.stderr.String(), "warning: snapshots of earlier runs, if there are any, are not deleted: ")
				if status != row.status || !strings.HasSuffix(s.stdout.String(), row.last+"\n") || told != row.told {
					t.Errorf("exit %d, told %d times\n%s%s", status, told, &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestUnasked: what no deletion was asked for, because those before it were never
// answered, is not what Cinder did not delete.
func TestUnasked(t *testing.T) {
	for _, volumes := range []int{4, 5, 9} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, "DELETE /volumes/*=slow:60s")
			for i := range volumes {
				put("volume", fmt.Sprint("scs-test-", i), "available")(s)
			}
			status := s.run("--cleanup-only", "--timeout", "5")
			said := s.stderr.String()
			if status != exitAbort || strings.Contains(said, "Cinder lets a member delete only from") || strings.Contains(said, "reason: not asked for: ") != (volumes > 4) {
				t.Errorf("%d volumes: exit %d\n%s", volumes, status, said)
			}
		})
	}
}

// TestFlappingList: what one of the API's nodes goes on listing does not keep a
// clean-up from its end.
func TestFlappingList(t *testing.T) {
	for _, every := range []int{2, 3, 5} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			const id = "11111111-2222-4333-8444-555555555555"
			lists, stop := 0, time.Now().Add(10*time.Minute)
			s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
				if time.Now().After(stop) {
					s.cancel()
				}
				response, err := cloud.RoundTrip(r)
				if err == nil && strings.HasSuffix(r.URL.Path, "/backups/detail") {
					if lists++; lists%every == 1 {
						replaceBody(response, `{"backups": [{"id": "`+id+`", "name": "scs-test-x", "status": "available", "size": 1, "volume_id": "`+id+`", "created_at": "2000-01-01T00:00:00.000000"}]}`)
					}
				}
				return response, err
			}
			if status := s.run("--cleanup-only", "--timeout", "10"); status > exitFail || s.elapsed > time.Minute {
				t.Errorf("listed once in %d times: exit %d after %s\n%s%s", every, status, s.elapsed, &s.stdout, &s.stderr)
			}
		})
	}
}

// TestSlowDeletion: Cinder is deleting it, so that no administrator has to do
// anything yet; a parent that was left for that is not what cannot be deleted.
func TestSlowDeletion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "delete-backup=stuck*1")
		source := s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "another", Status: "available", Size: 1}})
		parent := s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-p", Status: "available", Size: 1}, VolumeID: source, Dependents: 1})
		s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-c", Status: "available", Size: 1}, VolumeID: source, ParentID: parent})
		status := s.run("--cleanup-only", "--timeout", "6")
		said := s.stderr.String()
		for _, want := range []string{"hint: if the cloud is merely slow, wait or allow more with --timeout; if it stays so, an administrator has to run: ", "reason: not asked for: incremental backups that build on it are not gone"} {
			if status != exitFail || !strings.Contains(said, want) {
				t.Errorf("exit %d, not %q:\n%s", status, want, said)
			}
		}
	})
}

// TestCleanupCommand deletes what is left when it is pasted: with what the run
// needed too.
func TestCleanupCommand(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "restore=error_restoring")
		s.clouds, s.stdin = memberCloud("", ""), cloudsim.Password+"\n"
		const command = " --cleanup-only --checks all --timeout 200 --ask\n"
		if status := s.run("--checks", "core,listing", "--timeout", "200", "--ask"); status != exitFail || !strings.Contains(s.stderr.String(), command) {
			t.Fatalf("exit %d\n%s", status, &s.stderr)
		}
		s.stdin = cloudsim.Password + "\n"
		if status := s.run(strings.Fields(command)...); status != exitPass || len(s.names()) > 0 {
			t.Errorf("exit %d, left %v\n%s", status, s.names(), &s.stderr)
		}
	})
}
