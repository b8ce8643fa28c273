package cloudsim_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// Whose answer it is shows in the request id and in the form of the body.
func TestWhoseAnswer(t *testing.T) {
	for what, want := range map[string]struct {
		id         bool
		media      string
		retryAfter string
	}{
		"503":            {true, "application/json", ""},
		"proxy:503":      {false, "text/html", ""},
		"proxy:502+3":    {false, "text/html", "3"},
		"keystone:503+2": {true, "text/plain; charset=UTF-8", "2"},
		"html:502":       {false, "text/plain; charset=UTF-8", ""},
		"413+7":          {true, "application/json", "7"},
	} {
		cloud := cloudsim.New(cloudsim.Config{Faults: []cloudsim.Fault{fault(t, "cinder="+what)}})
		resp := answerTo(t, connect(t, cloud), "/limits")
		got := resp.Header
		if (got.Get("X-Openstack-Request-Id") != "") != want.id || got.Get("Content-Type") != want.media || got.Get("Retry-After") != want.retryAfter {
			t.Errorf("%s: %v", what, got)
		}
	}
}

// answerTo returns what a GET is answered with, its body read, and no redirection followed.
func answerTo(t *testing.T, c *client, path string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", c.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", c.token)
	resp, err := c.Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestStripRequestIDs(t *testing.T) {
	for _, what := range []string{"GET /limits=503", "restore=error"} { // a refusal and a good answer
		cloud := cloudsim.New(cloudsim.Config{StripRequestIDs: true, Faults: []cloudsim.Fault{fault(t, what)}})
		c := connect(t, cloud)
		for name := range answerTo(t, c, "/limits").Header {
			if strings.Contains(name, "Request-Id") {
				t.Errorf("%s: %s is there", what, name)
			}
		}
		c.url = base + "/identity/v3"
		if answerTo(t, c, "/auth/catalog").Header.Get("X-Openstack-Request-Id") == "" {
			t.Error("Keystone's is gone, too")
		}
	}
}

// A redirection is served at its new place, also when what it leads to would be redirected.
func TestRedirections(t *testing.T) {
	for what, locations := range map[string][]string{
		"redirect:301":   {"http://cloudsim/moved", ""},
		"redirect:307*1": {"http://cloudsim/moved", ""},
		"redirect:302*3": {"http://cloudsim/moved", "http://cloudsim/moved", "http://cloudsim/moved", ""},
		"redirect:303:https://evil.example:8443/": {"https://evil.example:8443/moved", ""},
	} {
		cloud := cloudsim.New(cloudsim.Config{Faults: []cloudsim.Fault{fault(t, "GET /limits="+what)}})
		c := connect(t, cloud)
		below := "/volume/v3/" + cloud.ProjectID(cloudsim.Project)
		path := "/limits?x=%2F"
		for i, location := range locations {
			resp := answerTo(t, c, path)
			if got := resp.Header.Get("Location"); location == "" && resp.StatusCode != http.StatusOK || location != "" && got != location+below+path {
				t.Errorf("%s, hop %d: %s to %s", what, i, resp.Status, got)
			}
			c.url = base + "/moved" + below
		}
		if log := cloud.Log(); !strings.HasPrefix(log[len(log)-1].Path, "/moved/volume/v3/") {
			t.Errorf("logged as %s", log[len(log)-1].Path)
		}
	}
}

// One service alone can be down.
func TestServiceFaults(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{Faults: []cloudsim.Fault{fault(t, "glance=refuse")}})
	c := connect(t, cloud)
	c.get(t, "/limits")
	for _, path := range []string{"/image", "/image/v2/images", "/image/v2/images/x/file"} {
		c.url = base
		if _, _, err := c.send(t, "GET", path, nil); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// What a policy forbids names it, for whatever the id.
func TestPolicyFault(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{Faults: []cloudsim.Fault{fault(t, "DELETE /backups/*=403"), fault(t, "GET /backups/detail=403")}})
	c := connect(t, cloud)
	backup := cloud.PutBackup(cloudsim.Backup{})
	for request, policy := range map[string]string{"DELETE /backups/" + backup: "backup:delete", "GET /backups/detail": "backup:get_all"} {
		method, path, _ := strings.Cut(request, " ")
		if got := c.do(t, method, path, nil, http.StatusForbidden); got["message"] != "Policy doesn't allow "+policy+" to be performed." {
			t.Errorf("%s: %v", request, got)
		}
	}
}
