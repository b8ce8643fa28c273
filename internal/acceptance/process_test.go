//go:build acceptance

package acceptance

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const (
	verdict = "scs-0117-test-backup: "
	prefix  = "scs-test-" // the checker's default

	createPassed  = "Create empty volume: PASS"
	backupPassed  = "Create backup from volume: PASS"
	restorePassed = "Restore volume from backup: PASS"
)

// processLimit is above every budget that a test gives the checker: what reaches it hangs.
const processLimit = 50 * time.Minute

type process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	done           chan struct{} // closed when it has ended
}

// outcome is what a user sees of a process that ended.
type outcome struct {
	stdout, stderr string
	code           int
}

// start runs a command with only what it is told in the environment, and what devcloud goes by. It is
// killed with the test.
func start(t *testing.T, yaml, name string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), processLimit)
	p := &process{cmd: exec.CommandContext(ctx, name, args...), done: make(chan struct{})}
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "OS_CLIENT_CONFIG_FILE=" + yaml}
	for _, name := range []string{"DEVCLOUD_RELEASE", "DEVCLOUD_STATE"} {
		if value, found := os.LookupEnv(name); found {
			p.cmd.Env = append(p.cmd.Env, name+"="+value)
		}
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.WaitDelay = 10 * time.Second
	if err := p.cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		p.cmd.Wait() // what it says is in the exit status and on stderr, too
	}()
	t.Cleanup(func() { cancel(); <-p.done })
	return p
}

func (p *process) wait(t *testing.T) outcome {
	t.Helper()
	<-p.done
	o := outcome{p.stdout.String(), p.stderr.String(), p.cmd.ProcessState.ExitCode()}
	t.Logf("%s: %v\n%s%s", strings.Join(p.cmd.Args[1:], " "), p.cmd.ProcessState, o.stdout, o.stderr)
	return o
}

// check runs the checker on the devcloud as its member.
func check(t *testing.T, args ...string) outcome {
	t.Helper()
	return startCheck(t, cloudsYAML, args...).wait(t)
}

func startCheck(t *testing.T, yaml string, args ...string) *process {
	t.Helper()
	return start(t, yaml, tester, append([]string{"--os-cloud", "devcloud"}, args...)...)
}

func (o outcome) wantCode(t *testing.T, code int) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit status %d, want %d", o.code, code)
	}
}

// wantVerdict holds the last line on stdout against "PASS", "FAIL" or "ABORT"; "" means that there
// is no verdict at all.
func (o outcome) wantVerdict(t *testing.T, want string) {
	t.Helper()
	lines := strings.Split(strings.TrimRight(o.stdout, "\n"), "\n")
	switch last := lines[len(lines)-1]; {
	case want == "" && strings.Contains(o.stdout, verdict):
		t.Error("a verdict, though nothing was tested")
	case want != "" && last != verdict+want:
		t.Errorf("the last line on stdout is %q, want the verdict %s", last, want)
	}
}

// wantPassed asserts that a test run passed in all its parts, phase by phase.
func (o outcome) wantPassed(t *testing.T) {
	t.Helper()
	o.wantCode(t, 0)
	o.wantVerdict(t, "PASS")
	var passed []string
	for line := range strings.Lines(o.stdout) {
		if line = strings.TrimSpace(line); strings.HasSuffix(line, ": PASS") {
			passed = append(passed, line)
		}
	}
	want := []string{createPassed, backupPassed, restorePassed, verdict + "PASS"}
	if strings.Join(passed, "\n") != strings.Join(want, "\n") {
		t.Errorf("PASS lines %q, want %q", passed, want)
	}
	if o.stderr != "" {
		t.Errorf("a run that passed has something on stderr: %q", o.stderr)
	}
}

// wantFailed asserts the verdict FAIL with an explanation on stderr that holds every one of words.
func (o outcome) wantFailed(t *testing.T, words ...string) {
	t.Helper()
	o.wantCode(t, 1)
	o.wantVerdict(t, "FAIL")
	wantWords(t, o.stderr, words...)
}

func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in %q", w, text)
		}
	}
}
