package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

var (
	block    = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")
	varying  = regexp.MustCompile(`127\.0\.0\.1:(\d+|PORT)|\d+ s old|after [\d.]+m?s| +\d+\.\d s\b|20\d\d-[-\d:T]+Z`)
	variable = regexp.MustCompile(`\$\{\{ [\w.]+ \}\}`)
)

// TestReadme runs every command that the README shows, and holds the output
// that it shows to the real one. Commands of make are CI's.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	ci, err := os.ReadFile("../../.ci/run")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, "../cloudsim").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("CI_JOB_ID", "7")

	var configs, commands []string
	for _, found := range block.FindAllStringSubmatch(string(text), -1) {
		switch kind, body := found[1], found[2]; {
		case strings.HasPrefix(body, "clouds:"):
			configs = append(configs, body)
		case kind == "yaml":
			for line := range strings.Lines(body) {
				if _, command, ok := strings.Cut(line, "volume-backup-tester "); ok {
					commands = append(commands, "volume-backup-tester "+variable.ReplaceAllString(strings.TrimSpace(command), "7"))
				}
			}
		default:
			commands = append(commands, transcript(t, body, string(ci))...)
		}
	}
	if len(configs) != 2 || len(commands) < 10 {
		t.Fatalf("found %d clouds.yaml and %d commands", len(configs), len(commands))
	}
	for i, config := range configs {
		useCloud(t, config)
		for _, command := range commands {
			if i > 0 && (strings.HasPrefix(command, "cloudsim") || strings.Contains(command, "--ask") || strings.Contains(command, "--checks")) {
				continue // does not use clouds.yaml, has no password to ask for, or takes long
			}
			if out, err := shell(t, command); (err != nil) != strings.Contains(command, "--fault restore") {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		}
	}
}

// transcript runs what a block shows with its output, and returns the commands
// that it shows without.
func transcript(t *testing.T, body, ci string) (bare []string) {
	for _, part := range strings.Split("\n"+body, "\n$ ")[1:] {
		command, want, _ := strings.Cut(part, "\n")
		if target, ok := strings.CutPrefix(command, "make "); ok {
			if !regexp.MustCompile(`(?m)^make .*\b` + target + `\b`).MatchString(ci) {
				t.Errorf("CI does not run make %s", target)
			}
			continue
		}
		if want == "" {
			bare = append(bare, command)
			continue
		}
		out, _ := shell(t, command)
		out = strings.ReplaceAll(out, "volume-backup-tester "+version, "volume-backup-tester VERSION")
		if varying.ReplaceAllString(out, "*") != varying.ReplaceAllString(want, "*") {
			t.Errorf("%s prints\n%s\nand not\n%s", command, out, want)
		}
	}
	return bare
}

// useCloud serves a simulated cloud for the clouds.yaml given. It offers no
// Glance, so that no image is hashed, which takes seconds for each GiB: these
// are commands to be run, and internal/cli holds the checks to what they find.
func useCloud(t *testing.T, config string) {
	sim, base, shut := listen(cloudsim.Config{})
	t.Cleanup(shut)
	sim.SetEndpoints(slices.DeleteFunc(sim.Endpoints(), func(e cloudsim.Endpoint) bool { return e.Type == "image" })...)
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	config = strings.Replace(config, "https://keystone.example.com/v3", base+"/identity/v3", 1)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OS_CLIENT_CONFIG_FILE", file)
}

// shell runs a command in a folder of its own, where it may leave files.
func shell(t *testing.T, command string) (string, error) {
	c := exec.Command("sh", "-c", command)
	c.Dir = t.TempDir()
	c.Stdin = strings.NewReader(cloudsim.Password + "\n")
	out, err := c.CombinedOutput()
	return string(out), err
}
