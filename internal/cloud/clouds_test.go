package cloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"volume-backup-tester/internal/cloudsim"
)

// A case of testdata/clouds is an archive. Files below work/, home/ and xdg/
// are laid out as they are; in them, http://cloudsim is the simulated cloud's
// address, and TOKEN, USER_ID and PROJECT_ID are the member's. Besides:
//
//	env           KEY=VALUE lines; DIR is where the files are
//	catalog       TYPE REGION INTERFACE URL lines instead of the usual catalog
//	want          login: the body that must be sent; region:, list: what comes
//	              of it; warning: a part of one, if there is to be any;
//	              fails: a part of Keystone's refusal, instead of the last three
//	want-error    the exact message instead
//	openstacksdk  why it does not read this as we do; else it must
type cloudsCase struct {
	name  string
	files map[string]string
}

func cloudsCases(t *testing.T) (all []cloudsCase) {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/clouds/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := cloudsCase{strings.TrimSuffix(filepath.Base(path), ".txtar"), map[string]string{}}
		for _, f := range archive.Files {
			c.files[f.Name] = string(f.Data)
		}
		if (c.files["want"] == "") == (c.files["want-error"] == "") {
			t.Fatalf("%s wants neither or both", path)
		}
		all = append(all, c)
	}
	return all
}

// lay writes the case's files and returns how to read them. base is the
// simulated cloud's address, transport what reaches it.
func (c cloudsCase) lay(t *testing.T, sim *cloudsim.Cloud, base string, transport http.RoundTripper) (o Options, env []string) {
	t.Helper()
	if lines := c.files["catalog"]; lines != "" {
		var endpoints []cloudsim.Endpoint
		for line := range strings.Lines(lines) {
			f := strings.Fields(line)
			endpoints = append(endpoints, cloudsim.Endpoint{Type: f[0], Name: f[0], Region: f[1], Interface: f[2], URL: f[3]})
		}
		sim.SetEndpoints(endpoints...)
	}
	token, user := memberToken(t, base, transport)
	dir := t.TempDir()
	fill := strings.NewReplacer("http://cloudsim", base, "TOKEN", token, "USER_ID", user, "PROJECT_ID", sim.ProjectID(cloudsim.Project), "DIR", dir)
	for name, text := range c.files {
		if !strings.Contains(name, "/") {
			continue
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(fill.Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"work", "home"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	settings := map[string]string{}
	for line := range strings.Lines(c.files["env"]) {
		line = fill.Replace(strings.TrimSpace(line))
		key, value, _ := strings.Cut(line, "=")
		settings[key] = value
		env = append(env, line)
	}
	return Options{
		Cloud: "mine", Dir: filepath.Join(dir, "work"), Home: filepath.Join(dir, "home"),
		Getenv: func(key string) string { return settings[key] }, Transport: transport, UserAgent: "test",
	}, env
}

// memberToken logs the simulated cloud's member in.
func memberToken(t *testing.T, base string, transport http.RoundTripper) (token, user string) {
	t.Helper()
	body := fmt.Sprintf(`{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": %q, "domain": {"id": "default"}, "password": %q}}}}}`, cloudsim.Username, cloudsim.Password)
	resp, err := (&http.Client{Transport: transport}).Post(base+"/identity/v3/auth/tokens", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token struct{ User struct{ ID string } }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("X-Subject-Token"), answer.Token.User.ID
}

// observed is what a reading of clouds.yaml comes to on the wire.
type observed struct {
	login any    // the last login's body
	list  string // the address of the last list of backups
}

// sent reads it from the log.
func sent(t *testing.T, log []cloudsim.Request) (o observed) {
	t.Helper()
	for _, r := range log {
		switch {
		case r.Method == "POST" && strings.HasSuffix(r.Path, "/auth/tokens"):
			if err := json.Unmarshal(r.Body, &o.login); err != nil {
				t.Fatalf("a login of %q: %v", r.Body, err)
			}
		case r.Method == "GET" && strings.HasSuffix(r.Path, "/backups/detail"):
			o.list = fmt.Sprintf("%d %s", r.Status, r.Path)
		}
	}
	return o
}

func TestClouds(t *testing.T) {
	for _, c := range cloudsCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sim := cloudsim.New(cloudsim.Config{UnversionedCatalog: strings.HasPrefix(c.name, "unversioned-catalog")})
			o, _ := c.lay(t, sim, "http://cloudsim", sim.Transport())
			before := len(sim.Log())
			client, err := Connect(t.Context(), o)
			if want := strings.TrimSpace(c.files["want-error"]); want != "" {
				if err == nil {
					t.Fatal("connected")
				}
				if got := strings.ReplaceAll(err.Error(), filepath.Dir(o.Dir), "DIR"); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				var conf *ConfigError
				if errors.As(err, &conf) && strings.Contains(c.files["want-error"], "catalog") == (len(sim.Log()) == before) {
					t.Errorf("%d requests", len(sim.Log())-before)
				}
				return
			}
			if strings.Contains(c.files["want"], "\nfails: ") {
				c.compare(t, &Client{}, err, sent(t, sim.Log()[before:]))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.List(t.Context(), KindBackup); err != nil {
				t.Fatal(err)
			}
			c.compare(t, client, nil, sent(t, sim.Log()[before:]))
		})
	}
}

// compare holds what was sent to the case's "want".
func (c cloudsCase) compare(t *testing.T, client *Client, failed error, got observed) {
	t.Helper()
	fill := strings.NewReplacer("PROJECT_ID", client.Login.ProjectID)
	warned := false
	for line := range strings.Lines(c.files["want"]) {
		key, want, _ := strings.Cut(fill.Replace(strings.TrimSpace(line)), ": ")
		switch key {
		case "login":
			var body any
			if err := json.Unmarshal([]byte(want), &body); err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			hide(got.login)
			hide(body)
			if !reflect.DeepEqual(got.login, body) {
				sent, _ := json.Marshal(got.login)
				t.Errorf("login\ngot  %s\nwant %s", sent, want)
			}
		case "region":
			if client.Login.Region != want {
				t.Errorf("region %q, want %q", client.Login.Region, want)
			}
		case "list":
			if got.list != "200 "+want {
				t.Errorf("list %q, want %q", got.list, want)
			}
		case "fails":
			if failed == nil || !strings.Contains(failed.Error(), want) {
				t.Errorf("got %v, want %s", failed, want)
			}
		case "warning":
			warned = true
			if !slices.ContainsFunc(client.Login.Warnings, func(w string) bool { return strings.Contains(w, want) }) {
				t.Errorf("warnings: %q, want %q", client.Login.Warnings, want)
			}
		default:
			t.Fatalf("a want of %q", line)
		}
	}
	if !warned && len(client.Login.Warnings) > 0 {
		t.Errorf("warnings: %q", client.Login.Warnings)
	}
}

// hide replaces what differs from run to run: ids of tokens and users.
func hide(node any) {
	fields, ok := node.(map[string]any)
	if !ok {
		return
	}
	for key, below := range fields {
		if holder, ok := below.(map[string]any); ok && (key == "token" || key == "user") && holder["id"] != nil {
			holder["id"] = "*"
		}
		hide(below)
	}
}

// FuzzConfig: any bytes give a configuration or one line of error.
func FuzzConfig(f *testing.F) {
	paths, err := filepath.Glob("../../testdata/clouds/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data, strings.HasSuffix(file.Name, ".json"))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, asJSON bool) {
		dir := t.TempDir()
		name := "clouds.yaml"
		if asJSON {
			name = "clouds.json"
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := readConfig(Options{Cloud: "mine", Dir: dir, Home: dir, Getenv: func(string) string { return "" }})
		if err == nil {
			_, err = c.authOptions()
		}
		var conf *ConfigError
		if err != nil && (!errors.As(err, &conf) || bytes.ContainsRune([]byte(err.Error()), '\n')) {
			t.Errorf("%T %q", err, err)
		}
	})
}
