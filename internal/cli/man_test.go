package cli

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestManPage: every flag with its text, all the sections, and nothing that roff
// would read as something else. mandoc judges it in internal/acceptance.
func TestManPage(t *testing.T) {
	page := manPage("v1.2.3", "2026-01-02")
	if !strings.HasPrefix(page, `.TH VOLUME\-BACKUP\-TESTER 1 "2026-01-02" "volume\-backup\-tester v1.2.3"`+"\n") {
		t.Errorf("begins with %.100q", page)
	}
	for _, o := range options(new(settings)) {
		for _, spelling := range o.spellings() {
			if want := `\fB` + escape(spelling) + `\fR`; !strings.Contains(page, want) {
				t.Errorf("no %s", want)
			}
		}
		if !strings.Contains(page, "\n"+roff(o.text)) {
			t.Errorf("no text of --%s", o.name)
		}
	}
	var sections []string
	for _, found := range regexp.MustCompile(`(?m)^\.SH (.*)$`).FindAllStringSubmatch(page, -1) {
		sections = append(sections, found[1])
	}
	if want := []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"}; !slices.Equal(sections, want) {
		t.Errorf("sections %q", sections)
	}
	macro := regexp.MustCompile(`^\.(TH|SH|SS|TP|PP|B|BR|nf|fi)( .+)?$`)
	sequence := regexp.MustCompile(`\\(f[BIR]|\(aq|\(ga|\(ha|\(ti|-|e|&)`)
	for i, line := range strings.Split(strings.TrimSuffix(page, "\n"), "\n") {
		switch rest := sequence.ReplaceAllString(line, ""); {
		case len(line) > 80:
			t.Errorf("line %d is longer than is usual: %s", i+1, line)
		case strings.HasPrefix(line, ".") && !macro.MatchString(line):
			t.Errorf("line %d is no macro that is known: %s", i+1, line)
		case i > 0 && strings.ContainsAny(rest, "\\-'`^~") || line == "":
			t.Errorf("line %d has a character that stands for another one: %q", i+1, line)
		}
	}
}

// TestRoff: what a text must not be taken for.
func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		".netrc is no macro":    "\\&.netrc is no macro\n",
		"'quoted'":              "\\(aqquoted\\(aq\n",
		`C:\ --flag ~ ^ ` + "`": "C:\\e \\-\\-flag \\(ti \\(ha \\(ga\n",
		// folded before the dot
		"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 .x": "0123456789 0123456789 0123456789 0123456789 0123456789\n0123456789 .x\n",
		"0123456789 0123456789 0123456789 0123456789 0123456789 01234 .yaml":   "0123456789 0123456789 0123456789 0123456789 0123456789 01234\n\\&.yaml\n",
	} {
		if got := roff(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
