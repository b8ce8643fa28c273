package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Terminal is where a person looks on.
type Terminal struct {
	// Size is how many columns and rows there are now; it may change during a run.
	Size func() (columns, rows int)
	// Colour allows colours.
	Colour bool
}

const (
	clearBelow = "\x1b[J" // from the cursor to the end of the screen
	// narrow is the width below which live lines are left out: nothing useful
	// would be seen of them.
	narrow = 20
	// share is the part of a screen that live lines take at most.
	share = 3
)

// live are the lines of a terminal that change while something goes on: one for
// each check that runs, and above them how far all are. Everything else is
// written through it, so that they stay the last.
type live struct {
	Terminal
	to io.Writer

	mu      sync.Mutex
	checks  int // beside each other; 0: what goes on has one line
	ended   int // of these
	began   time.Time
	lines   []liveLine
	shown   int // lines on the screen
	stopped chan struct{}
}

// liveLine is what goes on in one check.
type liveLine struct {
	key, text string
	limit     time.Duration // of the wait that goes on; 0: none
	since     time.Time
}

// newLive redraws the lines once a second until stop is called.
func newLive(t Terminal, to io.Writer) *live {
	l := &live{Terminal: t, to: to, stopped: make(chan struct{})}
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-l.stopped:
				return
			case <-tick.C:
				l.mu.Lock()
				l.draw()
				l.mu.Unlock()
			}
		}
	}()
	return l
}

func (l *live) stop() {
	close(l.stopped)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checks, l.lines = 0, nil
	l.draw()
}

// count begins to tell how many of so many checks have ended.
func (l *live) count(checks int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.checks, l.ended, l.began = checks, 0, time.Now()
}

// finished takes a check's line away, and counts it.
func (l *live) finished(key string) {
	l.mu.Lock()
	l.ended++
	l.mu.Unlock()
	l.tell(key, liveLine{}, true)
}

// tell changes a check's line, or takes it away if the text is empty; since when
// it counts is kept while the text's subject is the same.
func (l *live) tell(key string, now liveLine, anew bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.lines, func(line liveLine) bool { return line.key == key })
	switch {
	case now.text == "":
		l.lines = slices.DeleteFunc(l.lines, func(line liveLine) bool { return line.key == key })
		l.draw()
		return
	case i < 0:
		i = len(l.lines)
		l.lines = append(l.lines, liveLine{key: key, since: time.Now()})
	case anew:
		l.lines[i].since = time.Now()
	}
	l.lines[i].text, l.lines[i].limit = now.text, now.limit
	l.draw()
}

// Write puts whole lines above the lines.
func (l *live) Write(p []byte) (n int, err error) {
	l.aside(func() { n, err = l.to.Write(p) })
	return n, err
}

// aside takes the lines away while something else is written to the terminal.
func (l *live) aside(write func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.to, l.erase()) // what follows will tell
	write()
	l.draw()
}

// erase is what takes the lines away.
func (l *live) erase() string {
	up := ""
	switch {
	case l.shown == 0:
		return ""
	case l.shown > 1:
		up = fmt.Sprintf("\x1b[%dA", l.shown-1)
	}
	l.shown = 0
	return "\r" + up + clearBelow
}

// draw shows the lines as they are now, cut to the terminal's size.
func (l *live) draw() {
	columns, rows := l.Size()
	text := l.erase()
	if columns >= narrow {
		lines := l.rows(columns, rows/share)
		l.shown = len(lines)
		text += strings.Join(lines, "\n")
	}
	_, _ = io.WriteString(l.to, text)
}

// rows are the lines to be shown, at most so many but for one.
func (l *live) rows(columns, most int) (rows []string) {
	if l.checks > 0 && most > 1 {
		rows = append(rows, cut(fmt.Sprintf("%d of %d checks, %s", l.ended, l.checks, time.Since(l.began).Truncate(time.Second)), columns-1))
	}
	for i, line := range l.lines {
		if rest := len(l.lines) - i; rest > 1 && len(rows) >= most-1 {
			return append(rows, cut(fmt.Sprintf("and %d more", rest), columns-1))
		}
		since := ", " + clock(time.Since(line.since), line.limit)
		rows = append(rows, cut(cut(line.text, max(columns-1-len(since), 1))+since, columns-1))
	}
	return rows
}

// clock is how long something has lasted, and how long it may.
func clock(lasted, limit time.Duration) string {
	if limit == 0 {
		return fmt.Sprintf("%d s", int(lasted.Seconds()))
	}
	return fmt.Sprintf("%d of %d s", int(lasted.Seconds()), int(limit.Seconds()))
}

// cut shortens a line to so many columns: a full one would wrap.
func cut(text string, columns int) string {
	if utf8.RuneCountInString(text) > columns {
		return string([]rune(text)[:columns-1]) + "…"
	}
	return text
}

// colours by result; others stay as they are.
var resultColour = strings.NewReplacer(
	"PASS", "\x1b[32mPASS\x1b[0m", "FAIL", "\x1b[31mFAIL\x1b[0m", "ABORT", "\x1b[31mABORT\x1b[0m",
	"SKIP", "\x1b[33mSKIP\x1b[0m", "WARN", "\x1b[33mWARN\x1b[0m",
)
