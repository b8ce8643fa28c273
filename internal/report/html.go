package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloud"
)

//go:embed report.html.tmpl
var page string

// HTML writes an outcome as one page, which needs nothing besides.
func HTML(to io.Writer, o *check.Outcome) error {
	t, err := template.New("").Funcs(template.FuncMap{
		"headline": headline, "parts": parts, "charts": charts,
		"deleted": deleted, "optional": optional, "evidence": properties, "join": strings.Join,
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(to, o)
}

const (
	perChart = 12 // lanes, which are kept on one printed page
	laneTop  = 24 // pixels above the first, for the axis
	laneStep = 36 // pixels from one to the next
	// thin is the least width of a mark, so that what was short is seen.
	thin percent = 0.4
	// onPhone and onPaper are the pixels that a chart is wide at least; a letter
	// takes up to glyph of them.
	onPhone, onPaper, glyph = 330, 620, 7
)

// percent is a share of a chart's width, which is known only where it is shown.
type percent float64

func (p percent) String() string { return fmt.Sprintf("%.2f%%", float64(p)) }

type chart struct {
	Height int
	Ticks  []mark
	Lanes  []lane
}

type lane struct {
	Y           int
	Name, State string // the last one
	Marks       []mark
}

// mark is a tick of the axis, a status, or that a deletion was asked for.
type mark struct {
	X, Width           percent
	Text, Group, Title string
	Room               string // where it is wide enough for the text
}

// charts draw what was known of the resources over the run's time.
func charts(o *check.Outcome) (all []chart) {
	a := axis{o.Started, max(o.Ended.Sub(o.Started), time.Millisecond)}
	for some := range slices.Chunk(o.Resources, perChart) {
		c := chart{Height: laneTop + laneStep*len(some), Ticks: a.ticks()}
		for i, r := range some {
			c.Lanes = append(c.Lanes, a.lane(laneTop+laneStep*i, r, gone(o, r)))
		}
		all = append(all, c)
	}
	return all
}

// axis is a run's time on a chart's width.
type axis struct {
	from   time.Time
	length time.Duration
}

func (a axis) at(t time.Time) percent {
	return percent(min(max(100*float64(t.Sub(a.from))/float64(a.length), 0), 100))
}

func (a axis) mark(from, to time.Time, group, title string) mark {
	x := min(a.at(from), 100-thin)
	return mark{X: x, Width: max(a.at(to)-x, thin), Group: group, Title: title}
}

// clock is a time as seconds from the beginning.
func (a axis) clock(t time.Time) string { return fmt.Sprintf("%.1f s", t.Sub(a.from).Seconds()) }

func (a axis) lane(y int, r check.Timeline, gone bool) lane {
	l := lane{Y: y, Name: r.Kind + " " + cloud.Printable(r.Name), State: "no status shown"}
	end := a.from.Add(a.length)
	if gone { // when is not known
		end = r.DeletionAsked
	}
	for i, s := range r.Statuses {
		until := end
		if i+1 < len(r.Statuses) {
			until = r.Statuses[i+1].At
		}
		m := a.mark(s.At, until, s.Group(), fmt.Sprintf("%s from %s to %s", s.Status, a.clock(s.At), a.clock(until)))
		m.Text = s.Status
		switch needs := percent(100 * glyph * (utf8.RuneCountInString(s.Status) + 2)); {
		case needs <= m.Width*onPhone:
			m.Room = "always"
		case needs <= m.Width*onPaper:
			m.Room = "wide"
		}
		l.Marks, l.State = append(l.Marks, m), s.Status
	}
	if r.Deleted {
		l.Marks = append(l.Marks, a.mark(r.DeletionAsked, r.DeletionAsked, "asked", "deletion asked for at "+a.clock(r.DeletionAsked)))
	}
	if gone {
		l.State = "deleted"
	}
	return l
}

// steps are the distances of ticks that are read easily, in seconds.
var steps = []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200}

// ticks are as many as have room for their labels on a phone.
func (a axis) ticks() (all []mark) {
	step := 24 * time.Hour
	for _, s := range slices.Backward(steps) {
		if d := time.Duration(s * float64(time.Second)); a.length <= 6*d {
			step = d
		}
	}
	short := strings.NewReplacer("h0m0s", "h", "m0s", "m")
	for d := time.Duration(0); a.at(a.from.Add(d)) < 93; d += step {
		all = append(all, mark{X: a.at(a.from.Add(d)), Text: short.Replace(d.String())})
	}
	return all
}
