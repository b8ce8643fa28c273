package cli

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// TestHTMLReport: the page of a failed run, which has stdout for itself.
func TestHTMLReport(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "restore=error_restoring")
		if status := s.run("--html", "-"); status != exitFail || !strings.HasSuffix(s.stderr.String(), "scs-0117-test-backup: FAIL\n") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
		golden(t, "report-html", s.stdout.String())
		if status := s.run("--html", "-", "--junit", "-"); status != exitUsage || !strings.HasPrefix(s.stderr.String(), "critical: --junit - and --html - cannot share stdout") || s.stdout.Len() > 0 {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}

// TestHTMLReports: there is a page whatever the run comes to, beside the other
// reports; and what was deleted says since when.
func TestHTMLReports(t *testing.T) {
	deleted := 0
	for _, row := range endings {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, row.faults...)
			if row.prepare != nil {
				row.prepare(s)
			}
			if status := s.run(append(row.args, "--html", "run.html", "--json", "run.json", "--junit", "run.xml")...); status != row.status {
				t.Fatalf("%s: exit %d\n%s", row.name, status, &s.stderr)
			}
			page, d := s.read("run.html"), xml.NewDecoder(strings.NewReader(s.read("run.html")))
			for err := error(nil); err != io.EOF; {
				if _, err = d.Token(); err != nil && err != io.EOF {
					t.Fatalf("%s: %v\n%s", row.name, err, page)
				}
			}
			title := "scs-0117-test-backup: " + row.verdict
			switch {
			case slices.Contains(row.args, "--dry-run"):
				title = "clean-up, dry run"
			case slices.Contains(row.args, "--cleanup-only"):
				title = "clean-up"
			case row.verdict == "":
				title = "optional checks only"
			}
			if !strings.Contains(page, ">"+title+"</h1>") || !strings.Contains(s.read("run.xml"), "<testsuites ") {
				t.Errorf("%s: the page is not titled %q, or there is no JUnit\n%s", row.name, title, page)
			}
			var o check.Outcome
			if err := json.Unmarshal([]byte(s.read("run.json")), &o); err != nil {
				t.Fatal(err)
			}
			for _, r := range o.Resources {
				switch asked := r.DeletionAsked; {
				case asked.IsZero() == r.Deleted, r.Deleted && (asked.Before(r.Statuses[0].At) || asked.After(o.Ended)):
					t.Errorf("%s: %s deleted %v, asked for at %v", row.name, r.Name, r.Deleted, asked)
				case r.Deleted:
					deleted++
				}
			}
		})
	}
	if deleted == 0 {
		t.Error("nothing was deleted")
	}
}
