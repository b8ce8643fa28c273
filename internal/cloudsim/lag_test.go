package cloudsim_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// looks are a resource's statuses, or the answers' codes, in looks at these times.
func looks(s *scene, path string, at ...time.Duration) string {
	var seen []string
	begin := time.Now()
	for _, d := range at {
		time.Sleep(d - time.Since(begin))
		code, body, _ := s.member.send(s.t, "GET", path, nil)
		_, status, _ := strings.Cut(body, `"status":"`)
		status, _, _ = strings.Cut(status, `"`)
		if code != http.StatusOK {
			status = http.StatusText(code)
		}
		seen = append(seen, status)
	}
	return strings.Join(seen, ", ")
}

const lag = 4 * time.Second

func lagging(t *testing.T, flapping bool) *scene {
	return newScene(t, cloudsim.Config{OperationTime: time.Second, Lag: lag, LagFlapping: flapping})
}

// Everything is seen exactly the lag later: what was created, what began, what ended, and what is gone.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lagging(t, false)
		s.member.do(t, "POST", "/volumes", object{"volume": object{"size": 1, "name": "v"}}, http.StatusAccepted)
		volume := "/volumes/" + s.cloud.Volumes()[0].ID
		just := time.Nanosecond
		if got, want := looks(s, volume, 0, lag-just, lag, lag+time.Second-just, lag+time.Second), "Not Found, Not Found, creating, creating, available"; got != want {
			t.Errorf("creating: %s, want %s", got, want)
		}
		if n := s.count(s.member, "/volumes"); n != 1 {
			t.Errorf("%d volumes are listed", n)
		}
		backup := s.member.backup(t, s.cloud.Volumes()[0].ID)
		if got, want := looks(s, volume, 0, lag-just, lag, lag+time.Second), "available, available, backing-up, available"; got != want {
			t.Errorf("backing up: %s, want %s", got, want)
		}
		time.Sleep(lag)
		restored := "/volumes/" + s.restoreAnswer(backup)["volume_id"].(string) // which takes a second
		if got, want := looks(s, restored, 0, lag-time.Second, lag), "Not Found, restoring-backup, available"; got != want {
			t.Errorf("restoring: %s, want %s", got, want)
		}
		s.member.do(t, "DELETE", "/backups/"+backup, nil, http.StatusAccepted)
		if got, want := looks(s, "/backups/"+backup, 0, lag-just, lag, lag+time.Second), "available, available, deleting, Not Found"; got != want {
			t.Errorf("deleting: %s, want %s", got, want)
		}
		if n := s.count(s.member, "/backups"); n != 0 {
			t.Errorf("%d backups are listed", n)
		}
	})
}

func TestLagOfLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lagging(t, false)
		s.volume() // takes a second
		if n := s.count(s.member, "/volumes/detail"); n != 0 {
			t.Errorf("%d volumes too early", n)
		}
		time.Sleep(lag)
		if n := s.count(s.member, "/volumes/detail"); n != 1 {
			t.Errorf("%d volumes", n)
		}
		s.cloud.Remove(s.cloud.Volumes()[0].ID)
		if n := s.count(s.member, "/volumes/detail"); n != 1 {
			t.Errorf("%d volumes after the only one is gone", n)
		}
	})
}

// Looks take turns as long as something is on its way.
func TestFlappingLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lagging(t, true)
		id := s.cloud.PutVolume(cloudsim.Volume{})
		s.cloud.SetStatus(id, "in-use")
		at := time.Second
		if got, want := looks(s, "/volumes/"+id, at, at, at, at, lag, lag), "in-use, available, in-use, available, in-use, in-use"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		s.cloud.SetStatus(id, "available")
		if got, want := looks(s, "/volumes/"+id, at, at, at), "available, in-use, available"; got != want {
			t.Errorf("again: %s, want %s", got, want)
		}
		other := s.cloud.PutVolume(cloudsim.Volume{}) // which nothing is on its way for
		if got, want := looks(s, "/volumes/"+other, at, at), "available, available"; got != want {
			t.Errorf("another: %s, want %s", got, want)
		}
	})
}

// A status that is right, and was not a moment ago, does not do at once: neither where all is old, nor
// the first time where the lag flaps.
func TestLagRefuses(t *testing.T) {
	for _, flapping := range []bool{false, true} {
		for path, body := range map[string]object{
			"POST /backups":                {"backup": object{"volume_id": "VOLUME"}},
			"POST /snapshots":              {"snapshot": object{"volume_id": "VOLUME"}},
			"POST /backups/BACKUP/restore": {"restore": object{"name": "r"}},
			"POST /volumes/VOLUME/action":  {"os-volume_upload_image": object{"image_name": "i"}},
			"POST /volumes":                {"volume": object{"backup_id": "BACKUP", "size": 1}},
			"DELETE /backups/BACKUP":       nil,
			"DELETE /volumes/VOLUME":       nil,
			"DELETE /snapshots/SNAPSHOT":   nil,
		} {
			synctest.Test(t, func(t *testing.T) {
				s := lagging(t, flapping)
				volume := s.cloud.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Status: "backing-up"}})
				backup := s.cloud.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Status: "creating"}})
				snapshot := s.cloud.PutSnapshot(cloudsim.Snapshot{Resource: cloudsim.Resource{Status: "creating"}})
				for _, id := range []string{volume, backup, snapshot} {
					s.cloud.SetStatus(id, "available")
				}
				for _, members := range body {
					for name, value := range members.(object) {
						if value == "VOLUME" {
							members.(object)[name] = volume
						} else if value == "BACKUP" {
							members.(object)[name] = backup
						}
					}
				}
				method, path, _ := strings.Cut(strings.NewReplacer("VOLUME", volume, "BACKUP", backup, "SNAPSHOT", snapshot).Replace(path), " ")
				var asked any
				if body != nil {
					asked = body
				}
				codes := []int{s.code(method, path, asked), s.code(method, path, asked)}
				want := []int{400, 400}
				if flapping {
					want[1] = 202
				}
				if codes[0] != want[0] || codes[1] != want[1] {
					t.Fatalf("%s %s, flapping %t: answered %v, want %v", method, path, flapping, codes, want)
				}
				time.Sleep(lag)
				if code := s.code(method, path, asked); !flapping && code != 202 {
					t.Errorf("%s %s: answered %d later", method, path, code)
				}
			})
		}
	}
}
