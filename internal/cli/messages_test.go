package cli

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// sansMessage is a diagnosis without the line that /messages is asked for, and
// without the request id that stands in its place otherwise.
func sansMessage(stderr string) string {
	var kept []string
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "  cloud message: ") && !strings.HasPrefix(line, "  request id: ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// TestMessages: what ends in an error without a reason of its own is told with
// the cloud's message about it, "none" if it has none; the newest that is
// about this resource counts. That the cloud does not answer, or not usably,
// changes nothing else, and costs no more than 10 s.
func TestMessages(t *testing.T) {
	const about = `{"messages": [
		{"id": "1", "resource_uuid": "00000000-0000-4000-8000-000000000001", "user_message": "somebody else's affair"},
		{"id": "2", "resource_uuid": "ID", "user_message": ""},
		{"id": "3", "resource_uuid": "ID", "user_message": "schedule allocate volume:Could not find any\navailable weighted backend."},
		{"id": "4", "resource_uuid": "ID", "user_message": "an older one"}]}`
	const silent = "" // no line of this kind at all
	operations := []struct {
		fault, kind, name string
		args              []string
	}{
		{"create-volume=error", "volume", "scs-test-volume", nil},
		{"create-volume=error", "volume", "scs-test-listing-volume", []string{"--checks", "listing"}},
		{"restore=error_restoring", "backup", "scs-test-volume-backup", nil}, // which a restore's message is about
	}
	for _, row := range []struct {
		name  string
		code  int
		body  string
		wait  time.Duration
		broke bool   // no answer
		want  string // the cloud's message; silent: no such line
	}{
		{"a message", 200, about, 0, false, "schedule allocate volume:Could not find any available weighted backend."},
		{"late", 200, about, 4 * time.Second, false, "schedule allocate volume:Could not find any available weighted backend."},
		{"too late for two", 200, about, 9 * time.Second, false, "schedule allocate volume:Could not find any available weighted backend."},
		{"none", 200, `{"messages": []}`, 0, false, "none"},
		{"others' only", 200, strings.ReplaceAll(about, `"ID"`, `"00000000-0000-4000-8000-000000000002"`), 0, false, "none"},
		{"404", 404, `{"itemNotFound": {"code": 404, "message": "The resource could not be found."}}`, 0, false, silent},
		{"406", 406, `{"computeFault": {"code": 406, "message": "Version 3.5 is not supported by the API."}}`, 0, false, silent},
		{"403", 403, `{"forbidden": {"code": 403, "message": "Policy doesn't allow message:get_all to be performed."}}`, 0, false, silent},
		{"500", 500, `{"computeFault": {"code": 500, "message": "broken"}}`, 0, false, silent},
		{"503 with Retry-After", 503, "", 0, false, silent},
		{"garbage", 200, `{"messages": nonsense`, 0, false, silent},
		{"of another form", 200, `{"messages": "none"}`, 0, false, silent},
		{"reset", 0, "", 0, true, silent},
		{"never", 200, about, 48 * time.Hour, false, silent},
	} {
		for _, operation := range operations {
			t.Run(row.name+" "+operation.fault+" "+strings.Join(operation.args, " "), func(t *testing.T) {
				t.Parallel()
				run := func(asked *int, answer func(*scene, *http.Request, http.RoundTripper) (*http.Response, error)) (s *scene, status int) {
					bubble(t, func(t *testing.T) {
						s = withoutImages(t, cloudsim.Config{}, operation.fault)
						s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
							if r.Method != "GET" || !strings.HasSuffix(r.URL.Path, "/messages") {
								return cloud.RoundTrip(r)
							}
							*asked++
							if q := r.URL.Query(); r.Header.Get("OpenStack-API-Version") != "volume 3.5" || q.Get("resource_uuid") == "" || q.Get("sort") != "created_at:desc" {
								t.Errorf("asked for %s with %v", r.URL, r.Header)
							}
							return answer(s, r, cloud)
						}
						status = s.run(operation.args...)
					})
					return s, status
				}
				asked, control := 0, 0
				plain, want := run(&control, func(_ *scene, r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					if err == nil {
						replaceBody(response, `{"messages": []}`)
					}
					return response, err
				})
				s, status := run(&asked, func(s *scene, r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					if row.broke {
						return nil, http.ErrServerClosed
					}
					select {
					case <-time.After(row.wait):
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
					response, err := cloud.RoundTrip(r)
					if err == nil {
						response.StatusCode = row.code
						if row.name == "503 with Retry-After" {
							response.Header.Set("Retry-After", "5")
						}
						replaceBody(response, strings.ReplaceAll(row.body, `"ID"`, `"`+s.id(operation.kind, operation.name)+`"`))
					}
					return response, err
				})
				if status != want || want != exitFail || asked == 0 || asked > 2 {
					t.Errorf("exit %d, %d without messages; asked %d times\n%s", status, want, asked, &s.stderr)
				}
				if got, want := sansMessage(s.stderr.String()), sansMessage(plain.stderr.String()); got != want {
					t.Errorf("stderr:\n%s\nwithout messages:\n%s", got, want)
				}
				message := row.want
				if row.name == "too late for two" && operation.kind == "backup" { // the volume has none, and of the backup nothing is known
					message = silent
				}
				line := "\n  cloud message: " + message
				if told := strings.Contains(s.stderr.String(), "  cloud message: "); told != (message != silent) || told && !strings.Contains(s.stderr.String(), line+" (request id ") && !strings.Contains(s.stderr.String(), line+"\n") {
					t.Errorf("not %q:\n%s", line, &s.stderr)
				}
				if more := s.elapsed - plain.elapsed; more > 10*time.Second {
					t.Errorf("took %v longer", more)
				}
			})
		}
	}
}

// TestMessagesOnlyWithoutReason: a backup's own reason is the cloud's message,
// and no other is asked for.
func TestMessagesOnlyWithoutReason(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "create-backup=error")
		status := s.run()
		if status != exitFail || !strings.Contains(s.stderr.String(), "\n  cloud message: simulated fault (request id ") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
		for _, r := range s.sim.Log() {
			if strings.HasSuffix(r.Path, "/messages") {
				t.Errorf("%s %s", r.Method, r.Path)
			}
		}
	})
}
