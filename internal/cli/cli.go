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
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/term"

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

// path makes a path absolute.
func (p Process) path(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(p.Dir, path)
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
	switch {
	case err == nil && s.help:
		return show(p.Stdout, usage)
	case err == nil && s.version:
		return show(p.Stdout, "volume-backup-tester "+p.Version+"\n")
	case err == nil && s.listChecks:
		return show(p.Stdout, list(check.All()))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	text := newText(p, s, func(err error) { cancel(&writeError{err}) })
	defer text.Close()
	for _, path := range []string{s.junit, s.json} {
		if err == nil && path != "" && path != "-" {
			err = report.Writable(p.path(path))
		}
	}
	if err != nil {
		text.Error(err)
		return exitUsage
	}
	record := report.NewRecord(p.Version, s.cloud, s.prefix, s.checks)
	run := &check.Run{
		Prefix: s.prefix, Timeout: s.timeout, VolumeType: s.volumeType, Zone: s.zone, RestoreType: s.restoreType,
		AllowAdmin: s.allowAdmin, Checks: s.checks, Core: check.Abort,
		Emit: func(e check.Event) {
			record.Event(e)
			text.Event(e)
		},
	}
	err = execute(ctx, p, s, run, record)
	text.Close()
	return finish(ctx, p, text, record, s, run, err)
}

// newText decides how the run is told: on a terminal, in a pipe, or on stderr
// because a report has stdout.
func newText(p Process, s settings, broken func(error)) *report.Text {
	style := report.Style{Version: p.Version, Quiet: s.quiet, Broken: broken}
	out := p.Stdout
	if s.junit == "-" || s.json == "-" {
		out = p.Stderr
	} else if file, ok := p.Stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) && p.Getenv("TERM") != "dumb" && !s.debug {
		style.Terminal = &report.Terminal{Colour: p.Getenv("NO_COLOR") == "", Width: func() int {
			width, _, _ := term.GetSize(int(file.Fd())) // 0 on a terminal that does not know: no live line
			return width
		}}
	}
	return report.NewText(out, p.Stderr, style)
}

func show(to io.Writer, text string) int {
	if _, err := io.WriteString(to, text); err != nil {
		return exitAbort
	}
	return exitPass
}

func execute(ctx context.Context, p Process, s settings, run *check.Run, record *report.Record) (err error) {
	var requests atomic.Int64
	defer func() { record.Requests = requests.Load() }()
	o := cloud.Options{
		Cloud: s.cloud, Dir: p.Dir, Home: p.Home, Getenv: p.Getenv, Transport: p.Transport,
		UserAgent: "volume-backup-tester/" + p.Version, Requests: &requests, Patiently: run.Patiently,
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
	var conf *cloud.ConfigError
	place := func(l cloud.Login) string { return strings.ReplaceAll(l.Endpoint, l.ProjectID, "") }
	switch {
	case errors.As(err, &conf) || ctx.Err() != nil:
		return nil, err
	case err != nil: // which says nothing about the project that is tested
		return nil, &check.Blocked{
			Why:    fmt.Sprintf("--other-cloud '%s' cannot be used: %v", s.otherCloud, err),
			Advice: "mend it in clouds.yaml, or leave --other-cloud out: isolation is skipped then",
		}
	case place(other.Login) != place(own):
		return nil, usagef("--other-cloud '%s' has its block storage at %s, and '%s' at %s; name another project of the same cloud and region, by the same interface", s.otherCloud, other.Login.Endpoint, s.cloud, own.Endpoint)
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
func finish(ctx context.Context, p Process, text *report.Text, record *report.Record, s settings, run *check.Run, err error) int {
	status := exitPass
	var conf *cloud.ConfigError
	var mistake *usageError
	var failure *check.Failure
	var signal Signal
	switch cause := context.Cause(ctx); {
	case err == nil:
	case errors.As(cause, &signal):
		status = 128 + signal.Number
		failure = &check.Failure{Verdict: check.Abort, What: signal.Error()}
	case ctx.Err() != nil:
		status = exitAbort
		failure = &check.Failure{Verdict: check.Abort, What: cause.Error()}
	case errors.As(err, &conf), errors.As(err, &mistake):
		status = exitUsage
		failure = &check.Failure{Verdict: check.Abort, What: err.Error()}
	default:
		if !errors.As(err, &failure) { // from before the run
			failure = check.Judge(err)
			run.Core = failure.Verdict
		}
		status = exitFail
		if failure.Verdict == check.Abort {
			status = exitAbort
		}
	}
	var left []cloud.Resource
	if failure != nil {
		text.Failure(failure)
		left = slices.DeleteFunc(run.Left(), func(r cloud.Resource) bool { // told already, with its reason
			return slices.ContainsFunc(failure.Leftovers, func(l check.Leftover) bool { return l.ID == r.ID })
		})
		text.Left(left, clearing(s))
	}
	verdict := run.Core
	if s.cleanupOnly || status == exitUsage || !s.checks[0].Core {
		verdict = ""
	}
	record.Finish(verdict, status, failure, left, clearing(s))
	if !s.cleanupOnly && status != exitUsage {
		text.Summary(record)
	}
	if reportErr := writeReports(p, s, record); reportErr != nil {
		text.Error(reportErr)
		if status == exitPass {
			status, verdict = exitAbort, check.Abort
		}
	}
	if verdict != "" {
		text.Verdict(verdict)
	}
	if lost := text.Lost(); err == nil && lost != nil { // it was the last lines
		text.Error(&writeError{lost})
		return exitAbort
	}
	return status
}

// writeReports writes the reports that were asked for, whatever the run came to.
func writeReports(p Process, s settings, record *report.Record) error {
	var errs []error
	for path, write := range map[string]func(io.Writer) error{s.junit: record.JUnit, s.json: record.JSON} {
		switch path {
		case "":
		case "-":
			errs = append(errs, write(p.Stdout))
		default:
			errs = append(errs, report.WriteFile(p.path(path), write))
		}
	}
	return errors.Join(errs...)
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
