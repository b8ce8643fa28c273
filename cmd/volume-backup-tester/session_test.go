package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// gap stands for lines of an output that a page leaves out, and at a line's end
// for the rest of the line.
const gap = "…"

// varying is what differs between two runs.
var varying = regexp.MustCompile(`\d+ s old|after [\d.]+m?s| +\d+\.\d s\b`)

// session is a shell's: its directory, its environment, what was exported in it,
// and how the last command ended.
type session struct {
	dir     string
	env     []string
	exports []string
	status  int
}

// newClone begins a session in a directory that is like a new clone. Nothing
// leads from there to the programs but what a page says.
func newClone(t *testing.T, env ...string) *session {
	t.Helper()
	s := &session{dir: t.TempDir(), env: append(env, "PATH="+callersPath)}
	for _, name := range []string{"LICENSE", "Makefile", "go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		s.write(t, name, string(text))
	}
	for _, name := range []string{"cmd", "internal", "testdata"} {
		if err := os.CopyFS(filepath.Join(s.dir, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); !strings.HasPrefix(name, "OS_") && name != "PATH" {
			s.env = append(s.env, e)
		}
	}
	return s
}

func (s *session) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run returns what a command prints on both streams.
func (s *session) run(command string) (string, error) {
	script := append(slices.Clone(s.exports), fmt.Sprintf("(exit %d)", s.status), command)
	c := exec.Command("sh", "-c", strings.Join(script, "\n"))
	c.Dir, c.Env = s.dir, s.env
	c.Stdin = strings.NewReader(cloudsim.Password + "\n")
	out, err := c.CombinedOutput()
	s.status = c.ProcessState.ExitCode()
	if strings.HasPrefix(command, "export ") {
		s.exports = append(s.exports, command)
	}
	return string(out), err
}

// transcript runs the commands of a block, and returns the block as it should
// be. A command that fails is followed by one that shows its exit status.
func (s *session) transcript(t *testing.T, body string) string {
	t.Helper()
	parts := strings.Split("\n"+body, "\n$ ")
	if len(parts) == 1 || parts[0] != "" {
		t.Errorf("does not begin with a command:\n%s", body)
	}
	var now strings.Builder
	for i, part := range parts[1:] {
		command, shown, _ := strings.Cut(part, "\n")
		out, err := s.command(command)
		asked := i+2 < len(parts) && strings.HasPrefix(parts[i+2], "echo $?\n")
		if err != nil && !asked {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
		fmt.Fprintf(&now, "$ %s\n", command)
		if shown != "" || asked {
			for _, line := range held(t, command, split(shown), split(out)) {
				now.WriteString(line + "\n")
			}
		}
	}
	return now.String()
}

func split(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

// command runs a command that a page shows. One that takes minutes, or would
// lead here again, is only looked up.
func (s *session) command(command string) (string, error) {
	words := strings.Fields(command)
	switch {
	case words[0] == "make" && !slices.Contains([]string{"build", "demo", "help"}, words[1]):
		return s.run("make -n " + words[1])
	case words[0] == "go":
		return "", hasTests(words[2], command)
	}
	return s.run(command)
}

var testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// hasTests tells whether a package has each of the tests that -run names.
func hasTests(folder, command string) error {
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		return err
	}
	var tests []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, found := range testFunc.FindAllStringSubmatch(string(text), -1) {
			tests = append(tests, found[1])
		}
	}
	_, run, _ := strings.Cut(command, " -run ")
	run, _, _ = strings.Cut(run, " ")
	for name := range strings.SplitSeq(strings.Trim(run, "'"), "|") {
		if !slices.Contains(tests, name) {
			return fmt.Errorf("%s has no test %q", folder, name)
		}
	}
	return nil
}

// held returns what a page should show of an output: what it shows, if that is
// in it, in this order, with a gap exactly where lines are left out.
func held(t *testing.T, command string, shown, printed []string) []string {
	t.Helper()
	var pattern strings.Builder
	for _, line := range shown {
		if line == gap {
			pattern.WriteString(`(.*\n)+`)
		} else {
			pattern.WriteString(expression(line) + `\n`)
		}
	}
	if regexp.MustCompile(`^` + pattern.String() + `$`).MatchString(plain(strings.Join(printed, "\n") + "\n")) {
		return shown
	}
	if !*update {
		t.Errorf("%s prints\n%s\nand not\n%s", command, strings.Join(printed, "\n"), strings.Join(shown, "\n"))
	}
	return refreshed(shown, printed)
}

func plain(text string) string { return varying.ReplaceAllString(text, "*") }

// expression matches a line that is shown, in an output without what varies.
func expression(shown string) string {
	shown = plain(shown)
	if begins, cut := strings.CutSuffix(shown, gap); cut {
		return regexp.QuoteMeta(begins) + `.*`
	}
	return regexp.QuoteMeta(shown)
}

// refreshed selects the lines of an output that a page should show: all if it
// has shown all, otherwise those that begin as a line did that it has shown.
func refreshed(shown, printed []string) []string {
	if !slices.Contains(shown, gap) {
		return printed
	}
	label := func(line string) string {
		label, _, _ := strings.Cut(line, ":")
		return label
	}
	var now []string
	for _, line := range printed {
		same := func(old string) bool {
			return old != gap && regexp.MustCompile(`^`+expression(old)+`$`).MatchString(plain(line))
		}
		alike := func(old string) bool { return old != gap && label(old) == label(line) }
		switch i := slices.IndexFunc(shown, same); {
		case i >= 0:
			now = append(now, shown[i])
		case slices.ContainsFunc(shown, alike):
			now = append(now, line)
		case len(now) == 0 || now[len(now)-1] != gap:
			now = append(now, gap)
		}
	}
	return now
}

// serveWithoutImages serves a simulated cloud. It has no Glance, because hashing
// an image takes seconds for each GiB; internal/cli holds the checks to what
// they find.
func serveWithoutImages(t *testing.T) (base string) {
	t.Helper()
	sim, base, shut := listen(cloudsim.Config{})
	sim.SetEndpoints(slices.DeleteFunc(sim.Endpoints(), func(e cloudsim.Endpoint) bool { return e.Type == "image" })...)
	t.Cleanup(func() {
		shut()
		for _, v := range sim.Volumes() {
			t.Errorf("volume %s is left", v.Name)
		}
		for _, b := range sim.Backups() {
			t.Errorf("backup %s is left", b.Name)
		}
	})
	return base
}
