package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Terminal is where a person looks on.
type Terminal struct {
	// Width is how many columns there are now; it may change during a run.
	Width func() int
	// Colour allows colours.
	Colour bool
}

const (
	clearLine = "\r\x1b[K"
	// narrow is the width below which a live line is left out: nothing useful
	// would be seen of it.
	narrow = 20
)

// live is the one line of a terminal that changes while something is waited
// for. Everything else is written through it, so that it stays the last.
type live struct {
	Terminal
	to io.Writer

	mu      sync.Mutex
	text    string    // what is going on; "": nothing
	since   time.Time // since when
	shown   bool
	stopped chan struct{}
}

// newLive redraws the line once a second until stop is called.
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
	l.text = ""
	l.draw()
}

// tell changes the line; since when it counts is kept while the text's subject
// is the same.
func (l *live) tell(text string, anew bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if anew {
		l.since = time.Now()
	}
	l.text = text
	l.draw()
}

// Write puts whole lines above the line.
func (l *live) Write(p []byte) (n int, err error) {
	l.aside(func() { n, err = l.to.Write(p) })
	return n, err
}

// aside takes the line away while something else is written to the terminal.
func (l *live) aside(write func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown {
		_, _ = io.WriteString(l.to, clearLine) // what follows will tell
		l.shown = false
	}
	write()
	l.draw()
}

// draw shows the line as it is now, cut to the terminal's width.
func (l *live) draw() {
	width := l.Width()
	if l.text == "" || width < narrow {
		if l.shown {
			_, _ = io.WriteString(l.to, clearLine)
			l.shown = false
		}
		return
	}
	clock := fmt.Sprintf(" %ds", int(time.Since(l.since).Seconds()))
	room := width - 1 - len(clock) // a full line would wrap
	text := l.text
	if utf8.RuneCountInString(text) > room {
		text = string([]rune(text)[:room-1]) + "…"
	}
	l.shown = true
	_, _ = io.WriteString(l.to, clearLine+text+clock)
}

// colours by result; others stay as they are.
var resultColour = strings.NewReplacer(
	"PASS", "\x1b[32mPASS\x1b[0m", "FAIL", "\x1b[31mFAIL\x1b[0m", "ABORT", "\x1b[31mABORT\x1b[0m",
	"SKIP", "\x1b[33mSKIP\x1b[0m", "WARN", "\x1b[33mWARN\x1b[0m",
)
