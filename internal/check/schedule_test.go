package check

import "testing"

// TestAloneWaits: what has to be alone does not begin while another runs or is
// cleaned up, and nothing begins while it runs.
func TestAloneWaits(t *testing.T) {
	running, cleaning := &job{check: checkListing, running: true}, &job{check: checkListing}
	alone := &job{check: checkRefusals, running: true}
	for _, row := range []struct {
		active []*job
		next   Check
		may    bool
	}{
		{nil, checkRefusals, true}, {[]*job{running}, checkRefusals, false}, {[]*job{cleaning}, checkRefusals, false},
		{[]*job{alone}, checkListing, false}, {[]*job{running}, checkIsolation, true},
	} {
		q := &schedule{lanes: 4, active: row.active}
		if may := q.mayStart(row.next); may != row.may {
			t.Errorf("%s beside %d others: %t", row.next.Name, len(row.active), may)
		}
	}
}
