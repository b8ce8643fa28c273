package cli

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "volume-backup-tester/"

// TestBorders holds what each package must not know. The packages here are all
// that there are: a new one has to say where it stands.
func TestBorders(t *testing.T) {
	const gophercloud = "github.com/gophercloud/gophercloud/v2"
	allowed := map[string][]string{ // besides the standard library: this module's packages that each may import
		"cmd/volume-backup-tester": {"internal/cli"},
		"cmd/cloudsim":             {"internal/cloudsim"},
		"internal/cli":             {"internal/check", "internal/cloud", "internal/report"},
		"internal/cloud":           {},
		"internal/check":           {"internal/cloud", "internal/wait"},
		"internal/wait":            {},
		"internal/report":          {"internal/check", "internal/cloud"},
		"internal/cloudsim":        {},
		"internal/contract":        {},
		"internal/acceptance":      {},
		"internal/bench":           {},
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		seen[name] = true
		may, known := allowed[name]
		if !known {
			t.Errorf("package %s is not in the table", name)
		}
		for _, path := range fields[1:] {
			if inner, ok := strings.CutPrefix(path, module); ok && !slices.Contains(may, inner) {
				t.Errorf("%s imports %s", name, inner)
			}
			if strings.HasPrefix(path, gophercloud) && name != "internal/cloud" {
				t.Errorf("%s imports %s", name, path)
			}
			if path == "net/http" && slices.Contains([]string{"internal/wait", "internal/report"}, name) {
				t.Errorf("%s imports %s", name, path)
			}
			if path == "os" && slices.Contains([]string{"internal/wait", "internal/check"}, name) {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
	for name := range allowed {
		if !seen[name] {
			t.Errorf("package %s is in the table and does not exist", name)
		}
	}
}
