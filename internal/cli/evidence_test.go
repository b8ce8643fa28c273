package cli

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// TestNoEvidence: a restore that Cinder never marks as completed is a FAIL, unless
// Cinder says that it is too old for the mark; that it says nothing, as behind a
// proxy that strips its header, is no excuse.
func TestNoEvidence(t *testing.T) {
	for _, row := range []struct {
		name, microversion string
		stripped           bool
		status             int
		says               string
	}{
		{"recent", "", false, exitFail, "expected: evidence that the restore was completed"},
		{"recent, and does not say so", "", true, exitFail, "expected: evidence that the restore was completed"},
		{"older", "3.59", false, exitAbort, "older than microversion 3.60"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{MaxMicroversion: row.microversion})
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					if err == nil && r.Method == "GET" && strings.HasPrefix(r.URL.Path, "/volume/") {
						hidden := strings.NewReplacer(`"src_backup_id":`, `"x":`, `"restoring"`, `"unknown"`, `"restoring-backup"`, `"unknown"`)
						replaceBody(response, hidden.Replace(string(must(io.ReadAll(response.Body)))))
					}
					if err == nil && row.stripped {
						response.Header.Del("OpenStack-API-Version")
					}
					return response, err
				}
				status := s.run()
				if status != row.status || !strings.Contains(s.stderr.String(), row.says) {
					t.Errorf("exit %d, not %q:\n%s", status, row.says, &s.stderr)
				}
			})
		})
	}
}
