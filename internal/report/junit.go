package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"volume-backup-tester/internal/check"
)

// The elements and attributes are those that GitLab ("Unit test reports") and
// Jenkins (the xUnit plugin's junit-10.xsd) read. GitLab shows the content of
// failure, error and skipped, Jenkins also the message.
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
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
		Failure   *blamed  `xml:"failure"`
		Error     *blamed  `xml:"error"`
		Skipped   *skipped `xml:"skipped"`
		SystemOut string   `xml:"system-out,omitempty"`
	}
	blamed struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	skipped struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes an outcome as JUnit XML. That the cloud could not be tested is
// an error, that it failed a failure.
func JUnit(to io.Writer, o *check.Outcome) error {
	s := suite{
		Name: "volume-backup-tester", Time: seconds(o.Ended.Sub(o.Started).Seconds()), Timestamp: o.Started.Format("2006-01-02T15:04:05"),
		Properties: append(properties(o), property{"verdict", string(o.Verdict)}),
	}
	for _, c := range o.Checks {
		t := testcase{ClassName: "volume-backup-tester.optional", Name: c.Title, Time: seconds(c.Seconds), SystemOut: output(c)}
		if c.Mandatory {
			t.ClassName = "volume-backup-tester.scs-0117"
		}
		switch {
		case o.Failure(c.Name) != nil:
			t.blame(o, o.Failure(c.Name))
		case c.Status == check.Skipped:
			t.skip(strings.Join(c.Notes, "; "))
		case c.Status == "":
			t.skip(cmp.Or(strings.Join(c.Notes, "; "), "not reached"))
		}
		s.Cases = append(s.Cases, t)
	}
	if o.Evidence.CleanupOnly {
		s.Cases = append(s.Cases, cleanupCase(o))
	}
	for _, f := range o.Failures {
		if f.Check != "" || o.Evidence.CleanupOnly {
			continue
		}
		t := testcase{ClassName: "volume-backup-tester", Name: string(f.Stage), Time: seconds(0)}
		t.blame(o, f)
		s.Cases = append(s.Cases, t)
	}
	s.SystemOut = strings.Join(o.Warnings, "\n")
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
	all := suites{Tests: s.Tests, Failures: s.Failures, Errors: s.Errors, Time: s.Time, Suite: s}
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

// cleanupCase is a clean-up alone: what it has deleted, and what not and why.
func cleanupCase(o *check.Outcome) testcase {
	t := testcase{ClassName: "volume-backup-tester", Name: string(check.StageCleanup), Time: seconds(o.Ended.Sub(o.Started).Seconds())}
	var lines []string
	for _, r := range o.Resources {
		if gone(o, r) {
			lines = append(lines, "deleted: "+r.String())
		} else if o.Evidence.DryRun {
			lines = append(lines, "would be deleted: "+r.String())
		}
	}
	for _, l := range o.LeftAlone {
		lines = append(lines, fmt.Sprintf("left alone: %s: %s", l, l.Reason))
	}
	t.SystemOut = strings.Join(lines, "\n")
	switch {
	case len(o.Failures) > 0:
		t.blame(o, o.Failures[0])
	case o.Evidence.DryRun:
		t.skip("--dry-run: nothing was deleted")
	}
	return t
}

// properties are the evidence.
func properties(o *check.Outcome) []property {
	e := o.Evidence
	return []property{
		{"version", o.Version}, {"cloud", e.Cloud}, {"auth_url", e.AuthURL}, {"region", e.Region},
		{"endpoint", e.Endpoint}, {"project_id", e.ProjectID}, {"project", e.Project}, {"user", e.User},
		{"roles", strings.Join(e.Roles, ",")}, {"prefix", e.Prefix}, {"standard", e.Standard}, {"allow_admin", strconv.FormatBool(e.AllowAdmin)},
		{"timeout_seconds", fmt.Sprint(e.Timeout)}, {"volume_type", e.VolumeType}, {"availability_zone", e.AvailabilityZone}, {"backup_availability_zone", e.BackupZone},
		{"volume_size", strconv.Itoa(e.VolumeSize)}, {"checks", strings.Join(e.Checks, ",")}, {"parallel", strconv.Itoa(e.Parallel)},
		{"cleanup_only", strconv.FormatBool(e.CleanupOnly)}, {"dry_run", strconv.FormatBool(e.DryRun)}, {"older_than_seconds", fmt.Sprint(e.OlderThan)},
	}
}

// blame gives a test case what the text tells of a failure, and of what it has
// left.
func (t *testcase) blame(o *check.Outcome, f *check.Failure) {
	message := f.Summary
	for _, more := range []string{f.Got, f.CloudMessage} {
		if more != "" && more != "none" {
			message += ": " + more
		}
	}
	b := &blamed{Message: message, Type: string(f.Verdict), Text: strings.Join(append(block(o, f), stays(o)...), "\n")}
	if f.Verdict == check.Fail {
		t.Failure = b
		return
	}
	t.Error = b
}

func (t *testcase) skip(reason string) { t.Skipped = &skipped{Message: reason, Text: reason} }

// output is what a check has to tell besides its result.
func output(c check.Result) string {
	var lines []string
	if c.Status == check.Warned || c.Status == check.Passed {
		lines = append(lines, c.Notes...)
	}
	for _, m := range c.Measurements {
		lines = append(lines, m.String())
	}
	return strings.Join(lines, "\n")
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
