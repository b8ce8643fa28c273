package cli

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// What strikes a request in the sweep, and for how long. The slow answer is
// later than any request's limit under the default --timeout.
var (
	strikes = []string{
		"401", "403", "404", "409", "quota", "429", "429+7", "500", "html:502", "503", "503+7",
		"refuse", "drop", "lose", "cut", "garbage", "empty", "null", "slow:61s",
		"413+7", "proxy:403", "proxy:404", "proxy:502", "proxy:503+7", "keystone:503", "redirect:302", "redirect:307", "redirect:307:http://elsewhere",
	}
	// blameless are those of a front end, of Keystone or of a limiter: where they
	// strike all calls, nothing is said about the cloud's backups.
	blameless = []string{
		"401", "429", "429+7", "refuse", "drop", "lose", "slow:61s",
		"413+7", "proxy:403", "proxy:404", "proxy:502", "proxy:503+7", "keystone:503", "redirect:302", "redirect:307", "redirect:307:http://elsewhere",
	}
	lastings = []struct {
		name, times string
		requests    int // that it strikes; for ever: never asked for
	}{{"once", "*1", 1}, {"thrice", "*3", 3}, {"for ever", "", 0}}
)

// longestRun bounds a run that meets one fault. The fault uses up at most one
// wait of the login, one of a phase, and the wait for the limits that follows a
// refused backup; a wait takes --timeout and 10 s for a last poll. What tells
// whether only backups are struck takes 40 s, and asking for the quota 10 s
// before and 20 s after. The rest is what a run takes that nothing strikes.
const longestRun = 3*(60+10)*time.Second + 40*time.Second + 30*time.Second + 10*time.Second

// TestSweep lets every request of a full run meet every fault, and holds each
// run to what no fault may change.
func TestSweep(t *testing.T) {
	var requests []string
	bubble(t, func(t *testing.T) {
		c := newCell(t)
		if status := c.run(); status != exitPass {
			t.Fatalf("without a fault: exit %d\n%s", status, &c.stderr)
		}
		for _, r := range c.sim.Log() {
			requests = append(requests, pattern(r))
		}
		c.judge("", exitPass)
	})
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // collecting takes a third of the time otherwise
	var ran, cleared atomic.Int64
	table := outcomes{cells: map[[3]string][]string{}}
	t.Run("fault", func(t *testing.T) { // ends when its parallel subtests have
		for _, what := range strikes {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				for k, request := range requests {
					ended := false // the run, before the fault did: one that lasts longer makes the same run
					var outcome string
					for _, lasting := range lastings {
						if !ended {
							fault := fmt.Sprintf("*=%s%s@%d", what, lasting.times, k)
							bubble(t, func(t *testing.T) {
								c := newCell(t, fault)
								status := c.run()
								transcript := c.transcript(status)
								c.judge(what, status)
								if status == exitFail && slices.Contains(blameless, what) {
									t.Error("FAIL, although no call was answered by Cinder with an error")
								}
								ended, outcome = len(c.sim.Log()) <= k+lasting.requests, c.outcome(status)
								ran.Add(1)
								if len(c.remaining()) > 0 { // a clean-up of nothing would be the same in every cell
									c.clear()
									cleared.Add(1)
								}
								if t.Failed() {
									t.Fatalf("in the cell %s, which strikes %s:\n%s", fault, request, transcript)
								}
							})
						}
						table.add(request, what, lasting.name, outcome)
					}
				}
			})
		}
	})
	cells := len(requests) * len(strikes) * len(lastings)
	if cleared.Load() == 0 {
		t.Error("no cell left anything to clear")
	}
	t.Logf("%d cells, %d of them runs of their own, %d left something to clear", cells, ran.Load(), cleared.Load())
	golden(t, "sweep", fmt.Sprintf("%d cells: %d requests, %d faults, each once, thrice and for ever\n%s", cells, len(requests), len(strikes), table.text(requests)))
}

// TestSweepOfBackups lets every kind of call about backups alone meet every fault
// for ever: that is the cloud's backups, whoever answers.
func TestSweepOfBackups(t *testing.T) {
	for _, request := range kindsOfRequest {
		if !strings.Contains(request, "backups") {
			continue
		}
		for _, what := range strikes {
			if what == "quota" && strings.HasSuffix(request, "/restore") { // of volumes, which is a precondition
				continue
			}
			harmless := what == "redirect:302" || what == "redirect:307"
			if strings.HasPrefix(request, "DELETE") { // done, and there is nothing in the answer
				harmless = harmless || slices.Contains([]string{"lose", "cut", "garbage", "empty", "null", "slow:61s"}, what)
			}
			t.Run(request+" "+what, func(t *testing.T) {
				t.Parallel()
				bubble(t, func(t *testing.T) {
					c := newCell(t, request+"="+what)
					status := c.run()
					c.judge(what, status)
					if status == exitAbort || (status == exitPass) != harmless {
						t.Errorf("exit %d\n%s", status, c.transcript(status))
					}
				})
			})
		}
	}
}

// TestSweepOfLag lets the answers lag, at every read or at every other.
func TestSweepOfLag(t *testing.T) {
	for _, flapping := range []bool{false, true} {
		for _, behind := range []time.Duration{100 * time.Millisecond, time.Second, 4 * time.Second, 8 * time.Second} {
			for _, operation := range []time.Duration{100 * time.Millisecond, 3 * time.Second} {
				for _, fault := range []string{"", "restore=error_restoring", "create-backup=error", "create-volume=error"} {
					t.Run(fmt.Sprintf("%v %t %v %s", behind, flapping, operation, fault), func(t *testing.T) {
						t.Parallel()
						bubble(t, func(t *testing.T) {
							c := newCellOn(t, cloudsim.Config{OperationTime: operation, PageSize: 3, Lag: behind, LagFlapping: flapping}, fault)
							status := c.run()
							c.judge("lag", status)
							if want := map[bool]int{true: exitPass, false: exitFail}[fault == ""]; status != want {
								t.Errorf("exit %d\n%s", status, c.transcript(status))
							}
							if len(c.remaining()) > 0 {
								c.clear()
							}
						})
					})
				}
			}
		}
	}
}

// outcome is a run's verdict, exit status and first words, without what differs
// from cell to cell: ids, and which of two volumes was deleted first.
func (c *cell) outcome(status int) string {
	var said string
	for line := range strings.Lines(c.stderr.String()) {
		line = strings.TrimSpace(line)
		if said == "" {
			said = line
		} else if strings.HasPrefix(line, "got: ") || strings.HasPrefix(line, "not deleted: ") || strings.HasPrefix(line, "reason: ") {
			said += "; " + line
		}
	}
	said = requestID.ReplaceAllString(anID.ReplaceAllString(said, "ID"), "")
	return strings.TrimSpace(fmt.Sprintf("%s %d  %s", c.verdict(), status, said))
}

var volumeName = regexp.MustCompile(`volume 'scs-test-[a-z-]*'`)

var requestID = regexp.MustCompile(` \(request id req-ID\)`)

// outcomes collects what the cells ended in, for a person to read.
type outcomes struct {
	mu    sync.Mutex
	cells map[[3]string][]string // by request, fault and lasting: the distinct outcomes
}

func (o *outcomes) add(request, what, lasting, outcome string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if request == "DELETE /volumes/*" { // the two are asked for at the same time
		outcome = volumeName.ReplaceAllString(outcome, "volume NAME")
	}
	key := [3]string{request, what, lasting}
	if !slices.Contains(o.cells[key], outcome) {
		o.cells[key] = append(o.cells[key], outcome)
	}
}

// text is the table: the requests in the order of their first coming, the
// faults in that of the sweep.
func (o *outcomes) text(requests []string) string {
	var b strings.Builder
	told := map[string]bool{}
	for _, request := range requests {
		if told[request] {
			continue
		}
		told[request] = true
		fmt.Fprintf(&b, "\n%s\n", request)
		for _, what := range strikes {
			for i := 0; i < len(lastings); {
				names, outcomes := []string{lastings[i].name}, o.cells[[3]string{request, what, lastings[i].name}]
				for i++; i < len(lastings) && slices.Equal(outcomes, o.cells[[3]string{request, what, lastings[i].name}]); i++ {
					names = append(names, lastings[i].name)
				}
				for _, outcome := range outcomes {
					fmt.Fprintf(&b, "  %-9s %-23s %s\n", what, strings.Join(names, ", "), outcome)
				}
			}
		}
	}
	return b.String()
}
