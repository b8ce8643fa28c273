package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// withoutContent are the checks that need no image, with the flags of all.
var withoutContent = optional("listing,fidelity,refusals,isolation,snapshot,in-use,incremental,restore-existing,other-type,volume-from-backup")

// watch notes which checks run at the same time: from the first thing that one
// makes to its result.
type watch struct {
	mu      sync.Mutex
	running map[string]bool
	ended   []string   // in the order of their results
	sets    [][]string // what ran whenever something was made
	refused int        // for the quota
}

var ofCheck = regexp.MustCompile(`"name":"scs-test-([a-z_]+)-`)

func (s *scene) watch() *watch {
	w := &watch{running: map[string]bool{}}
	s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
		if r.Method == http.MethodPost {
			if name := ofCheck.FindStringSubmatch(bodyOf(r)); name != nil {
				w.mu.Lock()
				w.running[strings.ReplaceAll(name[1], "_", "-")] = true
				var set []string
				for name := range w.running {
					set = append(set, name)
				}
				slices.Sort(set)
				w.sets = append(w.sets, set)
				w.mu.Unlock()
			}
		}
		response, err := cloud.RoundTrip(r)
		if err == nil && response.StatusCode == http.StatusRequestEntityTooLarge {
			w.mu.Lock()
			w.refused++
			w.mu.Unlock()
		}
		return response, err
	}
	s.onLine = func(line string) {
		if name, _, result := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); result && (strings.HasSuffix(line, "PASS\n") || strings.HasSuffix(line, "FAIL\n") || strings.HasSuffix(line, "SKIP\n")) {
			w.mu.Lock()
			delete(w.running, name)
			w.ended = append(w.ended, name)
			w.mu.Unlock()
		}
	}
	return w
}

// most is how many ran at the same time.
func (w *watch) most() (n int) {
	for _, set := range w.sets {
		n = max(n, len(set))
	}
	return n
}

// TestParallel: as many checks run at once as are asked for, the one that
// measures time alone, in a fraction of the time, and with no more requests; the
// report has the results in the catalog's order all the same.
func TestParallel(t *testing.T) {
	var alone time.Duration
	var requests int
	for _, parallel := range []int{1, 2, 4} {
		bubble(t, func(t *testing.T) {
			s := withoutImages(t, cloudsim.Config{OperationTime: 3 * time.Second, PageSize: 1000})
			w := s.watch()
			if status := s.run(append(withoutContent, "--parallel", fmt.Sprint(parallel), "--json", "run.json")...); status != exitPass || len(s.names()) > 0 {
				t.Fatalf("exit %d, left %v\n%s%s", status, s.names(), &s.stdout, &s.stderr)
			}
			for _, set := range w.sets {
				if slices.Contains(set, "refusals") && len(set) > 1 {
					t.Errorf("not alone: %v", set)
				}
			}
			var outcome check.Outcome
			if err := json.Unmarshal([]byte(s.read("run.json")), &outcome); err != nil {
				t.Fatal(err)
			}
			var order []string
			for _, c := range outcome.Checks {
				order = append(order, c.Name)
			}
			want := strings.Split(withoutContent[1], ",")
			if slices.Sort(want); w.most() != parallel || w.refused > 0 || len(order) != len(want) {
				t.Errorf("%d ran at once, %d of %d checks, %d refused for the quota", w.most(), len(order), len(want), w.refused)
			}
			last := -1
			for i, c := range check.All() {
				if at := slices.Index(order, c.Name); at >= 0 && (at < last || i < at) {
					t.Errorf("%s is out of order: %v", c.Name, order)
				} else if at >= 0 {
					last = at
				}
			}
			if parallel == 1 {
				alone, requests = s.elapsed, len(s.sim.Log())
				if !slices.Equal(w.ended, order) {
					t.Errorf("ended in the order %v", w.ended)
				}
				return
			}
			if slices.Equal(w.ended, order) {
				t.Errorf("one after the other: %v", w.ended)
			}
			if s.elapsed > alone*6/10 || len(s.sim.Log()) > requests {
				t.Errorf("%d at once: %v and %d requests, %v and %d one after the other", parallel, s.elapsed, len(s.sim.Log()), alone, requests)
			}
		})
	}
}

// TestParallelQuota: in a small quota checks wait for room, and nothing is
// refused or skipped for it that is not so one after the other.
func TestParallelQuota(t *testing.T) {
	for name, config := range map[string]cloudsim.Config{
		"stated":   {},
		"unstated": {LimitsWithoutBackups: true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				config.Quotas = &cloudsim.Quotas{Volumes: 5, Gigabytes: 5, Snapshots: 1, Backups: 4, BackupGigabytes: 4}
				results := map[string][]string{}
				for _, parallel := range []string{"1", "4"} {
					s := withoutImages(t, config)
					w := s.watch()
					status := s.run(append(withoutContent, "--parallel", parallel)...)
					for line := range strings.Lines(s.stdout.String()) {
						if strings.HasSuffix(line, ": PASS\n") || strings.HasSuffix(line, ": SKIP\n") {
							results[parallel] = append(results[parallel], line)
						}
					}
					slices.Sort(results[parallel])
					if status != exitPass || len(s.names()) > 0 || name == "stated" && w.refused > 0 {
						t.Errorf("--parallel %s: exit %d, left %v, %d refused\n%s%s", parallel, status, s.names(), w.refused, &s.stdout, &s.stderr)
					}
				}
				if len(results["1"]) != 10 || !slices.Equal(results["1"], results["4"]) {
					t.Errorf("one after the other %v\nbeside each other %v", results["1"], results["4"])
				}
			})
		})
	}
}

// TestInterruptedBeside: a signal ends all checks at once, and everything that
// any of them has left is named.
func TestInterruptedBeside(t *testing.T) {
	for _, after := range []time.Duration{time.Second, 14 * time.Second, 20 * time.Second, 27 * time.Second} {
		bubble(t, func(t *testing.T) {
			s := withoutImages(t, cloudsim.Config{OperationTime: 3 * time.Second})
			s.signal, s.after = Signal{"SIGTERM", 15}, after
			status := s.run(withoutContent...)
			if status != 128+15 || s.elapsed != after || len(s.names()) == 0 {
				t.Errorf("exit %d after %v, left %v", status, s.elapsed, s.names())
			}
			for _, name := range s.names() {
				kind, name, _ := strings.Cut(name, " ")
				if !strings.Contains(s.stderr.String(), fmt.Sprintf("%s '%s'", kind, name)) {
					t.Errorf("%s %s is not named\n%s", kind, name, &s.stderr)
				}
			}
			s.after, s.signal = 0, Signal{}
			if status := s.run("--cleanup-only", "--checks", "all"); status != exitPass || len(s.names()) > 0 {
				t.Errorf("clean-up: exit %d, left %v", status, s.names())
			}
		})
	}
}

// TestFaultsBeside: whatever strikes one check, it alone is blamed, as it is when
// it runs alone; the other ends as without the fault.
func TestFaultsBeside(t *testing.T) {
	const struck, other = "incremental", "listing"
	anId := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|req-\S+|[0-9.]+m?s\b`)
	blame := func(s *scene) string {
		var blocks []string
		for line := range strings.Lines(s.stderr.String()) {
			if strings.HasPrefix(line, "error: ") || strings.HasPrefix(line, "critical: ") || strings.HasPrefix(line, "  got: ") {
				blocks = append(blocks, anId.ReplaceAllString(strings.ReplaceAll(line, "-again-", "-"), "…"))
			}
		}
		return strings.Join(blocks, "")
	}
	for _, method := range []string{"POST", "GET", "DELETE"} {
		for _, fault := range []string{"403", "404", "409", "413", "429", "500", "502", "503", "lost", "garbage"} {
			for _, times := range []int{1, 1000} {
				t.Run(fmt.Sprint(method, " ", fault, " ", times), func(t *testing.T) {
					t.Parallel()
					said := map[string]string{}
					for _, checks := range []string{struck, struck + "," + other} {
						bubble(t, func(t *testing.T) {
							s := withoutImages(t, cloudsim.Config{})
							s.strike(struck, method, fault, times)
							s.run("--checks", checks, "--timeout", "20")
							said[checks] = blame(s)
							if checks == struck {
								return
							}
							if !strings.Contains(s.stdout.String(), "\n"+other+": PASS\n") {
								t.Errorf("%s has not passed\n%s%s", other, &s.stdout, &s.stderr)
							}
							for _, name := range s.names() {
								if strings.Contains(name, other) {
									t.Errorf("left %s", name)
								}
							}
						})
					}
					if alone, beside := said[struck], said[struck+","+other]; alone != beside {
						t.Errorf("alone:\n%s\nbeside another:\n%s", alone, beside)
					}
				})
			}
		}
	}
}

// strike has so many requests about what a check makes fail.
func (s *scene) strike(name, method, fault string, times int) {
	var mu sync.Mutex
	s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
		body := bodyOf(r)
		mu.Lock()
		hit := times > 0 && r.Method == method && (strings.Contains(body, "scs-test-"+name+"-") || s.about(r.URL.Path, "scs-test-"+name+"-"))
		if hit {
			times--
		}
		mu.Unlock()
		if !hit {
			return cloud.RoundTrip(r)
		}
		answer := &http.Response{Body: http.NoBody, StatusCode: 200, Status: "200 OK", Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}, "X-Openstack-Request-Id": {"req-struck"}}}
		switch fault {
		case "lost":
			return nil, fmt.Errorf("connection reset")
		case "garbage":
			replaceBody(answer, `{"garbage"`)
		default:
			_, _ = fmt.Sscan(fault, &answer.StatusCode)
			if fault == "429" {
				answer.Header.Set("Retry-After", "1")
			}
			replaceBody(answer, `{"fault": {"code": `+fault+`, "message": "struck"}}`)
		}
		return answer, nil
	}
}

// about tells whether a path is of something whose name begins so.
func (s *scene) about(path, prefix string) bool {
	for _, v := range s.sim.Volumes() {
		if strings.HasPrefix(v.Name, prefix) && strings.Contains(path, v.ID) {
			return true
		}
	}
	for _, b := range s.sim.Backups() {
		if strings.HasPrefix(b.Name, prefix) && strings.Contains(path, b.ID) {
			return true
		}
	}
	return false
}

// TestUsualTimes: that the first operations of each sort took long makes the
// checks neither overlook nor wait for later ones that are quick, also behind
// nodes that lag, and where nothing but the status shows a restore.
func TestUsualTimes(t *testing.T) {
	for _, lag := range []time.Duration{0, 3 * time.Second} {
		for _, version := range []string{"", "3.59"} {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{OperationTime: 4 * time.Second, Lag: lag, MaxMicroversion: version}, "restore=slow:40s*1", "create-volume=slow:30s*1", "create-backup=slow:30s*1")
				status := s.run(append([]string{"--checks", "core,restore-existing,other-type,incremental", "--parallel", "1"}, withoutContent[2:]...)...)
				if status != exitPass || !strings.Contains(s.stdout.String(), "\nother-type: PASS\n") {
					t.Errorf("lag %v, microversion %q: exit %d\n%s%s", lag, version, status, &s.stdout, &s.stderr)
				}
			})
		}
	}
}

// TestQuotaBeside: a quota that is refused while others run is asked for once
// more alone. One after the other the refusal counts.
func TestQuotaBeside(t *testing.T) {
	for checks, want := range map[string]string{"incremental": "\nincremental: SKIP\n", "incremental,listing": "\nincremental: PASS\n"} {
		bubble(t, func(t *testing.T) {
			s := withoutImages(t, cloudsim.Config{})
			s.strike("incremental", "POST", "413", 1)
			if status := s.run("--checks", checks); status != exitPass || !strings.Contains(s.stdout.String(), want) {
				t.Errorf("%s: exit %d\n%s%s", checks, status, &s.stdout, &s.stderr)
			}
		})
	}
}
