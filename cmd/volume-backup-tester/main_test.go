package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"volume-backup-tester/internal/cloudsim"
)

// A process with the race detector sleeps for a second before it ends, unless it is told otherwise.
const noRacePause = "atexit_sleep_ms=0"

// callersPath is PATH before the programs under test were put into it.
var callersPath = os.Getenv("PATH")

func TestMain(m *testing.M) {
	os.Setenv("GORACE", noRacePause)
	testscript.Main(m, map[string]func(){"volume-backup-tester": main})
}

// TestScripts runs the process itself: streams, exit statuses and
// signals. What happens within a run is tested in internal/cli.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Files: scripts(t),
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CONFIG_HOME", "")
			env.Setenv("GORACE", noRacePause)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "etc-clouds" {
				return false, fmt.Errorf("no condition %s", name)
			}
			found, err := filepath.Glob("/etc/openstack/clouds.*")
			return len(found) > 0, err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"cloud":  startCloud,
			"status": status,
			"signal": signalled,
		},
	})
}

// scripts are this program's own: the folder has cloudsim's too.
func scripts(t *testing.T) []string {
	all, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil || len(all) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var own []string
	for _, file := range all {
		if !strings.HasPrefix(filepath.Base(file), "cloudsim-") {
			own = append(own, file)
		}
	}
	return own
}

// startCloud serves a simulated cloud with the faults given for the rest of the
// script; its clouds.yaml becomes $WORK/sim.yaml and the one in use.
//
//	cloud [OPERATION-TIME] [FAULT...]
func startCloud(ts *testscript.TestScript, _ bool, args []string) {
	var config cloudsim.Config
	if len(args) > 0 {
		if d, err := time.ParseDuration(args[0]); err == nil {
			config.OperationTime, args = d, args[1:]
		}
	}
	for _, arg := range args {
		fault, err := cloudsim.ParseFault(arg)
		ts.Check(err)
		config.Faults = append(config.Faults, fault)
	}
	sim, _, shut := listen(config)
	ts.Defer(shut)
	ts.Check(os.WriteFile(ts.MkAbs("sim.yaml"), sim.ClientConfig(), 0o600))
	ts.Setenv("OS_CLIENT_CONFIG_FILE", ts.MkAbs("sim.yaml"))
	ts.Setenv("OS_CLOUD", "cloudsim")
}

// listen serves a simulated cloud on a socket until it is shut.
func listen(config cloudsim.Config) (sim *cloudsim.Cloud, base string, shut func()) {
	server := httptest.NewUnstartedServer(nil)
	config.BaseURL = "http://" + server.Listener.Addr().String()
	sim = cloudsim.New(config)
	server.Config.Handler = sim
	server.Start()
	return sim, config.BaseURL, server.Close
}

// status runs a command and holds it to an exact exit status.
//
//	status N COMMAND [ARG...]
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	exact(ts, want, ts.Exec(args[1], args[2:]...))
}

func exact(ts *testscript.TestScript, want int, err error) {
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// signalled runs a command, sends it the signals one after the other when a
// line of its stdout matches, and holds it to an exit status. What it printed
// goes to the files "out" and "err".
//
//	signal INT|TERM|HUP[,INT|TERM|HUP] PATTERN N COMMAND [ARG...]
func signalled(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[1])
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	c := exec.Command(args[3], args[4:]...)
	for _, name := range []string{"GORACE", "HOME", "OS_CLIENT_CONFIG_FILE", "OS_CLOUD", "PATH"} {
		c.Env = append(c.Env, name+"="+ts.Getenv(name))
	}
	c.Dir = ts.MkAbs(".")
	stderr, err := os.Create(ts.MkAbs("err"))
	ts.Check(err)
	defer stderr.Close()
	c.Stderr = stderr
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	var out strings.Builder
	sent := false
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		out.WriteString(lines.Text() + "\n")
		if sent || !pattern.MatchString(lines.Text()) {
			continue
		}
		sent = true
		for _, name := range strings.Split(args[0], ",") {
			switch name {
			case "INT":
				ts.Check(c.Process.Signal(os.Interrupt))
			case "TERM":
				ts.Check(c.Process.Signal(syscall.SIGTERM))
			case "HUP":
				ts.Check(c.Process.Signal(syscall.SIGHUP))
			default:
				ts.Fatalf("no signal %s", name)
			}
		}
	}
	err = c.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(out.String()), 0o600))
	if !sent {
		ts.Fatalf("no line matched %s; stdout:\n%s", args[1], &out)
	}
	exact(ts, want, err)
}
