package cloudsim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// client is the member, logged in, without sockets.
type client struct {
	*http.Client
	token, url string
	version    string // "": no microversion is asked for
}

const base = "http://cloudsim"

func passwordLogin(user, password, project string) string {
	return fmt.Sprintf(`{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": %q, "password": %q, "domain": {"id": "default"}}}},
		"scope": {"project": {"name": %q, "domain": {"id": "default"}}}}}`, user, password, project)
}

func connect(t *testing.T, cloud *cloudsim.Cloud) *client {
	t.Helper()
	return connectAs(t, cloud, passwordLogin(cloudsim.Username, cloudsim.Password, cloudsim.Project), cloudsim.Project)
}

func connectAs(t *testing.T, cloud *cloudsim.Cloud, login, project string) *client {
	t.Helper()
	c := &client{Client: &http.Client{Transport: cloud.Transport()}, url: base + "/volume/v3/" + cloud.ProjectID(project)}
	resp, err := c.Post(base+"/identity/v3/auth/tokens", "application/json", strings.NewReader(login))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("login answered %s", resp.Status)
	}
	c.token = resp.Header.Get("X-Subject-Token")
	return c
}

// send returns status and body, or the error of sending or of reading.
func (c *client) send(t *testing.T, method, path string, body any) (int, string, error) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if body == nil {
		data = nil
	}
	req, err := http.NewRequestWithContext(t.Context(), method, c.url+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", c.token)
	if c.version != "" {
		req.Header.Set("OpenStack-API-Version", "volume "+c.version)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

type object = map[string]any

// do returns what is under the only key of an answer with that status.
func (c *client) do(t *testing.T, method, path string, body any, code int) object {
	t.Helper()
	got, raw, err := c.send(t, method, path, body)
	if err != nil || got != code {
		t.Fatalf("%s %s: answered %d %s %v, want %d", method, path, got, raw, err, code)
	}
	var answer object
	if raw != "" {
		if err := json.Unmarshal([]byte(raw), &answer); err != nil {
			t.Fatal(err)
		}
	}
	for _, value := range answer {
		inner, _ := value.(object)
		return inner
	}
	return nil
}

func (c *client) get(t *testing.T, path string) object {
	t.Helper()
	return c.do(t, "GET", path, nil, http.StatusOK)
}

// volume creates a volume and waits for it.
func (c *client) volume(t *testing.T, name string) string {
	t.Helper()
	id := c.do(t, "POST", "/volumes", object{"volume": object{"name": name, "size": 1}}, http.StatusAccepted)["id"].(string)
	time.Sleep(time.Second)
	return id
}

// backup begins a backup.
func (c *client) backup(t *testing.T, volume string, more ...string) string {
	t.Helper()
	members := object{"volume_id": volume}
	for _, name := range more {
		members[name] = true
	}
	return c.do(t, "POST", "/backups", object{"backup": members}, http.StatusAccepted)["id"].(string)
}

func (c *client) status(t *testing.T, path string) any {
	t.Helper()
	return c.get(t, path)["status"]
}

func fault(t *testing.T, text string) cloudsim.Fault {
	t.Helper()
	f, err := cloudsim.ParseFault(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// decode reads a list's page.
func decode(t *testing.T, c *client, path string, into any) {
	t.Helper()
	code, raw, err := c.send(t, "GET", path, nil)
	if err != nil || code != http.StatusOK {
		t.Fatalf("GET %s: answered %d %s %v", path, code, raw, err)
	}
	if err := json.Unmarshal([]byte(raw), into); err != nil {
		t.Fatal(err)
	}
}
