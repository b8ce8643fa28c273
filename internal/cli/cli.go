// Package cli owns the command line: flags, usage, how the parts are wired
// together, and the one switch from an error to the verdict line and the exit
// status.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/report"
)

// Process is everything that a run gets from the process around it.
type Process struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Dir, Home      string
	Version        string
	// Transport replaces the network, for tests; nil: sockets.
	Transport http.RoundTripper
}

// serial keeps lines whole that several requests write at a time.
type serial struct {
	mu sync.Mutex
	to io.Writer
}

func (s *serial) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(p)
}

// Exit statuses, as spec and README list them.
const (
	exitPass  = 0
	exitFail  = 1
	exitUsage = 2
	exitAbort = 3
)

// Signal is the cause with which a signal cancels Main's context.
type Signal struct {
	Name   string
	Number int
}

func (s Signal) Error() string { return "interrupted by " + s.Name }

// writeError is the cause when results cannot be written any more.
type writeError struct{ err error }

func (e *writeError) Error() string { return fmt.Sprintf("results cannot be written: %v", e.err) }

// Main runs the program and returns its exit status.
func Main(ctx context.Context, p Process) int {
	p.Stderr = &serial{to: p.Stderr}
	s, err := parse(p.Args, p.Getenv)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	text := report.NewText(p.Stdout, p.Stderr, p.Version, func(err error) { cancel(&writeError{err}) })
	switch {
	case err != nil:
		text.Error(err)
		return exitUsage
	case s.help:
		return show(p.Stdout, usage)
	case s.version:
		return show(p.Stdout, "volume-backup-tester "+p.Version+"\n")
	case s.listChecks:
		return show(p.Stdout, list(check.All()))
	}
	run := check.Run{
		Prefix: s.prefix, Timeout: s.timeout, VolumeType: s.volumeType, Zone: s.zone, RestoreType: s.restoreType,
		AllowAdmin: s.allowAdmin, Checks: s.checks, Core: check.Abort, Emit: text.Event,
	}
	return finish(ctx, text, s, &run, execute(ctx, p, s, text, &run))
}

func show(to io.Writer, text string) int {
	if _, err := io.WriteString(to, text); err != nil {
		return exitAbort
	}
	return exitPass
}

func execute(ctx context.Context, p Process, s settings, text *report.Text, run *check.Run) (err error) {
	o := cloud.Options{
		Cloud: s.cloud, Dir: p.Dir, Home: p.Home, Getenv: p.Getenv, Transport: p.Transport,
		UserAgent: "volume-backup-tester/" + p.Version,
	}
	if s.ask {
		o.Password = func() (string, error) { return askPassword(ctx, p) }
	}
	if s.debug {
		o.Debug = func(line string) { fmt.Fprintln(p.Stderr, line) }
	}
	if run.Cloud, err = cloud.Connect(ctx, o); err != nil {
		return err
	}
	if s.cleanupOnly {
		return run.CleanUp(ctx, s.dryRun)
	}
	if s.otherCloud != "" {
		if run.Other, err = connectOther(ctx, o, s, run.Cloud.Login); err != nil {
			return err
		}
	}
	return run.Test(ctx)
}

// connectOther logs in as a member of another project. What would make the
// check isolation meaningless is a mistake in the command line.
func connectOther(ctx context.Context, o cloud.Options, s settings, own cloud.Login) (*cloud.Client, error) {
	o.Cloud, o.Password = s.otherCloud, nil
	other, err := cloud.Connect(ctx, o)
	switch {
	case err != nil:
		return nil, err
	case other.Login.ProjectID == own.ProjectID:
		return nil, usagef("--other-cloud '%s' is the same project as '%s', %s; name a cloud of another project", s.otherCloud, s.cloud, own.Project)
	case check.Administrative(other.Login.Roles):
		return nil, usagef("--other-cloud '%s' has an administrator's role, who may see everything; name an ordinary member", s.otherCloud)
	}
	return other, nil
}

// list tells what there is to check: name, sentence and source.
func list(checks []check.Check) string {
	var b strings.Builder
	for _, c := range checks {
		name := c.Name
		if c.Core {
			name = "core: " + c.Line
		}
		fmt.Fprintf(&b, "%s\n    %s\n    (%s)\n", name, c.Sentence, c.Source)
	}
	return b.String()
}

// finish is the one switch from what a run returned to its verdict and exit
// status.
func finish(ctx context.Context, text *report.Text, s settings, run *check.Run, err error) int {
	status := exitPass
	var conf *cloud.ConfigError
	var mistake *usageError
	var failure *check.Failure
	var signal Signal
	switch cause := context.Cause(ctx); {
	case err == nil:
	case errors.As(cause, &signal):
		status = 128 + signal.Number
		text.Error(signal)
	case ctx.Err() != nil:
		status = exitAbort
		text.Error(cause)
	case errors.As(err, &conf), errors.As(err, &mistake):
		text.Error(err)
		return exitUsage
	default:
		if !errors.As(err, &failure) { // from before the run
			failure = check.Judge(err)
			run.Core = failure.Verdict
		}
		status = exitFail
		if failure.Verdict == check.Abort {
			status = exitAbort
		}
		text.Failure(failure)
	}
	if status != exitPass && (failure == nil || failure.Leftovers == nil) {
		text.Left(run.Left(), clearing(s))
	}
	if !s.cleanupOnly && s.checks[0].Core {
		text.Verdict(run.Core)
	}
	if err == nil && ctx.Err() != nil { // the last lines were not written
		text.Error(context.Cause(ctx))
		return exitAbort
	}
	return status
}

// clearing is the command that deletes what this run may have left.
func clearing(s settings) string {
	command := fmt.Sprintf("volume-backup-tester --os-cloud %s --prefix %s --cleanup-only", shell(s.cloud), shell(s.prefix))
	if !s.checks[len(s.checks)-1].Core {
		command += " --checks all"
	}
	return command
}

// shell quotes a word for a POSIX shell where it needs it.
func shell(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=", r)
	}
	if strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
