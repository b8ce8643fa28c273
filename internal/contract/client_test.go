package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

type object = map[string]any

// login is what a clouds.yaml says.
type login struct {
	AuthURL  string `yaml:"auth_url"`
	Username string `yaml:"username"`
	Password string `yaml:"password"`
	Project  string `yaml:"project_name"`
}

// client talks to one cloud as one user. It knows no more than URLs and a token.
type client struct {
	http     *http.Client
	login    login
	token    string
	project  string        // id
	volume   string        // Block Storage endpoint, which ends in /v3/{project}
	image    string        // Image endpoint
	interval time.Duration // between two looks
	timeout  time.Duration // of one wait
	other    *client       // a member of another project

	created []string // paths, in order
}

// reply is an answer, read.
type reply struct {
	code   int
	header http.Header
	raw    string
	body   object // nil if it is not a JSON object
}

// at adds a microversion to a request.
func at(version string) http.Header {
	return http.Header{"Openstack-Api-Version": {"volume " + version}}
}

// do sends a request. A url that begins with `/` is below the Block Storage endpoint.
func (c *client) do(t *testing.T, method, url string, body any, headers ...http.Header) reply {
	t.Helper()
	if strings.HasPrefix(url, "/") {
		url = c.volume + url
	}
	var data []byte
	if text, isText := body.(string); isText {
		data = []byte(text)
	} else if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	// The context of a test ends before its clean-up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("X-Auth-Token", c.token)
	}
	for _, h := range headers {
		maps.Copy(req.Header, h)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	r := reply{code: resp.StatusCode, header: resp.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &r.body) // not every answer is a JSON object
	return r
}

func (c *client) get(t *testing.T, url string, headers ...http.Header) reply {
	t.Helper()
	return c.do(t, "GET", url, nil, headers...)
}

func (c *client) post(t *testing.T, url string, body any, headers ...http.Header) reply {
	t.Helper()
	return c.do(t, "POST", url, body, headers...)
}

func (c *client) delete(t *testing.T, url string) reply {
	t.Helper()
	return c.do(t, "DELETE", url, nil)
}

// object returns what is under a key of an answer with that status.
func (r reply) object(t *testing.T, code int, key string) object {
	t.Helper()
	o, isObject := r.body[key].(object)
	if r.code != code || !isObject {
		t.Fatalf("answered %d %s, want %d with %q", r.code, r.raw, code, key)
	}
	return o
}

// list returns the entries under a key of a 200.
func (r reply) list(t *testing.T, key string) []object {
	t.Helper()
	entries, isList := r.body[key].([]any)
	if r.code != http.StatusOK || !isList {
		t.Fatalf("answered %d %s, want a list %q", r.code, r.raw, key)
	}
	var objects []object
	for _, e := range entries {
		objects = append(objects, e.(object))
	}
	return objects
}

// refused checks Cinder's refusal: status, key, and the exact message.
func (r reply) refused(t *testing.T, code int, key, format string, args ...any) {
	t.Helper()
	fault, _ := r.body[key].(object)
	message := fmt.Sprintf(format, args...)
	if r.code != code || len(r.body) != 1 || fault["code"] != float64(code) || fault["message"] != message {
		t.Errorf("answered %d %s\nwant %d %q with %q", r.code, r.raw, code, key, message)
	}
}

// create creates a resource, which is deleted in the end, and returns its id.
func (c *client) create(t *testing.T, kind string, members object, headers ...http.Header) string {
	t.Helper()
	r := c.post(t, "/"+kind+"s", object{kind: members}, headers...)
	id := r.object(t, http.StatusAccepted, kind)["id"].(string)
	c.adopt(kind, id)
	return id
}

// adopt has a resource deleted in the end.
func (c *client) adopt(kind, id string) { c.created = append(c.created, "/"+kind+"s/"+id) }

// volumeNamed creates a volume of 1 GiB and waits for it.
func (c *client) volumeNamed(t *testing.T, name string) string {
	t.Helper()
	id := c.create(t, "volume", object{"name": name, "size": 1})
	c.settled(t, "volume", id, "creating", "available")
	return id
}

// backupOf backs a volume up and waits for both.
func (c *client) backupOf(t *testing.T, volume, name string, more object) string {
	t.Helper()
	members := object{"name": name, "volume_id": volume}
	maps.Copy(members, more)
	id := c.create(t, "backup", members)
	c.settled(t, "backup", id, "creating", "available")
	c.settled(t, "volume", volume, "backing-up", "available")
	return id
}

// restored waits for a restore: the volume and the backup.
func (c *client) restored(t *testing.T, volume, backup string) {
	t.Helper()
	c.settled(t, "volume", volume, "restoring-backup", "available")
	c.settled(t, "backup", backup, "restoring", "available")
}

// show returns a resource.
func (c *client) show(t *testing.T, kind, id string, headers ...http.Header) object {
	t.Helper()
	return c.get(t, "/"+kind+"s/"+id, headers...).object(t, http.StatusOK, kind)
}

// settled waits until a resource has the last of the statuses, and sees it in none but these.
func (c *client) settled(t *testing.T, kind, id string, statuses ...string) {
	t.Helper()
	last := statuses[len(statuses)-1]
	c.until(t, kind+" "+id+" to be "+last, func() bool {
		status := c.show(t, kind, id)["status"].(string)
		if !slices.Contains(statuses, status) {
			t.Fatalf("%s %s is %s, want none but %v", kind, id, status, statuses)
		}
		return status == last
	})
}

// gone waits until a resource that was accepted for deletion answers 404, having been `deleting`
// until then.
func (c *client) gone(t *testing.T, kind, id string) {
	t.Helper()
	c.until(t, kind+" "+id+" to be gone", func() bool {
		r := c.get(t, "/"+kind+"s/"+id)
		if r.code == http.StatusNotFound {
			return true
		}
		if status := r.object(t, http.StatusOK, kind)["status"]; status != "deleting" {
			t.Fatalf("%s %s is %v while it is deleted", kind, id, status)
		}
		return false
	})
}

// remove deletes a resource and waits until it is gone.
func (c *client) remove(t *testing.T, kind, id string) {
	t.Helper()
	if r := c.delete(t, "/"+kind+"s/"+id); r.code != http.StatusAccepted || r.raw != "" {
		t.Fatalf("deleting %s %s: answered %d %s", kind, id, r.code, r.raw)
	}
	c.gone(t, kind, id)
}

// until waits for a condition.
func (c *client) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline, tick := time.NewTimer(c.timeout), time.NewTicker(c.interval)
	defer deadline.Stop()
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited %v for %s", c.timeout, what)
		}
	}
}

// cleanUp deletes what is left of everything that was created, the newest first.
func (c *client) cleanUp(t *testing.T) {
	for _, path := range slices.Backward(c.created) {
		c.until(t, path+" to be cleaned up", func() bool {
			r := c.get(t, path)
			if r.code == http.StatusNotFound {
				return true
			}
			c.delete(t, path) // refused while it is busy: the next look tells
			return false
		})
	}
	c.created = nil
}
