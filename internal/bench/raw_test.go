package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

type object = map[string]any

// raw is a client that does nothing by itself: the measure for one that does.
type raw struct {
	http          *http.Client
	token, volume string // Block Storage endpoint, which ends in /v3/{project}
	requests      int
}

// connect logs in with the password in a clouds.yaml.
func connect(t *testing.T, clouds []byte, name string, transport http.RoundTripper) *raw {
	t.Helper()
	var file struct {
		Clouds map[string]struct {
			Auth struct {
				URL      string `yaml:"auth_url"`
				Username string `yaml:"username"`
				Password string `yaml:"password"`
				Project  string `yaml:"project_name"`
			}
		}
	}
	if err := yaml.Unmarshal(clouds, &file); err != nil {
		t.Fatal(err)
	}
	auth, domain := file.Clouds[name].Auth, object{"id": "default"}
	r := &raw{http: &http.Client{Timeout: time.Minute, Transport: transport}}
	var login struct {
		Token struct {
			Catalog []struct {
				Type      string
				Endpoints []struct{ Interface, URL string }
			}
		}
	}
	header := r.do(t, "POST", auth.URL+"/auth/tokens", object{"auth": object{
		"identity": object{"methods": []string{"password"}, "password": object{"user": object{"name": auth.Username, "domain": domain, "password": auth.Password}}},
		"scope":    object{"project": object{"name": auth.Project, "domain": domain}},
	}}, &login)
	r.token = header.Get("X-Subject-Token")
	for _, s := range login.Token.Catalog {
		for _, e := range s.Endpoints {
			if s.Type == "volumev3" && e.Interface == "public" && r.volume == "" {
				r.volume = e.URL
			}
		}
	}
	return r
}

// do sends a request, which must be accepted, and decodes the answer.
func (r *raw) do(t *testing.T, method, address string, body, into any) http.Header {
	t.Helper()
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", r.token)
	r.requests++
	resp, err := r.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, address, resp.StatusCode, answer, err)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			t.Fatalf("%s %s: %v", method, address, err)
		}
	}
	return resp.Header
}

// list returns the ids of all of a kind, page by page.
func (r *raw) list(t *testing.T, kind string) (ids []string) {
	t.Helper()
	for query := ""; ; {
		var page map[string][]struct{ ID, Rel, Href string }
		r.do(t, "GET", r.volume+"/"+kind+"s/detail"+query, nil, &page)
		for _, entry := range page[kind+"s"] {
			ids = append(ids, entry.ID)
		}
		links := page[kind+"s_links"]
		if len(links) == 0 {
			return ids
		}
		next, err := url.Parse(links[0].Href)
		if err != nil {
			t.Fatal(err)
		}
		query = "?" + next.RawQuery
	}
}

// status asks for one resource.
func (r *raw) status(t *testing.T, kind, id string) string {
	t.Helper()
	var answer map[string]struct{ Status string }
	r.do(t, "GET", r.volume+"/"+kind+"s/"+id, nil, &answer)
	return answer[kind].Status
}

func (r *raw) delete(t *testing.T, kind, id string) {
	t.Helper()
	r.do(t, "DELETE", r.volume+"/"+kind+"s/"+id, nil, nil)
}
