package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// deleted lists the ids that the run asked to delete, from the request log.
func (s *scene) deleted() (ids []string) {
	for _, r := range s.sim.Log() {
		if r.Method == "DELETE" {
			ids = append(ids, r.Path[strings.LastIndex(r.Path, "/")+1:])
		}
	}
	return ids
}

// TestCleanUpTouchesOnlyItsOwn looks at what was asked of the cloud, not only
// at what became of it.
func TestCleanUpTouchesOnlyItsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: -1, Gigabytes: -1, Snapshots: -1, Backups: -1, BackupGigabytes: -1}})
		ours, others := map[string]bool{}, map[string]bool{}
		for i, name := range []string{
			"scs-test-volume", "scs-test-", "scs-test-another", // ours
			"", "scs-tes", "SCS-TEST-volume", " scs-test-volume", "my-scs-test-volume", "scs_test-volume", "scs-test", "volume-scs-test-",
		} {
			r := cloudsim.Resource{Name: name, Status: "available", Size: 1}
			mine := others
			if i < 3 {
				mine = ours
			}
			mine[s.sim.PutVolume(cloudsim.Volume{Resource: r})] = true
			mine[s.sim.PutBackup(cloudsim.Backup{Resource: r})] = true
		}
		elsewhere := cloudsim.Resource{Project: cloudsim.OtherProject, Name: "scs-test-volume", Status: "available", Size: 1}
		others[s.sim.PutVolume(cloudsim.Volume{Resource: elsewhere})] = true

		if status := s.run(); status != 0 {
			t.Fatalf("exit %d\n%s", status, &s.stderr)
		}
		asked := s.deleted()
		for _, id := range asked {
			if others[id] {
				t.Errorf("asked to delete %s, which is not ours", id)
			}
			delete(ours, id)
		}
		if len(ours) > 0 {
			t.Errorf("never asked to delete %v", ours)
		}
		for id := range others {
			if !slices.ContainsFunc(s.sim.Volumes(), func(v cloudsim.Volume) bool { return v.ID == id }) &&
				!slices.ContainsFunc(s.sim.Backups(), func(b cloudsim.Backup) bool { return b.ID == id }) {
				t.Errorf("%s is gone", id)
			}
		}
		for _, r := range s.sim.Log() {
			if r.Method != "GET" && r.Method != "POST" && r.Method != "DELETE" {
				t.Errorf("an unexpected %s %s", r.Method, r.Path)
			}
			if r.Header.Get("OpenStack-API-Version") != "" || r.Header.Get("X-OpenStack-Volume-API-Version") != "" {
				t.Errorf("%s %s has a microversion header", r.Method, r.Path)
			}
		}
	})
}

// TestCleanUpOfMany goes over several pages, with chains of incremental backups.
func TestCleanUpOfMany(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{PageSize: 7, Latency: 5 * time.Millisecond})
		born := time.Now().Add(-time.Hour)
		resource := func(i int) cloudsim.Resource {
			born = born.Add(time.Second)
			return cloudsim.Resource{Name: fmt.Sprintf("scs-test-%d", i), Status: "available", Size: 1, CreatedAt: born}
		}
		var parent string
		for i := range 60 {
			s.sim.PutVolume(cloudsim.Volume{Resource: resource(i)})
			if i%3 == 0 {
				parent = ""
			}
			b := cloudsim.Backup{Resource: resource(i), ParentID: parent}
			if i%3 < 2 {
				b.Dependents = 1
			}
			parent = s.sim.PutBackup(b)
		}
		if status := s.run("--cleanup-only"); status != 0 {
			t.Fatalf("exit %d\n%s", status, &s.stderr)
		}
		if left := s.names(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		if n := strings.Count(s.stdout.String(), "↳ deleting "); n != 120 {
			t.Errorf("%d lines about deletions, want 120", n)
		}
		t.Logf("%d requests in %v", len(s.sim.Log()), s.elapsed)
	})
}

// TestCleanUpFromEveryStatus: deleted from where Cinder lets a member, waited
// for where it may still change, told where it may not.
func TestCleanUpFromEveryStatus(t *testing.T) {
	const gone, stuck, waits = "gone", "stuck", "waits"
	for _, row := range []struct{ kind, status, want string }{
		{"backup", "available", gone}, {"backup", "error", gone}, {"backup", "error_deleting", stuck},
		{"backup", "creating", waits}, {"backup", "restoring", waits}, {"backup", "deleting", waits}, {"backup", "unheard-of", waits},
		{"volume", "available", gone}, {"volume", "error", gone}, {"volume", "error_restoring", gone}, {"volume", "error_extending", gone},
		{"volume", "error_managing", gone}, {"volume", "error_deleting", stuck}, {"volume", "in-use", stuck}, {"volume", "awaiting-transfer", stuck},
		{"volume", "creating", waits}, {"volume", "backing-up", waits}, {"volume", "restoring-backup", waits}, {"volume", "reserved", waits},
		{"volume", "maintenance", waits}, {"volume", "unheard-of", waits},
	} {
		t.Run(row.kind+"/"+row.status, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				put(row.kind, "scs-test-x", row.status)(s)
				status := s.run("--cleanup-only", "--timeout", "20")
				want := map[string]int{gone: 0, stuck: 1, waits: 1}[row.want]
				if status != want {
					t.Errorf("exit %d, want %d\n%s", status, want, &s.stderr)
				}
				if row.want == waits && s.elapsed != 20*time.Second {
					t.Errorf("waited %v, want 20s", s.elapsed)
				}
				if row.want == stuck && s.elapsed > time.Second {
					t.Errorf("waited %v for what cannot change", s.elapsed)
				}
				if row.want != gone && !strings.Contains(s.stderr.String(), "'"+row.status+"'") {
					t.Errorf("the status is not named:\n%s", &s.stderr)
				}
				if deletes := len(s.deleted()); (row.want == gone) != (deletes > 0) {
					t.Errorf("%d deletions asked for", deletes)
				}
			})
		})
	}
}

// TestCleanUpWaitsUntilDeletable: what a failed run left in the midst of an
// operation is deleted when the operation ends.
func TestCleanUpWaitsUntilDeletable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		id := s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-x", Status: "backing-up", Size: 1}})
		time.AfterFunc(30*time.Second, func() { s.sim.SetStatus(id, "available") })
		if status := s.run("--cleanup-only"); status != 0 || len(s.names()) > 0 {
			t.Errorf("exit %d, left %v\n%s", status, s.names(), &s.stderr)
		}
	})
}

// TestBudgetRestartsWithProgress: the time-out is for a clean-up in which
// nothing happens, not for a long one.
func TestBudgetRestartsWithProgress(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		for i := range 5 {
			id := s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-x", Status: "restoring", Size: 1}})
			time.AfterFunc(time.Duration(i+1)*40*time.Second, func() { s.sim.SetStatus(id, "available") })
		}
		if status := s.run("--cleanup-only"); status != 0 || s.elapsed < 3*time.Minute {
			t.Errorf("exit %d after %v\n%s", status, s.elapsed, &s.stderr)
		}
	})
}

// TestForeignDependents: a backup that somebody else's incremental builds on
// cannot be deleted, and theirs is not touched.
func TestForeignDependents(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		parent := s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-full", Status: "available", Size: 1}, Dependents: 1})
		s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "theirs", Status: "available", Size: 1}, ParentID: parent})
		if status := s.run("--cleanup-only"); status != 1 || len(s.names()) != 2 {
			t.Errorf("exit %d, left %v", status, s.names())
		}
		for _, id := range s.deleted() {
			if id != parent {
				t.Errorf("asked to delete %s", id)
			}
		}
		if !strings.Contains(s.stderr.String(), "Incremental backups exist for this backup") {
			t.Errorf("the cloud's reason is missing:\n%s", &s.stderr)
		}
	})
}

// TestNextRunAfterFailure: whatever a failed run left, the next one passes.
func TestNextRunAfterFailure(t *testing.T) {
	for _, fault := range []string{
		"create-volume=error", "create-backup=error", "restore=error_restoring", "POST /volumes=lose", "POST /backups=lose",
		"POST /backups/*/restore=lose", "POST /backups/*/restore=cut", "GET /volumes/*=500@2", "GET /backups/*=drop@1", "delete-volume=error",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{}, fault)
				if status := s.run(); status == 0 {
					t.Fatal("passed")
				}
				s.sim.ClearFaults()
				if status := s.run(); status != 0 || len(s.names()) > 0 {
					t.Errorf("the next run: exit %d, left %v\n%s", status, s.names(), &s.stderr)
				}
			})
		})
	}
}
