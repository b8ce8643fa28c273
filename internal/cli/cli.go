// Package cli owns the command line: flags, usage, how the parts are wired
// together, and the one switch from an outcome to the exit status.
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
	"time"

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
	Date           string // of the version, YYYY-MM-DD; "": not known
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
	if text := instead(p, s); err == nil && text != "" {
		return write(p.Stdout, text)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	text := newText(p, s, func(err error) { cancel(&writeError{err}) })
	defer text.Close()
	for _, r := range s.reports() {
		if err == nil && r.path != "-" {
			err = report.Writable(p.path(r.path))
		}
	}
	if err != nil {
		s.junit, s.json, s.html = "", "", "" // where to is not known for certain
		c := check.Config{Version: p.Version, Started: time.Now(), Checks: check.Mandatory(), CleanupOnly: s.cleanupOnly}
		return finish(p, s, text, check.NotRun(ctx, c, usagef("%v", err)))
	}
	c := config(p, s)
	c.Progress = text.Event
	for _, w := range c.Warnings {
		text.Event(check.Warning{Text: w})
	}
	outcome := execute(ctx, p, s, c)
	text.Close()
	return finish(p, s, text, outcome)
}

// config is what the flags tell a run.
func config(p Process, s settings) check.Config {
	return check.Config{
		Version: p.Version, Started: time.Now(), CloudName: s.cloud, Prefix: s.prefix, Timeout: s.timeout, Tolerance: new(check.Tolerance),
		VolumeType: s.volumeType, Zone: s.zone, BackupZone: s.backupZone, VolumeSize: s.volumeSize, RestoreType: s.restoreType, EncryptedType: s.encryptedType,
		AllowAdmin: s.allowAdmin, FailOnSkip: s.failOnSkip, Checks: s.checks, Parallel: s.parallel, CleanupOnly: s.cleanupOnly, DryRun: s.dryRun, OlderThan: s.olderThan, CleanOnFailure: s.onFailure == clean,
		Warnings: prefixWarnings(s.prefix), CleanupCommand: cleanupCommand(s),
	}
}

// newText decides how the run is told: on a terminal, in a pipe, or on stderr
// because a report has stdout.
func newText(p Process, s settings, broken func(error)) *report.Text {
	style := report.Style{Version: p.Version, Quiet: s.quiet, Broken: broken}
	out := p.Stdout
	if slices.ContainsFunc(s.reports(), func(r file) bool { return r.path == "-" }) {
		out = p.Stderr
	} else if file, ok := p.Stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) && p.Getenv("TERM") != "dumb" && !s.debug {
		style.Terminal = &report.Terminal{Colour: p.Getenv("NO_COLOR") == "", Size: func() (columns, rows int) {
			columns, rows, _ = term.GetSize(int(file.Fd())) // 0 on a terminal that does not know: no live line
			return columns, rows
		}}
	}
	return report.NewText(out, p.Stderr, style)
}

// write writes all that there is to say, and returns the exit status.
func write(to io.Writer, text string) int {
	if _, err := io.WriteString(to, text); err != nil {
		return exitAbort
	}
	return exitPass
}

// execute connects and runs.
func execute(ctx context.Context, p Process, s settings, c check.Config) (outcome *check.Outcome) {
	var requests, redirects atomic.Int64
	defer func() { outcome.Sent(requests.Load(), redirects.Load()) }()
	o := cloud.Options{
		Cloud: s.cloud, Dir: p.Dir, Home: p.Home, Getenv: p.Getenv, Transport: p.Transport,
		UserAgent: "volume-backup-tester/" + p.Version, Requests: &requests, Redirects: &redirects, Retry: c.Tolerance.Retry(s.timeout),
	}
	if s.parallel > 1 && !s.cleanupOnly && check.Optional(s.checks) { // else there is one session, which paces itself
		o.Pace = cloud.NewPace()
	}
	if s.ask {
		o.Secret = func(what string) (string, error) { return askSecret(ctx, p, what) }
	}
	if s.debug {
		o.Debug = func(line string) { fmt.Fprintln(p.Stderr, line) }
	}
	client, err := cloud.Connect(ctx, o)
	if err != nil {
		return check.NotRun(ctx, c, err)
	}
	c.Cloud = client
	if s.otherCloud != "" && !s.cleanupOnly {
		if c.Other, err = connectOther(ctx, o, s, client.Login); err != nil {
			return check.NotRun(ctx, c, err)
		}
	}
	return check.Run(ctx, c)
}

// connectOther logs in as a member of another project. What would make the
// check isolation meaningless is a mistake in the command line.
func connectOther(ctx context.Context, o cloud.Options, s settings, own cloud.Login) (*cloud.Client, error) {
	o.Cloud, o.Secret = s.otherCloud, nil
	other, err := cloud.Connect(ctx, o)
	var conf *cloud.ConfigError
	place := func(l cloud.Login) string { return strings.ReplaceAll(l.Endpoint, l.ProjectID, "") }
	switch {
	case errors.As(err, &conf) || ctx.Err() != nil:
		return nil, err
	case err != nil: // which says nothing about the project that is tested
		return nil, &check.Blocked{
			Why:  fmt.Sprintf("--other-cloud '%s' cannot be used: %v", s.otherCloud, err),
			Hint: "correct it in clouds.yaml, or leave --other-cloud out: isolation is skipped then",
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

// finish tells the outcome and returns the exit status.
func finish(p Process, s settings, text *report.Text, o *check.Outcome) int {
	o.ExitStatus = exitStatus(o)
	text.Failures(o)
	switch {
	case o.ExitStatus == exitUsage:
	case s.cleanupOnly:
		text.Cleanup(o, s.dryRun)
	default:
		text.Summary(o)
	}
	if err := writeReports(p, s, o); err != nil {
		text.Error(err)
		if o.ExitStatus == exitPass {
			o.ExitStatus = exitAbort
			if o.Verdict != "" {
				o.Verdict = check.Abort
			}
		}
	}
	if o.Verdict != "" {
		text.Verdict(o.Verdict)
	}
	if lost := text.Lost(); len(o.Failures) == 0 && lost != nil { // it was the last lines
		text.Error(&writeError{lost})
		return exitAbort
	}
	return o.ExitStatus
}

// exitStatus is the one switch from an outcome to the exit status. What ended
// the run comes last, and counts unless the cloud has failed before.
func exitStatus(o *check.Outcome) int {
	status := exitPass
	for _, f := range o.Failures {
		var signal Signal
		switch {
		case errors.As(f, &signal):
			return 128 + signal.Number
		case f.Stage == check.StageUsage:
			return exitUsage
		case f.Verdict == check.Fail:
			status = exitFail
		case status == exitPass:
			status = exitAbort
		}
	}
	return status
}

// writeReports writes the reports that were asked for, whatever the run came to.
func writeReports(p Process, s settings, o *check.Outcome) error {
	var errs []error
	for _, r := range s.reports() {
		write := func(to io.Writer) error { return r.write(to, o) }
		if r.path == "-" {
			errs = append(errs, write(p.Stdout))
			continue
		}
		errs = append(errs, report.WriteFile(p.path(r.path), write))
	}
	return errors.Join(errs...)
}

// cleanupCommand is the command that deletes what this run may have left.
func cleanupCommand(s settings) string {
	command := fmt.Sprintf("volume-backup-tester --os-cloud %s --prefix %s --cleanup-only", shell(s.cloud), shell(s.prefix))
	if check.Optional(s.checks) {
		command += " --checks all"
	}
	if s.olderThanGiven != "" {
		command += " --older-than " + s.olderThanGiven
	}
	if s.timeoutGiven != defaultTimeout {
		command += " --timeout " + s.timeoutGiven
	}
	if s.ask {
		command += " --ask"
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
