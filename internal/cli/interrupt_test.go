package cli

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestInterruptedAtEveryRequest lets a signal come with every request of a full
// run: before the cloud acts, when it has acted and its answer is lost for
// that, and together with the answer.
func TestInterruptedAtEveryRequest(t *testing.T) {
	var requests int
	bubble(t, func(t *testing.T) {
		c := newCell(t)
		if status := c.run(); status != exitPass {
			t.Fatalf("without a signal: exit %d\n%s", status, &c.stderr)
		}
		requests = len(c.sim.Log())
	})
	for _, moment := range []string{"before", "unanswered", "answered"} {
		for _, signal := range []Signal{{"SIGINT", 2}, {"SIGTERM", 15}} {
			t.Run(moment+" "+signal.Name, func(t *testing.T) {
				t.Parallel()
				for k := range requests {
					bubble(t, func(t *testing.T) {
						c := newCell(t)
						c.signal = signal
						came := c.interruptAt(int64(k), moment)
						status := c.run()
						transcript := c.transcript(status)
						if late := time.Since(*came); late != 0 {
							t.Errorf("ended %v after the signal", late)
						}
						synctest.Wait() // the cloud may still act on what is under way
						c.interrupted(status)
						c.network = nil
						c.clear()
						if t.Failed() {
							t.Fatalf("request %d, %s:\n%s", k, moment, transcript)
						}
					})
				}
			})
		}
	}
}

// interruptAt sends the signal with the k-th request, and tells when it came.
func (c *cell) interruptAt(k int64, moment string) *time.Time {
	var count atomic.Int64
	var came time.Time
	c.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
		if count.Add(1)-1 != k {
			return cloud.RoundTrip(r)
		}
		came = time.Now()
		if moment == "before" {
			c.cancel()
			return cloud.RoundTrip(r)
		}
		response, err := cloud.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
		c.cancel()
		if err != nil || moment == "answered" {
			return response, err
		}
		_ = response.Body.Close()
		return nil, context.Cause(r.Context())
	}
	return &came
}

// interrupted asserts what a signal's end has to look like: the status, the
// verdict, and that whatever is left can be found and cleared.
func (c *cell) interrupted(status int) {
	c.t.Helper()
	if status != 128+c.signal.Number || c.verdict() != "ABORT" {
		c.t.Errorf("%s: verdict %q with exit %d", c.signal.Name, c.verdict(), status)
	}
	if !strings.HasPrefix(c.stderr.String(), "critical: interrupted by "+c.signal.Name+"\n") {
		c.t.Errorf("stderr: %q", &c.stderr)
	}
	left := c.remaining()
	for _, name := range left {
		if !strings.Contains(c.stderr.String(), "left in the cloud: "+name) && !strings.Contains(c.stderr.String(), "may still exist: "+name) {
			c.t.Errorf("%s is left and not named", name)
		}
	}
	if len(left) > 0 && !strings.Contains(c.stderr.String(), "to delete it: volume-backup-tester --os-cloud cloudsim --prefix scs-test- --cleanup-only\n") {
		c.t.Error("no command that clears it")
	}
	c.onlyOurs()
}

// TestSignalAfterTheRun: what comes when the last request has been answered
// changes nothing any more.
func TestSignalAfterTheRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.signal = Signal{"SIGTERM", 15}
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "  tool") {
				s.cancel()
			}
		}
		if status := s.run(); status != exitPass || !strings.HasSuffix(s.stdout.String(), "scs-0117-test-backup: PASS\n") || s.stderr.Len() > 0 {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}
