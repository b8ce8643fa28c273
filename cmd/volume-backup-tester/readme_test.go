package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"volume-backup-tester/internal/check"
)

var update = flag.Bool("update", false, "write anew what the pages show of outputs and checks; a person reads it before it is committed")

const (
	root        = "../.."
	exampleHost = "https://cloud.example.com"
	tableBegin  = "<!-- optional checks: written by go test ./cmd/volume-backup-tester -run TestReadme -update -->\n"
	tableEnd    = "<!-- end -->\n"
)

var (
	codeBlock = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	longFlag  = regexp.MustCompile(`--[a-z][-a-z]*`)
	link      = regexp.MustCompile(`\]\(([^)#:]+)\)`)
	target    = regexp.MustCompile("`make ([\\w-]+)`")
	goFile    = regexp.MustCompile("`([\\w*/.-]+\\.go)`")
)

// TestReadme follows the README and the other pages in one shell's session: in
// a clone of the repository, with the clouds.yaml that the README shows. All
// commands are run as printed, and what is shown of their output is held to it.
func TestReadme(t *testing.T) {
	t.Parallel() // most of it is waiting for commands
	base := serveWithoutImages(t)
	s := newClone(t)
	download(t, s)
	var clouds string
	for _, name := range pages(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(root, name)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text := codeBlock.ReplaceAllStringFunc(string(raw), func(block string) string {
				parts := codeBlock.FindStringSubmatch(block)
				switch kind, body := parts[1], parts[2]; {
				case kind == "console":
					return "```console\n" + s.transcript(t, body) + "```"
				case kind == "yaml" && strings.HasPrefix(body, "clouds:\n"):
					clouds = strings.ReplaceAll(body, exampleHost, base)
					s.write(t, "clouds.yaml", clouds)
				case kind == "yaml" && strings.HasPrefix(body, "- executable:"):
					runScripts(t, s, body)
				case kind == "groovy":
					runJenkinsfile(t, body, clouds)
				case kind == "yaml" && strings.HasPrefix(body, "- job:"):
					runPlaybooks(t, body, clouds)
				case kind == "yaml":
					runRecipe(t, body, clouds)
				case kind != "text" || filepath.Base(name) != "TROUBLESHOOTING.md": // those are held to goldens in internal/cli
					t.Errorf("nothing holds a block of kind %q to anything:\n%s", kind, body)
				}
				return block
			})
			if name == "README.md" {
				text = withOptionalChecks(t, text)
			}
			prose(t, s, path, codeBlock.ReplaceAllString(text, ""))
			switch {
			case text == string(raw):
			case *update:
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Error("the page differs; -update writes it")
			}
		})
	}
}

// pages are all that there are, the README first: the others are for those who
// have followed it.
func pages(t *testing.T) []string {
	t.Helper()
	names := []string{"README.md"}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case filepath.Ext(path) == ".md" && path != names[0]:
			names = append(names, path)
		}
		return nil
	})
	if err != nil || len(names) < 5 {
		t.Fatalf("pages %v: %v", names, err)
	}
	return names
}

// withOptionalChecks puts the table of the optional checks into a page.
func withOptionalChecks(t *testing.T, text string) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| check | proves that | needs |\n|---|---|---|\n")
	for _, c := range check.All() {
		if c.Mandatory {
			continue
		}
		var needs []string
		if c.Needs.Flag != "" {
			needs = append(needs, "`"+c.Needs.Flag+"`")
		}
		if c.Needs.ImageBytes > 0 {
			needs = append(needs, "Glance")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", c.Name, c.Requirement, strings.Join(needs, ", "))
	}
	before, rest, begins := strings.Cut(text, tableBegin)
	old, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		t.Fatal("no place for the table of optional checks")
	}
	if old != table.String() && !*update {
		t.Errorf("the table of optional checks is not\n%s", &table)
	}
	return before + tableBegin + table.String() + tableEnd + after
}

// prose holds what a page says between its blocks to what there is: flags, make's
// targets, files and Go sources.
func prose(t *testing.T, s *session, page, text string) {
	t.Helper()
	usage, _ := s.run("volume-backup-tester --help; cloudsim --help")
	known := longFlag.FindAllString(usage, -1)
	for _, name := range longFlag.FindAllString(text, -1) {
		if !slices.Contains(known, name) {
			t.Errorf("no program has the flag %s", name)
		}
	}
	for _, found := range target.FindAllStringSubmatch(text, -1) {
		if out, err := s.run("make -n " + found[1]); err != nil {
			t.Errorf("%s: %v\n%s", found[0], err, out)
		}
	}
	for _, found := range link.FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(page), found[1])); err != nil {
			t.Error(err)
		}
	}
	for _, found := range goFile.FindAllStringSubmatch(text, -1) {
		beside, _ := filepath.Glob(filepath.Join(filepath.Dir(page), found[1]))
		below, _ := filepath.Glob(filepath.Join(root, found[1]))
		if len(beside)+len(below) == 0 {
			t.Errorf("there is no %s", found[1])
		}
	}
}
