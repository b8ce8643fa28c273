//go:build acceptance

package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// cinder is a client of the real Cinder that shares no code with the checker.
type cinder struct {
	keystone, url, token string // url ends in the project's id
}

type resource struct {
	Kind             string `json:"-"` // "volume" or "backup"
	ID, Name, Status string
	VolumeType       string `json:"volume_type"`
	Metadata         map[string]string
}

// String names a resource as the checker does.
func (r resource) String() string { return fmt.Sprintf("%s '%s' (%s)", r.Kind, r.Name, r.ID) }

// login takes a cloud of the devcloud's clouds.yaml.
func login(t *testing.T, name string) *cinder {
	t.Helper()
	text, err := os.ReadFile(cloudsYAML)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Clouds map[string]struct {
			Auth struct {
				URL      string `yaml:"auth_url"`
				Username string
				Password string
				Project  string `yaml:"project_name"`
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	auth := file.Clouds[name].Auth
	type object = map[string]any
	domain := object{"id": "default"}
	body := object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{
			"user": object{"name": auth.Username, "password": auth.Password, "domain": domain}}},
		"scope": object{"project": object{"name": auth.Project, "domain": domain}},
	}}
	var answer struct {
		Token struct {
			Catalog []struct {
				Type      string
				Endpoints []struct{ Interface, URL string }
			}
		}
	}
	c := &cinder{keystone: auth.URL}
	header := c.request(t, "POST", auth.URL+"/auth/tokens", body, &answer)
	c.token = header.Get("X-Subject-Token")
	for _, service := range answer.Token.Catalog {
		for _, e := range service.Endpoints {
			if service.Type == "volumev3" && e.Interface == "public" {
				c.url = e.URL
			}
		}
	}
	if c.url == "" {
		t.Fatalf("no Block Storage in the catalog of %s", name)
	}
	return c
}

// httpClient's time-out takes the place of the test's context, which is gone when clean-up functions run.
var httpClient = &http.Client{Timeout: 30 * time.Second}

// request fails the test at any answer but 2xx. It must be called in the test's own goroutine.
func (c *cinder) request(t *testing.T, method, url string, body, answer any) http.Header {
	t.Helper()
	header, err := c.ask(method, url, body, answer)
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func (c *cinder) ask(method, url string, body, answer any) (http.Header, error) {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequest(method, url, &sent)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", c.token)
	resp, err := httpClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w; is the devcloud up? (`devcloud status`)", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			return nil, fmt.Errorf("%s %s: %w: %s", method, url, err, text)
		}
	}
	return resp.Header, nil
}

// list returns all of the project's "volumes" or "backups".
func (c *cinder) list(t *testing.T, kind string) []resource {
	t.Helper()
	var answer map[string][]resource
	c.request(t, "GET", c.url+"/"+kind+"/detail", nil, &answer)
	return answer[kind]
}

// prefixed returns what the checker made or would clear.
func (c *cinder) prefixed(t *testing.T) []resource {
	t.Helper()
	var found []resource
	for _, kind := range []string{"volume", "backup"} {
		for _, r := range c.list(t, kind+"s") {
			if strings.HasPrefix(r.Name, prefix) {
				r.Kind = kind
				found = append(found, r)
			}
		}
	}
	return found
}

// ours returns the same as "volumes name status", sorted.
func (c *cinder) ours(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, r := range c.prefixed(t) {
		found = append(found, fmt.Sprint(r.Kind, "s ", r.Name, " ", r.Status))
	}
	slices.Sort(found)
	return found
}

func (c *cinder) wantNothingLeft(t *testing.T) {
	t.Helper()
	if left := c.ours(t); len(left) > 0 {
		t.Errorf("left in the cloud: %q", left)
	}
}

// release is what the newest microversion tells.
func (c *cinder) release(t *testing.T) string {
	t.Helper()
	var answer struct{ Versions []struct{ Version string } }
	c.request(t, "GET", origin(t, c.url).JoinPath("v3/").String(), nil, &answer)
	if len(answer.Versions) != 1 {
		t.Fatalf("Cinder's versions are %v", answer.Versions)
	}
	newest := answer.Versions[0].Version
	name := map[string]string{"3.70": "zed", "3.71": "2025.1"}[newest]
	if name == "" {
		t.Fatalf("microversion %s is of a release that nobody has tried", newest)
	}
	return name
}

// serviceState is "up" or "down" as Cinder sees it, which is what its API goes by. For administrators.
func (c *cinder) serviceState(t *testing.T, binary string) string {
	t.Helper()
	var answer struct{ Services []struct{ State string } }
	c.request(t, "GET", c.url+"/os-services?binary="+binary, nil, &answer)
	if len(answer.Services) != 1 {
		t.Fatalf("%d services %s", len(answer.Services), binary)
	}
	return answer.Services[0].State
}

// bystander makes an empty volume that must survive the test: at its end the volume is looked at,
// and then deleted. A nil name makes a nameless one.
func (c *cinder) bystander(t *testing.T, name any) {
	t.Helper()
	var answer struct{ Volume resource }
	c.request(t, "POST", c.url+"/volumes", map[string]any{"volume": map[string]any{"name": name, "size": 1}}, &answer)
	id := answer.Volume.ID
	available := func() bool {
		return slices.ContainsFunc(c.list(t, "volumes"), func(v resource) bool { return v.ID == id && v.Status == "available" })
	}
	t.Cleanup(func() {
		if !available() {
			t.Fatalf("volume %v, whose name does not begin with the prefix, was not left alone", name)
		}
		c.request(t, "DELETE", c.url+"/volumes/"+id, nil, nil)
	})
	eventually(t, 30*time.Second, fmt.Sprintf("volume %v available", name), available)
}

// eventually polls in the test's goroutine until it is so, or fails the test.
func eventually(t *testing.T, limit time.Duration, what string, so func() bool) {
	t.Helper()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(limit)
	for !so() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}
