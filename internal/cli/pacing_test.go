package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// deletions are the requests for one deletion, oldest first.
func (s *scene) deletions(id string) (all []cloudsim.Request) {
	for _, r := range s.sim.Log() {
		if r.Method == "DELETE" && last(r.Path) == id {
			all = append(all, r)
		}
	}
	return all
}

// leave puts a volume or a backup with the prefix into the cloud.
func (s *scene) leave(kind, name string) (id string) {
	r := cloudsim.Resource{Name: "scs-test-" + name, Status: "available", Size: 1}
	if kind == "backup" {
		return s.sim.PutBackup(cloudsim.Backup{Resource: r})
	}
	return s.sim.PutVolume(cloudsim.Volume{Resource: r})
}

// TestDeletionUndone: a deletion that is accepted and comes to nothing is asked
// for again, not in a rush, until the budget is used up. Real clouds do so for
// minutes after a failed upload.
func TestDeletionUndone(t *testing.T) {
	for kind, fault := range map[string]string{"volume": "delete-volume=available*3", "backup": "delete-backup=available*3"} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, fault)
			id := s.leave(kind, "x")
			status := s.run("--cleanup-only")
			if status != exitPass || len(s.names()) > 0 || len(s.deletions(id)) != 4 {
				t.Errorf("%s: exit %d, left %v, asked %d times\n%s", kind, status, s.names(), len(s.deletions(id)), &s.stderr)
			}
			for i, r := range s.deletions(id) {
				if i > 0 && r.Time.Sub(s.deletions(id)[i-1].Time) < 10*time.Second {
					t.Errorf("asked again after %v", r.Time.Sub(s.deletions(id)[i-1].Time))
				}
			}
			if s.elapsed > 50*time.Second {
				t.Errorf("took %v", s.elapsed)
			}
		})
	}
}

// TestRefusedAndThenBusy: what was refused for long enough to believe it, and is
// in the midst of an operation now, may be deleted when that is over.
func TestRefusedAndThenBusy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "DELETE /volumes/*=400")
		id := s.leave("volume", "x")
		time.AfterFunc(9*time.Second, func() { s.sim.SetStatus(id, "backing-up") })
		time.AfterFunc(30*time.Second, func() { s.sim.ClearFaults(); s.sim.SetStatus(id, "available") })
		if status := s.run("--cleanup-only"); status != exitPass || s.elapsed < 30*time.Second {
			t.Errorf("exit %d after %v\n%s", status, s.elapsed, &s.stderr)
		}
	})
}

// TestRefusedAndThenAccepted: a leftover whose deletion was accepted in the end
// is not told with an earlier refusal.
func TestRefusedAndThenAccepted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "DELETE /volumes/*=400*1", "delete-volume=available")
		s.leave("volume", "x")
		status := s.run("--cleanup-only")
		if status != exitFail || !strings.Contains(s.stderr.String(), "reason: its deletion was accepted, and it is still there\n") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}

// TestDeletionUnauthorized: a token that is refused for deletions only, however
// often it is renewed, says nothing about any leftover.
func TestDeletionUnauthorized(t *testing.T) {
	for _, args := range [][]string{nil, {"--cleanup-only"}} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, "DELETE /volumes/*=401")
			for i := range 20 {
				s.leave("volume", fmt.Sprint(i))
			}
			status := s.run(args...)
			if status != exitAbort || strings.Contains(s.stderr.String(), "not deleted: ") {
				t.Errorf("exit %d\n%s", status, &s.stderr)
			}
			if n := len(s.deleted()); n > 10 { // each of four is repeated with a new token
				t.Errorf("asked for %d deletions", n)
			}
		})
	}
}

// TestListsTheOtherWayRound: newest first is this program's own order, not that
// of the cloud's list.
func TestListsTheOtherWayRound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const leftovers = 40
		s := newScene(t, cloudsim.Config{PageSize: 1000, Latency: 10 * time.Millisecond, OperationTime: time.Second})
		born := time.Now().Add(-time.Hour)
		created := map[string]time.Time{}
		for i := range leftovers {
			r := cloudsim.Resource{Name: fmt.Sprint("scs-test-", i), CreatedAt: born.Add(time.Duration(i) * time.Minute)}
			created[s.sim.PutBackup(cloudsim.Backup{Resource: r})] = r.CreatedAt
		}
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			response, err := cloud.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/backups/detail") {
				var body struct {
					Backups []json.RawMessage `json:"backups"`
				}
				if err := json.Unmarshal(must(io.ReadAll(response.Body)), &body); err != nil {
					t.Fatal(err)
				}
				slices.Reverse(body.Backups)
				replaceBody(response, string(must(json.Marshal(map[string]any{"backups": append([]json.RawMessage{}, body.Backups...)}))))
			}
			return response, err
		}
		if status := s.run("--cleanup-only"); status != exitPass || len(s.deleted()) != leftovers {
			t.Errorf("exit %d, %d deletions\n%s", status, len(s.deleted()), &s.stderr)
		}
		asked := s.deleted()
		for i := 8; i < len(asked); i++ { // those under way together may overtake one another
			if created[asked[i]].After(created[asked[i-8]]) {
				t.Errorf("deletion %d is of an older one than deletion %d", i-8, i)
			}
		}
	})
}

// TestDryRun: everything that a clean-up would delete is listed, whatever it has
// to be waited for, and nothing is asked for.
func TestDryRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		undeletable(s)
		parent := s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-full"}, Dependents: 1})
		s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-child"}, ParentID: parent})
		before := s.names()
		status := s.run("--cleanup-only", "--dry-run", "--checks", "all")
		for _, name := range before {
			kind, name, _ := strings.Cut(name, " ")
			line := "↳ would delete " + kind + " '" + name + "' ("
			if told := strings.Contains(s.stdout.String(), line); told != strings.HasPrefix(name, "scs-test-") {
				t.Errorf("%q is told: %t", line, told)
			}
		}
		if status != exitPass || len(s.creates()) > 0 || !slices.Equal(s.names(), before) || s.elapsed > 0 {
			t.Errorf("exit %d after %v, asked for %v\n%s%s", status, s.elapsed, s.creates(), &s.stdout, &s.stderr)
		}
	})
}

// TestNothingToCleanUp: where there is no kind to clean up, no clean-up is told.
func TestNothingToCleanUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{})
		if status := s.run("--checks", "core,listing"); status != exitPass || strings.Contains(s.stdout.String(), "Cleaning up  ") {
			t.Errorf("exit %d\n%s", status, &s.stdout)
		}
	})
}

// TestRenamedToldOnce: what was renamed is one leftover, however often the
// clean-up has listed it.
func TestRenamedToldOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "delete-volume=slow:5s")
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Restore volume from backup: PASS") {
				s.rename("volume", s.id("volume", "scs-test-restored-backup"), "mine")
			}
		}
		if status := s.run(); status != exitAbort || strings.Count(s.stderr.String(), "not deleted: ") != 1 {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}

// TestRenamedAndGone: what was renamed and is gone since is not told as left,
// whether a list has shown it before or not, and is not asked for without end.
func TestRenamedAndGone(t *testing.T) {
	const target = "scs-test-restore_existing-target"
	for name, row := range map[string]struct {
		goes   string // the line after which it does
		faults []string
		status int
	}{
		"never listed":        {"Cleaning up backups, snapshots and volumes whose names begin with 'scs-test-restore_existing-", []string{"DELETE /volumes/*=403"}, exitFail},
		"listed":              {"↳ deleting volume", []string{"DELETE /volumes/*=400*1", "DELETE /volumes/*=403"}, exitFail},
		"while others remain": {"Cleaning up backups, snapshots and volumes whose names begin with 'scs-test-restore_existing-", []string{"delete-volume=slow:50s"}, exitPass},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{}, row.faults...)
				id := ""
				var gone time.Time
				s.onLine = func(line string) {
					switch {
					case strings.HasPrefix(line, "Creating backup 'scs-test-restore_existing-large'"):
						id = s.id("volume", target)
						s.rename("volume", id, "mine")
					case strings.HasPrefix(line, row.goes) && gone.IsZero():
						s.sim.Remove(id)
						gone = time.Now()
					}
				}
				status := s.run("--checks", "restore-existing")
				if row.faults[0] != "delete-volume=slow:50s" && s.elapsed > 30*time.Second {
					t.Errorf("took %v", s.elapsed)
				}
				if status != row.status || gone.IsZero() || strings.Contains(s.stderr.String(), id) {
					t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
				}
				for _, r := range s.sim.Log() {
					if r.Method == "GET" && last(r.Path) == id && r.Time.Sub(gone) > 15*time.Second {
						t.Errorf("asked for %v after it was gone", r.Time.Sub(gone))
					}
				}
			})
		})
	}
}

// TestMadeAndHidden: what the run made and neither the list nor its own address
// shows for some seconds is not gone.
func TestMadeAndHidden(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		id := ""
		var until time.Time
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Restore volume from backup: PASS") {
				id, until = s.id("volume", "scs-test-restored-backup"), time.Now().Add(5*time.Second)
			}
		}
		hidden := 0
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			response, err := cloud.RoundTrip(r)
			if err != nil || r.Method != "GET" || !time.Now().Before(until) {
				return response, err
			}
			switch last(r.URL.Path) {
			case id:
				hidden++
				gone404(response, id)
			case "detail":
				body := string(must(io.ReadAll(response.Body)))
				replaceBody(response, strings.ReplaceAll(body, id, "00000000-0000-4000-8000-000000000001"))
				if strings.Contains(r.URL.Path, "/volumes/") {
					replaceBody(response, `{"volumes": []}`)
				}
			}
			return response, err
		}
		if status := s.run(); status != exitPass || len(s.names()) > 0 || hidden == 0 {
			t.Errorf("exit %d, left %v, hidden %d times\n%s", status, s.names(), hidden, &s.stderr)
		}
	})
}

// TestFailedChild: backups whose increment could not be deleted are asked for in
// the end, so that the cloud itself says why they stay; the hint names what
// builds on each.
func TestFailedChild(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "delete-backup=error_deleting*1")
		volume := s.leave("volume", "x")
		chain := func(name, parent string, age time.Duration, dependents int) (id string) {
			r := cloudsim.Resource{Name: "scs-test-" + name, CreatedAt: time.Now().Add(-age)}
			return s.sim.PutBackup(cloudsim.Backup{Resource: r, VolumeID: volume, ParentID: parent, Dependents: dependents})
		}
		full := chain("full", "", 2*time.Hour, 1)
		middle := chain("middle", full, time.Hour, 1)
		child := chain("child", middle, 0, 0)
		status := s.run("--cleanup-only", "--timeout", "20")
		if status != exitFail || len(s.deletions(full)) == 0 || len(s.deletions(middle)) == 0 || strings.Count(s.stderr.String(), "Incremental backups exist for this backup") != 2 {
			t.Errorf("exit %d, asked for the parents %d and %d times\n%s", status, len(s.deletions(full)), len(s.deletions(middle)), &s.stderr)
		}
		_, told, _ := strings.Cut(s.stderr.String(), "not deleted: backup 'scs-test-middle'")
		if want := "hint: delete first what may build on it, if it is no longer needed: backup 'scs-test-child' (" + child + ")\n"; !strings.Contains(told, want) {
			t.Errorf("not %q:\n%s", want, &s.stderr)
		}
	})
}

// TestForeignChild: whose increment builds on a leftover is told, once, however
// often it was listed.
func TestForeignChild(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{PageSize: 2, Broken: []cloudsim.Rule{cloudsim.PageRepeats}})
		volume := s.leave("volume", "x")
		parent := s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "scs-test-full", CreatedAt: time.Now().Add(-time.Hour)}, VolumeID: volume})
		theirs := cloudsim.Backup{Resource: cloudsim.Resource{Name: "theirs", CreatedAt: time.Now().Add(-2 * time.Hour)}, VolumeID: volume, ParentID: parent}
		child := s.sim.PutBackup(theirs)
		s.sim.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Name: "another's"}, ParentID: s.leave("backup", "y")})
		status := s.run("--cleanup-only", "--timeout", "20")
		want := "hint: delete first what may build on it, if it is no longer needed: backup 'theirs' (" + child + ")\n"
		if status != exitFail || !strings.Contains(s.stderr.String(), want) {
			t.Errorf("exit %d, not %q:\n%s", status, want, &s.stderr)
		}
	})
}

// TestOthersCountToo: what others make while a run lasts is not a quota that the
// cloud has kept.
func TestOthersCountToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Create empty volume: PASS") {
				put("backup", "somebody's", "available")(s)
				put("volume", "somebody's", "available")(s)
			}
		}
		if status := s.run(); status != exitPass || s.stderr.Len() > 0 || len(s.names()) != 2 {
			t.Errorf("exit %d, in the cloud: %v\n%s", status, s.names(), &s.stderr)
		}
	})
}
