package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/pflag"

	"volume-backup-tester/internal/cloudsim"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cloudsim": main,
		"probe":    probe,
	})
}

// probe is a command to run: it prints its environment's OpenStack part, or does what it is told.
func probe() {
	switch os.Args[1] {
	case "env":
		for _, name := range []string{"OS_CLOUD", "OS_PASSWORD", "NO_PROXY", "no_proxy"} {
			fmt.Printf("%s=%s\n", name, os.Getenv(name))
		}
		clouds, err := os.ReadFile(os.Getenv("OS_CLIENT_CONFIG_FILE"))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Printf("%s\n%s", os.Getenv("OS_CLIENT_CONFIG_FILE"), clouds)
	case "exit":
		status, _ := strconv.Atoi(os.Args[2])
		os.Exit(status)
	case "interrupted": // by the terminal: the whole group
		signal.Ignore(syscall.SIGINT)
		_ = syscall.Kill(os.Getppid(), syscall.SIGINT)
		<-time.After(200 * time.Millisecond)
		fmt.Println("still here")
	case "die":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "terminated": // by whoever stops cloudsim
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		_ = syscall.Kill(os.Getppid(), syscall.SIGTERM)
		fmt.Println(<-signals)
		os.Exit(7)
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Files: scripts(t),
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": status,
		},
	})
}

func scripts(t *testing.T) []string {
	files, err := os.ReadDir("../../testdata/script")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if len(f.Name()) > 9 && f.Name()[:9] == "cloudsim-" {
			names = append(names, "../../testdata/script/"+f.Name())
		}
	}
	return names
}

// status runs a command that must exit with exactly that status: status 2 cloudsim --nosuch.
func status(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("status %d, want %s", code, args[0])
	}
}

// Without a command it serves until it is interrupted, and leaves nothing behind.
func TestServe(t *testing.T) {
	signals := make(chan os.Signal)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := process{stdout: w, stderr: os.Stderr, signals: signals}
	ended := make(chan int, 1)
	go func() {
		status := p.run()
		w.Close()
		ended <- status
	}()
	var clouds string
	if _, err := fmt.Fscanln(r, &clouds); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(clouds); err != nil {
		t.Error(err)
	}
	signals <- os.Interrupt
	if status := <-ended; status != 0 {
		t.Errorf("status %d", status)
	}
	if _, err := os.Stat(clouds); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("clouds.yaml is still there: %v", err)
	}
}

// Every flag is in the usage.
func TestUsageFlags(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	bind(flags, new(cloudsim.Config))
	flags.VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(usage, "\n      --"+f.Name+" ") {
			t.Errorf("--%s is not explained", f.Name)
		}
	})
}

// The example in the usage is one.
func TestUsageExample(t *testing.T) {
	const example = "create-backup=error@1"
	if _, err := cloudsim.ParseFault(example); err != nil || !strings.Contains(usage, "--fault "+example+" --") {
		t.Error(err)
	}
}
