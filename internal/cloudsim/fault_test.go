package cloudsim_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

func TestParseFaultRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                      `fault "": want MATCH=WHAT[*TIMES][@SKIP]`,
		"restore":               "want MATCH=WHAT",
		"restore=error*0":       "want MATCH=WHAT",
		"restore=error*x":       "want MATCH=WHAT",
		"restore=error@-1":      "want MATCH=WHAT",
		"rest=error":            `"rest" is neither a request such as 'POST /backups' nor one of create-volume,`,
		"POST backups=503":      `"POST backups" is neither a request`,
		"POST /backups=stuck":   `"stuck" is not a status code (503, 503+5, proxy:503, keystone:503, html:502), redirect:307, quota,`,
		"POST /backups=200":     `"200" is not a status code`,
		"GET /volumes=slow:x":   `"slow:x" is not a status code`,
		"restore=503":           `"503" is not a resource status (error_restoring), stuck, vanish, delete, slow:DURATION`,
		"create-volume=slow:0s": `"slow:0s" is not a resource status`,
		"cinder=stuck":          `"stuck" is not a status code`,
		"*=redirect:304":        `"redirect:304" is not a status code`,
		"*=redirect:301:ftp://": `"redirect:301:ftp://" is not a status code`,
		"rule=list-hides":       `a rule is no fault; break it with --break list-hides`,
	} {
		if _, err := cloudsim.ParseFault(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// Each fault of a request, as the client sees it, and whether the cloud has acted.
func TestRequestFaults(t *testing.T) {
	reset, refused := syscall.ECONNRESET, syscall.ECONNREFUSED
	for _, test := range []struct {
		what  string
		code  int
		body  string // begins with it
		err   error
		acted bool
	}{
		{what: "503", code: 503, body: `{"serviceUnavailable":{"code":503,`},
		{what: "503+5", code: 503, body: `{"serviceUnavailable":`},
		{what: "401", code: 401, body: `{"error":{"code":401,`},
		{what: "500", code: 500, body: `{"computeFault":`},
		{what: "html:502", code: 502, body: "502 Bad Gateway"},
		{what: "403", code: 403, body: `{"forbidden":{"code":403,"message":"Policy doesn't allow volume:create to be performed."}}`},
		{what: "413", code: 413, body: `{"overLimit":{"code":413,`},
		{what: "413+0", code: 413, body: `{"overLimit":{"code":413,"message":"simulated fault","retryAfter":"0"}}`},
		{what: "413+7", code: 413, body: `{"overLimitFault":{"code":413,"details":"Only 1 POST request(s) can be made to * every MINUTE.","message":"This request was rate-limited."}}`},
		{what: "proxy:503+1", code: 503, body: "<html><body><h1>503 Service Unavailable</h1>"},
		{what: "keystone:503", code: 503, body: "503 Service Unavailable\n\nThe server is currently unavailable. Please try again at a later time.\n\n The Keystone service is temporarily unavailable.  "},
		{what: "redirect:308", code: 202, body: `{"volume":{"id":`, acted: true}, // the client follows it
		{what: "quota", code: 413, body: `{"overLimit":{"code":413,"message":"VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.","retryAfter":"0"}}`},
		{what: "refuse", err: refused},
		{what: "drop", err: reset},
		{what: "lose", err: reset, acted: true},
		{what: "cut", code: 202, body: `{"volume":{"id":`, err: io.ErrUnexpectedEOF, acted: true},
		{what: "garbage", code: 202, body: `{"garbage": nonsense}`, acted: true},
		{what: "empty", code: 202, body: ``, acted: true},
		{what: "null", code: 202, body: `{"volume":null}`, acted: true},
		{what: "slow:5s", code: 202, body: `{"volume":{`, acted: true},
	} {
		t.Run(test.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := cloudsim.New(cloudsim.Config{Faults: []cloudsim.Fault{fault(t, "POST /volumes="+test.what+"*1")}})
				c := connect(t, cloud)
				begin := time.Now()
				code, body, err := c.send(t, "POST", "/volumes", object{"volume": object{"size": 1}})
				if code != test.code || !errors.Is(err, test.err) || !strings.HasPrefix(body, test.body) || (test.body == "" && body != "") {
					t.Errorf("answered %d %q %v", code, body, err)
				}
				if acted := len(cloud.Volumes()) == 1; acted != test.acted {
					t.Errorf("acted: %v, want %v", acted, test.acted)
				}
				wait := map[string]time.Duration{"slow:5s": 5 * time.Second}[test.what]
				if waited := time.Since(begin); waited != wait {
					t.Errorf("took %v, want %v", waited, wait)
				}
				c.do(t, "POST", "/volumes", object{"volume": object{"size": 1}}, http.StatusAccepted) // once was all
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{Faults: []cloudsim.Fault{fault(t, "POST /v3/auth/tokens=429+7")}})
	client := http.Client{Transport: cloud.Transport()}
	resp, err := client.Post(base+"/identity/v3/auth/tokens", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "7" || !strings.HasPrefix(string(body), `{"error":`) {
		t.Errorf("answered %s %v %s", resp.Status, resp.Header, body)
	}
}

func TestFaultsInTurn(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{})
	c := connect(t, cloud)
	for _, text := range []string{"GET /volumes/*=503*2@1", "GET /volumes/*=500*1", "*=429*1@3"} {
		cloud.Add(fault(t, text))
	}
	var codes []int
	for range 7 {
		code, _, err := c.send(t, "GET", "/volumes/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, code)
	}
	// The first passes by the first fault and meets the second; those that met neither count for the third.
	want := []int{500, 503, 503, 404, 404, 404, 429}
	for i := range want {
		if codes[i] != want[i] {
			t.Fatalf("answered %v, want %v", codes, want)
		}
	}
	cloud.Add(fault(t, "GET /volumes/*=503"))
	cloud.ClearFaults()
	if code, _, _ := c.send(t, "GET", "/volumes/x", nil); code != http.StatusNotFound {
		t.Errorf("answered %d after the faults were cleared", code)
	}
}

// Which path a fault names a request by.
func TestFaultPaths(t *testing.T) {
	for match, url := range map[string]string{
		"GET /v3":              "/identity/v3/",
		"GET /v3/auth/catalog": "/identity/v3/auth/catalog",
		"GET /volume":          "/volume/",
		"GET /volume/v3":       "/volume/v3/",
		"GET /volumes":         "/volume/v3/volumes",
		"GET /volumes/detail":  "/volume/v3/0123456789abcdef0123456789abcdef/volumes/detail?limit=1",
		"GET /volumes/*":       "/volume/v3/0123456789abcdef0123456789abcdef/volumes/x",
		"* /volumes/*/action":  "/volume/v3/volumes/x/action",
		"GET /backups/*/*":     "/volume/v3/backups/x/export_record",
		"GET /image":           "/image",
		"GET /images/*/file":   "/image/v2/images/x/file",
		"*":                    "/anything",
	} {
		cloud := cloudsim.New(cloudsim.Config{Faults: []cloudsim.Fault{fault(t, match+"=418")}})
		for _, other := range []string{url, "/identity/v3/auth/other", "/volume/v3/volumes/x/y/z"} {
			w := httptest.NewRecorder()
			cloud.ServeHTTP(w, httptest.NewRequest("GET", other, nil))
			if struck := w.Code == 418; struck != (other == url || match == "*") {
				t.Errorf("%s: %s answered %d", match, other, w.Code)
			}
		}
	}
}

// Over real connections a fault that ends one resets it.
func TestResetOverSockets(t *testing.T) {
	for _, what := range []string{"drop", "lose", "refuse", "cut"} {
		cloud := cloudsim.New(cloudsim.Config{Faults: []cloudsim.Fault{fault(t, "POST /v3/auth/tokens="+what)}})
		server := httptest.NewServer(cloud)
		resp, err := http.Post(server.URL+"/identity/v3/auth/tokens", "application/json", strings.NewReader(passwordLogin("tester", "secret", "cloudsim")))
		want := error(syscall.ECONNRESET)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
			want = io.ErrUnexpectedEOF
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		server.Close()
	}
}

// Each fault of an operation: what volume and backup are like an hour later.
func TestOperationFaults(t *testing.T) {
	for _, test := range []struct{ fault, volume, backup, restored string }{
		{"create-volume=error", "error", "", ""},
		{"create-volume=stuck", "creating", "", ""},
		{"create-volume=vanish", "404", "", ""},
		{"create-volume=slow:2h", "creating", "", ""},
		{"create-volume=delete", "404", "", ""},
		{"create-backup=error", "available", "error", ""},
		{"create-backup=delete", "available", "404", ""},
		{"create-backup=stuck", "backing-up", "creating", ""},
		{"create-backup=vanish", "available", "404", ""},
		{"restore=error_restoring", "available", "available", "error_restoring"},
		{"restore=stuck", "available", "restoring", "restoring-backup"},
		{"restore=delete", "available", "available", "404"},
		{"restore=vanish", "available", "available", "404"},
		{"delete-backup=stuck@9", "available", "available", "available"},
	} {
		t.Run(test.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := cloudsim.New(cloudsim.Config{TokenLifetime: 24 * time.Hour, Faults: []cloudsim.Fault{fault(t, test.fault)}})
				c := connect(t, cloud)
				status := func(path string) string { // an hour later
					time.Sleep(time.Hour)
					if code, _, _ := c.send(t, "GET", path, nil); code == http.StatusNotFound {
						return "404"
					}
					return c.status(t, path).(string)
				}
				volume := c.volume(t, "v")
				if got := status("/volumes/" + volume); test.backup == "" {
					if got != test.volume {
						t.Errorf("volume is %s", got)
					}
					return
				}
				backup := c.backup(t, volume)
				var restored string
				if test.restored != "" {
					time.Sleep(time.Hour)
					restored = c.do(t, "POST", "/backups/"+backup+"/restore", object{"restore": object{}}, http.StatusAccepted)["volume_id"].(string)
				}
				if v, b := status("/volumes/"+volume), status("/backups/"+backup); v != test.volume || b != test.backup {
					t.Errorf("volume is %s, backup %s", v, b)
				}
				if test.restored != "" {
					if got := status("/volumes/" + restored); got != test.restored {
						t.Errorf("restored volume is %s", got)
					}
				}
				if test.backup == "error" && c.get(t, "/backups/"+backup)["fail_reason"] == nil {
					t.Error("a backup in error has no reason")
				}
			})
		})
	}
}

func TestDeletionFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{})
		c := connect(t, cloud)
		for _, test := range []struct{ fault, path, status string }{
			{"delete-volume=error_deleting", "/volumes/" + cloud.PutVolume(cloudsim.Volume{}), "error_deleting"},
			{"delete-volume=stuck", "/volumes/" + cloud.PutVolume(cloudsim.Volume{}), "deleting"},
			{"delete-backup=error_deleting", "/backups/" + cloud.PutBackup(cloudsim.Backup{}), "error_deleting"},
			{"delete-backup=available", "/backups/" + cloud.PutBackup(cloudsim.Backup{}), "available"}, // accepted, and nothing done
			{"delete-snapshot=error_deleting", "/snapshots/" + cloud.PutSnapshot(cloudsim.Snapshot{}), "error_deleting"},
		} {
			cloud.Add(fault(t, test.fault+"*1"))
			c.do(t, "DELETE", test.path, nil, http.StatusAccepted)
			time.Sleep(time.Minute)
			if got := c.status(t, test.path); got != test.status {
				t.Errorf("%s: %v", test.fault, got)
			}
		}
	})
}
