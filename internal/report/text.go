// Package report owns how a run is told: progress becomes lines, and the
// outcome text, JUnit XML and JSON.
//
// The rules of output: results go to stdout, diagnostics to stderr, where each
// begins with "error:", "critical:" or "warning:". In a pipe every clean-up action, every
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
	"slices"
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
	out, err  io.Writer
	live      *live       // nil in a pipe
	lost      error       // why results cannot be written any more; nil: they can
	deletions int         // told of
	about     *activity   // what the present event belongs to
	beside    []*activity // checks that run beside each other
}

// activity is a check that goes on, or what the run does besides.
type activity struct {
	check  string        // its title; "": none
	sign   time.Duration // when the next line about the present wait is due
	beside bool          // others go on at the same time
	ended  bool          // the check has a result: what follows is its clean-up
	steps  []string      // lines of a check beside others, told when it has ended
}

// NewText writes results to out and diagnostics to err. Close ends it.
func NewText(out, err io.Writer, style Style) *Text {
	t := &Text{Style: style, out: out, err: err, about: &activity{}}
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

// step is what goes on: a line in a pipe, a live line on a terminal.
func (t *Text) step(short string, limit time.Duration, format string, args ...any) {
	if t.live == nil {
		t.detail(format, args...)
		return
	}
	t.setLive(short, limit, true)
}

// detail is a line of what goes on. Those of a check beside others come together
// when it has ended.
func (t *Text) detail(format string, args ...any) {
	if a := t.about; t.live == nil && a.beside && !a.ended {
		a.steps = append(a.steps, fmt.Sprintf(format, args...))
		return
	}
	t.line(format, args...)
}

// setLive changes the live line of the check, or of the run; there is one.
func (t *Text) setLive(what string, limit time.Duration, anew bool) {
	if t.about.check != "" {
		what = strings.TrimSuffix(t.about.check+": "+what, ": ")
	}
	t.live.tell(t.about.key(), liveLine{text: what, limit: limit}, anew)
}

// key tells live lines apart: only what goes on beside others has one of its own.
func (a *activity) key() string {
	if a.beside {
		return a.check
	}
	return ""
}

// besideOthers tells an event of a check that others go on beside.
func (t *Text) besideOthers(e check.Beside) {
	i := slices.IndexFunc(t.beside, func(a *activity) bool { return a.check == e.Check })
	if i < 0 {
		i = len(t.beside)
		t.beside = append(t.beside, &activity{check: e.Check, beside: true})
	}
	before := t.about
	t.about = t.beside[i]
	t.Event(e.Event)
	t.about = before
}

// tellSteps tells what was kept back of a check.
func (t *Text) tellSteps() {
	for _, line := range t.about.steps {
		t.line("%s", line)
	}
	t.about.steps = nil
}

// Event tells one event.
func (t *Text) Event(e check.Event) {
	switch e := e.(type) {
	case check.Connected:
		l := e.Login
		t.line("volume-backup-tester %s: cloud '%s', region %s, block storage %s, project '%s' (%s), user '%s', roles: %s",
			t.Version, l.Cloud, cmp.Or(l.Region, "(none)"), l.Endpoint, l.Project, l.ProjectID, l.User, cmp.Or(strings.Join(l.Roles, ", "), "none"))
	case check.Beside:
		t.besideOthers(e)
	case check.ChecksStarted:
		if t.live != nil {
			t.live.tell(t.about.key(), liveLine{}, true)
			t.live.count(e.Count)
		}
	case check.CleanupStarted:
		t.about.sign = firstSign
		if !t.about.beside {
			t.about.check = ""
		}
		if e.DryRun {
			t.line("What a clean-up of everything whose name begins with '%s' would delete:", e.Prefix)
			return
		}
		t.step("cleaning up", 0, "Cleaning up %s whose names begin with '%s' ...", list(e.Kinds), e.Prefix)
	case check.Warning:
		t.diagnose("warning: " + e.Text)
	case check.Deleting:
		t.deletions++
		verb := "deleting"
		if e.DryRun {
			verb = "would delete"
		}
		t.detail("↳ %s %s, %s", verb, e.On, age(e.Age))
	case check.LeavingAlone:
		t.detail("↳ leaving alone %s: %s", e.On, e.Why)
	case check.CheckStarted:
		t.about.check, t.about.ended = e.Title, false
		if t.live != nil {
			t.setLive("", 0, true)
		}
	case check.StepStarted:
		text := fmt.Sprintf("%s%s %s", strings.ToUpper(e.Verb[:1]), e.Verb[1:], e.On)
		if e.From.Kind != "" {
			text += " from " + e.From.String()
		}
		t.step(e.Verb+" "+e.On.Kind, 0, "%s ...", text)
	case check.Waiting:
		t.about.sign = firstSign
		t.step(brief(e.On), e.Limit, "↳ waiting for %s ...", wanted(e))
	case check.Polled:
		t.polled(e)
	case check.CheckFinished:
		t.finished(e.Result)
	case check.CheckEnded:
		t.tellSteps()
		if t.live != nil {
			t.live.tell(t.about.key(), liveLine{}, true)
		}
	}
}

func (t *Text) polled(e check.Polled) {
	if t.live != nil {
		t.setLive(brief(e.On), e.Limit, false)
		return
	}
	if e.Waited >= t.about.sign {
		t.about.sign = e.Waited * 3 / 2
		text := statuses(e.On)
		if text == "" { // a list that is not answered
			text = "no answer yet"
		}
		t.line("↳ %sstill waiting, %s: %s", strings.TrimPrefix(t.about.key()+": ", ": "), clock(e.Waited.Round(time.Second), e.Limit), text)
	}
}

func (t *Text) finished(c check.Result) {
	if t.live != nil {
		t.live.finished(t.about.key())
	}
	t.about.ended = true
	t.tellSteps()
	if !t.about.beside {
		t.about.check = ""
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
