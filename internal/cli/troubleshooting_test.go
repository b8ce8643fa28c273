package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTroubleshooting holds the output that the README explains to real runs:
// every line of each block stands in one of the golden files.
func TestTroubleshooting(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	var goldens []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		goldens = append(goldens, string(raw))
	}
	blocks := regexp.MustCompile("(?s)```text\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 10 {
		t.Errorf("%d failures are explained, want 10", len(blocks))
	}
	for _, block := range blocks {
		found := false
		for _, golden := range goldens {
			whole := true
			for line := range strings.Lines(block[1]) {
				whole = whole && strings.Contains(golden, line)
			}
			found = found || whole
		}
		if !found {
			t.Errorf("no run prints this:\n%s", block[1])
		}
	}
}
