package cli

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

const (
	checkPage  = "../check/README.md"
	tableBegin = "<!-- what a PASS rules out: written by go test ./internal/cli -run Rules -update -->\n"
	tableEnd   = "<!-- end -->\n"
)

// TestRules breaks each rule that the simulated cloud keeps to, and runs every
// check alone: the table in internal/check/README.md is what comes of it. A
// check that does not notice what its requirement promises shows there as a
// missing entry.
func TestRules(t *testing.T) {
	rules := cloudsim.Rules()
	var known *cloudsim.Digests // of a sound cloud's images; hashing every wrong one takes minutes
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		if status := s.run(optional("all")...); status != 0 {
			t.Fatalf("without a broken rule: exit %d\n%s", status, &s.stderr)
		}
		known = digests.Known()
	})
	type cell struct {
		rule          cloudsim.Rule
		check, result string
	}
	var mu sync.Mutex
	var cells []cell
	t.Run("each", func(t *testing.T) {
		for _, rule := range rules {
			t.Run(string(rule.Rule), func(t *testing.T) {
				t.Parallel()
				for _, c := range check.All() {
					if c.Mandatory || rule.Rule == cloudsim.ImageHashless && c.Name != "data" { // a GiB comes down each time
						continue
					}
					bubble(t, func(t *testing.T) {
						s := newScene(t, cloudsim.Config{Digests: known, Broken: []cloudsim.Rule{rule.Rule}})
						status := s.run(optional(c.Name)...)
						result := s.result(t, c.Name, status)
						if result != "PASS" {
							mu.Lock()
							cells = append(cells, cell{rule.Rule, c.Name, result})
							mu.Unlock()
						}
					})
				}
			})
		}
	})

	var table strings.Builder
	table.WriteString("| the cloud does this | and this shows it |\n|---|---|\n")
	failing := map[string]bool{}
	for _, rule := range rules {
		var shown []string
		for _, c := range check.All() {
			i := slices.IndexFunc(cells, func(x cell) bool { return x.rule == rule.Rule && x.check == c.Name })
			if i < 0 {
				continue
			}
			entry := "`" + c.Name + "`"
			if result := cells[i].result; result == "FAIL" {
				failing[c.Name] = true
			} else {
				entry += " (" + result + ")"
			}
			shown = append(shown, entry)
		}
		if len(shown) == 0 && rule.Rule != cloudsim.ImageHashless { // then the bytes are downloaded
			t.Errorf("nothing shows that %s", rule.Broken)
		}
		fmt.Fprintf(&table, "| %s | %s |\n", rule.Broken, strings.Join(shown, ", "))
	}
	for _, c := range check.All() {
		if !c.Mandatory && !failing[c.Name] {
			t.Errorf("nothing makes %s fail", c.Name)
		}
	}
	onCheckPage(t, table.String())
}

// result is how the one check that was run ended. A failure has to name what
// was expected and what was found.
func (s *scene) result(t *testing.T, name string, status int) string {
	t.Helper()
	for line := range strings.Lines(s.stdout.String()) {
		result, found := strings.CutPrefix(strings.TrimSpace(line), name+": ")
		if !found {
			continue
		}
		told := strings.HasPrefix(s.stderr.String(), "error: "+name+": ") && strings.Contains(s.stderr.String(), "\n  expected: ") && strings.Contains(s.stderr.String(), "\n  got: ")
		if (result == "FAIL") != (status == 1) || (result == "FAIL") != told {
			t.Errorf("%s with exit %d\n%s", line, status, &s.stderr)
		}
		return result
	}
	t.Errorf("exit %d and no result of %s\n%s%s", status, name, &s.stdout, &s.stderr)
	return ""
}

// onCheckPage holds the table there to what was found.
func onCheckPage(t *testing.T, table string) {
	t.Helper()
	text, err := os.ReadFile(checkPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := bytes.Cut(text, []byte(tableBegin))
	old, after, ends := bytes.Cut(rest, []byte(tableEnd))
	switch {
	case !begins || !ends:
		t.Fatalf("%s has no place for the table", checkPage)
	case *update:
		text = slices.Concat(before, []byte(tableBegin), []byte(table), []byte(tableEnd), after)
		if err := os.WriteFile(checkPage, text, 0o644); err != nil {
			t.Fatal(err)
		}
	case string(old) != table:
		t.Errorf("the table in %s is another; found:\n%s", checkPage, table)
	}
}
