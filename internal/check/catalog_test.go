package check

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestCatalog names what was forgotten when a check was added: a field of its
// entry, its file, or the entry itself. That something makes it fail, TestRules
// of internal/cli asks.
func TestCatalog(t *testing.T) {
	files := map[string]bool{} // the checks' files that no entry is known for
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "check_") && !strings.HasSuffix(e.Name(), "_test.go") {
			files[e.Name()] = true
		}
	}
	names, titles := map[string]bool{}, map[string]bool{}
	mandatory := true
	for _, c := range All() {
		entry := reflect.ValueOf(c)
		for i := range entry.NumField() {
			if name := entry.Type().Field(i).Name; name != "Mandatory" && name != "Alone" && entry.Field(i).IsZero() {
				t.Errorf("check %q has no %s", c.Name, name)
			}
		}
		if n := c.Needs; n.Volumes < 1 || n.Gigabytes < n.Volumes || n.BackupGigabytes < n.Backups || !c.Mandatory && n.Backups < 1 {
			t.Errorf("check %s cannot need this: %+v", c.Name, n)
		}
		if n := c.Needs.Flag; n != "" && !strings.HasPrefix(n, "--") {
			t.Errorf("check %s needs %q, which is no flag", c.Name, n)
		}
		if names[c.Name] || titles[c.Title] {
			t.Errorf("two checks have the name %q or the title %q", c.Name, c.Title)
		}
		names[c.Name], titles[c.Title] = true, true
		if c.Mandatory && !mandatory {
			t.Errorf("%s is mandatory, and comes after a check that is not", c.Name)
		}
		mandatory = c.Mandatory
		file := "scs0117.go"
		if !c.Mandatory {
			file = "check_" + strings.ReplaceAll(c.Name, "-", "_") + ".go"
			delete(files, file)
		}
		if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), `Name: "`+c.Name+`"`) {
			t.Errorf("check %s is not in %s: %v", c.Name, file, err)
		}
	}
	for file := range files {
		t.Errorf("%s has no entry in All", file)
	}
	if core := Mandatory(); len(core) != 3 || !slices.EqualFunc(core, All()[:3], func(a, b Check) bool { return a.Name == b.Name }) {
		t.Errorf("the mandatory phases are %d, or not the first checks", len(core))
	}
}

// TestPrefixesApart: the names of no check's resources begin with another
// check's prefix, nor those of the mandatory phases with any. Else the clean-up
// behind one check would delete what another still uses.
func TestPrefixesApart(t *testing.T) {
	r := newRun(Config{Prefix: "scs-test-", Checks: All()})
	prefixes := map[string]string{} // of each check
	for _, c := range optionalChecks() {
		prefixes[c.Name] = r.newSession(c).prefix
	}
	core := r.newSession(Mandatory()[0])
	for name, prefix := range prefixes {
		if !strings.HasPrefix(prefix, r.Prefix) || prefix == r.Prefix {
			t.Errorf("%s has the prefix %q", name, prefix)
		}
		for other, theirs := range prefixes {
			if name != other && strings.HasPrefix(theirs, prefix) {
				t.Errorf("the prefix of %s, %q, also covers that of %s, %q", name, prefix, other, theirs)
			}
		}
		for _, phase := range []string{volumeName, backupName, restoredName} {
			if strings.HasPrefix(core.Name(phase), prefix) {
				t.Errorf("the prefix of %s, %q, covers %s of the mandatory phases", name, prefix, core.Name(phase))
			}
		}
	}
}
