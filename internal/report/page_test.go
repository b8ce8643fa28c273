package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloud"
)

// element is one of a page, or text if it has no name.
type element struct {
	Name  string
	Text  string
	attrs []xml.Attr
	in    []element
}

// read reads the inside of an element, strictly as XML.
func (e *element) read(d *xml.Decoder) error {
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.CharData:
			e.in = append(e.in, element{Text: string(token)})
		case xml.StartElement:
			in := element{Name: token.Name.Local, attrs: token.Attr}
			if err := in.read(d); err != nil {
				return err
			}
			e.in = append(e.in, in)
		case xml.EndElement:
			return nil
		}
	}
}

// find is all elements of that name and class, at any depth; "" is any.
func (e element) find(name, class string) (found []element) {
	for _, in := range e.elements() {
		if (name == "" || in.Name == name) && (class == "" || slices.Contains(strings.Fields(in.attr("class")), class)) {
			found = append(found, in)
		}
		found = append(found, in.find(name, class)...)
	}
	return found
}

// elements are those directly in it.
func (e element) elements() (all []element) {
	for _, in := range e.in {
		if in.Name != "" {
			all = append(all, in)
		}
	}
	return all
}

func (e element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// content is the text of an element and of those in it, with single spaces.
func (e element) content() string { return strings.Join(strings.Fields(e.all()), " ") }

func (e element) all() (text string) {
	for _, in := range e.in {
		if in.Name != "" {
			text += " " + in.all() + " "
			continue
		}
		text += in.Text
	}
	return text
}

// percent is an attribute such as 12.50%.
func (e element) percent(t *testing.T, name string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.TrimSuffix(e.attr(name), "%"), 64)
	if err != nil || !strings.HasSuffix(e.attr(name), "%") {
		t.Fatalf("%s=%q", name, e.attr(name))
	}
	return n
}

// parsePage reads a page as XML, strictly, and holds it to what every page is.
func parsePage(t *testing.T, o *check.Outcome) element {
	t.Helper()
	var page bytes.Buffer
	if err := HTML(&page, o); err != nil {
		t.Fatal(err)
	}
	var document element
	if err := document.read(xml.NewDecoder(bytes.NewReader(page.Bytes()))); err != io.EOF || len(document.elements()) != 1 {
		t.Fatalf("%v\n%s", err, &page)
	}
	root := document.elements()[0]
	known := strings.Fields("head meta title style body h1 h2 h3 p span strong br pre table thead tr th td figure svg desc rect line text tspan")
	for _, e := range root.find("", "") {
		if !slices.Contains(known, e.Name) {
			t.Errorf("an element %s", e.Name)
		}
		for _, a := range e.attrs {
			if name := a.Name.Local; strings.HasPrefix(name, "on") || slices.Contains([]string{"href", "src", "style", "srcdoc", "action"}, name) {
				t.Errorf("%s has %s=%q", e.Name, name, a.Value)
			}
		}
		if e.Name == "th" && e.attr("scope") == "" {
			t.Errorf("a header without scope: %s", e.content())
		}
	}
	if style := root.find("style", "")[0].content(); strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Errorf("style has something from elsewhere: %s", style)
	}
	if root.attr("lang") != "en" || len(root.find("h1", "")) != 1 {
		t.Errorf("lang %q, %d h1", root.attr("lang"), len(root.find("h1", "")))
	}
	holdCharts(t, root, o)
	return root
}

// holdCharts: each resource has a lane, in order, and all is within the chart.
func holdCharts(t *testing.T, root element, o *check.Outcome) {
	t.Helper()
	var names []string
	for _, figure := range root.find("figure", "") {
		svg := figure.elements()[0]
		inside := svg.elements()
		height, err := strconv.Atoi(svg.attr("height"))
		if err != nil || svg.attr("role") != "img" || len(inside) < 2 || inside[0].Name != "title" || inside[1].Name != "desc" {
			t.Errorf("a chart without height, role, title and desc: %+v", svg.attrs)
		}
		if n := len(svg.find("line", "axis")); n < 1 || n > 7 {
			t.Errorf("%d ticks", n)
		}
		for i, lane := range svg.find("svg", "lane") {
			names = append(names, strings.TrimSpace(lane.find("text", "name")[0].in[0].Text))
			y, errY := strconv.Atoi(lane.attr("y"))
			h, errH := strconv.Atoi(lane.attr("height"))
			if errY != nil || errH != nil || y != laneTop+i*h || y+h > height {
				t.Errorf("lane %d of height %d at %d of %d", i, h, y, height)
			}
			for _, rect := range lane.find("rect", "") {
				if x, width := rect.percent(t, "x"), rect.percent(t, "width"); x < 0 || width <= 0 || x+width > 100.01 {
					t.Errorf("%s: from %v%%, %v%% wide", rect.content(), x, width)
				}
				if title := rect.find("title", ""); len(title) != 1 || !strings.Contains(inside[1].content(), strings.TrimPrefix(title[0].content(), names[len(names)-1]+": ")) {
					t.Errorf("a mark without title, or that desc does not tell: %s", rect.content())
				}
			}
		}
	}
	var want []string
	for _, r := range o.Resources {
		want = append(want, strings.TrimSpace(r.Kind+" "+cloud.Printable(r.Name)))
	}
	if !slices.Equal(names, want) {
		t.Errorf("lanes %q, want %q", names, want)
	}
}
