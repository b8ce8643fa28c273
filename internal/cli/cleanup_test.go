package cli

import (
	"fmt"
	"regexp"
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
			ids = append(ids, last(r.Path))
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

// TestCleanUpOfMany goes over several pages, with chains of incremental
// backups: a few deletions at a time, newest first, and few requests besides.
func TestCleanUpOfMany(t *testing.T) {
	const latency, atOnce, leftovers = 20 * time.Millisecond, 4, 120
	for _, row := range []struct {
		name     string
		failed   bool // increments are, and Cinder does not tell that their parents have dependents
		faults   []string
		timeout  string
		requests int // at most
		refused  int // with 429
		least    time.Duration
		within   time.Duration
	}{
		{"calm", false, nil, "60", leftovers + 35, 0, 2 * time.Second, 7 * time.Second},
		{"increments that failed", true, nil, "60", leftovers + 75, 0, 2 * time.Second, 6 * time.Second},
		{"increments that failed, on a slow cloud", true, []string{"delete-backup=slow:1m"}, "90", leftovers + 400, 0, time.Minute, 150 * time.Second},
		{"429", false, []string{"DELETE /backups/*=429+2*20@9", "DELETE /volumes/*=429+2*20@9"}, "60", leftovers + 100, 40, 20 * time.Second, time.Minute},
		{"429 at once", false, []string{"DELETE /backups/*=429+2*2", "DELETE /volumes/*=429+2*2"}, "60", leftovers + 50, 4, 4 * time.Second, 12 * time.Second},
		{"asking takes longer than the time-out", false, []string{"DELETE /volumes/*=slow:1s"}, "2", leftovers + 45, 0, 15 * time.Second, 25 * time.Second},
		{"some answers take longer than the time-out", false, []string{"DELETE /volumes/*=slow:25s*4@20"}, "20", leftovers + 45, 0, 25 * time.Second, 30 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{PageSize: 20, Latency: latency, OperationTime: time.Second}, row.faults...)
				created := s.leaveMany(leftovers, row.failed)
				if status := s.run("--cleanup-only", "--timeout", row.timeout); status != 0 || len(s.names()) > 0 {
					t.Fatalf("exit %d, left %v\n%s", status, s.names(), &s.stderr)
				}
				line := regexp.MustCompile(`(?m)^↳ deleting (backup|volume) 'scs-test-\d+' \([0-9a-f-]{36}\), \d+ min old$`)
				if n := len(line.FindAllString(s.stdout.String(), -1)); n != leftovers {
					t.Errorf("%d whole lines about deletions, want %d", n, leftovers)
				}
				if n := len(s.sim.Log()); n > row.requests {
					t.Errorf("%d requests, want at most %d", n, row.requests)
				}
				if s.elapsed < row.least || s.elapsed > row.within {
					t.Errorf("took %v, want %v to %v", s.elapsed, row.least, row.within)
				}
				refused := 0
				var round []cloudsim.Request // the deletions asked for since the last listing
				var told, until time.Time    // to stay away
				for _, r := range s.sim.Log() {
					if r.Time.After(told) && r.Time.Before(until) {
						t.Errorf("%s %s before the Retry-After of 2 s was over", r.Method, r.Path)
					}
					if r.Status == 429 {
						refused++
						told = r.Time.Add(latency)
						until = told.Add(2 * time.Second)
					}
					if r.Method != "DELETE" {
						round = nil
						continue
					}
					round = append(round, r)
					if i := len(round) - 1 - atOnce; i >= 0 && r.Time.Sub(round[i].Time) < latency {
						t.Errorf("%v: more than %d at once", r.Time, atOnce)
					}
					// Those under way together may overtake one another.
					if i := len(round) - 2*atOnce; i >= 0 && created[last(round[i].Path)].Before(created[last(r.Path)]) {
						t.Errorf("%s was asked for long before %s, which is newer", round[i].Path, r.Path)
					}
				}
				if refused != row.refused {
					t.Errorf("429 was answered %d times, want %d", refused, row.refused)
				}
				t.Logf("%s: %d requests in %v", row.name, len(s.sim.Log()), s.elapsed)
			})
		})
	}
}

// leaveMany leaves backups, each third of them full with two increments, and as
// many volumes, and returns when each was created.
func (s *scene) leaveMany(n int, failed bool) (created map[string]time.Time) {
	created = map[string]time.Time{}
	born := time.Now().Add(-10 * time.Minute)
	resource := func(i int) cloudsim.Resource {
		born = born.Add(time.Second)
		return cloudsim.Resource{Name: fmt.Sprintf("scs-test-%d", i), Status: "available", Size: 1, CreatedAt: born}
	}
	var parent string
	for i := range n / 2 {
		v := cloudsim.Volume{Resource: resource(i)}
		created[s.sim.PutVolume(v)] = v.CreatedAt
		b := cloudsim.Backup{Resource: resource(i)}
		full := i%3 == 0
		switch {
		case full:
			parent = ""
		case failed:
			b.Status = "error"
		}
		b.ParentID = parent
		if !failed && i%3 < 2 {
			b.Dependents = 1
		}
		id := s.sim.PutBackup(b)
		if full || !failed { // nothing is based on what failed
			parent = id
		}
		created[id] = b.CreatedAt
	}
	return created
}

// last is the last segment of a path.
func last(path string) string { return path[strings.LastIndex(path, "/")+1:] }

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
		for i := range 3 { // each is asked for at once, and goes much later than the one before
			f, err := cloudsim.ParseFault(fmt.Sprintf("delete-volume=slow:%ds*1", (i+1)*50))
			if err != nil {
				t.Fatal(err)
			}
			s.sim.Add(f)
			s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-x"}})
		}
		if status := s.run("--cleanup-only"); status != 0 || s.elapsed < 5*time.Minute {
			t.Errorf("exit %d after %v\n%s", status, s.elapsed, &s.stderr)
		}
	})
}

// TestForeignDependents: a backup that somebody else's incremental builds on
// cannot be deleted, and theirs is not touched. That is believed some time after
// the last of ours has gone, which might have been what was in the way.
func TestForeignDependents(t *testing.T) {
	for _, told := range []int{0, 1} { // Cinder does not tell of a dependent that failed
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, "delete-backup=slow:15s")
			other := s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-other"}})
			parent := s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-full", Status: "available", Size: 1}, Dependents: told})
			s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "theirs", Status: "available", Size: 1}, ParentID: parent})
			if status := s.run("--cleanup-only"); status != 1 || len(s.names()) != 2 || s.elapsed < 25*time.Second {
				t.Errorf("exit %d after %v, left %v", status, s.elapsed, s.names())
			}
			for _, id := range s.deleted() {
				if id != parent && id != other {
					t.Errorf("asked to delete %s", id)
				}
			}
			if !strings.Contains(s.stderr.String(), "Incremental backups exist for this backup") {
				t.Errorf("the cloud's reason is missing:\n%s", &s.stderr)
			}
		})
	}
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

// TestPagesOverlap: what two pages of a list name is one thing, deleted once.
func TestPagesOverlap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{PageSize: 2, Broken: []cloudsim.Rule{cloudsim.PageRepeats}})
		for _, name := range []string{"a", "b", "c"} {
			s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-" + name, Status: "available"}})
		}
		status := s.run("--cleanup-only")
		deletions := 0
		for _, r := range s.sim.Log() {
			deletions += strings.Count(r.Method, "DELETE")
		}
		if status != exitPass || strings.Count(s.stdout.String(), "deleting backup") != 3 || deletions != 3 {
			t.Errorf("exit %d, %d deletions\n%s%s", status, deletions, &s.stdout, &s.stderr)
		}
	})
}
