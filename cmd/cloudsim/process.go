package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"volume-backup-tester/internal/cloudsim"
)

// Exit statuses besides the command's own.
const (
	exitUsage         = 2
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignal        = 128 // plus the signal's number
)

// process is what the program is given: nothing else of its surroundings is looked at.
type process struct {
	args                  []string
	environ               []string
	stdin, stdout, stderr *os.File
	signals               <-chan os.Signal // SIGINT, SIGTERM and SIGHUP
}

// run returns the exit status.
func (p *process) run() int {
	var config cloudsim.Config
	flags := pflag.NewFlagSet("cloudsim", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.Usage = func() {} // printed below, on the stream that fits
	bind(flags, &config)
	faults := flags.StringArray("fault", nil, "")
	broken := flags.StringArray("break", nil, "")
	printVersion := flags.Bool("version", false, "")
	help := flags.BoolP("help", "h", false, "")
	err := flags.Parse(p.args)
	switch {
	case err != nil:
	case *help:
		fmt.Fprint(p.stdout, usage)
		return 0
	case *printVersion:
		fmt.Fprintln(p.stdout, "cloudsim", version)
		return 0
	case flags.NArg() > 0 && flags.ArgsLenAtDash() != 0:
		err = fmt.Errorf("unexpected argument %q: a command comes after --", flags.Arg(0))
	}
	if err == nil && slices.Contains(*broken, "?") {
		p.listRules()
		return exitUsage // COMMAND is not run
	}
	if err == nil {
		err = validate(&config)
	}
	for _, name := range *broken {
		if err != nil {
			break
		}
		var rule cloudsim.Rule
		rule, err = cloudsim.ParseRule(name)
		config.Broken = append(config.Broken, rule)
	}
	for _, text := range *faults {
		fault, faultErr := cloudsim.ParseFault(text)
		if err = errors.Join(err, faultErr); err != nil {
			break
		}
		config.Faults = append(config.Faults, fault)
	}
	if err != nil {
		fmt.Fprintf(p.stderr, "cloudsim: %v (see cloudsim --help)\n", err)
		return exitUsage
	}
	status, err := p.serve(config, flags.Args())
	if err != nil {
		fmt.Fprintf(p.stderr, "cloudsim: %v\n", err)
	}
	return status
}

// listRules prints what --break takes.
func (p *process) listRules() {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, r := range cloudsim.Rules() {
		fmt.Fprintf(w, "%s\t%s\n", r.Rule, r.Broken)
	}
	_ = w.Flush()
}

// serve runs the cloud for as long as the command runs, or until a signal if there is none.
func (p *process) serve(config cloudsim.Config, command []string) (status int, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1, fmt.Errorf("starting the cloud: %w", err)
	}
	config.BaseURL = "http://" + listener.Addr().String()
	cloud := cloudsim.New(config)
	server := &http.Server{Handler: cloud}
	defer server.Close()
	go func() { _ = server.Serve(listener) }() // ends with Close

	dir, err := os.MkdirTemp("", "cloudsim-")
	if err != nil {
		return 1, fmt.Errorf("writing clouds.yaml: %w", err)
	}
	defer os.RemoveAll(dir)
	clouds := filepath.Join(dir, "clouds.yaml")
	if err := os.WriteFile(clouds, cloud.ClientConfig(), 0o600); err != nil {
		return 1, fmt.Errorf("writing clouds.yaml: %w", err)
	}
	if len(command) > 0 {
		return p.command(command, environment(p.environ, clouds))
	}
	if _, err := fmt.Fprintln(p.stdout, clouds); err != nil {
		return 1, fmt.Errorf("printing where clouds.yaml is: %w", err)
	}
	<-p.signals
	return 0, nil
}

// command runs the command in this process's group and returns its status as a shell would. The
// terminal sends an interrupt to the command by itself, so here it is only survived.
func (p *process) command(command, environ []string) (int, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = environ, p.stdin, p.stdout, p.stderr
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return exitNotFound, err
		}
		return exitNotExecutable, err
	}
	ended := make(chan struct{})
	forwarded := make(chan struct{})
	go func() {
		defer close(forwarded)
		for {
			select {
			case s := <-p.signals:
				if s != syscall.SIGINT {
					_ = cmd.Process.Signal(s) // it may have ended by itself meanwhile
				}
			case <-ended:
				return
			}
		}
	}()
	err := cmd.Wait()
	close(ended)
	<-forwarded
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, fmt.Errorf("running %s: %w", command[0], err)
	}
	if ws, known := cmd.ProcessState.Sys().(syscall.WaitStatus); known && ws.Signaled() {
		return exitSignal + int(ws.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}

// environment is the command's: the cloud, nothing else of OpenStack, and no proxy in between.
func environment(environ []string, clouds string) []string {
	var kept []string
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "OS_") && !strings.EqualFold(name, "NO_PROXY") {
			kept = append(kept, e)
		}
	}
	return append(kept, "OS_CLIENT_CONFIG_FILE="+clouds, "OS_CLOUD=cloudsim", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
}
