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
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"volume-backup-tester/internal/cloudsim"
)

const usage = `Usage: cloudsim [flags] -- COMMAND ARGS...

Runs COMMAND against a simulated OpenStack (Keystone, Cinder and Glance, on
loopback, in memory), and exits with its status. COMMAND finds the cloud through
OS_CLIENT_CONFIG_FILE and OS_CLOUD=cloudsim; its clouds.yaml also has
cloudsim-other, a member of another project, and cloudsim-admin. Without COMMAND
it serves until interrupted and prints where its clouds.yaml is.

      --operation-time D         how long each asynchronous operation takes
                                 (default 100ms)
      --latency D                how long each request takes (default 0s)
      --lag D                    how old what Block Storage reads is (default 0s)
      --lag-flapping             every other read is not old
      --page-size N              entries in a list at most (default 5)
      --without-backup-service   as if cinder-backup had never been installed
      --min-volume-size GIB      of the default volume type
      --private-default-type     members may not use the default volume type
      --encrypted-type           there is a volume type cloudsim-luks, too
      --incrementals-fail        incremental backups end in error
      --undo-deletion D          a volume is available again after each deletion,
                                 until D after the first
      --image-in-use D           an image cannot be deleted until D after a volume
                                 was made of it, or it of a volume
      --keep-quota               a deleted backup goes on counting against the quota
      --limits-without-used      limits do not say what is used
      --limits-without-backups   limits say nothing of backups
      --strip-request-ids        Block Storage's answers have no request id
      --unversioned-catalog      Block Storage URLs that end before the version
      --fault MATCH=WHAT[*TIMES][@SKIP]
                                 make something fail; may be repeated
      --break RULE               do something that a sound cloud does not, such as
                                 restore-flips-bytes; may be repeated; ? lists
                                 the rules
      --max-microversion 3.N     the newest that Cinder speaks (default 3.70)
      --help, --version

MATCH is a request (POST /backups, GET /volumes/*) or an operation (create-volume,
create-snapshot, create-backup, restore, upload, save-image, delete-volume,
delete-snapshot, delete-backup); keystone, cinder, glance or * is every request.
WHAT happens to a request: a status code (503, 503+5 with Retry-After, 413+5 of
the rate limiter, proxy:503 of a front end, keystone:503 of the token's check,
html:502), redirect:307 or redirect:307:http://HOST, quota, refuse, drop (reset
before acting), lose (act, then reset), cut, garbage, empty, null, slow:D. To an operation: a status (error_restoring), stuck, vanish,
slow:D.
It happens TIMES times (default: always), after SKIP that go well.

Example: the second backup of a run fails
  cloudsim --fault create-backup=error@1 -- volume-backup-tester --timeout 5
`

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
	signals               <-chan os.Signal // SIGINT and SIGTERM
}

// run returns the exit status.
func (p *process) run() int {
	var config cloudsim.Config
	flags := pflag.NewFlagSet("cloudsim", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.Usage = func() {} // printed below, on the stream that fits
	flags.DurationVar(&config.OperationTime, "operation-time", 100*time.Millisecond, "")
	flags.DurationVar(&config.Latency, "latency", 0, "")
	flags.DurationVar(&config.Lag, "lag", 0, "")
	flags.BoolVar(&config.LagFlapping, "lag-flapping", false, "")
	flags.IntVar(&config.PageSize, "page-size", 5, "")
	flags.BoolVar(&config.WithoutBackupService, "without-backup-service", false, "")
	flags.IntVar(&config.MinVolumeSize, "min-volume-size", 0, "")
	flags.BoolVar(&config.PrivateDefaultType, "private-default-type", false, "")
	flags.BoolVar(&config.WithEncryptedType, "encrypted-type", false, "")
	flags.BoolVar(&config.IncrementalsFail, "incrementals-fail", false, "")
	flags.DurationVar(&config.DeletionUndone, "undo-deletion", 0, "")
	flags.DurationVar(&config.ImageInUse, "image-in-use", 0, "")
	flags.BoolVar(&config.QuotaKept, "keep-quota", false, "")
	flags.BoolVar(&config.LimitsWithoutUsed, "limits-without-used", false, "")
	flags.BoolVar(&config.LimitsWithoutBackups, "limits-without-backups", false, "")
	flags.BoolVar(&config.StripRequestIDs, "strip-request-ids", false, "")
	flags.BoolVar(&config.UnversionedCatalog, "unversioned-catalog", false, "")
	flags.StringVar(&config.MaxMicroversion, "max-microversion", "3.70", "")
	faults := flags.StringArray("fault", nil, "")
	broken := flags.StringArray("break", nil, "")
	version := flags.Bool("version", false, "")
	help := flags.BoolP("help", "h", false, "")
	err := flags.Parse(p.args)
	switch {
	case err != nil:
	case *help:
		fmt.Fprint(p.stdout, usage)
		return 0
	case *version:
		fmt.Fprintln(p.stdout, "cloudsim", buildVersion())
		return 0
	case config.OperationTime <= 0:
		err = fmt.Errorf("--operation-time must be more than 0, not %v", config.OperationTime)
	case config.Latency < 0:
		err = fmt.Errorf("--latency must not be negative, but is %v", config.Latency)
	case config.Lag < 0:
		err = fmt.Errorf("--lag must not be negative, but is %v", config.Lag)
	case config.LagFlapping && config.Lag == 0:
		err = errors.New("--lag-flapping requires --lag")
	case config.PageSize < 1:
		err = fmt.Errorf("--page-size must be at least 1, not %d", config.PageSize)
	case flags.NArg() > 0 && flags.ArgsLenAtDash() != 0:
		err = fmt.Errorf("unexpected argument %q: a command comes after --", flags.Arg(0))
	}
	if err == nil && slices.Contains(*broken, "?") {
		p.listRules()
		return exitUsage // COMMAND is not run
	}
	if err == nil {
		_, err = cloudsim.ParseMicroversion(config.MaxMicroversion)
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
				if s == syscall.SIGTERM {
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

func buildVersion() string {
	if info, known := debug.ReadBuildInfo(); known && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
