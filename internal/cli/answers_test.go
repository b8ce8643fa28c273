package cli

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// TestOddAnswers: what arrives whole, is JSON, and cannot be what was asked for
// is not made use of, and what is odd about it is said.
func TestOddAnswers(t *testing.T) {
	const another = "00000000-0000-4000-8000-000000000000"
	const entry = `"name": "scs-test-volume", "status": "available"`
	for _, row := range []struct{ request, body, says string }{
		{"GET /volumes/*", `{"volume": {"id": "` + another + `", "status": "available"}}`, "it describes " + another + " instead"},
		{"GET /volumes/*", `{"volume": {"status": "available"}}`, "it holds no volume with an id"},
		{"GET /volumes/*", `{"backup": {"id": "` + another + `"}}`, "it holds no volume with an id"},
		{"GET /volumes/*", `null`, "it holds no volume with an id"},
		{"GET /volumes/*", `[]`, "the API reference has no array as the body"},
		{"GET /volumes/*", `{"volume": "available"}`, "the API reference has no string as volume"},
		{"GET /volumes/*", `{"volume": {"id": "` + another + `", "status": {}}}`, "the API reference has no object as volume.status"},
		{"POST /volumes", `{"volume": {"id": "../backups"}}`, "it holds no volume with an id"},
		{"POST /backups", `{"backup": {"id": "a b"}}`, "it holds no backup with an id"},
		{"POST /backups", `{"backup": {"id": 7}}`, "the API reference has no number as backup.id"},
		{"GET /volumes/detail", `{"volumes": {}}`, "the API reference has no object as volumes"},
		{"GET /volumes/detail", `{"backups": []}`, "it holds no list of volumes"},
		{"GET /volumes/detail", `{"volumes": [null]}`, "an entry has no usable id"},
		{"GET /volumes/detail", `{"volumes": [{"id": "x/../../backups", ` + entry + `}]}`, "an entry has no usable id"},
		{"GET /volumes/detail", `{"volumes": [{"id": "x; reboot", ` + entry + `}]}`, "an entry has no usable id"},
		{"GET /volumes/detail", `{"volumes": [{"id": "` + another + `"}], "volumes_links": "next"}`, "the API reference has no string as volumes_links"},
		{"GET /volumes/detail", `{"volumes": [{"id": "` + another + `"}], "volumes_links": [{"rel": "next", "href": "/volumes"}]}`, "its link to the next page cannot be followed"},
		{"GET /volumes/detail", `{"volumes": [{"id": "` + another + `"}], "volumes_links": [{"rel": "next", "href": "/?limit=3"}]}`, "pagination loop"},
	} {
		t.Run(row.request+" "+row.body, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				c := newCell(t)
				c.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					if err == nil && pattern(cloudsim.Request{Method: r.Method, Path: r.URL.Path}) == row.request {
						replaceBody(response, row.body)
					}
					return response, err
				}
				status := c.run()
				c.judge("", status)
				if status != exitFail || !strings.Contains(c.stderr.String(), "which cannot be used: "+row.says) {
					t.Errorf("exit %d, not %q:\n%s", status, row.says, &c.stderr)
				}
				c.network = nil
				c.clear()
			})
		})
	}
}

// TestLinkElsewhere: the token does not go where a page's link points.
func TestLinkElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newCell(t)
		c.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			if r.URL.Host != "cloudsim" {
				t.Errorf("asked %s", r.URL)
			}
			response, err := cloud.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/detail") {
				body := string(must(io.ReadAll(response.Body)))
				replaceBody(response, strings.ReplaceAll(body, `"rel":"next","href":"http://cloudsim/`, `"rel":"next","href":"http://elsewhere/`))
			}
			return response, err
		}
		status := c.run()
		c.judge("", status)
		turned := slices.ContainsFunc(c.sim.Log(), func(r cloudsim.Request) bool { return strings.Contains(r.Query, "marker=") })
		if status != exitPass || !turned {
			t.Errorf("exit %d, turned a page: %t\n%s", status, turned, &c.stderr)
		}
	})
}

// TestControlCharacters: no word of the cloud writes lines of its own, or
// steers a terminal.
func TestControlCharacters(t *testing.T) {
	const wild = `\u001b[2Jx\nscs-0117-test-backup: PASS`
	for name, replace := range map[string][2]string{
		"project": {`"name":"cloudsim"`, `"name":"` + wild + `"`},
		"user":    {`"name":"tester"`, `"name":"` + wild + `"`},
		"role":    {`"name":"reader"`, `"name":"` + wild + `"`},
		"status":  {`"status":"creating"`, `"status":"` + wild + `"`},
		"region":  {`"region":"RegionOne","region_id":"RegionOne"`, `"region":"` + wild + `","region_id":"` + wild + `"`},
		"restore": {`"backup_id":"`, `"backup_id":"` + wild},
		"name":    {`"name":"scs-test-`, `"name":"scs-test-` + wild},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				fault := "GET /volumes/detail=500@1" // after all that can be said of a restore
				if name == "status" {
					fault = "create-backup=stuck"
				}
				s := newScene(t, cloudsim.Config{}, fault)
				s.clouds = memberCloud("", cloudsim.Password)
				struck := atomic.Bool{}
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					if err == nil {
						body := string(must(io.ReadAll(response.Body)))
						if strings.Contains(body, replace[0]) {
							struck.Store(true)
						}
						replaceBody(response, strings.ReplaceAll(body, replace[0], replace[1]))
					}
					return response, err
				}
				s.run("--timeout", "20")
				said := s.stdout.String() + s.stderr.String()
				if !struck.Load() || strings.Contains(said, "\x1b") || strings.Count(s.stdout.String(), "\nscs-0117-test-backup: ") != 1 || strings.Contains(s.stderr.String(), "\nscs-0117") {
					t.Errorf("struck: %t\n%q", struck.Load(), said)
				}
			})
		})
	}
}

// TestImageProperties: what people have written on their images, under
// whatever name, keeps none from being read.
func TestImageProperties(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.sim.PutImage(cloudsim.Image{Resource: cloudsim.Resource{Name: "scs-test-x", Status: "active"}})
		written := false
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			response, err := cloud.RoundTrip(r)
			if err == nil && r.Method == "GET" && strings.HasSuffix(r.URL.Path, "/images") {
				body := string(must(io.ReadAll(response.Body)))
				written = written || strings.Contains(body, `"images":[{`)
				replaceBody(response, strings.ReplaceAll(body, `"images":[{`, `"images":[{"metadata":"x","encrypted":"yes","is_incremental":"no","volume":"v","description":"d","snapshot_id":"",`))
			}
			return response, err
		}
		if status := s.run("--cleanup-only", "--checks", "all"); status != exitPass || !written || len(s.names()) > 0 {
			t.Errorf("exit %d, left %v\n%s", status, s.names(), &s.stderr)
		}
	})
}

// TestWords: pages lose their tags, and messages nothing else.
func TestWords(t *testing.T) {
	for body, want := range map[string]string{
		`<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body class="x"><h1>502</h1><hr/>nginx &amp; co</body></html>`: "502 Bad Gateway 502 nginx & co",
		`{"computeFault": {"code": 500, "message": "Connection failed: <urlopen error [Errno 111] refused>, <class 'X'>, 1 < 2 > 0"}}`:  "Connection failed: <urlopen error [Errno 111] refused>, <class 'X'>, 1 < 2 > 0",
		`{"message": "No such image.<br /><br />\n\n", "code": "404 Not Found"}`:                                                        "No such image.",
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, "POST /volumes=400")
			s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
				response, err := cloud.RoundTrip(r)
				if err == nil && response.StatusCode == http.StatusBadRequest {
					replaceBody(response, body)
				}
				return response, err
			}
			if s.run(); !strings.Contains(s.stderr.String(), "cloud message: "+want+" (request id") {
				t.Errorf("not %q:\n%s", want, &s.stderr)
			}
		})
	}
}

// TestRegionWithBlanks: a region is looked for as it is written.
func TestRegionWithBlanks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		var all []cloudsim.Endpoint
		for _, e := range s.sim.Endpoints() {
			e.Region = "Region  One "
			all = append(all, e)
		}
		s.sim.SetEndpoints(all...)
		s.clouds = memberCloud("region_name: 'Region  One ', ", cloudsim.Password)
		if status := s.run(); status != exitPass || !strings.Contains(s.stdout.String(), "region Region One, ") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}

// TestOtherSuccess: what was made behind an answer of another code is named among
// what is left, by its name at least.
func TestOtherSuccess(t *testing.T) {
	for path, code := range map[string]int{"/volumes": http.StatusOK, "/backups": http.StatusCreated} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
				response, err := cloud.RoundTrip(r)
				if err == nil && r.Method == "POST" && strings.HasSuffix(r.URL.Path, path) {
					response.StatusCode = code
				}
				return response, err
			}
			status := s.run()
			if status != exitFail || !strings.Contains(s.stderr.String(), "  may still exist: "+path[1:len(path)-1]+" 'scs-test-volume") {
				t.Errorf("%s answered with %d: exit %d\n%s", path, code, status, &s.stderr)
			}
		})
	}
}
