package check

import (
	"context"
	"errors"
	"testing"
)

// TestFoundBesideSkip: what one branch has found is not lost for what another could
// not do; but one that only took too long, or was in the way of others, may be.
func TestFoundBesideSkip(t *testing.T) {
	skip, found, late := &Skip{Why: "unreadable"}, &Finding{Got: "data differs"}, &Finding{Got: "too late", late: true}
	for _, row := range []struct{ a, b, want error }{
		{nil, nil, nil}, {skip, nil, skip}, {nil, skip, skip}, {skip, found, found}, {found, skip, found}, {late, skip, late}, {skip, late, skip}, {late, found, found},
	} {
		s := &Session{run: newRun(Config{Parallel: 2})}
		err := s.together(t.Context(), func(context.Context) error { return row.a }, func(context.Context) error { return row.b })
		if !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
			t.Errorf("%v and %v: %v, want %v", row.a, row.b, err, row.want)
		}
	}
}

// TestPanicBesideSkip: nor is a bug of this program, which takes nothing from what
// another branch has found.
func TestPanicBesideSkip(t *testing.T) {
	skip, found, bug := &Skip{Why: "unreadable"}, &Finding{Got: "data differs"}, new(bugError)
	for _, parallel := range []int{1, 2} {
		s := &Session{run: newRun(Config{Parallel: parallel})}
		panics := func(context.Context) error { panic("the test's own") }
		if err := s.together(t.Context(), panics, func(context.Context) error { return skip }); !errors.As(err, &bug) {
			t.Errorf("a panic, then a skip: %v", err)
		}
		if parallel == 1 { // the rest is not begun behind an error
			continue
		}
		if err := s.together(t.Context(), func(context.Context) error { return skip }, panics); !errors.As(err, &bug) {
			t.Errorf("a skip, then a panic: %v", err)
		}
		if err := s.together(t.Context(), panics, func(context.Context) error { return found }); !errors.Is(err, found) {
			t.Errorf("a panic, then a finding: %v", err)
		}
	}
}
