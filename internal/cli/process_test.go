package cli

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// TestInterrupted: a signal at any moment ends the run cleanly, names what is
// left, and the command that it names clears that.
func TestInterrupted(t *testing.T) {
	signals := []Signal{{"SIGINT", 2}, {"SIGTERM", 15}}
	for i, after := range []time.Duration{
		50 * time.Millisecond, 1200 * time.Millisecond, 2100 * time.Millisecond, 3300 * time.Millisecond, 4200 * time.Millisecond, 4700 * time.Millisecond, 5300 * time.Millisecond,
	} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{OperationTime: time.Second, Latency: 20 * time.Millisecond})
				s.signal, s.after = signals[i%2], after
				status := s.run()
				if status != 128+s.signal.Number {
					t.Errorf("exit %d after %s", status, s.signal.Name)
				}
				if !strings.HasSuffix(s.stdout.String(), "scs-0117-test-backup: ABORT\n") {
					t.Errorf("stdout ends otherwise:\n%s", &s.stdout)
				}
				if s.elapsed != after {
					t.Errorf("ended after %v", s.elapsed)
				}
				for _, name := range s.names() {
					kind, name, _ := strings.Cut(name, " ")
					if !strings.Contains(s.stderr.String(), kind+" '"+name+"'") {
						t.Errorf("%s %s is left and not named:\n%s", kind, name, &s.stderr)
					}
				}
				if len(s.names()) > 0 && !strings.Contains(s.stderr.String(), "volume-backup-tester --os-cloud cloudsim --prefix scs-test- --cleanup-only") {
					t.Errorf("no command that clears it:\n%s", &s.stderr)
				}
				s.after = 0
				if status := s.run("--cleanup-only"); status != 0 || len(s.names()) > 0 {
					t.Errorf("clean-up: exit %d, left %v\n%s", status, s.names(), &s.stderr)
				}
			})
		})
	}
}

type brokenPipe struct{ after int }

func (b *brokenPipe) Write(p []byte) (int, error) {
	if b.after--; b.after < 0 {
		return 0, errors.New("broken pipe")
	}
	return len(p), nil
}

// TestClosedStdout: results that nobody gets are not a PASS, not even when only
// the last line is lost.
func TestClosedStdout(t *testing.T) {
	run := func(lines int) (status, left int, stderr string) {
		bubble(t, func(t *testing.T) {
			s, out := newScene(t, cloudsim.Config{}), &brokenPipe{after: lines}
			s.stdoutTo = out
			status = s.run()
			left, stderr = out.after, s.stderr.String()
		})
		return status, left, stderr
	}
	const plenty = 1000
	status, left, stderr := run(plenty)
	total := plenty - left
	if status != exitPass || total < 10 {
		t.Fatalf("exit %d after %d lines\n%s", status, total, stderr)
	}
	for lines := range total {
		status, _, stderr := run(lines)
		if status != exitAbort || !strings.Contains(stderr, "critical: results cannot be written: broken pipe") {
			t.Errorf("exit %d with stdout closed after %d of %d lines\n%s", status, lines, total, stderr)
		}
	}
	if status, left, stderr := run(total); status != exitPass || left != 0 {
		t.Errorf("exit %d with stdout closed after all lines\n%s", status, stderr)
	}
}

// TestFailureBehindClosedStdout: what the cloud has failed is not lost with the
// line that says so, where a check's lines come at its end.
func TestFailureBehindClosedStdout(t *testing.T) {
	failed := 0
	for lines := 0; ; lines++ {
		whole := false
		bubble(t, func(t *testing.T) {
			s, out := newScene(t, cloudsim.Config{Broken: []cloudsim.Rule{cloudsim.FilterIgnoredName}}), &brokenPipe{after: lines}
			s.stdoutTo = out
			status := s.run("--checks", "listing,incremental", "--json", "run.json")
			var o check.Outcome
			if err := json.Unmarshal([]byte(s.read("run.json")), &o); err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(o.Checks, func(c check.Result) bool { return c.Status == check.Failed })
			if found != (status == exitFail) || found != (len(o.Failures) > 0 && o.Failures[0].Verdict == check.Fail) {
				t.Errorf("closed after %d lines: exit %d, FAIL found: %t, failures: %v", lines, status, found, o.Failures)
			}
			if found && out.after < 0 {
				failed++
			}
			whole = out.after >= 0
		})
		if whole {
			break
		}
	}
	if failed == 0 {
		t.Error("no failure before the end of stdout")
	}
}

// TestAsk: the prompt goes to stderr, one line is read, and an empty one means
// the file's password.
func TestAsk(t *testing.T) {
	for _, row := range []struct {
		name, stdin, file string
		status            int
	}{
		{"answered", cloudsim.Password + "\nmore\n", "wrong", 0},
		{"without newline", cloudsim.Password, "wrong", 0},
		{"windows", cloudsim.Password + "\r\n", "wrong", 0},
		{"wrong", "wrong\n", cloudsim.Password, 3},
		{"empty line", "\n", cloudsim.Password, 0},
		{"end of file", "", cloudsim.Password, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				s.clouds = strings.ReplaceAll(string(s.sim.ClientConfig()), "password: "+cloudsim.Password, "password: "+row.file)
				s.stdin = row.stdin
				if status := s.run("--ask", "--cleanup-only"); status != row.status {
					t.Errorf("exit %d, want %d\n%s", status, row.status, &s.stderr)
				}
				if !strings.HasPrefix(s.stderr.String(), "Password: \n") || strings.Contains(s.stdout.String(), "Password") {
					t.Errorf("stderr:\n%s", &s.stderr)
				}
			})
		})
	}
}

// TestSignalWhileAsking: a signal ends the prompt too.
func TestSignalWhileAsking(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		never, end := io.Pipe()
		defer end.Close()
		s.stdinFrom = never
		s.signal, s.after = Signal{"SIGINT", 2}, time.Second
		if status := s.run("--ask"); status != 130 {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
		if n := len(s.sim.Log()); n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}

// TestDebug: every exchange is told, and no secret.
func TestDebug(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "GET /volumes/*=drop*1@2")
		if status := s.run("--debug"); status != 0 {
			t.Fatalf("exit %d", status)
		}
		told := strings.Count(s.stderr.String(), "request id req-") + strings.Count(s.stderr.String(), " failed after ")
		if told != len(s.sim.Log()) {
			t.Errorf("%d exchanges told of %d", told, len(s.sim.Log()))
		}
		for _, r := range s.sim.Log() {
			if token := r.Header.Get("X-Auth-Token"); token != "" && strings.Contains(s.stderr.String(), token) {
				t.Fatal("the token is in the log")
			}
		}
		if strings.Contains(s.stderr.String(), `"`+cloudsim.Password+`"`) {
			t.Error("the password is in the log")
		}
		for line := range strings.Lines(s.stderr.String()) {
			if !strings.HasPrefix(line, "debug: ") {
				t.Errorf("a line without a label: %q", line)
			}
		}
		if strings.Contains(s.stdout.String(), "debug") {
			t.Error("debug output on stdout")
		}
	})
}
