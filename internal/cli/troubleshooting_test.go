package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const troubleshooting = "../../cmd/volume-backup-tester/TROUBLESHOOTING.md"

// explained is an error on that page, below the name of the golden file that it
// is from.
var explained = regexp.MustCompile("(?s)<!-- (\\S+) -->\n```text\n(.*?)```\n")

// TestTroubleshooting holds each error that the page explains to the whole of
// the one in its golden file. As the goldens have to be written first, it is
// updated by a run of its own: -run Troubleshooting -update.
func TestTroubleshooting(t *testing.T) {
	page, err := os.ReadFile(troubleshooting)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	text := explained.ReplaceAllStringFunc(string(page), func(block string) string {
		found++
		parts := explained.FindStringSubmatch(block)
		want := errorOf(t, parts[1])
		if !*update && parts[2] != want {
			t.Errorf("of %s the page shows\n%sand not\n%s", parts[1], parts[2], want)
		}
		return strings.TrimSuffix(block, parts[2]+"```\n") + want + "```\n"
	})
	named, shown := strings.Count(string(page), ".golden -->\n"), strings.Count(string(page), "```text\n")
	if found < 10 || found != named || found != shown {
		t.Errorf("of %d errors %d name a golden file, %d of them above the error; want 10 or more, and all", shown, named, found)
	}
	if *update {
		if err := os.WriteFile(troubleshooting, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// errorOf returns the error of a golden file, from its first line to the end of
// what is indented below it, without the lines that the page explains once for
// all errors. The request id is one of them: it counts the requests before, and
// the page is not to change with their number.
func errorOf(t *testing.T, golden string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", golden))
	if err != nil {
		t.Fatal(err)
	}
	_, stderr, _ := strings.Cut(string(text), "-- stderr --\n")
	var block strings.Builder
	for line := range strings.Lines(stderr) {
		begins := strings.HasPrefix(line, "error: ") || strings.HasPrefix(line, "critical: ")
		switch {
		case block.Len() == 0 && !begins:
		case block.Len() > 0 && !strings.HasPrefix(line, "  "):
			return block.String()
		case !everywhere.MatchString(line):
			block.WriteString(line)
		}
	}
	t.Fatalf("%s has no error, or no end of one", golden)
	return ""
}

var everywhere = regexp.MustCompile(`^  (requirement|request id|left in the cloud|may still exist|to delete it): `)
