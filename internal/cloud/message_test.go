package cloud

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestRetryAfterForms: a date is held against the clock of who sent it, which this
// machine's may be far from; where that is not said, against this one.
func TestRetryAfterForms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := func(ahead time.Duration) string { return time.Now().Add(ahead).UTC().Format(http.TimeFormat) }
		for _, row := range []struct {
			after, date string
			want        time.Duration
		}{
			{"7", "", 7 * time.Second},
			{"7", at(time.Hour), 7 * time.Second},
			{"0", "", 0},
			{"", at(0), -1},
			{"-7", "", -1},
			{"soon", "", -1},
			{at(7 * time.Second), "", 7 * time.Second},
			{at(7 * time.Second), "today", 7 * time.Second},
			{at(7 * time.Second), at(0), 7 * time.Second},
			{at(time.Hour + 7*time.Second), at(time.Hour), 7 * time.Second},
			{at(7*time.Second - time.Hour), at(-time.Hour), 7 * time.Second},
			{at(-7 * time.Second), at(0), 0},
		} {
			if got := retryAfter(http.Header{"Retry-After": {row.after}, "Date": {row.date}}); got != row.want {
				t.Errorf("Retry-After %q with the Date %q: %v, want %v", row.after, row.date, got, row.want)
			}
		}
	})
}
