package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"volume-backup-tester/internal/check"
)

// Failures tells why a run has not passed, and what stays in the cloud. A
// failure of the cloud is an error; one that kept it from being tested is
// critical, which runners count as such.
func (t *Text) Failures(o *check.Outcome) {
	for _, f := range o.Failures {
		for _, line := range block(o, f) {
			t.diagnose(line)
		}
	}
	for _, line := range stays(o) {
		t.diagnose(line)
	}
}

// block is all that is known of a failure, its first line to be read first.
func block(o *check.Outcome, f *check.Failure) []string {
	word := "error: "
	if f.Verdict == check.Abort {
		word = "critical: "
	}
	lines := []string{word + headline(o, f)}
	for _, p := range parts(o, f) {
		lines = append(lines, labelled(p.Label, p.Text))
	}
	return lines
}

// headline is what has failed, after the check's title if it is a check's.
func headline(o *check.Outcome, f *check.Failure) string {
	if c := o.Result(f.Check); c != nil {
		return c.Title + ": " + f.Summary
	}
	return f.Summary
}

// stays is what stays in the cloud and is not told with a failure, with the
// command that deletes it.
func stays(o *check.Outcome) (lines []string) {
	for _, l := range o.Left {
		if l.Reason != "" { // told with the failure
			continue
		}
		label := "left in the cloud"
		if l.ID == "" {
			label = "may still exist"
		}
		lines = append(lines, labelled(label, l.String()))
	}
	if len(lines) > 0 {
		lines = append(lines, labelled("to delete it", o.CleanupCommand))
	}
	return lines
}

func labelled(label, text string) string { return fmt.Sprintf("  %s: %s", label, text) }

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
	for _, c := range o.Checks {
		result := cmp.Or(string(c.Status), "-")
		if f := o.Failure(c.Name); f != nil {
			result = string(f.Verdict)
		}
		t.line("  %-27s %-5s %7.1f s", c.Title, result, c.Seconds)
		if c.Status == "" && len(c.Notes) > 0 {
			t.line("    %s", strings.Join(c.Notes, "; "))
		}
	}
	var tolerated []string
	for _, one := range o.Tolerated {
		tolerated = append(tolerated, one.String())
	}
	if len(tolerated) > 0 {
		t.line("  tolerated: %s", strings.Join(tolerated, "; "))
	}
	if line := optional(o); line != "" {
		t.line("  %s", line)
	}
}

// optional counts what the optional checks came to; "" if there are none.
func optional(o *check.Outcome) string {
	if !slices.ContainsFunc(o.Checks, func(c check.Result) bool { return !c.Mandatory }) {
		return ""
	}
	line := fmt.Sprintf("optional checks: %d passed, %d warned, %d failed, %d skipped", o.Count(check.Passed), o.Count(check.Warned), o.Count(check.Failed), o.Count(check.Skipped))
	if n := o.Count(""); n > 0 {
		line += fmt.Sprintf(", %d not finished", n)
	}
	return line
}

// Cleanup is the end of a clean-up alone: how much it has deleted, or, dry, would
// have.
func (t *Text) Cleanup(o *check.Outcome, dry bool) {
	alone, deleted := "", deleted(o)
	if n := len(o.LeftAlone); n > 0 {
		alone = fmt.Sprintf(", %d left alone", n)
	}
	switch {
	case dry && t.deletions > 0:
		t.result("clean-up: %d to delete%s", t.deletions, alone)
	case len(o.Left) > 0:
		t.result("clean-up: %d deleted, %d not deleted%s", deleted, len(o.Left), alone)
	case deleted > 0:
		t.result("clean-up: %d deleted%s", deleted, alone)
	case len(o.Failures) == 0:
		t.result("clean-up: nothing to delete%s", alone)
	}
}

// gone is what was deleted and is not left.
func gone(o *check.Outcome, r check.Timeline) bool {
	return r.Deleted && !slices.ContainsFunc(o.Left, func(l check.Leftover) bool { return l.ID == r.ID })
}

// deleted is how many resources are gone.
func deleted(o *check.Outcome) (n int) {
	for _, r := range o.Resources {
		if gone(o, r) {
			n++
		}
	}
	return n
}

// Verdict is the last line of a test run.
func (t *Text) Verdict(v check.Verdict) { t.result("%s: %s", check.TestCase, v) }
