package cli

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"volume-backup-tester/internal/check"
)

// TestEveryFlagIsCompleted: what is in the table of flags is in each shell's
// completion, as that shell writes it.
func TestEveryFlagIsCompleted(t *testing.T) {
	for _, shell := range shells {
		script := completion(shell)
		for _, o := range options(new(settings)) {
			written := map[string][]string{"bash": o.spellings(), "zsh": o.spellings(), "fish": {"-l " + o.name}}[shell]
			if shell == "fish" && o.short != "" {
				written = append(written, "-s "+o.short)
			}
			for _, w := range written {
				if !regexp.MustCompile(`[ '{,]` + w + `[]} ',=+[]`).MatchString(script) {
					t.Errorf("%s: no %s", shell, w)
				}
			}
		}
	}
}

// TestBashCompletes runs the script as bash does when a tabulator is typed: the
// words of the line are in COMP_WORDS, and --flag=value is three of them.
func TestBashCompletes(t *testing.T) {
	all := strings.Join(check.Names(), " ")
	for _, row := range []struct {
		name, line, want string // line: words with | between them
	}{
		{"the test case", "", check.TestCase},
		{"the test case's beginning", "scs", check.TestCase},
		{"a flag", "--cle", "--cleanup-only"},
		{"several flags", "--j", "--junit --json --json-schema"},
		{"flags after a flag's value", "--checks|all|--j", "--junit --json --json-schema"},
		{"flags after a switch", "--ask|--du", ""},
		{"a short flag", "-h", "-h"},
		{"checks", "--checks|", all},
		{"a check", "--checks|dis", "disaster"},
		{"a check after a comma", "--checks|core,da", "core,data core,data-incremental"},
		{"a check after two commas", "--checks|core,data,dis", "core,data,disaster"},
		{"checks after an equals sign", "--checks|=", all},
		{"a check after an equals sign", "--checks|=|core,dis", "core,disaster"},
		{"shells", "--completion|", "bash zsh fish"},
		{"one of the values", "--on-failure|", "keep clean"},
		{"a shell", "--completion|=|z", "zsh"},
		{"a file", "--junit|com", "compopt -o default"},
		{"a file after an equals sign", "--json|=|com", "compopt -o default"},
		{"a name that is not known here", "--os-cloud|c", ""},
		{"the same by its letter", "-c|c", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			// compopt works only while a line is typed; what it is told counts
			c := exec.Command("bash", "-c", completion("bash")+`
compopt() { told="compopt $*"; }
COMP_WORDS=(volume-backup-tester "$@") COMP_CWORD=$#
_volume_backup_tester
echo "${COMPREPLY[*]}$told"`, "bash")
			c.Args = append(c.Args, strings.Split(row.line, "|")...)
			out, err := c.CombinedOutput()
			if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != row.want {
				t.Errorf("got %q, want %q (%v)", got, row.want, err)
			}
		})
	}
}

// TestQuotedForShells: the texts of flags stand between single quotes.
func TestQuotedForShells(t *testing.T) {
	const text = `the cloud's [default] \`
	if got, want := zshQuoter.Replace(text), `the cloud'\''s \[default\] \\`; got != want {
		t.Errorf("zsh: %s, want %s", got, want)
	}
	if got, want := fishQuoter.Replace(text), `the cloud\'s [default] \\`; got != want {
		t.Errorf("fish: %s, want %s", got, want)
	}
}
