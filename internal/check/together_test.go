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
