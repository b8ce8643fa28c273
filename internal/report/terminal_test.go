package report

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloud"
)

// screen plays a terminal: what is on its lines after everything that was
// written.
func screen(written string) []string {
	var lines []string
	line := ""
	for part := range strings.SplitAfterSeq(written, "\n") {
		for _, redrawn := range strings.SplitAfter(part, clearLine) {
			line += strings.TrimSuffix(redrawn, clearLine)
			if strings.HasSuffix(redrawn, clearLine) {
				line = ""
			}
		}
		if strings.HasSuffix(line, "\n") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
			line = ""
		}
	}
	return append(lines, line)
}

// TestLiveLine: one line is redrawn while a check waits, and its result takes its place.
func TestLiveLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		width := 60
		var out, diagnostics bytes.Buffer
		text := NewText(&out, &diagnostics, Style{Version: "test", Terminal: &Terminal{Width: func() int { return width }}})
		volume := cloud.Resource{Kind: cloud.KindVolume, ID: "v", Name: "scs-test-volume", Status: "creating"}
		c := check.Mandatory()[0]
		last := func() string {
			synctest.Wait() // for the redrawing
			all := screen(out.String())
			return all[len(all)-1]
		}

		text.Event(check.CheckStarted{Title: c.Title})
		text.Event(check.StepStarted{Verb: "creating", On: volume})
		text.Event(check.Waiting{On: []cloud.Resource{volume}, Want: []string{"available"}})
		<-time.After(3500 * time.Millisecond)
		if got := last(); got != "Create empty volume: waiting for volume creating 3s" {
			t.Errorf("the line after 3.5 s: %q", got)
		}
		width = 30
		text.Event(check.Polled{On: []cloud.Resource{volume}, Waited: 4 * time.Second})
		if got := last(); utf8.RuneCountInString(got) > 29 || !strings.HasPrefix(got, "Create empty volume: wai") || !strings.HasSuffix(got, "… 3s") {
			t.Errorf("on 30 columns: %q", got)
		}
		width = 10
		text.Event(check.Polled{On: []cloud.Resource{volume}, Waited: 5 * time.Second})
		if got := last(); got != "" {
			t.Errorf("on 10 columns: %q", got)
		}
		width = 60
		text.Event(check.CheckFinished{Result: check.Result{Title: c.Title, Status: check.Passed, Seconds: 4.2}})
		text.Close()
		text.Verdict(check.Pass)
		if got, want := strings.Join(screen(out.String()), "\n"), "Create empty volume: PASS (4.2 s)\nscs-0117-test-backup: PASS\n"; got != want {
			t.Errorf("in the end the screen has\n%s\nwant\n%s", got, want)
		}
		if strings.Contains(out.String(), "\x1b[3") {
			t.Error("colour without leave")
		}
	})
}

func TestColour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		text := NewText(&out, &out, Style{Terminal: &Terminal{Width: func() int { return 80 }, Colour: true}})
		text.Close()
		text.Verdict(check.Fail)
		if out.String() != "scs-0117-test-backup: \x1b[31mFAIL\x1b[0m\n" {
			t.Errorf("%q", out.String())
		}
	})
}
