// Package report owns how a run is told: events and failures become lines.
//
// The rules of output: results go to stdout, diagnostics to stderr, where each
// begins with "error:" or "warning:". Every clean-up action, every step's
// beginning and wait, and every passed check is a line on stdout; the verdict
// is the last. A long wait adds a line at growing intervals, so that a pipeline
// shows that something goes on. An error's words belong to the package that
// raises it; only their layout is decided here.
package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
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

// Text writes a run as lines for people. It is not safe for concurrent use.
type Text struct {
	out, err io.Writer
	version  string
	// broken is called once with the first error in writing results.
	broken func(error)
	failed bool
	sign   time.Duration // when the next line about the present wait is due
}

// NewText writes results to out and diagnostics to err; version is the tool's
// own, and broken is told when results cannot be written any more.
func NewText(out, err io.Writer, version string, broken func(error)) *Text {
	return &Text{out: out, err: err, version: version, broken: broken}
}

func (t *Text) line(format string, args ...any) {
	if t.failed {
		return
	}
	if _, err := fmt.Fprintf(t.out, format+"\n", args...); err != nil {
		t.failed = true
		t.broken(err)
	}
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
			t.version, l.Cloud, cmp.Or(l.Region, "(none)"), l.Endpoint, l.Project, l.ProjectID, l.User, cmp.Or(strings.Join(l.Roles, ", "), "none"))
	case check.CleaningUp:
		t.sign = firstSign
		if e.DryRun {
			t.line("What a clean-up of everything whose name begins with '%s' would delete:", e.Prefix)
			return
		}
		t.line("Cleaning up %s whose names begin with '%s' ...", list(e.Kinds), e.Prefix)
	case check.Deleting:
		verb := "deleting"
		if e.DryRun {
			verb = "would delete"
		}
		t.line("↳ %s %s, %s", verb, e.On, age(e.Age))
	case check.Doing:
		text := fmt.Sprintf("%s%s %s", strings.ToUpper(e.Verb[:1]), e.Verb[1:], e.On)
		if e.From.Kind != "" {
			text += " from " + e.From.String()
		}
		t.line("%s ...", text)
	case check.Waiting:
		t.sign = firstSign
		var parts []string
		for i, on := range e.On {
			if i+1 < len(e.On) && e.Want[i] == e.Want[i+1] {
				parts = append(parts, on.String())
				continue
			}
			parts = append(parts, fmt.Sprintf("%s to become '%s'", on, e.Want[i]))
		}
		t.line("↳ waiting for %s ...", list(parts))
	case check.Looked:
		if e.Waited < t.sign {
			return
		}
		t.sign = e.Waited * 3 / 2
		t.line("↳ still waiting after %s: %s", e.Waited.Round(time.Second), statuses(e.On))
	case check.Ended:
		for _, note := range e.Notes {
			t.line("↳ %s", note)
		}
		if e.Result != check.Failed || !e.Check.Core {
			t.line("%s: %s", e.Check.Line, e.Result)
		}
	}
}

// list is an enumeration for people: "a", "a and b", "a, b and c".
func list(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// Warn tells something unusual.
func (t *Text) Warn(text string) { fmt.Fprintln(t.err, "warning: "+text) }

// Error tells in one line why there was no run, or why it ended early.
func (t *Text) Error(err error) { fmt.Fprintln(t.err, "error: "+err.Error()) }

// Failure tells why a run has not passed: what fell, what was expected and
// seen, what the cloud said, what to do.
func (t *Text) Failure(f *check.Failure) {
	fmt.Fprintln(t.err, "error: "+f.Error())
	for _, part := range []struct{ label, text string }{
		{"expected", f.Expected}, {"seen", f.Seen}, {"the cloud says", f.Said},
	} {
		t.part(part.label, part.text)
	}
	for _, l := range f.Leftovers {
		t.part("left", fmt.Sprintf("%s, status '%s'", l.Resource, l.Status))
		t.part("  because", l.Reason)
		t.part("  what helps", l.Help)
	}
	t.part("what to do", f.Advice)
}

func (t *Text) part(label, text string) {
	if text != "" {
		fmt.Fprintf(t.err, "  %s: %s\n", label, text)
	}
}

// Left names what stays in the cloud and the command that clears it.
func (t *Text) Left(left []cloud.Resource, command string) {
	if len(left) == 0 {
		return
	}
	for _, r := range left {
		if r.ID == "" {
			t.part("perhaps left in the cloud", r.String())
			continue
		}
		t.part("left in the cloud", r.String())
	}
	t.part("to clear it", command)
}

// Verdict is the last line of a test run.
func (t *Text) Verdict(v check.Verdict) { t.line("scs-0117-test-backup: %s", v) }

func age(d time.Duration) string {
	switch {
	case d == 0:
		return "age unknown"
	case d < time.Minute:
		return fmt.Sprintf("%d s old", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min old", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h old", int(d.Hours()))
	}
	return fmt.Sprintf("%d days old", int(d.Hours()/24))
}

// statuses tells each resource's status, or counts them where they are many.
func statuses(all []cloud.Resource) string {
	var parts []string
	if len(all) <= named {
		for _, r := range all {
			parts = append(parts, fmt.Sprintf("%s is '%s'", r, r.Status))
		}
		return strings.Join(parts, ", ")
	}
	counts := map[string]int{}
	for _, r := range all {
		counts[r.Status]++
	}
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d '%s'", counts[status], status))
	}
	return fmt.Sprintf("%d %ss: %s", len(all), all[0].Kind, strings.Join(parts, ", "))
}
