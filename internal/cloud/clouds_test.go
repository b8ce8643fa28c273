package cloud

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the cases of testdata/clouds want anew; a person reads it before it is committed")

// A case of testdata/clouds is an archive. Files below work/, home/ and xdg/
// are laid out as they are; in them, http://cloudsim is the recorder's address,
// PROJECT_ID and USER_ID are the member's. Besides:
//
//	cloud         its name; else mine
//	env           KEY=VALUE lines; DIR is where the files are
//	catalog       TYPE REGION INTERFACE URL [NAME] lines instead of the usual
//	              catalog, which has a path of its own for each region and interface
//	route M P S H=V...
//	              the answer to method M at path P: status S, headers, body
//	want          login: the body that must be sent; to: its address, if it is not
//	              /identity/v3/auth/tokens; region:, list: what comes of it;
//	              warning: all of them
//	want-error    the exact message instead; nothing may be sent before it, unless
//	              the case has a file "after-login"
//
// What openstacksdk makes of the cases: openstacksdk_test.go.
type cloudsCase struct {
	name, path string
	archive    *txtar.Archive
	files      map[string]string
}

func cloudsCases(t testing.TB) (all []cloudsCase) {
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
		c := cloudsCase{strings.TrimSuffix(filepath.Base(path), ".txtar"), path, archive, map[string]string{}}
		for _, f := range archive.Files {
			c.files[f.Name] = string(f.Data)
		}
		if (c.files["want"] == "") == (c.files["want-error"] == "") && !*update {
			t.Fatalf("%s wants neither or both", path)
		}
		all = append(all, c)
	}
	return all
}

// record is the case's recorder.
func (c cloudsCase) record(t *testing.T) *recorder {
	t.Helper()
	routes := map[string]route{}
	for name, body := range c.files {
		words := strings.Fields(name)
		if words[0] != "route" {
			continue
		}
		status, err := strconv.Atoi(words[3])
		if err != nil {
			t.Fatal(err)
		}
		own := route{status, map[string]string{}, body}
		for _, header := range words[4:] {
			key, value, _ := strings.Cut(header, "=")
			own.headers[key] = value
		}
		routes[words[1]+" "+words[2]] = own
	}
	return newRecorder(t, c.files["catalog"], routes)
}

// cloud is the name of the cloud that the case is about.
func (c cloudsCase) cloud() string {
	if name := strings.TrimSpace(c.files["cloud"]); name != "" {
		return name
	}
	return "mine"
}

// inputs are the case's files and variables, with the recorder's address in them.
// DIR stands for where they will be.
func (c cloudsCase) inputs(r *recorder) (files map[string]string, env []string) {
	fill := strings.NewReplacer("http://cloudsim", r.base, `http:\/\/cloudsim`, strings.ReplaceAll(r.base, "/", `\/`), "USER_ID", recordedUser, "PROJECT_ID", recordedProject)
	files = map[string]string{}
	for name, text := range c.files {
		if strings.Contains(name, "/") && !strings.HasPrefix(name, "route ") {
			files[name] = fill.Replace(text)
		}
	}
	for line := range strings.Lines(c.files["env"]) {
		env = append(env, fill.Replace(strings.TrimSpace(line)))
	}
	return files, env
}

// lay writes the case's files and returns how to read them. A name that ends in a
// slash is a directory.
func (c cloudsCase) lay(t *testing.T, r *recorder) Options {
	t.Helper()
	dir := t.TempDir()
	files, env := c.inputs(r)
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"work", "home"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	settings := map[string]string{}
	for _, line := range env {
		key, value, _ := strings.Cut(line, "=")
		settings[key] = strings.ReplaceAll(value, "DIR", dir)
	}
	return Options{
		Cloud: c.cloud(), Dir: filepath.Join(dir, "work"), Home: filepath.Join(dir, "home"),
		Getenv: func(key string) string { return settings[key] }, UserAgent: "test",
	}
}

func TestClouds(t *testing.T) {
	for _, c := range cloudsCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := c.record(t)
			o := c.lay(t, r)
			got, failed := c.outcome(t, r, o)
			if *update {
				c.write(t, got, failed)
				return
			}
			if want := c.files["want"] + c.files["want-error"]; got != want || failed != (c.files["want-error"] != "") {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// outcome is what comes of the case, as "want" or as "want-error".
func (c cloudsCase) outcome(t *testing.T, r *recorder, o Options) (text string, failed bool) {
	t.Helper()
	dir := filepath.Dir(o.Dir)
	plain := func(text string) string {
		return strings.NewReplacer(dir, "DIR", r.base, "http://cloudsim").Replace(text) + "\n"
	}
	client, err := Connect(t.Context(), o)
	if err != nil {
		_, after := c.files["after-login"]
		var conf *ConfigError
		if sent := len(r.taken()); errors.As(err, &conf) && after != (sent > 0) {
			t.Errorf("%d requests", sent)
		}
		return plain(err.Error()), true
	}
	if _, err := client.List(t.Context(), KindBackup); err != nil {
		t.Fatal(err)
	}
	seen := observe(t, r.taken())
	login, err := json.Marshal(seen.login)
	if err != nil {
		t.Fatal(err)
	}
	text = fmt.Sprintf("login: %s\n", login)
	if seen.to != "/identity/v3/auth/tokens" {
		text += fmt.Sprintf("to: %s\n", seen.to)
	}
	text += fmt.Sprintf("region: %s\nlist: %s\n", client.Login.Region, seen.list)
	for _, warning := range client.Login.Warnings {
		text += "warning: " + plain(warning)
	}
	return text, false
}

// write puts an outcome into the case's file.
func (c cloudsCase) write(t *testing.T, got string, failed bool) {
	t.Helper()
	c.archive.Files = slices.DeleteFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == "want" || f.Name == "want-error" })
	name := "want"
	if failed {
		name = "want-error"
	}
	c.archive.Files = append(c.archive.Files, txtar.File{Name: name, Data: []byte(got)})
	if err := os.WriteFile(c.path, txtar.Format(c.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
