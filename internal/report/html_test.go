package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/check"
)

var began = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func after(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

// outcomeOf is a run of so many seconds.
func outcomeOf(seconds float64, resources ...check.Timeline) *check.Outcome {
	return &check.Outcome{Version: "test", Started: began, Ended: after(seconds), Verdict: check.Pass, Resources: resources}
}

// TestHTMLHostile: what the cloud says is text, wherever it stands.
func TestHTMLHostile(t *testing.T) {
	var all []string
	evil := func() string {
		all = append(all, fmt.Sprintf("[%d]", len(all))+`: </title></svg></style>--><script>alert('x')</script><img src=x onerror="alert(1)">{{.}} ]]> &lt;b&gt; http://evil.example/`)
		return all[len(all)-1]
	}
	o := outcomeOf(10, check.Timeline{
		Kind: "volume", ID: "id", Name: evil(), Deleted: true, DeletionAsked: after(9),
		Statuses: []check.StatusAt{{Status: evil(), At: after(1)}, {Status: "error_" + evil(), At: after(2)}},
	})
	o.Verdict, o.Warnings, o.CleanupCommand = check.Fail, []string{evil()}, evil()
	o.Evidence = check.Evidence{Cloud: evil(), AuthURL: evil(), Region: evil(), Endpoint: evil(), ProjectID: evil(), Project: evil(), User: evil(), Roles: []string{evil()}, Prefix: evil()}
	o.Checks = []check.Result{{Name: "data", Title: evil(), Requirement: evil(), Reference: evil(), Status: check.Failed, Notes: []string{evil()}, Measurements: []check.Measurement{{What: evil()}}}}
	o.Failures = []*check.Failure{{Verdict: check.Fail, Check: "data", Summary: evil(), Expected: evil(), Got: evil(), CloudMessage: evil(), RequestID: evil(), Hint: evil()}}
	o.Left = []check.Leftover{{Kind: "volume", ID: evil(), Name: evil(), Status: evil(), Reason: evil(), Hint: evil()}}
	o.LeftAlone = []check.Leftover{{Kind: "volume", ID: evil(), Name: evil(), Status: evil(), Reason: evil(), Hint: evil()}}
	o.Tolerated = []check.Tolerated{{What: evil(), Count: 1}}
	text := parsePage(t, o).content()
	for _, one := range all {
		if !strings.Contains(text, one) {
			t.Errorf("not on the page as it is: %s", one)
		}
	}
}

// TestHTMLFailures: the page tells a failure and what is left as the text does.
func TestHTMLFailures(t *testing.T) {
	o := outcomeOf(10)
	left := []check.Leftover{
		{Kind: "backup", ID: "b-1", Name: "scs-test-backup", Status: "error_deleting", Reason: "it is stuck", Hint: "reset it"},
		{Kind: "volume", ID: "v-1", Name: "scs-test-volume", Status: "available"},
		{Kind: "image", Name: "scs-test-image"},
	}
	o.Verdict, o.ExitStatus, o.Left, o.CleanupCommand = check.Fail, 1, left, "volume-backup-tester --cleanup-only"
	o.Checks = []check.Result{
		{Name: "data", Title: "data", Requirement: "the cloud gives back every byte", Reference: "the purpose", Status: check.Failed, Seconds: 2.345},
		{Name: "create", Title: "Create", Mandatory: true, Status: check.Warned, Notes: []string{"it is slow"}, Measurements: []check.Measurement{{What: "read", Bytes: 17, Seconds: 2}}},
		{Name: "last", Title: "last", Requirement: "the cloud is last", Reference: "a reference"},
		{Name: "restore", Title: "Restore", Mandatory: true},
	}
	o.Failures = []*check.Failure{
		{Verdict: check.Fail, Check: "data", Summary: "the data is wrong", Expected: "zeros", Got: "ones", CloudMessage: "none", RequestID: "req-1", Hint: "look"},
		{Verdict: check.Abort, Stage: check.StageCleanup, Summary: "not all was deleted", RequestID: "req-2", NotDeleted: left[:1]},
		{Verdict: check.Abort, Stage: check.StageRun, Check: "last", Summary: "no quota", Got: "413", CloudMessage: "too much", Hint: "ask for more"},
	}
	root := parsePage(t, o)
	text := root.content()
	for _, f := range o.Failures {
		want := string(f.Verdict) + " " + headline(o, f)
		for _, p := range parts(o, f) {
			want += " " + strings.TrimSpace(p.Label) + " " + p.Text
		}
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
		if len(parts(o, f)) < 4 {
			t.Errorf("only %v", parts(o, f))
		}
	}
	for _, want := range []string{
		"scs-0117-test-backup: FAIL", "exit status 1", "optional checks: 0 passed, 0 warned, 1 failed, 0 skipped", "3 left",
		"data optional the cloud gives back every byte the purpose FAIL 2.3", "Create it is slow read: 17 bytes in 2.0 s WARN 0.0", "last optional the cloud is last a reference ABORT 0.0", "Restore - 0.0",
		"backup 'scs-test-backup' (b-1) error_deleting it is stuck reset it", "volume 'scs-test-volume' (v-1) available not tried", "image 'scs-test-image' not tried: it may exist",
		"To delete it: volume-backup-tester --cleanup-only",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestHTMLTitle: where there is no verdict, the page says what was done instead.
func TestHTMLTitle(t *testing.T) {
	for want, row := range map[string]struct {
		verdict  check.Verdict
		evidence check.Evidence
		checks   []check.Result
	}{
		"scs-0117-test-backup: PASS":  {verdict: check.Pass, checks: []check.Result{{Title: "Create empty volume", Mandatory: true}}},
		"scs-0117-test-backup: ABORT": {verdict: check.Abort, checks: []check.Result{{Title: "Create empty volume", Mandatory: true}}},
		"optional checks only":        {checks: []check.Result{{Title: "data"}}},
		"clean-up":                    {evidence: check.Evidence{CleanupOnly: true}},
		"clean-up, dry run":           {evidence: check.Evidence{CleanupOnly: true, DryRun: true}},
	} {
		o := outcomeOf(1)
		o.Verdict, o.Evidence, o.Checks = row.verdict, row.evidence, row.checks
		root := parsePage(t, o)
		if got := root.find("h1", "")[0].content(); got != want || !strings.HasPrefix(root.find("title", "")[0].content(), want) {
			t.Errorf("%q, want %q", got, want)
		}
		if n := len(root.find("td", "number")); n != len(row.checks) || strings.Contains(root.content(), "Checks") != (n > 0) {
			t.Errorf("%s: %d checks are shown", want, n)
		}
		if !strings.Contains(root.content(), "not connected") {
			t.Errorf("%s: it does not say that it was not connected", want)
		}
	}
}

// TestHTMLSizes: every length of a run and number of resources makes a chart.
func TestHTMLSizes(t *testing.T) {
	for _, seconds := range []float64{0, 0.0004, 3, 86400 * 4} {
		for _, n := range []int{0, 1, perChart, 200} {
			o := outcomeOf(seconds)
			for i := range n {
				r := check.Timeline{Kind: "volume", Name: fmt.Sprint(i), Deleted: i%2 == 0, DeletionAsked: after(seconds * 2)}
				for j := range i % 5 {
					r.Statuses = append(r.Statuses, check.StatusAt{Status: "available", At: after(seconds*float64(j)/2 - 1)})
				}
				o.Resources = append(o.Resources, r)
			}
			root := parsePage(t, o)
			if got := len(root.find("figure", "")); got != (n+perChart-1)/perChart {
				t.Errorf("%d charts of %d resources", got, n)
			}
			if n == 0 && strings.Contains(root.content(), "Timeline") {
				t.Error("a timeline of nothing")
			}
		}
	}
}

// TestHTMLLane: a status lasts until the next one, the last one until its
// deletion was asked for if it is gone, else to the end of the run.
func TestHTMLLane(t *testing.T) {
	volume := check.Timeline{Kind: "volume", ID: "v", Name: "v", Statuses: []check.StatusAt{{Status: "creating", At: after(10)}, {Status: "available", At: after(30)}}}
	deleted, left := volume, volume
	deleted.Deleted, deleted.DeletionAsked, deleted.ID = true, after(50), "d"
	left.Deleted, left.DeletionAsked, left.ID = true, after(50), "l"
	left.Statuses = append(slices.Clone(left.Statuses), check.StatusAt{Status: "error_deleting", At: after(70)})
	queued := check.Timeline{Kind: "image", ID: "i", Name: "i\x1b", Statuses: []check.StatusAt{{Status: "saving", At: after(0)}, {Status: "active", At: after(10)}, {Status: "error", At: after(60)}, {Status: "in-use", At: after(99.9)}}}
	o := outcomeOf(100, volume, deleted, left, queued, check.Timeline{Kind: "backup"})
	o.Left = []check.Leftover{{ID: "v"}, {ID: "l"}}
	want := []string{
		"volume v available\nbusy 10.00% 20.00% creating from 10.0 s to 30.0 s [in wide]\nready 30.00% 70.00% available from 30.0 s to 100.0 s [in always]",
		"volume v deleted\nbusy 10.00% 20.00% creating from 10.0 s to 30.0 s [in wide]\nready 30.00% 20.00% available from 30.0 s to 50.0 s [in wide]\nasked 50.00% 0.40% deletion asked for at 50.0 s",
		"volume v error_deleting\nbusy 10.00% 20.00% creating from 10.0 s to 30.0 s [in wide]\nready 30.00% 40.00% available from 30.0 s to 70.0 s [in always]\nfailed 70.00% 30.00% error_deleting from 70.0 s to 100.0 s [in wide]\nasked 50.00% 0.40% deletion asked for at 50.0 s",
		"image i in-use\nbusy 0.00% 10.00% saving from 0.0 s to 10.0 s [in wide]\nready 10.00% 50.00% active from 10.0 s to 60.0 s [in always]\nfailed 60.00% 39.90% error from 60.0 s to 99.9 s [in always]\nready 99.60% 0.40% in-use from 99.9 s to 100.0 s",
		"backup no status shown",
	}
	for i, lane := range parsePage(t, o).find("svg", "lane") {
		got := lane.elements()[0].content()
		for _, e := range lane.elements()[1:] {
			if e.Name == "text" {
				got += fmt.Sprintf(" [%s]", e.attr("class"))
				continue
			}
			_, title, _ := strings.Cut(e.content(), ": ")
			got += fmt.Sprintf("\n%s %s %s %s", e.attr("class"), e.attr("x"), e.attr("width"), title)
		}
		if got != want[i] {
			t.Errorf("got\n%s\nwant\n%s", got, want[i])
		}
	}
}

// TestHTMLTicks: labels that are read easily, as many as a phone has room for.
func TestHTMLTicks(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0s", 0.1: "0s 20ms 40ms 60ms 80ms", 3: "0s 500ms 1s 1.5s 2s 2.5s", 21: "0s 5s 10s 15s", 28: "0s 5s 10s 15s 20s 25s", 200: "0s 1m 2m 3m",
		5400: "0s 20m 40m 1h 1h20m", 36000: "0s 2h 4h 6h 8h", 86400 * 4: "0s 24h 48h 72h",
	} {
		var labels []string
		for _, text := range parsePage(t, outcomeOf(seconds, check.Timeline{})).find("text", "dim") {
			labels = append(labels, text.content())
		}
		if got := strings.Join(labels, " "); got != want {
			t.Errorf("%v s: %s, want %s", seconds, got, want)
		}
	}
}
