package cloudsim_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// Somebody else deletes or renames what a test made.
func TestSomebodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{OperationTime: time.Second})
		volume, backup := s.cloud.PutVolume(cloudsim.Volume{}), s.cloud.PutBackup(cloudsim.Backup{})
		for id, path := range map[string]string{volume: "/volumes/", backup: "/backups/"} {
			if !s.cloud.Rename(id, "theirs") || s.member.get(t, path+id)["name"] != "theirs" {
				t.Errorf("%s was not renamed", path)
			}
			s.cloud.Delete(id)
			if got, want := looks(s, path+id, 0, time.Second-time.Nanosecond, time.Second), "deleting, deleting, Not Found"; got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
		}
		if s.cloud.Rename(volume, "x") {
			t.Error("renamed what is gone")
		}
	})
}

// A driver that cannot make increments fails as soon as there is a parent.
func TestIncrementalsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{IncrementalsFail: true})
		full, child := s.chain()
		if s.of("backup", full, "status") != "available" || s.of("backup", full, "has_dependent_backups") != false {
			t.Error("the full one is not as it should be")
		}
		if b := s.do("GET", "/backups/"+child, nil, http.StatusOK); b["status"] != "error" || b["fail_reason"] != "Backup RBD operation failed" {
			t.Errorf("the increment is %v", b)
		}
	})
}

// A deletion is accepted, begun and undone, until enough time has passed.
func TestDeletionUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{OperationTime: time.Second, DeletionUndone: 5 * time.Second})
		path := "/volumes/" + s.cloud.PutVolume(cloudsim.Volume{})
		for _, test := range []struct {
			after time.Duration
			want  string
		}{{0, "deleting, available"}, {2 * time.Second, "deleting, available"}, {time.Second, "deleting, Not Found"}} {
			time.Sleep(test.after)
			s.member.do(t, "DELETE", path, nil, http.StatusAccepted)
			if got := looks(s, path, 0, time.Second); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		}
	})
}

// Glance keeps an image for a while after it was used.
func TestImageInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{ImageInUse: time.Minute})
		source := s.image("x")
		s.do("POST", "/volumes", object{"volume": object{"size": 1, "imageRef": source}}, http.StatusAccepted)
		uploaded, unused := s.upload(s.volume()), s.image("y")
		deletion := func(image string) int {
			resp := s.sendGlance("DELETE", "/"+image, nil)
			resp.Body.Close()
			return resp.StatusCode
		}
		for _, image := range []string{source, uploaded} {
			if code := deletion(image); code != http.StatusConflict {
				t.Errorf("answered %d", code)
			}
		}
		if code := deletion(unused); code != http.StatusNoContent {
			t.Errorf("unused: answered %d", code)
		}
		time.Sleep(time.Minute)
		for _, image := range []string{source, uploaded} {
			if code := deletion(image); code != http.StatusNoContent {
				t.Errorf("answered %d a minute later", code)
			}
		}
	})
}

// Cinder refuses to make an image of a volume that was made from one without a property of its own.
func TestUploadsPlainImages(t *testing.T) {
	for _, row := range []struct {
		uploads   bool
		image     string
		wantAsked int
	}{{false, "", http.StatusBadRequest}, {true, "", http.StatusAccepted}, {false, `, "own": "x"`, http.StatusAccepted}} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{UploadsPlainImages: row.uploads})
			image := s.glance("POST", "", `{"disk_format": "raw", "container_format": "bare"`+row.image+`}`)["id"].(string)
			s.glance("PUT", "/"+image+"/file", "x")
			volume := s.do("POST", "/volumes", object{"volume": object{"size": 1, "imageRef": image}}, http.StatusAccepted)["id"].(string)
			s.status("/volumes/" + volume)
			if code := s.code("POST", "/volumes/"+volume+"/action", object{"os-volume_upload_image": object{"image_name": "u"}}); code != row.wantAsked {
				t.Errorf("%+v: answered %d", row, code)
			}
		})
	}
}
