// Package report owns how a run is told: events and failures become lines, and
// a record that is written as JUnit XML and JSON.
//
// The rules of output: results go to stdout, diagnostics to stderr, where each
// begins with "error:" or "warning:". In a pipe every clean-up action, every
// step's beginning and wait, and every passed check is a line on stdout, and a
// long wait adds one at growing intervals, so that a pipeline shows that
// something goes on. On a terminal each check is one line, which is alive while
// it waits and settles into its result. The verdict is the last line. An
// error's words belong to the package that raises it; only their layout is
// decided here.
package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloud"
)

const (
	// firstSign is how long a wait lasts before a line says that it goes on;
	// each further line comes after half as long again.
	firstSign = 10 * time.Second
	// named is how many resources a line names before it counts them instead.
	named = 3
)

// Style is how the text looks.
type Style struct {
	Version string
	// Terminal is nil in a pipe.
	Terminal *Terminal
	// Quiet leaves results, verdict and errors.
	Quiet bool
	// Broken is told once when results cannot be written any more.
	Broken func(error)
}

// Text writes a run as lines for people. Its methods are called one at a time.
type Text struct {
	Style
	out, err io.Writer
	live     *live         // nil in a pipe
	lost     error         // why results cannot be written any more; nil: they can
	sign     time.Duration // when the next line about the present wait is due
	check    string        // the line of the check that runs
}

// NewText writes results to out and diagnostics to err. Close ends it.
func NewText(out, err io.Writer, style Style) *Text {
	t := &Text{Style: style, out: out, err: err}
	if style.Terminal != nil && !style.Quiet {
		t.live = newLive(*style.Terminal, out)
		t.out = t.live
	}
	return t
}

// Close takes the live line away. What follows are plain lines.
func (t *Text) Close() {
	if t.live != nil {
		t.live.stop()
		t.out, t.live = t.live.to, nil
	}
}

// Lost is why lines were not written, nil if all of them were.
func (t *Text) Lost() error { return t.lost }

// result is a line that stays with --quiet.
func (t *Text) result(format string, args ...any) {
	if t.lost != nil {
		return
	}
	line := fmt.Sprintf(format+"\n", args...)
	if t.Terminal != nil && t.Terminal.Colour {
		line = resultColour.Replace(line)
	}
	if _, err := io.WriteString(t.out, line); err != nil {
		t.lost = err
		t.Broken(err)
	}
}

func (t *Text) line(format string, args ...any) {
	if !t.Quiet {
		t.result(format, args...)
	}
}

// step is what goes on: a line in a pipe, the live line on a terminal.
func (t *Text) step(short string, format string, args ...any) {
	if t.live == nil {
		t.line(format, args...)
		return
	}
	t.live.tell(strings.TrimPrefix(t.check+": ", ": ")+short, true)
}

// Event tells one event.
func (t *Text) Event(e check.Event) {
	switch e := e.(type) {
	case check.Connected:
		l := e.Login
		for _, w := range l.Warnings {
			t.Warn(w)
		}
		t.line("volume-backup-tester %s: cloud '%s', region %s, block storage %s, project '%s' (%s), user '%s', roles: %s",
			t.Version, l.Cloud, cmp.Or(l.Region, "(none)"), l.Endpoint, l.Project, l.ProjectID, l.User, cmp.Or(strings.Join(l.Roles, ", "), "none"))
	case check.CleaningUp:
		t.sign, t.check = firstSign, ""
		if e.DryRun {
			t.line("What a clean-up of everything whose name begins with '%s' would delete:", e.Prefix)
			return
		}
		t.step("cleaning up", "Cleaning up %s whose names begin with '%s' ...", list(e.Kinds), e.Prefix)
	case check.Deleting:
		verb := "deleting"
		if e.DryRun {
			verb = "would delete"
		}
		t.line("↳ %s %s, %s", verb, e.On, age(e.Age))
	case check.Began:
		t.check = e.Check.Line
		if t.live != nil {
			t.live.tell(t.check, true)
		}
	case check.Doing:
		text := fmt.Sprintf("%s%s %s", strings.ToUpper(e.Verb[:1]), e.Verb[1:], e.On)
		if e.From.Kind != "" {
			text += " from " + e.From.String()
		}
		t.step(e.Verb+" "+e.On.Kind, "%s ...", text)
	case check.Waiting:
		t.sign = firstSign
		t.step("waiting for "+brief(e.On), "↳ waiting for %s ...", wanted(e))
	case check.Looked:
		t.looked(e)
	case check.Ended:
		t.ended(e)
	}
}

func (t *Text) looked(e check.Looked) {
	if t.live != nil {
		t.live.tell(strings.TrimPrefix(t.check+": ", ": ")+"waiting for "+brief(e.On), false)
		return
	}
	if e.Waited >= t.sign {
		t.sign = e.Waited * 3 / 2
		t.line("↳ still waiting after %s: %s", e.Waited.Round(time.Second), statuses(e.On))
	}
}

func (t *Text) ended(e check.Ended) {
	t.check = ""
	if t.live != nil {
		t.live.tell("", true)
	}
	for _, note := range e.Notes {
		t.line("↳ %s", note)
	}
	for _, m := range e.Measured {
		t.line("↳ %s", m)
	}
	switch {
	case t.Terminal != nil && !t.Quiet:
		t.result("%s: %s (%.1f s)", e.Check.Line, e.Result, e.Took.Seconds())
	case e.Result != check.Failed || !e.Check.Core:
		t.result("%s: %s", e.Check.Line, e.Result)
	}
}

// Warn tells something unusual.
func (t *Text) Warn(text string) { t.diagnose("warning: " + text) }

// Error tells in one line why there was no run, or why it ended early.
func (t *Text) Error(err error) { t.diagnose("error: " + err.Error()) }

func (t *Text) diagnose(line string) {
	if t.live != nil {
		t.live.aside(func() { fmt.Fprintln(t.err, line) })
		return
	}
	fmt.Fprintln(t.err, line)
}

// Failure tells why a run has not passed: which sentence fell, what was
// expected and seen, what the cloud said, what to do.
func (t *Text) Failure(f *check.Failure) {
	t.diagnose("error: " + f.Error())
	if f.Check != nil {
		t.part("what fell", fmt.Sprintf("%s (%s)", f.Check.Sentence, f.Check.Source))
	}
	t.part("expected", f.Expected)
	t.part("seen", f.Seen)
	t.part("the cloud says", f.Said)
	for _, l := range f.Leftovers {
		t.part("left", fmt.Sprintf("%s, status '%s'", l.Resource, l.Status))
		t.part("  because", l.Reason)
		t.part("  what helps", l.Help)
	}
	t.part("what to do", f.Advice)
}

func (t *Text) part(label, text string) {
	if text != "" {
		t.diagnose(fmt.Sprintf("  %s: %s", label, text))
	}
}

// Left names what stays in the cloud and the command that clears it.
func (t *Text) Left(left []cloud.Resource, command string) {
	for _, r := range left {
		label := "left in the cloud"
		if r.ID == "" {
			label = "perhaps left in the cloud"
		}
		t.part(label, r.String())
	}
	if len(left) > 0 {
		t.part("to clear it", command)
	}
}

// Summary is the end of a test: where and when it was, and a table of the
// checks.
func (t *Text) Summary(r *Record) {
	e := r.Evidence
	t.line("  tool      volume-backup-tester %s", r.Version)
	t.line("  time      %s to %s", r.Started.Format(time.RFC3339), r.Ended.Format(time.RFC3339))
	if e.ProjectID == "" {
		t.line("  cloud     %s, not reached", e.Cloud)
	} else {
		t.line("  cloud     %s, %s, region %s", e.Cloud, e.AuthURL, cmp.Or(e.Region, "(none)"))
		t.line("  project   %s, user %s, roles %s", e.ProjectID, e.User, strings.Join(e.Roles, ", "))
		t.line("  endpoint  %s", e.Endpoint)
	}
	for _, c := range r.Checks {
		result := cmp.Or(c.Result, "-")
		if r.Failure != nil && r.Failure.Check == c.Name {
			result = r.Failure.Verdict
		}
		t.line("  %-27s %-5s %7.1f s", c.Line, result, c.Seconds)
	}
}

// Verdict is the last line of a test run.
func (t *Text) Verdict(v check.Verdict) { t.result("scs-0117-test-backup: %s", v) }
