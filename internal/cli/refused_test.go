package cli

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// TestRefusedByAnother: a refusal that a check expects is Cinder's own. That of a
// front end, a limiter or a token's check is judged like any other call's: it
// neither passes nor is it a finding, unless it is confined to backups.
func TestRefusedByAnother(t *testing.T) {
	const action, restore = "POST /backups/*/action", "POST /backups/*/restore"
	for _, row := range []struct {
		from   string // the first such request
		fault  string
		status int
		says   string
	}{
		{action, action + "=proxy:403*1", exitAbort, "  got: 403 Forbidden, as user"},
		{restore, restore + "=proxy:404*1", exitAbort, "  got: 404 Not Found, as user"},
		{action, "cinder=429", exitAbort, "  got: 429 Too Many Requests, for "},
		{action, "cinder=401", exitAbort, "  got: 401 Unauthorized\n"},
		{action, "cinder=proxy:404", exitAbort, "  got: 404 Not Found, as user"},
		{action, action + "=429", exitFail, "calls about backups alone are limited"},
		{action, action + "=401", exitFail, "calls about backups alone are answered with 401"},
		{action, action + "=proxy:404", exitFail, "calls about backups alone are answered by a front end"},
		{action, action + "=409", exitFail, "os-reset_status by a member to be refused with 403\n  got: 409 Conflict\n  cloud message: "},
	} {
		t.Run(row.from+" "+row.fault, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{})
				var once sync.Once
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					if r.Method == "POST" && last(r.URL.Path) == last(row.from) {
						once.Do(func() { s.sim.Add(must(cloudsim.ParseFault(row.fault))) })
					}
					return cloud.RoundTrip(r)
				}
				status := s.run("--checks", "refusals")
				if status != row.status || !strings.Contains(s.stderr.String(), row.says) {
					t.Errorf("exit %d, not %q:\n%s%s", status, row.says, &s.stdout, &s.stderr)
				}
			})
		})
	}
}
