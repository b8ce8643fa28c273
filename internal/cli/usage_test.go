package cli

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
	"volume-backup-tester/internal/report"
)

// TestBadInput: one line that names the thing and the remedy, exit 2, nothing
// on stdout, and no request.
func TestBadInput(t *testing.T) {
	for _, row := range []struct {
		name, clouds string
		args         []string
		want         string
		env          map[string]string
	}{
		{name: "empty prefix", args: []string{"--prefix", ""}, want: "--prefix must not be empty"},
		{name: "prefix of white space", args: []string{"--prefix", " x"}, want: `--prefix " x" must not begin with white space`},
		{name: "unprintable prefix", args: []string{"--prefix", "a\x1bb"}, want: "unprintable"},
		{name: "long prefix", args: []string{"--prefix", strings.Repeat("x", 250)}, want: "too long"},
		{name: "unknown flag", args: []string{"--os-clud", "x"}, want: "unknown flag --os-clud; did you mean --os-cloud?"},
		{name: "abbreviated flag", args: []string{"--clean"}, want: "unknown flag --clean; did you mean --cleanup-only?"},
		{name: "single dash", args: []string{"-prefix", "x"}, want: "did you mean --prefix?"},
		{name: "stray argument", args: []string{"mycloud"}, want: "unexpected argument 'mycloud': the only test case is scs-0117-test-backup"},
		{name: "timeout 0", args: []string{"--timeout", "0"}, want: "--timeout '0' is not a whole number of seconds"},
		{name: "timeout negative", args: []string{"--timeout", "-5"}, want: "--timeout '-5'"},
		{name: "timeout no number", args: []string{"--timeout", "1m"}, want: "--timeout '1m'"},
		{name: "timeout fraction", args: []string{"--timeout", "1.5"}, want: "--timeout '1.5'"},
		{name: "timeout overflow", args: []string{"--timeout", "99999999999"}, want: "--timeout '99999999999'"},
		{name: "flag without value", args: []string{"--prefix"}, want: "--prefix needs a value"},
		{name: "switch with a value", args: []string{"--ask=perhaps"}, want: "'perhaps' is not a valid value for --ask"},
		{name: "check without what it needs", args: []string{"--checks", "core,isolation"}, want: "the check isolation needs --other-cloud"},
		{name: "the same behind a space", args: []string{"--checks", "core, isolation"}, want: "the check isolation needs --other-cloud"},
		{name: "prefix of Cinder's", args: []string{"--prefix", "backup-vol-"}, want: "and a clean-up would delete those"},
		{name: "prefix with four bytes", args: []string{"--prefix", "ci-\U0001F4BE-"}, want: "needs four bytes"},
		{name: "no volume size", args: []string{"--volume-size", "0"}, want: "--volume-size '0'"},
		{name: "dry run of a test", args: []string{"--dry-run"}, want: "--dry-run requires --cleanup-only"},
		{name: "age of a test", args: []string{"--older-than", "24h"}, want: "--older-than requires --cleanup-only"},
		{name: "age without a unit", args: []string{"--older-than", "24"}, want: "--older-than '24' is not an age such as 90m, 24h or 7d"},
		{name: "age of days and hours", args: []string{"--older-than", "1d12h"}, want: "--older-than '1d12h'"},
		{name: "negative age", args: []string{"--older-than", "-1h"}, want: "--older-than '-1h'"},
		{name: "no age", args: []string{"--older-than", "0d"}, want: "--older-than '0d'"},
		{name: "empty age", args: []string{"--older-than", ""}, want: "--older-than ''"},
		{name: "unknown end", args: []string{"--on-failure", "delete"}, want: "--on-failure 'delete' is neither keep nor clean"},
		{name: "end of a clean-up", args: []string{"--cleanup-only", "--on-failure", "clean"}, want: "--on-failure cannot be used with"},
		{name: "one file for the first and the last", args: []string{"--html", "r", "--json", "s", "--junit", "r"}, want: "--junit and --html cannot share r"},
		{name: "completion of another shell", args: []string{"--completion", "tcsh"}, want: "--completion 'tcsh' is not one of bash, zsh, fish"},
		{name: "completion of no shell", args: []string{"--completion", ""}, want: "--completion '' is not one of bash, zsh, fish"},
		{name: "one file for two reports", args: []string{"--json", "r", "--junit", "r"}, want: "--junit and --json cannot share r"},
		{name: "no cloud", env: map[string]string{"OS_CLOUD": ""}, want: "give --os-cloud NAME or set OS_CLOUD"},
		{name: "empty cloud", env: map[string]string{"OS_CLOUD": ""}, args: []string{"--os-cloud", ""}, want: "give --os-cloud NAME or set OS_CLOUD"},
		{name: "unknown cloud", args: []string{"--os-cloud", "nosuch"}, want: "cloud 'nosuch' is not in DIR/clouds.yaml; it has 'cloudsim', 'cloudsim-admin', 'cloudsim-other'"},
		{name: "malformed YAML", clouds: "clouds:\n  a: [", want: "DIR/clouds.yaml is not valid YAML"},
		{name: "not YAML at all", clouds: "\x00\x01", want: "DIR/clouds.yaml is not valid YAML"},
		{name: "empty file", clouds: "\n", want: "DIR/clouds.yaml has no 'clouds' key"},
		{name: "no auth", clouds: "clouds: {cloudsim: {region_name: x}}", want: "has no 'auth' block"},
		{name: "no entry", clouds: "clouds: {cloudsim: }", want: "is not a set of keys and values"},
		{name: "entry is a list", clouds: "clouds: {cloudsim: [1]}", want: "is not a set of keys and values"},
		{name: "no auth_url", clouds: "clouds: {cloudsim: {auth: {username: x}}}", want: "has no auth_url"},
		{name: "auth_url is no address", clouds: "clouds: {cloudsim: {auth: {auth_url: 'keystone:5000'}}}", want: "is not an http or https address"},
		{name: "no username", clouds: "clouds: {cloudsim: {auth: {auth_url: 'http://k/v3', password: p}}}", want: "has no username"},
		{name: "no password", clouds: "clouds: {cloudsim: {auth: {auth_url: 'http://k/v3', username: u, project_name: p}}}", want: "has no password"},
		{name: "no project", clouds: "clouds: {cloudsim: {auth: {auth_url: 'http://k/v3', username: u, user_domain_name: d, password: p}}}", want: "names no project"},
		{name: "unsupported auth", clouds: "clouds: {cloudsim: {auth_type: v3totp, auth: {auth_url: 'http://k/v3', username: u}}}", want: "auth_type 'v3totp', which is not supported"},
		{name: "missing ca", clouds: "clouds: {cloudsim: {cacert: nosuch.pem, auth: {auth_url: 'https://k/v3', username: u, user_domain_name: d, password: p, project_name: p}}}", want: "DIR/nosuch.pem cannot be read"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				s.clouds = row.clouds
				for key, value := range row.env {
					s.env[key] = value
				}
				s.realNetwork = row.name == "missing ca"
				status := s.run(row.args...)
				line := strings.ReplaceAll(s.stderr.String(), s.dir, "DIR")
				verdict := "scs-0117-test-backup: ABORT\n"
				if slices.Contains(row.args, "--cleanup-only") {
					verdict = ""
				}
				if status != exitUsage || s.stdout.String() != verdict {
					t.Errorf("exit %d, stdout:\n%s", status, &s.stdout)
				}
				if !strings.HasPrefix(line, "critical: ") || strings.Count(line, "\n") != 1 || !strings.Contains(line, row.want) {
					t.Errorf("stderr: %q\nwant it to hold %q", line, row.want)
				}
				if n := len(s.sim.Log()); n != 0 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}

func TestNoCloudsYAML(t *testing.T) {
	if found, _ := filepath.Glob("/etc/openstack/clouds.*"); len(found) > 0 {
		t.Skipf("this machine has %v, which is read where there is no other", found)
	}
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.clouds = "none"
		status := s.run()
		want := "critical: no clouds.yaml found in DIR, DIR/.config/openstack, /etc/xdg/openstack, /etc/openstack; create one, or name it in OS_CLIENT_CONFIG_FILE\n"
		if line := strings.ReplaceAll(s.stderr.String(), s.dir, "DIR"); status != exitUsage || line != want {
			t.Errorf("exit %d: %s", status, line)
		}
	})
}

func TestHelpAndVersion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.env = nil
		if status := s.run("--help"); status != 0 || s.stdout.String() != help() || s.stderr.Len() > 0 {
			t.Errorf("--help: exit %d\n%s", status, &s.stderr)
		}
		lines := strings.Split(help(), "\n")
		for _, line := range lines {
			if len(line) > 80 {
				t.Errorf("wider than a screen: %q", line)
			}
		}
		if len(lines) > 60 {
			t.Errorf("--help has %d lines, more than a tall screen", len(lines))
		}
		if status := s.run("--json-schema"); status != 0 || s.stdout.String() != report.Schema || !strings.Contains(report.Schema, check.Schema) {
			t.Errorf("--json-schema: exit %d\n%s", status, &s.stdout)
		}
		for _, shell := range shells {
			if status := s.run("--completion", shell); status != 0 || s.stdout.String() != completion(shell) || s.stdout.Len() == 0 {
				t.Errorf("--completion %s: exit %d\n%s", shell, status, &s.stdout)
			}
		}
		if status := s.run("--man-page"); status != 0 || s.stdout.String() != manPage("test", "2026-01-02") {
			t.Errorf("--man-page: exit %d\n%s", status, &s.stdout)
		}
		if status := s.run("--version"); status != 0 || s.stdout.String() != "volume-backup-tester test\n" {
			t.Errorf("--version: exit %d, %q", status, &s.stdout)
		}
	})
}

// TestFlagBeatsEnvironment: --os-cloud wins over OS_CLOUD, also as the standard's
// runner gives it, with the test case that it wants.
func TestFlagBeatsEnvironment(t *testing.T) {
	for _, args := range [][]string{
		{"--os-cloud", "cloudsim-other", "--cleanup-only"}, {"-c", "cloudsim-other", "--cleanup-only"}, {"-c", "cloudsim-other", "scs-0117-test-backup"},
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			if status := s.run(args...); status != 0 || !strings.Contains(s.stdout.String(), "cloud 'cloudsim-other'") {
				t.Errorf("%v: exit %d\n%s", args, status, &s.stdout)
			}
		})
	}
}
