//go:build acceptance

package acceptance

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// stopBudget is the --timeout of a run whose cloud breaks: longer than stopping a service takes,
	// and than a sound operation beside other work on two processors.
	stopBudget = "45"
	// stopBound is what such a run may take from the fault to its end. Only one phase can
	// use up its budget, once for its request and once for its wait.
	stopBound = 2 * time.Minute
)

// phases are the checker's three, by the request before which a service is stopped.
var phases = []struct {
	name    string
	request *regexp.Regexp
}{
	{"create volume", createVolume},
	{"create backup", createBackup},
	{"restore", restore},
}

// The two services that a cloud's backups depend on most; the others are in faults_test.go. Most of
// it is waiting, in which a test that needs no devcloud runs.
func TestStoppedAtEachPhase(t *testing.T) {
	t.Parallel()
	stopAtEachPhase(t, "cinder-backup", "cinder-volume")
}

// stopAtEachPhase logs a line of a table for each service and phase.
func stopAtEachPhase(t *testing.T, services ...string) {
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			api := login(t, "devcloud")
			for _, name := range []any{"my-" + prefix + "volume", nil} {
				api.bystander(t, name)
			}
			for _, phase := range phases {
				t.Run(phase.name, func(t *testing.T) {
					t.Logf("| %s | %s | %s", service, phase.name, stopAt(t, service, phase.request))
				})
			}
		})
	}
}

// stopAt stops a service for certain before the request, lets the run end, starts the service
// again and clears. It returns the rest of the table's line.
func stopAt(t *testing.T, service string, request *regexp.Regexp) string {
	api, admin := login(t, "devcloud"), login(t, "devcloud-admin")
	if len(api.prefixed(t)) > 0 { // of a case that failed
		clearOrReset(t, api, admin)
	}
	mayStop(t, service)
	yaml, g := front(t, request)
	p := startCheck(t, yaml, "--timeout", stopBudget)
	g.reached(t, p)
	devcloud(t, "stop", service)
	stopped := time.Now()
	g.open()
	o := p.wait(t)
	took := time.Since(stopped)
	if took > stopBound {
		t.Errorf("%v from the fault to the exit, want less than %v", took, stopBound)
	}
	if o.code == 0 {
		o.wantPassed(t)
	} else {
		o.wantExplained(t, service)
	}
	if strings.Contains(o.stdout, restorePassed) {
		g.wantRestored(t)
	}

	devcloud(t, "start", service)
	eventually(t, 2*time.Minute, "all of Cinder's services are up again", admin.allUp)
	for _, r := range api.prefixed(t) {
		wantWords(t, o.stderr, fmt.Sprintf("%s '%s'", r.Kind, r.Name))
	}
	left := strings.Join(api.ours(t), ", ")
	cleared := clearOrReset(t, api, admin)
	return fmt.Sprintf("%s | %d | %.0f s | %s | %s | %s |", o.verdict(), o.code, took.Seconds(), o.message(), left, cleared)
}

// wantExplained asserts what every run that has not passed owes its user. An answer that never
// comes is an ABORT and does not tell which service is behind it; what stays as it is hints at one.
func (o outcome) wantExplained(t *testing.T, service string) {
	t.Helper()
	begins := "error: "
	switch o.code {
	case 1:
		o.wantVerdict(t, "FAIL")
		if strings.HasPrefix(service, "cinder-") {
			wantWords(t, o.stderr, service)
		}
	case 3:
		begins = "critical: "
		o.wantVerdict(t, "ABORT")
	default:
		t.Errorf("exit status %d, want 1 or 3", o.code)
	}
	if !strings.HasPrefix(o.stderr, begins) {
		t.Errorf("stderr does not begin with %q", begins)
	}
	wantWords(t, o.stderr, prefix, "hint: ", "--cleanup-only")
}

// wantRestored asserts that a restore which the checker believed was one. Cinder writes the
// backup's id to a volume when it has restored it, and the run's own clean-up leaves only
// what went through the proxy to tell.
func (g *gate) wantRestored(t *testing.T) {
	t.Helper()
	seen, _ := g.volumes.Load(prefix + "restored-backup")
	volume, _ := seen.(resource)
	if volume.Status != "available" || volume.Metadata["src_backup_id"] == "" {
		t.Errorf("a PASS, and Cinder last said of the restored volume: %+v", volume)
	}
}

// clearOrReset runs --cleanup-only in a cloud that is well again. What is left has to be what Cinder
// does not let a member delete, each with its reason and help; an administrator helps then.
func clearOrReset(t *testing.T, api, admin *cinder) string {
	t.Helper()
	o := check(t, "--cleanup-only")
	o.wantVerdict(t, "")
	left := api.prefixed(t)
	if o.code == 0 && len(left) == 0 {
		return "exit 0, nothing left"
	}
	o.wantCode(t, 1)
	var stuck []string
	for _, r := range left {
		if slices.Contains([]string{"available", "error", "error_restoring"}, r.Status) {
			t.Errorf("%s is '%s' and was not deleted", r, r.Status)
		}
		wantWords(t, o.stderr, fmt.Sprintf("not deleted: %s, status '%s'", r, r.Status))
		admin.request(t, "POST", fmt.Sprintf("%s/%ss/%s/action", admin.url, r.Kind, r.ID),
			map[string]any{"os-reset_status": map[string]string{"status": "error"}}, nil)
		stuck = append(stuck, fmt.Sprint(r.Kind, " ", r.Name, " ", r.Status))
	}
	for _, word := range []string{"reason: ", "hint: an administrator has to run: "} {
		if n := strings.Count(o.stderr, word); n != len(left) {
			t.Errorf("%d times %q for %d leftovers", n, word, len(left))
		}
	}
	wantCleared(t, api)
	return "exit 1, listed: " + strings.Join(stuck, ", ")
}

// allUp asks as an administrator, of a cloud that may not be able to answer yet.
func (c *cinder) allUp() bool {
	var answer struct{ Services []struct{ State string } }
	_, err := c.ask("GET", c.url+"/os-services", nil, &answer)
	down := func(s struct{ State string }) bool { return s.State != "up" }
	return err == nil && len(answer.Services) > 0 && !slices.ContainsFunc(answer.Services, down)
}

func (o outcome) verdict() string {
	_, v, _ := strings.Cut(o.stdout, verdict)
	return strings.TrimSpace(v)
}

// message is the first line on stderr, and what was seen.
func (o outcome) message() string {
	line, rest, _ := strings.Cut(o.stderr, "\n")
	if _, seen, ok := strings.Cut(rest, "  got: "); ok {
		seen, _, _ = strings.Cut(seen, "\n")
		line += "; seen: " + seen
	}
	return line
}
