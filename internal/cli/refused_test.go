package cli

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

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
		{action, action + "=429", exitFail, "only calls about backups are limited"},
		{action, action + "=401", exitFail, "only calls about backups are answered with 401"},
		{action, action + "=proxy:404", exitFail, "only calls about backups are answered by a front end"},
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

// TestVolumeFromSnapshotRefused: that is what the check is about. A status that
// another node does not know yet is asked about again.
func TestVolumeFromSnapshotRefused(t *testing.T) {
	for _, row := range []struct {
		times, status int
		says          string
	}{
		{1, exitPass, "\nsnapshot: PASS\n"},
		{1000, exitFail, "\nsnapshot: FAIL\n"},
	} {
		bubble(t, func(t *testing.T) {
			s := withoutImages(t, cloudsim.Config{})
			s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
				met := strings.HasSuffix(r.URL.Path, "/volumes") && strings.Contains(bodyOf(r), `"snapshot_id":"`) && row.times > 0
				if met {
					r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
				}
				response, err := cloud.RoundTrip(r)
				if met && err == nil {
					row.times--
					response.StatusCode = http.StatusBadRequest
					replaceBody(response, `{"badRequest": {"code": 400, "message": "Invalid snapshot: Originating snapshot status must be one of 'available' values"}}`)
				}
				return response, err
			}
			status := s.run("--checks", "snapshot")
			if said := s.stdout.String(); status != row.status || !strings.Contains(said, row.says) {
				t.Errorf("exit %d, not %q:\n%s%s", status, row.says, said, &s.stderr)
			}
		})
	}
}

// TestDeletionRefusedByAnother: what is left is the cloud's fault if Cinder refused
// to delete it or did not. Where something else answered, or nothing did, that is
// said of the cloud only if nothing but backups is struck.
func TestDeletionRefusedByAnother(t *testing.T) {
	for _, row := range []struct {
		faults []string
		status int
		hint   string
	}{
		{[]string{"DELETE /*/*=proxy:502"}, exitAbort, "the answer has no request id of Cinder's: a proxy, "},
		{[]string{"DELETE /*/*=proxy:403"}, exitAbort, "the answer has no request id of Cinder's: a proxy, "},
		{[]string{"DELETE /*/*=drop"}, exitAbort, "the request was sent and never answered"},
		{[]string{"DELETE /*/*=keystone:503"}, exitAbort, "Cinder cannot ask Keystone about the token"},
		{[]string{"DELETE /volumes/*=proxy:403"}, exitAbort, "the answer has no request id of Cinder's: a proxy, "},
		{[]string{"DELETE /volumes/*=proxy:403*1@1", "DELETE /volumes/*=403"}, exitFail, "policy does not let this user delete it"},
		{[]string{"DELETE /backups/*=proxy:403"}, exitFail, "only calls about backups are answered by a front end"},
		{[]string{"DELETE /backups/*=drop"}, exitFail, "only calls about backups are not answered"},
		{[]string{"DELETE /volumes/*=403"}, exitFail, "policy does not let this user delete it"},
		{[]string{"DELETE /volumes/*=lose", "delete-volume=error_deleting"}, exitFail, "an administrator has to run: "},
	} {
		t.Run(strings.Join(row.faults, " "), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newCell(t, row.faults...)
				status := c.run()
				c.judge("", status)
				if status != row.status || !strings.Contains(c.stderr.String(), "  hint: "+row.hint) {
					t.Errorf("exit %d, not %q:\n%s", status, row.hint, &c.stderr)
				}
			})
		})
	}
}

// TestWholeEndpoint: that there is no backup API is said of a cloud whose volumes are
// offered at the same endpoint. Where they are not either, the endpoint is wrong.
func TestWholeEndpoint(t *testing.T) {
	const override, deployed = "block_storage_endpoint_override", "check that cinder-backup is deployed"
	for _, row := range []struct {
		faults []string
		status int
		hint   string
	}{
		{[]string{"cinder=404"}, exitAbort, override},
		{[]string{"cinder=405"}, exitAbort, override},
		{[]string{"cinder=501"}, exitAbort, override},
		{[]string{"cinder=400"}, exitAbort, override},
		{[]string{"GET /backups/detail=404"}, exitFail, deployed},
		{[]string{"GET /backups/detail=405"}, exitFail, deployed},
		{[]string{"GET /backups/detail=501"}, exitFail, deployed},
		{[]string{"GET /backups/detail=400"}, exitFail, "look for the request id in Cinder's logs"},
		{[]string{"GET /backups/detail=404", "GET /volumes/detail=500"}, exitFail, deployed},
		{[]string{"GET /backups/detail=404", "GET /volumes/detail=proxy:503*2"}, exitFail, deployed},
		{[]string{"GET /backups/detail=404", "GET /volumes/detail=proxy:503"}, exitAbort, override},
		{[]string{"GET /backups/detail=404", "GET /volumes/detail=drop"}, exitAbort, override},
		{[]string{"GET /backups/detail=405", "GET /volumes/detail=404"}, exitAbort, override},
	} {
		t.Run(strings.Join(row.faults, " "), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{}, row.faults...)
				status := s.run()
				if status != row.status || !strings.Contains(s.stderr.String(), row.hint) {
					t.Errorf("exit %d, not %q:\n%s", status, row.hint, &s.stderr)
				}
			})
		})
	}
}

// TestNotConfined: a dead node among several, and a limiter of all calls that says
// neither 429 nor when to come back, speak of the endpoint and not of backups,
// whatever the calls happen to meet.
func TestNotConfined(t *testing.T) {
	page := func(response *http.Response) *http.Response {
		response.StatusCode, response.Header = http.StatusServiceUnavailable, http.Header{"Content-Type": {"text/html"}}
		replaceBody(response, "<html><body><h1>503 Service Unavailable</h1></body></html>")
		return response
	}
	struck := 0
	for k := range 24 {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{OperationTime: time.Duration(400+100*k) * time.Millisecond})
			calls, tokens, filled := k, 4.0, time.Now()
			var mu sync.Mutex
			s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
				if !strings.HasPrefix(r.URL.Path, "/volume/") {
					return cloud.RoundTrip(r)
				}
				mu.Lock()
				defer mu.Unlock()
				calls++
				tokens = min(tokens+3*time.Since(filled).Seconds(), 4)
				filled = time.Now()
				limited := tokens < 1
				if !limited {
					tokens--
				}
				if k%2 == 0 && calls%3 != 0 || k%2 == 1 && !limited {
					return cloud.RoundTrip(r)
				}
				asked := r.Clone(r.Context())
				asked.Method, asked.Body, asked.ContentLength = "GET", nil, 0
				response, err := cloud.RoundTrip(asked) // nothing is done
				if err != nil {
					return nil, err
				}
				return page(response), nil
			}
			status := s.run("--timeout", "30")
			if status == exitFail {
				t.Errorf("%d: exit %d\n%s", k, status, &s.stderr)
			}
			if status == exitAbort {
				struck++
			}
		})
	}
	if struck == 0 {
		t.Error("no run met it")
	}
}

// TestNoQuota: a 413 is a quota's where Cinder says it and the request uses one:
// not a front end's, and not of a restore into a volume that is there.
func TestNoQuota(t *testing.T) {
	for _, row := range []struct {
		fault  string
		args   []string
		status int
		quota  bool
	}{
		{"POST /backups/*/restore=quota", nil, exitAbort, true},
		{"POST /backups/*/restore=quota", []string{"--volume-type", cloudsim.OtherType}, exitFail, false},
		{"POST /backups/*/restore=proxy:413*1", nil, exitAbort, false},
		{"POST /backups/*/restore=proxy:413", nil, exitFail, false},
		{"POST /backups=proxy:413*1", nil, exitAbort, false},
		{"POST /backups=proxy:413", nil, exitFail, false},
		{"POST /volumes=proxy:413", nil, exitAbort, false},
	} {
		t.Run(row.fault+strings.Join(row.args, " "), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{}, row.fault)
				status := s.run(row.args...)
				told := strings.Contains(s.stderr.String(), "the volume quota") || strings.Contains(s.stderr.String(), "refused for the quota")
				if status != row.status || told != row.quota {
					t.Errorf("exit %d, told as a quota: %t\n%s", status, told, &s.stderr)
				}
			})
		})
	}
}
