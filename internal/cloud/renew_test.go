package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestUploadWhole: an upload that meets a 401 and a redirect arrives whole, from
// the beginning each time, whether the one who refuses has read of it or not.
func TestUploadWhole(t *testing.T) {
	whole := make([]byte, 6<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(whole)
	for name, read := range map[string]int64{"nothing": 0, "a part": 1 << 20, "everything": 1 << 30} {
		t.Run(name+" was read", func(t *testing.T) {
			s := newStage(t, cloudsim.Config{})
			c := s.connect(t)
			image := image(t, c, false)
			s.sim.RevokeTokens()
			var seen []string
			s.answer = func(w http.ResponseWriter, r *http.Request) bool {
				seen = append(seen, r.Method+" "+r.URL.Path[strings.LastIndex(r.URL.Path, "/"):])
				if r.Method != "PUT" || len(seen) == 4 {
					return false
				}
				status := http.StatusUnauthorized
				if len(seen) == 3 {
					status = http.StatusTemporaryRedirect
				}
				if read == 0 { // as services do whose server does not drain what is left: with a reset
					conn, _, err := w.(http.Hijacker).Hijack()
					if err != nil {
						t.Error(err)
						return true
					}
					fmt.Fprintf(conn, "HTTP/1.1 %d Refused\r\nLocation: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status, moved+r.URL.Path)
					_ = conn.Close()
					return true
				}
				answer := http.NewResponseController(w)
				_ = answer.EnableFullDuplex()
				_, _ = io.CopyN(io.Discard, r.Body, read)
				w.Header().Set("Location", moved+r.URL.Path)
				w.WriteHeader(status)
				_ = answer.Flush()
				_, _ = io.Copy(io.Discard, r.Body) // the client may be at it still when it begins anew
				return true
			}
			if err := c.FillImage(t.Context(), image, func() io.Reader { return io.LimitReader(bytes.NewReader(whole), 1<<40) }); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(seen, ", "); got != "PUT /file, POST /tokens, PUT /file, PUT /file" {
				t.Errorf("requests: %s", got)
			}
			content, err := c.ReadImage(t.Context(), image)
			if err != nil {
				t.Fatal(err)
			}
			defer content.Close()
			if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, whole) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// inBubble runs f in virtual time with a client of a simulated cloud whose token
// has just been revoked, and that has the faults from now on.
func inBubble(t *testing.T, f func(t *testing.T, sim *cloudsim.Cloud, c *Client), faults ...string) {
	synctest.Test(t, func(t *testing.T) {
		sim := cloudsim.New(cloudsim.Config{})
		dir := t.TempDir()
		text := "clouds: {mine: {auth: {auth_url: 'http://cloudsim/identity/v3', username: tester, user_domain_name: Default, password: secret, project_name: cloudsim, project_domain_name: Default}}}"
		if err := os.WriteFile(filepath.Join(dir, "clouds.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Connect(t.Context(), Options{Cloud: "mine", Dir: dir, Home: dir, Getenv: func(string) string { return "" }, Transport: sim.Transport()})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range faults {
			fault, err := cloudsim.ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			sim.Add(fault)
		}
		sim.RevokeTokens()
		f(t, sim, c)
	})
}

// logins counts them, the first one left out.
func logins(sim *cloudsim.Cloud) (n int) {
	for _, r := range sim.Log() {
		if r.Method == "POST" && strings.HasSuffix(r.Path, "/auth/tokens") {
			n++
		}
	}
	return n - 1
}

// TestOneLoginForAll: calls that meet an expired token at the same time wait for
// one login, and the deadline of the one that began it is its own.
func TestOneLoginForAll(t *testing.T) {
	inBubble(t, func(t *testing.T, sim *cloudsim.Cloud, c *Client) {
		began := time.Now()
		short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var others sync.WaitGroup
		others.Go(func() {
			_, err := c.CreateVolume(short, VolumeSpec{Name: "x", Size: 1})
			var failed *Error
			if !errors.As(err, &failed) || failed.Service != Identity || failed.Code != 0 || failed.MayHaveApplied || time.Since(began) != 5*time.Second {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
			if want := "logging in again before creating volume 'x': no answer: http://cloudsim: timed out"; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
		time.Sleep(time.Second)
		for range 5 {
			others.Go(func() {
				if _, err := c.List(t.Context(), KindVolume); err != nil || time.Since(began) != 20*time.Second {
					t.Errorf("after %s: %v", time.Since(began), err)
				}
			})
		}
		others.Wait()
		if n := logins(sim); n != 1 {
			t.Errorf("%d logins", n)
		}
	}, "POST /v3/auth/tokens=slow:20s*1")
}

// TestLoginNobodyWaitsFor: it ends with the last call that waited for it, and the
// next call begins another.
func TestLoginNobodyWaitsFor(t *testing.T) {
	inBubble(t, func(t *testing.T, sim *cloudsim.Cloud, c *Client) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if _, err := c.List(ctx, KindVolume); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		both.Wait()
		began := time.Now()
		if _, err := c.List(t.Context(), KindVolume); err != nil || time.Since(began) != 0 {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if n := logins(sim); n != 2 {
			t.Errorf("%d logins", n)
		}
	}, "POST /v3/auth/tokens=slow:20s*1")
}

// TestLoginAgainBounded: Keystone gets as long as for any login, however long the
// call may take, and has one chance.
func TestLoginAgainBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, sim *cloudsim.Cloud, c *Client) {
		began := time.Now()
		_, err := c.CreateVolume(t.Context(), VolumeSpec{Name: "x", Size: 1})
		var failed *Error
		if !errors.As(err, &failed) || failed.Service != Identity || failed.Code != 0 || failed.MayHaveApplied || time.Since(began) != answerIn {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if n := logins(sim); n != 1 {
			t.Errorf("%d logins", n)
		}
	}, "POST /v3/auth/tokens=slow:1h")
}

// TestRefusedWithNewToken: a 401 that a new login does not cure is the service's
// answer.
func TestRefusedWithNewToken(t *testing.T) {
	inBubble(t, func(t *testing.T, sim *cloudsim.Cloud, c *Client) {
		_, err := c.CreateVolume(t.Context(), VolumeSpec{Name: "x", Size: 1})
		var failed *Error
		if !errors.As(err, &failed) || failed.Service != BlockStorage || failed.Code != http.StatusUnauthorized || failed.MayHaveApplied {
			t.Errorf("got %v", err)
		}
		if n := logins(sim); n != 1 {
			t.Errorf("%d logins", n)
		}
	}, "POST /volumes=401")
}

// TestTokenNotRenewed: a token that was given is all there is to log in with.
func TestTokenNotRenewed(t *testing.T) {
	s := newStage(t, cloudsim.Config{})
	token, _ := memberToken(t, s.front.URL, nil)
	text := "clouds: {mine: {auth_type: token, auth: {auth_url: '" + s.front.URL + "/identity/v3', token: " + token + ", project_name: cloudsim, project_domain_name: Default}}}"
	if err := os.WriteFile(filepath.Join(s.dir, "clouds.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := s.connect(t)
	before := logins(s.sim)
	s.sim.RevokeTokens()
	_, err := c.List(t.Context(), KindVolume)
	var failed *Error
	if !errors.As(err, &failed) || failed.Service != BlockStorage || failed.Code != http.StatusUnauthorized || logins(s.sim) != before {
		t.Errorf("%d logins more, %v", logins(s.sim)-before, err)
	}
}

// TestLoginWithoutToken: an answer without the token's id cannot be used.
func TestLoginWithoutToken(t *testing.T) {
	s := newStage(t, cloudsim.Config{})
	s.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"token": {"project": {"id": "p", "name": "p"}}}`)
		return true
	}
	_, err := Connect(t.Context(), s.options)
	var failed *Error
	if !errors.As(err, &failed) || failed.Service != Identity || failed.Code != http.StatusCreated || !strings.Contains(err.Error(), "it has no X-Subject-Token") {
		t.Errorf("got %v", err)
	}
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
