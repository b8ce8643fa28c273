package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestOneListLacksIt: a volume that Cinder was not told to delete is not gone because
// one list lacks it, nor because it is 404 for less than the lag.
func TestOneListLacksIt(t *testing.T) {
	for _, shown := range []bool{true, false} {
		t.Run(fmt.Sprintf("shown %t", shown), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				id := s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-x", Status: "backing-up", Size: 1}})
				began := time.Now()
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					if behind := time.Since(began) - 2*time.Second; behind < 0 || behind > 7*time.Second {
						return response, err
					}
					switch {
					case strings.HasSuffix(r.URL.Path, "/volumes/detail"):
						replaceBody(response, `{"volumes": []}`)
					case strings.HasSuffix(r.URL.Path, id) && !shown:
						gone404(response, id)
					}
					return response, err
				}
				status := s.run("--cleanup-only")
				if status != exitFail || !strings.Contains(s.stderr.String(), id) || !strings.HasSuffix(s.stdout.String(), "clean-up: 0 deleted, 1 not deleted\n") {
					t.Errorf("exit %d after %v\n%s%s", status, s.elapsed, &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestSlowLooks: looks at what the list lacks may take longer than the names of a list
// are gone by; something is asked for all the same.
func TestSlowLooks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "DELETE /volumes/*=400*1")
		hidden := s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-x", Status: "backing-up", Size: 1}})
		s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-y", Status: "available", Size: 1}})
		asked, stop := 0, time.Now().Add(10*time.Minute)
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			switch {
			case time.Now().After(stop): // a clean-up that goes on for ever
				s.cancel()
			case r.Method == "DELETE":
				asked++
			case strings.HasSuffix(r.URL.Path, hidden):
				<-time.After(11 * time.Second)
			}
			response, err := cloud.RoundTrip(r)
			if err == nil && asked > 0 && strings.HasSuffix(r.URL.Path, "/volumes/detail") {
				body := strings.ReplaceAll(string(must(io.ReadAll(response.Body))), "scs-test-x", "other")
				replaceBody(response, strings.ReplaceAll(body, hidden, "11111111-1111-4111-8111-111111111111"))
			}
			return response, err
		}
		if status := s.run("--cleanup-only"); status != exitFail || asked != 2 || fmt.Sprint(s.names()) != "[volume scs-test-x]" {
			t.Errorf("exit %d after %v, %d deletions asked for, there are %v\n%s", status, s.elapsed, asked, s.names(), &s.stderr)
		}
	})
}

// TestHiddenByLag: what the last clean-up does not find for a while is waited for,
// however short the time-out, and is named if a signal comes meanwhile.
func TestHiddenByLag(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		t.Run(fmt.Sprintf("interrupted %t", interrupted), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				var mu sync.Mutex
				id, until := "", time.Time{}
				s.onLine = func(line string) {
					if strings.HasPrefix(line, "Restore volume from backup: PASS") {
						mu.Lock()
						defer mu.Unlock()
						id, until = s.id("volume", "scs-test-restored-backup"), time.Now().Add(8*time.Second)
						if interrupted {
							s.signal = Signal{"SIGTERM", 15}
							time.AfterFunc(4*time.Second, s.cancel)
						}
					}
				}
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err != nil || r.Method != "GET" || !time.Now().Before(until):
					case last(r.URL.Path) == id:
						gone404(response, id)
					case strings.HasSuffix(r.URL.Path, "/volumes/detail"):
						replaceBody(response, `{"volumes": []}`)
					}
					return response, err
				}
				status := s.run("--timeout", "4", "--json", "run.json")
				if !interrupted && (status != exitPass || len(s.names()) > 0 || s.elapsed < 8*time.Second) {
					t.Errorf("exit %d after %v, there are %v\n%s%s", status, s.elapsed, s.names(), &s.stdout, &s.stderr)
				}
				if interrupted && (!strings.Contains(s.stderr.String(), id) || strings.Contains(s.read("run.json"), `"left": []`)) {
					t.Errorf("exit %d, not named\n%s%s", status, &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestLostAndHidden: what may have been created, its answer being lost, is waited for
// by its name while a list may lag, and deleted.
func TestLostAndHidden(t *testing.T) {
	for _, row := range []struct {
		fault string
		args  []string
	}{
		{"POST /volumes=lose*1", []string{"--on-failure", "clean"}},
		{"POST /backups=lose*1", []string{"--on-failure", "clean"}},
		{"POST /images=lose*1", []string{"--checks", "fidelity"}},
	} {
		t.Run(row.fault, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{Lag: 5 * time.Second}, row.fault)
				status := s.run(append(row.args, "--json", "run.json")...)
				if len(s.names()) > 0 || !strings.Contains(s.read("run.json"), `"left": []`) {
					t.Errorf("exit %d after %v, there are %v\n%s%s", status, s.elapsed, s.names(), &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestRenamedBeforeDeletion: what was renamed before Cinder accepted its deletion is
// not counted as deleted.
func TestRenamedBeforeDeletion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "DELETE /volumes/*=400*1")
		id := s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-x", Status: "available", Size: 1}})
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			response, err := cloud.RoundTrip(r)
			if r.Method == "DELETE" {
				s.rename("volume", id, "mine")
			}
			return response, err
		}
		status := s.run("--cleanup-only", "--junit", "junit.xml")
		if status != exitPass || !strings.HasSuffix(s.stdout.String(), "clean-up: nothing to delete\n") || strings.Contains(s.read("junit.xml"), "deleted: volume") {
			t.Errorf("exit %d\n%s%s%s", status, &s.stdout, &s.stderr, s.read("junit.xml"))
		}
	})
}

// TestRenamedWithinPrefix: what a check made and somebody has given another name with
// the prefix is still the check's to delete.
func TestRenamedWithinPrefix(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{})
		renamed := false
		s.onLine = func(line string) {
			if !renamed && strings.HasPrefix(line, "Restoring") {
				renamed = true
				s.rename("volume", s.id("volume", "scs-test-other_type-volume"), "scs-test-mine")
			}
		}
		status := s.run("--checks", "other-type", "--restore-volume-type", cloudsim.OtherType)
		if status != exitPass || !renamed || len(s.names()) > 0 {
			t.Errorf("exit %d, there are %v\n%s%s", status, s.names(), &s.stdout, &s.stderr)
		}
	})
}

// TestOthersComeForEver: what another program goes on making under the prefix does not
// renew the budget of a clean-up that cannot end.
func TestOthersComeForEver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-stuck", Status: "creating", Size: 1}})
		for i := range 40 {
			time.AfterFunc(time.Duration(i)*15*time.Second, func() {
				s.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: fmt.Sprintf("scs-test-ci-%d-volume", i), Status: "available", Size: 1}})
			})
		}
		if status := s.run("--cleanup-only", "--timeout", "20"); status != exitFail || s.elapsed > time.Minute {
			t.Errorf("exit %d after %v\n%s", status, s.elapsed, &s.stderr)
		}
	})
}

// TestEarlierImages: an image of an earlier run that cannot be deleted is named, with
// what helps, and is no failure.
func TestEarlierImages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "DELETE /images/*=403")
		id := s.sim.PutImage(cloudsim.Image{Resource: cloudsim.Resource{Name: "scs-test-old-image"}})
		status := s.run("--checks", "listing", "--json", "run.json")
		if status != exitPass || strings.Count(s.stderr.String(), id) != 1 || strings.Count(s.read("run.json"), id) < 2 {
			t.Errorf("exit %d\n%s%s%s", status, &s.stdout, &s.stderr, s.read("run.json"))
		}
	})
}

// TestDeletedAfterAll: what --on-failure clean deletes is not told as left because an
// earlier clean-up could not delete it.
func TestDeletedAfterAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := withoutImages(t, cloudsim.Config{})
		until := time.Time{}
		s.onLine = func(line string) {
			if until.IsZero() && strings.Contains(line, "deleting backup") {
				until = time.Now().Add(62 * time.Second)
				s.sim.Add(must(cloudsim.ParseFault("DELETE /backups/*=400")))
				time.AfterFunc(62*time.Second, s.sim.ClearFaults)
			}
		}
		status := s.run("--checks", "listing", "--on-failure", "clean", "--json", "run.json")
		if status != exitFail || len(s.names()) > 0 || !strings.Contains(s.read("run.json"), `"left": []`) || strings.Contains(s.stderr.String(), "not deleted: ") {
			t.Errorf("exit %d, there are %v\n%s%s", status, s.names(), &s.stdout, &s.stderr)
		}
	})
}

// TestDryRunTellsOnce: a volume that was made from a snapshot goes before it, and is
// told once.
func TestDryRunTellsOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		is := func(name string) cloudsim.Resource {
			return cloudsim.Resource{Name: name, Status: "available", Size: 1}
		}
		volume := s.sim.PutVolume(cloudsim.Volume{Resource: is("scs-test-snapshot-volume")})
		snapshot := s.sim.PutSnapshot(cloudsim.Snapshot{Resource: is("scs-test-snapshot-of"), VolumeID: volume})
		s.sim.PutVolume(cloudsim.Volume{Resource: is("scs-test-snapshot-copied"), SnapshotID: snapshot})
		if status := s.run("--cleanup-only", "--dry-run", "--checks", "all"); status != exitPass || !strings.HasSuffix(s.stdout.String(), "clean-up: 3 to delete\n") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}
