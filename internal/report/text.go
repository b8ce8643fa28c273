// Package report owns how a run is told: progress becomes lines, and the
// outcome text, JUnit XML and JSON.
//
// The rules of output: results go to stdout, diagnostics to stderr, where each
// begins with "error:" or "warning:". In a pipe every clean-up action, every
// step's beginning and wait, and every passed check is a line on stdout, and a
// long wait adds one at growing intervals, so that a pipeline's log does not
// stand still. On a terminal each check is one line, redrawn while it runs and
// replaced by its result. The verdict is the last line. An
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
		t.line("volume-backup-tester %s: cloud '%s', region %s, block storage %s, project '%s' (%s), user '%s', roles: %s",
			t.Version, l.Cloud, cmp.Or(l.Region, "(none)"), l.Endpoint, l.Project, l.ProjectID, l.User, cmp.Or(strings.Join(l.Roles, ", "), "none"))
	case check.CleanupStarted:
		t.sign, t.check = firstSign, ""
		if e.DryRun {
			t.line("What a clean-up of everything whose name begins with '%s' would delete:", e.Prefix)
			return
		}
		t.step("cleaning up", "Cleaning up %s whose names begin with '%s' ...", list(e.Kinds), e.Prefix)
	case check.Warning:
		t.diagnose("warning: " + e.Text)
	case check.Deleting:
		verb := "deleting"
		if e.DryRun {
			verb = "would delete"
		}
		t.line("↳ %s %s, %s", verb, e.On, age(e.Age))
	case check.CheckStarted:
		t.check = e.Title
		if t.live != nil {
			t.live.tell(t.check, true)
		}
	case check.StepStarted:
		text := fmt.Sprintf("%s%s %s", strings.ToUpper(e.Verb[:1]), e.Verb[1:], e.On)
		if e.From.Kind != "" {
			text += " from " + e.From.String()
		}
		t.step(e.Verb+" "+e.On.Kind, "%s ...", text)
	case check.Waiting:
		t.sign = firstSign
		t.step("waiting for "+brief(e.On), "↳ waiting for %s ...", wanted(e))
	case check.Polled:
		t.polled(e)
	case check.CheckFinished:
		t.finished(e.Result)
	}
}

func (t *Text) polled(e check.Polled) {
	if t.live != nil {
		t.live.tell(strings.TrimPrefix(t.check+": ", ": ")+"waiting for "+brief(e.On), false)
		return
	}
	if e.Waited >= t.sign {
		t.sign = e.Waited * 3 / 2
		text := statuses(e.On)
		if text == "" { // a list that is not answered
			text = "no answer yet"
		}
		t.line("↳ still waiting after %s: %s", e.Waited.Round(time.Second), text)
	}
}

func (t *Text) finished(c check.Result) {
	t.check = ""
	if t.live != nil {
		t.live.tell("", true)
	}
	for _, note := range c.Notes {
		t.line("↳ %s", note)
	}
	for _, m := range c.Measurements {
		t.line("↳ %s", m)
	}
	switch {
	case t.Terminal != nil && !t.Quiet:
		t.result("%s: %s (%.1f s)", c.Title, c.Status, c.Seconds)
	case c.Status != check.Failed || !c.Mandatory:
		t.result("%s: %s", c.Title, c.Status)
	}
}

// Error tells in one line what else went wrong.
func (t *Text) Error(err error) { t.diagnose("critical: " + err.Error()) }

func (t *Text) diagnose(line string) {
	if t.live != nil {
		t.live.aside(func() { fmt.Fprintln(t.err, line) })
		return
	}
	fmt.Fprintln(t.err, line)
}

// Failures tells why a run has not passed, and what stays in the cloud. A
// failure of the cloud is an error; one that kept it from being tested is
// critical, which runners count as such.
func (t *Text) Failures(o *check.Outcome) {
	for _, f := range o.Failures {
		word := "error"
		if f.Verdict == check.Abort {
			word = "critical"
		}
		if c := o.Result(f.Check); c != nil {
			t.diagnose(fmt.Sprintf("%s: %s: %s", word, c.Title, f.Summary))
			t.part("requirement", fmt.Sprintf("%s (%s)", c.Requirement, c.Reference))
		} else {
			t.diagnose(word + ": " + f.Summary)
		}
		for _, p := range parts(f) {
			t.part(p.label, p.text)
		}
	}
	others := false
	for _, l := range o.Left {
		if l.Reason != "" { // told with the failure
			continue
		}
		label := "left in the cloud"
		if l.ID == "" {
			label = "may still exist"
		}
		t.part(label, l.String())
		others = true
	}
	if others {
		t.part("to delete it", o.CleanupCommand)
	}
}

func (t *Text) part(label, text string) { t.diagnose(fmt.Sprintf("  %s: %s", label, text)) }

// Summary is the end of a test: where and when it was, and a table of the
// checks.
func (t *Text) Summary(o *check.Outcome) {
	e := o.Evidence
	t.line("  tool      volume-backup-tester %s", o.Version)
	t.line("  time      %s to %s", o.Started.Format(time.RFC3339), o.Ended.Format(time.RFC3339))
	if e.ProjectID == "" {
		t.line("  cloud     %s, not connected", e.Cloud)
	} else {
		t.line("  cloud     %s, %s, region %s", e.Cloud, e.AuthURL, cmp.Or(e.Region, "(none)"))
		t.line("  project   %s, user %s, roles %s", e.ProjectID, e.User, strings.Join(e.Roles, ", "))
		t.line("  endpoint  %s", e.Endpoint)
	}
	optional := false
	for _, c := range o.Checks {
		result := cmp.Or(string(c.Status), "-")
		if f := o.Failure(c.Name); f != nil {
			result = string(f.Verdict)
		}
		t.line("  %-27s %-5s %7.1f s", c.Title, result, c.Seconds)
		if c.Status == "" && len(c.Notes) > 0 {
			t.line("    %s", strings.Join(c.Notes, "; "))
		}
		optional = optional || !c.Mandatory
	}
	var tolerated []string
	for _, one := range o.Tolerated {
		tolerated = append(tolerated, one.String())
	}
	if len(tolerated) > 0 {
		t.line("  tolerated: %s", strings.Join(tolerated, "; "))
	}
	if optional {
		t.line("  optional checks: %d passed, %d warned, %d failed, %d skipped", o.Count(check.Passed), o.Count(check.Warned), o.Count(check.Failed), o.Count(check.Skipped))
	}
}

// Verdict is the last line of a test run.
func (t *Text) Verdict(v check.Verdict) { t.result("scs-0117-test-backup: %s", v) }
