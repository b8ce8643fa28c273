package cli

import (
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// kindsOfRequest is what a full run asks of Block Storage.
var kindsOfRequest = []string{
	"GET /volume", "GET /backups/detail", "GET /volumes/detail", "POST /volumes", "GET /volumes/*",
	"POST /backups", "GET /backups/*", "POST /backups/*/restore", "DELETE /backups/*", "DELETE /volumes/*",
}

// count is how many requests of a kind there were.
func (c *cell) count(request string) (n int) {
	for _, r := range c.sim.Log() {
		if strings.TrimSuffix(pattern(r), "/") == request {
			n++
		}
	}
	return n
}

// TestRetryAfter: what the cloud asks for is kept to, whatever it refused.
func TestRetryAfter(t *testing.T) {
	for _, request := range kindsOfRequest {
		for _, code := range []string{"429", "503"} {
			t.Run(request+" "+code, func(t *testing.T) {
				t.Parallel()
				bubble(t, func(t *testing.T) {
					c := newCell(t, request+"="+code+"+7*2")
					if status := c.run(); status != exitPass {
						t.Errorf("exit %d\n%s", status, &c.stderr)
					}
					c.judge(code+"+7", exitPass)
					log := c.sim.Log()
					for i, refused := range log {
						for _, r := range log[i+1:] {
							if (refused.Status == 429 || refused.Status == 503) && r.Method+r.Path == refused.Method+refused.Path && r.Time.Sub(refused.Time) < 7*time.Second {
								t.Errorf("asked again after %v", r.Time.Sub(refused.Time))
							}
						}
					}
				})
				bubble(t, func(t *testing.T) {
					c := newCell(t, request+"="+code+"+3600")
					status := c.run()
					c.judge(code+"+3600", status)
					want := exitFail // of Cinder, or of calls about backups alone
					if code == "429" && !strings.Contains(request, "backups") {
						want = exitAbort
					}
					if status != want || !strings.Contains(c.stderr.String(), "Retry-After: 1h0m0s") {
						t.Errorf("an hour: exit %d\n%s", status, &c.stderr)
					}
					if c.elapsed > time.Second {
						t.Errorf("an hour: ended after %v", c.elapsed)
					}
					c.clear()
				})
			})
		}
	}
}

// TestRiddenOut: reads and deletions are repeated until the budget is used up,
// and not in a rush.
func TestRiddenOut(t *testing.T) {
	for _, request := range kindsOfRequest {
		if strings.HasPrefix(request, "POST") {
			continue
		}
		for _, what := range []string{"429", "500", "html:502", "503", "refuse", "drop"} {
			t.Run(request+" "+what, func(t *testing.T) {
				t.Parallel()
				bubble(t, func(t *testing.T) {
					c := newCell(t, request+"="+what)
					fault := time.AfterFunc(55*time.Second, c.sim.ClearFaults)
					defer fault.Stop()
					status := c.run()
					c.judge(what, status)
					if status != exitPass || c.elapsed < 55*time.Second {
						t.Errorf("exit %d after %v\n%s", status, c.elapsed, &c.stderr)
					}
					if n := c.count(request); n > 50 {
						t.Errorf("asked %d times", n)
					}
				})
			})
		}
	}
}

// TestFrontEndReloads: a front end that does not know Cinder for a moment is ridden
// out like one that does not reach it, except on what creates; but where Cinder has
// never answered, the address may be wrong, and that is told at once.
func TestFrontEndReloads(t *testing.T) {
	for _, row := range []struct {
		fault  string
		status int
		within time.Duration
	}{
		{"GET /volumes/*=proxy:404*2@1", exitPass, 10 * time.Second},
		{"GET /backups/*=proxy:403*2@1", exitPass, 10 * time.Second},
		{"GET /backups/detail=proxy:404*2@1", exitPass, 10 * time.Second},
		{"DELETE /volumes/*=proxy:404*2", exitPass, 20 * time.Second},
		{"POST /backups=proxy:404*1", exitAbort, 10 * time.Second},
		{"GET /volumes/*=proxy:404@1", exitAbort, 70 * time.Second},
		{"GET /backups/*=404*1@1", exitFail, 10 * time.Second}, // Cinder's own, which names no backup
		{"cinder=proxy:404", exitAbort, 10 * time.Second},
		{"cinder=proxy:403", exitAbort, 10 * time.Second},
	} {
		t.Run(row.fault, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{}, row.fault)
				status := s.run()
				if status != row.status || s.elapsed > row.within {
					t.Errorf("exit %d after %v\n%s", status, s.elapsed, &s.stderr)
				}
				if status == exitPass && !strings.Contains(s.stdout.String(), "2 × 40") && !strings.HasPrefix(row.fault, "DELETE") {
					t.Errorf("not told:\n%s", &s.stdout)
				}
			})
		})
	}
}

// TestFirstContact: the first login is repeated like a read, unless Keystone
// refuses it.
func TestFirstContact(t *testing.T) {
	for _, what := range strikes {
		final := slices.Contains([]string{"401", "403", "404", "409", "quota", "proxy:403", "proxy:404", "redirect:307:http://elsewhere"}, what)
		if what == "redirect:302" || what == "redirect:307" { // which are followed
			continue
		}
		bubble(t, func(t *testing.T) {
			c := newCell(t, "POST /v3/auth/tokens="+what)
			status := c.run()
			c.judge(what, status)
			if n := len(c.sim.Log()); status != exitAbort || (n == 1) != final {
				t.Errorf("%s: exit %d after %d requests", what, status, n)
			}
		})
		bubble(t, func(t *testing.T) {
			c := newCell(t, "POST /v3/auth/tokens="+what+"*1")
			if status := c.run(); (status == exitAbort) != final {
				t.Errorf("%s once: exit %d\n%s", what, status, &c.stderr)
			}
		})
	}
}

// TestLostAnswer: what a request made whose answer was lost is not looked for.
// The phase fails, and clean-up finds it.
func TestLostAnswer(t *testing.T) {
	for request, made := range map[string]string{
		"POST /volumes": "volume 'scs-test-volume'", "POST /backups": "backup 'scs-test-volume-backup'", "POST /backups/*/restore": "volume 'scs-test-restored-backup'",
	} {
		for what, status := range map[string]int{"lose*1": exitAbort, "slow:61s*1": exitAbort, "cut": exitFail, "garbage": exitFail, "empty": exitFail, "null": exitFail} {
			t.Run(request+" "+what, func(t *testing.T) {
				t.Parallel()
				bubble(t, func(t *testing.T) {
					c := newCell(t, request+"="+what)
					got := c.run()
					c.judge(what, got)
					if got != status {
						t.Errorf("exit %d, want %d", got, status)
					}
					sent := 1
					if status == exitAbort && request != "POST /volumes" {
						sent = 2 // once more under another name
					}
					if n := c.count(request); n != sent {
						t.Errorf("%s was sent %d times", request, n)
					}
					if !strings.Contains(c.stderr.String(), "may still exist: "+made+"\n") {
						t.Errorf("not named:\n%s", &c.stderr)
					}
					c.clear()
				})
			})
		}
	}
}

// TestLoginAgain: a token that is revoked in the midst of the run is renewed.
// Keystone's failing then is ridden out, as the request was not acted on, and
// no verdict about Block Storage if it goes on.
func TestLoginAgain(t *testing.T) {
	for _, line := range []string{"Creating volume", "Create empty volume: PASS", "Create backup from volume: PASS", "↳ waiting for backup", "↳ deleting backup"} {
		for what, transient := range map[string]bool{"401": false, "403": false, "404": false, "429": true, "500": true, "503+7": true, "refuse": true, "drop": true} {
			for _, times := range []string{"*1", ""} {
				t.Run(line+" "+what+times, func(t *testing.T) {
					t.Parallel()
					bubble(t, func(t *testing.T) {
						c := newCell(t, "POST /v3/auth/tokens="+what+times+"@1")
						c.onLine = func(said string) {
							c.witness(said)
							if strings.HasPrefix(said, line) {
								c.sim.RevokeTokens()
							}
						}
						status, want := c.run(), exitAbort
						if transient && times != "" {
							want = exitPass
						}
						c.judge(what, status)
						if status != want || want == exitAbort && !strings.Contains(c.stderr.String(), "logging in again before ") {
							t.Errorf("exit %d, want %d\n%s", status, want, &c.stderr)
						}
						if strings.Contains(c.stderr.String(), "may still exist") {
							t.Errorf("what was refused may still exist:\n%s", &c.stderr)
						}
						c.onLine = nil
						c.clear()
					})
				})
			}
		}
	}
}
