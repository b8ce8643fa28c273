package cloudsim_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// Operations take exactly their time, and a volume is free a little before its backup is done.
func TestOperationTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{OperationTime: 20 * time.Second})
		c := connect(t, cloud)
		volume := cloud.PutVolume(cloudsim.Volume{})
		backup := c.backup(t, volume)
		at := func(d time.Duration, volumeStatus, backupStatus string) {
			t.Helper()
			time.Sleep(d)
			if v, b := c.status(t, "/volumes/"+volume), c.status(t, "/backups/"+backup); v != volumeStatus || b != backupStatus {
				t.Errorf("volume is %v, backup %v; want %s, %s", v, b, volumeStatus, backupStatus)
			}
		}
		at(0, "backing-up", "creating")
		at(19*time.Second-time.Nanosecond, "backing-up", "creating")
		at(time.Nanosecond, "available", "creating")
		at(time.Second-time.Nanosecond, "available", "creating")
		at(time.Nanosecond, "available", "available")
		if v := cloud.Volumes()[0]; !v.UpdatedAt.Equal(v.CreatedAt.Add(19 * time.Second)) {
			t.Errorf("updated at %v, created at %v", v.UpdatedAt, v.CreatedAt)
		}
	})
}

// Bytes go through a full backup and its increments, and an older backup still has the older ones.
func TestBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{})
		c := connect(t, cloud)
		restore := func(backup string, into object) string {
			t.Helper()
			id := c.do(t, "POST", "/backups/"+backup+"/restore", object{"restore": into}, http.StatusAccepted)["volume_id"].(string)
			time.Sleep(time.Second)
			return id
		}
		volume := c.volume(t, "v")
		offsets := []int64{64<<10 - 2, 1 << 20, 1<<30 - 4} // across two chunks; elsewhere; the last bytes
		write := func(i int, text string) {
			t.Helper()
			if err := cloud.WriteVolume(volume, []byte(text), offsets[i]); err != nil {
				t.Fatal(err)
			}
		}
		backup := func(volume string, more ...string) string {
			t.Helper()
			defer time.Sleep(time.Second)
			return c.backup(t, volume, more...)
		}
		empty := backup(c.volume(t, "empty"))
		for i := range offsets {
			write(i, "full")
		}
		full := backup(volume)
		write(0, "incr")
		first := backup(volume, "incremental")
		restore(empty, object{"volume_id": volume})
		write(2, "last")
		second := backup(volume, "incremental")
		c.do(t, "DELETE", "/volumes/"+volume, nil, http.StatusAccepted)
		time.Sleep(time.Second)
		zeros := "\x00\x00\x00\x00"
		for backup, want := range map[string][]string{full: {"full", "full", "full"}, first: {"incr", "full", "full"}, second: {zeros, zeros, "last"}} {
			restored := restore(backup, object{"name": "r"})
			for i, off := range offsets {
				got := make([]byte, 4)
				if err := cloud.ReadVolume(restored, got, off); err != nil || string(got) != want[i] {
					t.Errorf("%s at %d: %q %v, want %q", backup, off, got, err, want[i])
				}
			}
		}
		if err := cloud.WriteVolume(volume, []byte("x"), 0); err == nil {
			t.Error("wrote to a volume that is gone")
		}
	})
}

// A restore into a larger volume leaves what lies beyond the backup.
func TestBytesBeyond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{})
		c := connect(t, cloud)
		backup := c.backup(t, c.volume(t, "v"))
		larger := cloud.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Size: 2}})
		for _, off := range []int64{0, 1 << 30} {
			if err := cloud.WriteVolume(larger, []byte("old"), off); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		c.do(t, "POST", "/backups/"+backup+"/restore", object{"restore": object{"volume_id": larger}}, http.StatusAccepted)
		time.Sleep(time.Second)
		for off, want := range map[int64]string{0: "\x00\x00\x00", 1 << 30: "old"} {
			got := make([]byte, 3)
			if err := cloud.ReadVolume(larger, got, off); err != nil || !bytes.Equal(got, []byte(want)) {
				t.Errorf("at %d: %q %v, want %q", off, got, err, want)
			}
		}
	})
}

func TestQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{Quotas: &cloudsim.Quotas{Volumes: 2, Gigabytes: -1, Snapshots: 0, Backups: 1, BackupGigabytes: 1}})
		c := connect(t, cloud)
		volume := c.volume(t, "v")
		backup := c.backup(t, volume)
		time.Sleep(time.Second)
		c.volume(t, "w")
		for path, test := range map[string]struct {
			body object
			want string
		}{
			"/volumes":                        {object{"volume": object{"size": 1}}, "VolumeLimitExceeded: Maximum number of volumes allowed (2) exceeded for quota 'volumes'."},
			"/backups":                        {object{"backup": object{"volume_id": volume}}, "VolumeBackupSizeExceedsAvailableQuota: Requested backup exceeds allowed Backup gigabytes quota. Requested 1G, quota is 1G and 1G has been consumed."},
			"/snapshots":                      {object{"snapshot": object{"volume_id": volume}}, "SnapshotLimitExceeded: Maximum number of snapshots allowed (0) exceeded"},
			"/backups/" + backup + "/restore": {object{"restore": object{}}, "Maximum number of volumes allowed (2) exceeded for quota 'volumes'."},
		} {
			if got := c.do(t, "POST", path, test.body, http.StatusRequestEntityTooLarge); got["message"] != test.want || got["retryAfter"] != "0" {
				t.Errorf("%s: %v", path, got)
			}
		}
		cloud.SetQuotas(cloudsim.Project, cloudsim.Quotas{Volumes: -1, Gigabytes: -1, Snapshots: -1, Backups: 1, BackupGigabytes: -1})
		if got := c.do(t, "POST", "/backups", object{"backup": object{"volume_id": volume}}, http.StatusRequestEntityTooLarge); got["message"] != "BackupLimitExceeded: Maximum number of backups allowed (1) exceeded" {
			t.Errorf("backups: %v", got)
		}
	})
}

func TestLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{TokenLifetime: time.Minute})
		app := func(who string) string {
			return `{"auth": {"identity": {"methods": ["application_credential"], "application_credential": {` + who + `, "secret": "` + cloudsim.AppCredentialSecret + `"}}}}`
		}
		for name, login := range map[string]string{
			"credential by id":   app(`"id": "` + cloudsim.AppCredentialID + `"`),
			"credential by name": app(`"name": "` + cloudsim.AppCredentialName + `", "user": {"name": "tester", "domain": {"name": "Default"}}`),
			"token": `{"auth": {"identity": {"methods": ["token"], "token": {"id": "` + connect(t, cloud).token + `"}},
				"scope": {"project": {"id": "` + cloud.ProjectID(cloudsim.Project) + `"}}}}`,
		} {
			if c := connectAs(t, cloud, login, cloudsim.Project); c.do(t, "GET", "/limits", nil, http.StatusOK) == nil {
				t.Errorf("%s: no limits", name)
			}
		}
		c := connect(t, cloud)
		time.Sleep(time.Minute - time.Nanosecond)
		c.get(t, "/limits")
		time.Sleep(time.Nanosecond)
		c.do(t, "GET", "/limits", nil, http.StatusUnauthorized)
		c = connect(t, cloud)
		cloud.RevokeTokens()
		c.do(t, "GET", "/limits", nil, http.StatusUnauthorized)
	})
}

func TestAdministrator(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{})
	member := cloud.PutVolume(cloudsim.Volume{})
	stranger := cloud.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Project: cloudsim.OtherProject, Status: "error_deleting"}})
	admin := connectAs(t, cloud, passwordLogin(cloudsim.AdminUsername, cloudsim.AdminPassword, cloudsim.AdminProject), cloudsim.AdminProject)
	admin.get(t, "/volumes/"+member)
	admin.do(t, "POST", "/backups/"+stranger+"/action", object{"os-reset_status": object{"status": "available"}}, http.StatusAccepted)
	if got := cloud.Backups()[0].Status; got != "available" {
		t.Errorf("status is %s", got)
	}
	_, body, _ := admin.send(t, "GET", "/volumes?all_tenants=1", nil)
	if !strings.Contains(body, member) {
		t.Errorf("all projects' volumes: %s", body)
	}
	cloud.SetRoles(cloudsim.Username, "admin")
	connect(t, cloud).do(t, "GET", "/backups/"+stranger, nil, http.StatusOK)
}

// A page has at most PageSize entries whatever is asked for, and within a second the ids decide.
func TestSmallPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // all in one second
		cloud := cloudsim.New(cloudsim.Config{PageSize: 2})
		c := connect(t, cloud)
		for i := range 5 {
			cloud.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: fmt.Sprint(i)}})
		}
		cloud.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Project: cloudsim.OtherProject}})
		seen, last := 0, "g"
		for path := "/volumes?limit=100"; path != ""; {
			var page struct {
				Volumes []struct{ ID string }
				Links   []struct{ Href string } `json:"volumes_links"`
			}
			decode(t, c, path, &page)
			for _, v := range page.Volumes {
				if seen++; v.ID >= last {
					t.Errorf("%s after %s", v.ID, last)
				}
				last = v.ID
			}
			if path = ""; len(page.Links) > 0 {
				path = strings.TrimPrefix(page.Links[0].Href, c.url)
			}
		}
		if seen != 5 || len(cloud.Log()) != 4 { // the login, and three pages
			t.Errorf("%d volumes in %d requests", seen, len(cloud.Log()))
		}
	})
}

func TestRunsAreAlike(t *testing.T) {
	var ids [2]string
	for i := range ids {
		ids[i] = cloudsim.New(cloudsim.Config{}).PutVolume(cloudsim.Volume{})
	}
	if ids[0] != ids[1] {
		t.Errorf("ids are %v", ids)
	}
}

func TestUnversionedCatalog(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{UnversionedCatalog: true})
	found := 0
	for _, e := range cloud.Endpoints() {
		if e.Type != "volumev3" {
			continue
		}
		if found++; !strings.HasSuffix(e.URL, "/volume/") {
			t.Errorf("endpoint %v", e)
		}
	}
	if found != 6 { // two regions, three interfaces
		t.Errorf("%d endpoints", found)
	}
}

// An older Cinder says so, refuses what is newer, and has none of what came later.
func TestMaxMicroversion(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{MaxMicroversion: "3.8"})
	c := connect(t, cloud)
	backup := cloud.PutBackup(cloudsim.Backup{})
	w := httptest.NewRecorder()
	cloud.ServeHTTP(w, httptest.NewRequest("GET", "/volume/", nil))
	if body := w.Body.String(); !strings.Contains(body, `"version":"3.8"`) {
		t.Errorf("the versions are %s", body)
	}
	for version, want := range map[string]int{"3.8": 404, "3.9": 406, "latest": 404} {
		c.version = version
		code, body, err := c.send(t, "PUT", "/backups/"+backup, object{"backup": object{"name": "n"}})
		if code != want || want == 406 && !strings.Contains(body, "Minimum is 3.0 and maximum is 3.8.") {
			t.Errorf("%s: answered %d %s %v", version, code, body, err)
		}
	}
	for _, wrong := range []string{"3", "3.x", "2.8", "3.08", "3.-1", "3.8.1", ""} {
		if n, err := cloudsim.ParseMicroversion(wrong); err == nil {
			t.Errorf("%q is taken for %d", wrong, n)
		}
	}
}

func TestRoleInOtherCase(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{})
	stranger := cloud.PutBackup(cloudsim.Backup{Resource: cloudsim.Resource{Project: cloudsim.OtherProject}})
	for role, want := range map[string]int{"Admin": 200, "manager": 404, "member": 404} {
		cloud.SetRoles(cloudsim.Username, role)
		if code, body, _ := connect(t, cloud).send(t, "GET", "/backups/"+stranger, nil); code != want {
			t.Errorf("%s: answered %d %s", role, code, body)
		}
	}
}
