package report

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
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
	lines, row := []string{""}, 0
	for rest := written; rest != ""; {
		var up int
		switch {
		case strings.HasPrefix(rest, "\r"):
			lines[row], rest = "", rest[1:] // nothing is written over but what is erased first
		case strings.HasPrefix(rest, clearBelow):
			lines, rest = lines[:row+1], rest[len(clearBelow):]
			lines[row] = ""
		case strings.HasPrefix(rest, "\n"):
			if row++; row == len(lines) {
				lines = append(lines, "")
			}
			rest = rest[1:]
		case scans(rest, &up):
			row -= up
			rest = rest[strings.Index(rest, "A")+1:]
		default:
			_, size := utf8.DecodeRuneInString(rest)
			lines[row] += rest[:size]
			rest = rest[size:]
		}
	}
	return lines
}

// scans reads how many lines the cursor goes up.
func scans(rest string, up *int) bool {
	n, _ := fmt.Sscanf(rest, "\x1b[%dA", up)
	return n == 1 && strings.HasPrefix(rest, "\x1b[")
}

// TestLiveLines: each check beside others has a line, under one that tells how
// far they are; a result is written above them, with no remains; no more than a
// third of the screen is taken, and no row wraps.
func TestLiveLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var columns, rows atomic.Int64
		columns.Store(60)
		rows.Store(24)
		var out bytes.Buffer
		text := NewText(&out, &out, Style{Version: "test", Terminal: &Terminal{Size: func() (int, int) { return int(columns.Load()), int(rows.Load()) }}})
		on := func() string {
			synctest.Wait()
			all := screen(out.String())
			for _, line := range all {
				if columns.Load() >= narrow && utf8.RuneCountInString(line) >= int(columns.Load()) {
					t.Errorf("a row of %d columns on %d: %q", utf8.RuneCountInString(line), columns.Load(), line)
				}
			}
			return strings.Join(all, "\n")
		}
		expect := func(want string) {
			t.Helper()
			if got := on(); got != want {
				t.Errorf("the screen has\n%s\nwant\n%s", got, want)
			}
		}
		volume := cloud.Resource{Kind: cloud.KindVolume, ID: "v", Name: "v", Status: "creating"}
		text.Event(check.CleanupStarted{Prefix: "p", Kinds: []string{"images"}})
		expect("cleaning up, 0 s")
		text.Event(check.ChecksStarted{Count: 3})
		for _, title := range []string{"chain", "data", "restore-existing"} {
			text.Event(check.Beside{Check: title, Event: check.CheckStarted{Title: title}})
			text.Event(check.Beside{Check: title, Event: check.Waiting{On: []cloud.Resource{volume}, Want: []string{"available"}, Limit: time.Minute}})
		}
		<-time.After(2500 * time.Millisecond)
		expect("0 of 3 checks, 2s\nchain: volume 'creating', 2 of 60 s\ndata: volume 'creating', 2 of 60 s\nrestore-existing: volume 'creating', 2 of 60 s")
		text.Event(check.Beside{Check: "data", Event: check.CheckFinished{Result: check.Result{Title: "data", Status: check.Passed, Seconds: 2.5}}})
		text.Event(check.Beside{Check: "data", Event: check.CleanupStarted{Prefix: "p", Kinds: []string{"volumes"}}})
		expect("data: PASS (2.5 s)\n1 of 3 checks, 2s\nchain: volume 'creating', 2 of 60 s\nrestore-existing: volume 'creating', 2 of 60 s\ndata: cleaning up, 0 s")
		text.Event(check.Beside{Check: "data", Event: check.CheckEnded{}})
		columns.Store(30)
		<-time.After(time.Second)
		expect("data: PASS (2.5 s)\n1 of 3 checks, 3s\nchain: volume 'cr…, 3 of 60 s\nrestore-existing:…, 3 of 60 s")
		rows.Store(7)
		<-time.After(time.Second)
		expect("data: PASS (2.5 s)\n1 of 3 checks, 4s\nand 2 more")
		columns.Store(19)
		<-time.After(time.Second)
		expect("data: PASS (2.5 s)\n")
		columns.Store(60)
		text.Close()
		expect("data: PASS (2.5 s)\n")
	})
}

// TestBesideInPipe: in a pipe the steps of a check come with its result, each
// whole, and the lines about a long wait name the check.
func TestBesideInPipe(t *testing.T) {
	var out bytes.Buffer
	text := NewText(&out, &out, Style{Version: "test"})
	on := []cloud.Resource{{Kind: cloud.KindVolume, ID: "v", Name: "v", Status: "creating"}}
	text.Event(check.ChecksStarted{Count: 2})
	for _, title := range []string{"chain", "data"} {
		text.Event(check.Beside{Check: title, Event: check.CheckStarted{Title: title}})
		text.Event(check.Beside{Check: title, Event: check.StepStarted{Verb: "creating", On: on[0]}})
		text.Event(check.Beside{Check: title, Event: check.Waiting{On: on, Want: []string{"available"}}})
	}
	text.Event(check.Beside{Check: "chain", Event: check.Polled{On: on, Waited: 11 * time.Second, Limit: time.Minute}})
	text.Event(check.Beside{Check: "data", Event: check.CheckFinished{Result: check.Result{Title: "data", Status: check.Passed}}})
	text.Event(check.Beside{Check: "data", Event: check.Deleting{On: on[0]}})
	text.Event(check.Beside{Check: "data", Event: check.CheckEnded{}})
	text.Event(check.Beside{Check: "chain", Event: check.CheckEnded{}}) // without a result
	want := `↳ chain: still waiting, 11 of 60 s: volume 'v' (v) is 'creating'
Creating volume 'v' (v) ...
↳ waiting for volume 'v' (v) to become 'available' ...
data: PASS
↳ deleting volume 'v' (v), age unknown
Creating volume 'v' (v) ...
↳ waiting for volume 'v' (v) to become 'available' ...
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}

// TestLiveLine: one line is redrawn while a check waits, and its result takes its place.
func TestLiveLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		width := 60
		var out, diagnostics bytes.Buffer
		text := NewText(&out, &diagnostics, Style{Version: "test", Terminal: &Terminal{Size: func() (int, int) { return width, 24 }}})
		volume := cloud.Resource{Kind: cloud.KindVolume, ID: "v", Name: "scs-test-volume", Status: "creating"}
		c := check.Mandatory()[0]
		last := func() string {
			synctest.Wait() // for the redrawing
			all := screen(out.String())
			return all[len(all)-1]
		}

		text.Event(check.CheckStarted{Title: c.Title})
		text.Event(check.StepStarted{Verb: "creating", On: volume})
		text.Event(check.Waiting{On: []cloud.Resource{volume}, Want: []string{"available"}, Limit: time.Minute})
		<-time.After(3500 * time.Millisecond)
		if got := last(); got != "Create empty volume: volume 'creating', 3 of 60 s" {
			t.Errorf("the line after 3.5 s: %q", got)
		}
		width = 30
		text.Event(check.Polled{On: []cloud.Resource{volume}, Waited: 4 * time.Second, Limit: time.Minute})
		if got := last(); utf8.RuneCountInString(got) > 29 || !strings.HasPrefix(got, "Create empty volu") || !strings.HasSuffix(got, "…, 3 of 60 s") {
			t.Errorf("on 30 columns: %q", got)
		}
		width = narrow
		text.Event(check.Polled{On: []cloud.Resource{volume}, Waited: 4 * time.Second, Limit: 100 * 365 * 24 * time.Hour})
		if got := last(); got != "…, 3 of 3153600000…" {
			t.Errorf("on %d columns: %q", narrow, got)
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
		text := NewText(&out, &out, Style{Terminal: &Terminal{Size: func() (int, int) { return 80, 24 }, Colour: true}})
		text.Close()
		text.Verdict(check.Fail)
		if out.String() != "scs-0117-test-backup: \x1b[31mFAIL\x1b[0m\n" {
			t.Errorf("%q", out.String())
		}
	})
}
