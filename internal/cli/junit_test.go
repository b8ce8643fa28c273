package cli

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// readsAsJUnit reads run.xml with nothing but what GitLab's and Jenkins'
// documentation name.
func (s *scene) readsAsJUnit(t *testing.T, tests, failures, errs, skipped int) {
	t.Helper()
	type totals struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	type outcome struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	var doc struct {
		XMLName xml.Name `xml:"testsuites"`
		totals
		Suites []struct {
			totals
			Name       string  `xml:"name,attr"`
			Time       float64 `xml:"time,attr"`
			Timestamp  string  `xml:"timestamp,attr"`
			Properties []struct {
				Name  string `xml:"name,attr"`
				Value string `xml:"value,attr"`
			} `xml:"properties>property"`
			Cases []struct {
				Name      string   `xml:"name,attr"`
				ClassName string   `xml:"classname,attr"`
				Time      *float64 `xml:"time,attr"`
				Failure   *outcome `xml:"failure"`
				Error     *outcome `xml:"error"`
				Skipped   *outcome `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	raw := s.read("run.xml")
	if err := xml.Unmarshal([]byte(raw), &doc); err != nil || len(doc.Suites) != 1 {
		t.Fatalf("%v\n%s", err, raw)
	}
	holdsToXUnit(t, raw)
	suite := doc.Suites[0]
	counts := map[string]int{}
	for _, c := range suite.Cases {
		counts["tests"]++
		if c.Name == "" || c.ClassName == "" || c.Time == nil {
			t.Errorf("a case without name, classname or time: %+v", c)
		}
		for kind, o := range map[string]*outcome{"failures": c.Failure, "errors": c.Error, "skipped": c.Skipped} {
			if o == nil {
				continue
			}
			counts[kind]++
			if o.Message == "" || strings.Contains(o.Message, "\n") || kind != "skipped" && o.Type == "" {
				t.Errorf("%s of %s without message, on one line, or type: %q", kind, c.Name, o.Message)
			}
			if kind == "skipped" && o.Text != o.Message {
				t.Errorf("%s is skipped for %q, GitLab shows %q", c.Name, o.Message, o.Text)
			}
			if kind != "skipped" && !strings.Contains(s.stderr.String(), o.Text+"\n") { // the error's block, and what is left
				t.Errorf("%s of %s has\n%s\nthe text has\n%s", kind, c.Name, o.Text, &s.stderr)
			}
		}
	}
	want, counted := totals{tests, failures, errs, skipped}, totals{counts["tests"], counts["failures"], counts["errors"], counts["skipped"]}
	all := want
	all.Skipped = 0 // the xUnit plugin's schema has no such attribute there
	if counted != want || doc.totals != all || suite.totals != want || strings.Contains(raw[:strings.Index(raw, "<testsuite ")], "skipped=") {
		t.Errorf("the cases are %+v, the sums %+v and %+v, want %+v\n%s", counted, doc.totals, suite.totals, want, raw)
	}
	if _, err := time.Parse("2006-01-02T15:04:05", suite.Timestamp); err != nil || suite.Name == "" {
		t.Errorf("suite %q at %q", suite.Name, suite.Timestamp)
	}
	for _, name := range []string{"cloud", "region", "project_id", "endpoint", "version", "prefix"} {
		if !slices.ContainsFunc(suite.Properties, func(p struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		}) bool {
			return p.Name == name
		}) {
			t.Errorf("no property %s", name)
		}
	}
}

// xunit is what an element may have where the schema of Jenkins' xUnit plugin
// (junit-10.xsd) is kept to: its attributes, those that it must have marked with
// a !, and its children.
var xunit = map[string]struct{ attributes, children string }{
	"testsuites": {"name time tests failures errors", "testsuite"},
	"testsuite":  {"name! tests! failures! errors! group time skipped timestamp hostname id package file log url version", "testsuite properties testcase system-out system-err"},
	"properties": {"", "property"},
	"property":   {"name! value!", ""},
	"testcase":   {"name! time classname group", "skipped error failure system-out system-err"},
	"failure":    {"type message", ""},
	"error":      {"type message", ""},
	"skipped":    {"type message", ""},
	"system-out": {"", ""},
}

// xunitTime are seconds as that schema wants them.
var xunitTime = regexp.MustCompile(`^[0-9]+\.[0-9]{3}$`)

func holdsToXUnit(t *testing.T, raw string) {
	t.Helper()
	within := []string{""}
	for decoder := xml.NewDecoder(strings.NewReader(raw)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.EndElement:
			within = within[:len(within)-1]
		case xml.StartElement:
			name, parent := e.Name.Local, within[len(within)-1]
			rule, known := xunit[name]
			if !known || parent == "" && name != "testsuites" || parent != "" && !slices.Contains(strings.Fields(xunit[parent].children), name) {
				t.Errorf("<%s> in <%s>", name, parent)
			}
			within = append(within, name)
			given := map[string]bool{}
			for _, a := range e.Attr {
				given[a.Name.Local] = true
				if allowed := strings.Fields(strings.ReplaceAll(rule.attributes, "!", "")); !slices.Contains(allowed, a.Name.Local) {
					t.Errorf("<%s> has %s", name, a.Name.Local)
				}
				if a.Name.Local == "time" && !xunitTime.MatchString(a.Value) {
					t.Errorf("<%s> has the time %q", name, a.Value)
				}
			}
			for attribute := range strings.FieldsSeq(rule.attributes) {
				if required, is := strings.CutSuffix(attribute, "!"); is && !given[required] {
					t.Errorf("<%s> has no %s", name, required)
				}
			}
		}
	}
}

// TestJUnitOfNoCheck: a failure that is no check's is named by where it was.
func TestJUnitOfNoCheck(t *testing.T) {
	for name, row := range map[string]struct{ cloud, fault string }{
		"connect":  {"cloudsim", "POST /v3/auth/tokens=401"},
		"clean-up": {"cloudsim", "GET /backups/detail=403"},
		"run":      {"cloudsim-admin", "POST /volumes=500"},
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, row.fault)
			s.run("--os-cloud", row.cloud, "--junit", "-")
			if !strings.Contains(s.stdout.String(), `classname="volume-backup-tester" name="`+name+`"`) {
				t.Errorf("no testcase %s:\n%s", name, &s.stdout)
			}
		})
	}
}
