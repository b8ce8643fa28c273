package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"volume-backup-tester/internal/check"
)

// The elements and attributes are those that GitLab ("Unit test reports") and
// Jenkins (the JUnit plugin's schema) read.
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Time     string   `xml:"time,attr"`
		Suite    suite    `xml:"testsuite"`
	}
	suite struct {
		Name       string     `xml:"name,attr"`
		Tests      int        `xml:"tests,attr"`
		Failures   int        `xml:"failures,attr"`
		Errors     int        `xml:"errors,attr"`
		Skipped    int        `xml:"skipped,attr"`
		Time       string     `xml:"time,attr"`
		Timestamp  string     `xml:"timestamp,attr"` // UTC, without a zone
		Properties []property `xml:"properties>property"`
		Cases      []testcase `xml:"testcase"`
		SystemOut  string     `xml:"system-out,omitempty"`
	}
	property struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	testcase struct {
		ClassName string   `xml:"classname,attr"`
		Name      string   `xml:"name,attr"`
		Time      string   `xml:"time,attr"`
		Failure   *outcome `xml:"failure"`
		Error     *outcome `xml:"error"`
		Skipped   *outcome `xml:"skipped"`
		SystemOut string   `xml:"system-out,omitempty"`
	}
	outcome struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the record as JUnit XML. That the cloud could not be tested is
// an error, that it failed a failure.
func (r *Record) JUnit(to io.Writer) error {
	s := suite{
		Name: "volume-backup-tester", Time: seconds(r.Ended.Sub(r.Started).Seconds()), Timestamp: r.Started.Format("2006-01-02T15:04:05"),
		Properties: []property{
			{"version", r.Version}, {"cloud", r.Evidence.Cloud}, {"auth_url", r.Evidence.AuthURL}, {"region", r.Evidence.Region},
			{"endpoint", r.Evidence.Endpoint}, {"project_id", r.Evidence.ProjectID}, {"project", r.Evidence.Project}, {"user", r.Evidence.User},
			{"roles", strings.Join(r.Evidence.Roles, ",")}, {"prefix", r.Evidence.Prefix}, {"verdict", r.Verdict},
		},
	}
	blamed := false
	for _, c := range r.Checks {
		t := testcase{ClassName: "volume-backup-tester.further", Name: c.Line, Time: seconds(c.Seconds), SystemOut: c.output()}
		if c.Core {
			t.ClassName = "volume-backup-tester.scs-0117"
		}
		switch {
		case r.Failure != nil && r.Failure.Check == c.Name:
			t.blame(r.Failure)
			blamed = true
		case c.Result == string(check.Skipped):
			t.Skipped = &outcome{Message: strings.Join(c.Notes, "; ")}
		case c.Result == "":
			t.Skipped = &outcome{Message: "not reached"}
		}
		s.Cases = append(s.Cases, t)
	}
	if r.Failure != nil && !blamed {
		t := testcase{ClassName: "volume-backup-tester", Name: "run", Time: seconds(0)}
		switch {
		case r.Evidence.ProjectID == "":
			t.Name = "connect"
		case r.Failure.cleanUp:
			t.Name = "clean-up"
		}
		t.blame(r.Failure)
		s.Cases = append(s.Cases, t)
	}
	for _, t := range s.Cases {
		s.Tests++
		switch {
		case t.Failure != nil:
			s.Failures++
		case t.Error != nil:
			s.Errors++
		case t.Skipped != nil:
			s.Skipped++
		}
	}
	all := suites{Tests: s.Tests, Failures: s.Failures, Errors: s.Errors, Skipped: s.Skipped, Time: s.Time, Suite: s}
	if _, err := io.WriteString(to, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(to)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(to, "\n")
	return err
}

func (t *testcase) blame(f *Failure) {
	var text strings.Builder
	for _, part := range []struct{ label, text string }{
		{"expected", f.Expected}, {"seen", f.Seen}, {"the cloud says", f.Said}, {"what to do", f.Advice},
	} {
		if part.text != "" {
			fmt.Fprintf(&text, "%s: %s\n", part.label, part.text)
		}
	}
	o := &outcome{Message: f.What, Type: f.Verdict, Text: text.String()}
	if f.Verdict == string(check.Fail) {
		t.Failure = o
		return
	}
	t.Error = o
}

// output is what a check has to tell besides its result.
func (c Check) output() string {
	var lines []string
	if c.Result == string(check.Warned) || c.Result == string(check.Passed) {
		lines = append(lines, c.Notes...)
	}
	for _, m := range c.Measurements {
		lines = append(lines, check.Measurement{What: m.What, Bytes: m.Bytes, Took: time.Duration(m.Seconds * float64(time.Second))}.String())
	}
	return strings.Join(lines, "\n")
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
