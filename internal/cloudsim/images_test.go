package cloudsim_test

import (
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"volume-backup-tester/internal/cloudsim"
)

// What was hashed is remembered, and the hash is right from the first time on.
func TestDigests(t *testing.T) {
	digests := new(cloudsim.Digests)
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 64 << 10, 1<<20 + 512, 5<<20 + 7} {
		for range 3 {
			data := make([]byte, size)
			for at := random.IntN(3 << 20); at < size; at += 1 + random.IntN(3<<20) {
				data[at] = 1
			}
			for _, remembered := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					known := digests
					if remembered { // all that it can tell
						known = digests.Known()
					}
					s := newScene(t, cloudsim.Config{Digests: known})
					if got, want := s.glance("GET", "/"+s.image(string(data)), "")["os_hash_value"], fmt.Sprintf("%x", sha512.Sum512(data)); got != want {
						t.Errorf("%d bytes: %v, want %s", size, got, want)
					}
				})
			}
		}
	}
}

// While an image's data arrive, others are served; what arrives in part only does not count, and an
// image that is deleted meanwhile is gone.
func TestUploading(t *testing.T) {
	for _, test := range []struct {
		name   string
		end    func(s *scene, id string, data *io.PipeWriter)
		code   int
		status string
	}{
		{"done", func(_ *scene, _ string, data *io.PipeWriter) { data.Close() }, http.StatusNoContent, "active"},
		{"broken", func(_ *scene, _ string, data *io.PipeWriter) { data.CloseWithError(io.ErrUnexpectedEOF) }, http.StatusInternalServerError, "queued"},
		{"deleted", func(s *scene, id string, data *io.PipeWriter) { s.glance("DELETE", "/"+id, ""); data.Close() }, http.StatusGone, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				id := s.glance("POST", "", `{"disk_format": "raw", "container_format": "bare"}`)["id"].(string)
				r, w := io.Pipe()
				code := make(chan int)
				go func() { code <- s.put(id, r) }()
				io.WriteString(w, "some")
				if got := s.glance("GET", "/"+id, "")["status"]; got != "saving" {
					t.Errorf("meanwhile it is %v", got)
				}
				test.end(s, id, w)
				if got := <-code; got != test.code {
					t.Errorf("answered %d, want %d", got, test.code)
				}
				status := ""
				for _, i := range s.cloud.Images() {
					status = i.Status
				}
				if status != test.status {
					t.Errorf("it is %q, want %q", status, test.status)
				}
			})
		})
	}
}

// A fault of a request to Glance strikes before data are read, and while they are sent.
func TestImageFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{Faults: []cloudsim.Fault{fault(t, "PUT /images/*/file=405*1"), fault(t, "GET /images/*/file=cut")}})
		id := s.glance("POST", "", `{"disk_format": "raw", "container_format": "bare"}`)["id"].(string)
		if code := s.put(id, strings.NewReader("data")); code != http.StatusMethodNotAllowed {
			t.Errorf("answered %d", code)
		}
		if code := s.put(id, strings.NewReader("data")); code != http.StatusNoContent {
			t.Errorf("answered %d", code)
		}
		resp := s.sendGlance("GET", "/"+id+"/file", nil)
		defer resp.Body.Close()
		if data, err := io.ReadAll(resp.Body); string(data) != "da" || err != io.ErrUnexpectedEOF {
			t.Errorf("read %q, %v", data, err)
		}
	})
}

// put uploads data, and returns the status.
func (s *scene) put(id string, data io.Reader) int {
	resp := s.sendGlance("PUT", "/"+id+"/file", data)
	defer resp.Body.Close()
	return resp.StatusCode
}

// The saving of an image's data fails, whoever sends them; the volume is well in any case.
func TestSaveImageFaults(t *testing.T) {
	for _, what := range []string{"killed", "deleted", "stuck", "vanish", "slow:5s"} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{Faults: []cloudsim.Fault{fault(t, "save-image="+what)}})
			volume := s.volume()
			for _, image := range []string{s.image("x"), s.upload(volume)} {
				resp := s.sendGlance("GET", "/"+image, nil)
				var got object
				if resp.StatusCode == http.StatusOK {
					if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
						t.Fatal(err)
					}
				}
				resp.Body.Close()
				want := map[string]any{"killed": "killed", "deleted": "deleted", "stuck": "saving", "slow:5s": "saving"}[what]
				if got["status"] != want || got["os_hash_value"] != nil || s.status("/volumes/"+volume) != "available" {
					t.Errorf("%s: image is %v", what, got)
				}
			}
		})
	}
}
