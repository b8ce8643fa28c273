package cli

import (
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// standardRunner is what the standard's own runner (scs-compliance-check.py of
// August 2026) makes of a run: it counts lines that begin with its words on both
// streams, and reads results from lines on stdout that end in one.
func (s *scene) standardRunner() (result string, errors, criticals int) {
	for line := range strings.Lines(s.stdout.String() + s.stderr.String()) {
		switch {
		case strings.HasPrefix(strings.ToLower(line), "error"):
			errors++
		case strings.HasPrefix(strings.ToLower(line), "critical"):
			criticals++
		}
	}
	for line := range strings.Lines(s.stdout.String()) {
		i := strings.LastIndex(line, ":")
		if i < 0 || strings.TrimSpace(line[:i]) != "scs-0117-test-backup" {
			continue
		}
		result = strings.ToUpper(strings.TrimSpace(line[i+1:]))
		if result == "FAIL" || result == "ABORT" { // which it counts as well
			errors++
		}
	}
	return result, errors, criticals
}

// TestStandardRunner: its calls are taken as they are, and its return code, the
// number of criticals and, without -C, of errors, tells each ending apart.
func TestStandardRunner(t *testing.T) {
	for _, row := range []struct {
		name, cloud     string
		faults          []string
		result          string
		failed, aborted bool // its return code without -C and with it is not 0
	}{
		{"pass", "cloudsim", nil, "PASS", false, false},
		{"fail", "cloudsim", []string{"create-backup=error"}, "FAIL", true, false},
		{"abort", "cloudsim", []string{"POST /volumes=403"}, "ABORT", true, true},
		{"no such cloud", "nosuch", nil, "ABORT", true, true},
		{"administrator", "cloudsim-admin", nil, "ABORT", true, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{}, row.faults...)
				status := s.run("-c", row.cloud, "scs-0117-test-backup")
				result, errors, criticals := s.standardRunner()
				if result != row.result || (errors+criticals > 0) != row.failed || (criticals > 0) != row.aborted || (status == 0) == row.failed {
					t.Errorf("exit %d: result %q, %d errors, %d criticals\n%s%s", status, result, errors, criticals, &s.stdout, &s.stderr)
				}
			})
		})
	}
}
