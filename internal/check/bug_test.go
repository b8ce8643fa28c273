package check

import (
	"strings"
	"testing"
)

// TestBug: a panic in a run is an outcome, too.
func TestBug(t *testing.T) {
	o := Run(t.Context(), Config{Progress: func(Event) {}, Checks: All()}) // without a client
	if len(o.Failures) != 1 || o.Failures[0].Stage != StageRun || o.Failures[0].Verdict != Abort || o.Verdict != Abort {
		t.Fatalf("%+v", o)
	}
	if f := o.Failures[0]; !strings.Contains(f.Summary, "nil pointer") || !strings.Contains(f.Hint, ": check.(*run).all (runner.go:") || strings.Contains(f.Hint, "check.Run (") || strings.Contains(f.Hint, "testing.") {
		t.Errorf("%q, %q", f.Summary, f.Hint)
	}
}
