package cloudsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// scene is a cloud, a member of it, and a stranger. The member's requests carry a new microversion.
type scene struct {
	t             *testing.T
	cloud         *cloudsim.Cloud
	member, other *client
}

func newScene(t *testing.T, config cloudsim.Config) *scene {
	cloud := cloudsim.New(config)
	other := connectAs(t, cloud, passwordLogin(cloudsim.OtherUsername, cloudsim.OtherPassword, cloudsim.OtherProject), cloudsim.OtherProject)
	s := &scene{t, cloud, connect(t, cloud), other}
	s.member.version, s.other.version = "3.47", "3.47"
	return s
}

// do sends a request, and lets whatever it began come to its end.
func (s *scene) do(method, path string, body any, code int) object {
	s.t.Helper()
	defer time.Sleep(time.Second)
	return s.member.do(s.t, method, path, body, code)
}

func (s *scene) codeOf(c *client, method, path string, body any) int {
	code, _, err := c.send(s.t, method, path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

func (s *scene) code(method, path string, body any) int {
	return s.codeOf(s.member, method, path, body)
}

func (s *scene) foreign(method, path string, body any) int {
	return s.codeOf(s.other, method, path, body)
}

func (s *scene) of(kind, id, member string) any {
	return s.do("GET", "/"+kind+"s/"+id, nil, http.StatusOK)[member]
}

func (s *scene) status(path string) any { return s.member.status(s.t, path) }

func (s *scene) volume() string {
	return s.do("POST", "/volumes", object{"volume": object{"size": 1, "metadata": object{"key": "value"}}}, http.StatusAccepted)["id"].(string)
}

func (s *scene) large() string {
	return s.do("POST", "/volumes", object{"volume": object{"size": 2}}, http.StatusAccepted)["id"].(string)
}

func (s *scene) write(volume string, off int64, text string) {
	if err := s.cloud.WriteVolume(volume, []byte(text), off); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) read(volume string, off int64, n int) string {
	p := make([]byte, n)
	if err := s.cloud.ReadVolume(volume, p, off); err != nil {
		s.t.Fatal(err)
	}
	return string(p)
}

func (s *scene) filled() string {
	id := s.volume()
	s.write(id, 0, "head")
	s.write(id, cloudsim.FlippedOffset, "data")
	s.write(id, 1<<30-4, "tail")
	return id
}

func (s *scene) backup(volume string) string { return s.backupWith(volume, nil) }

func (s *scene) backupWith(volume string, more object) string {
	members := object{"volume_id": volume, "name": "asked", "description": "asked, too"}
	for name, value := range more {
		members[name] = value
	}
	return s.do("POST", "/backups", object{"backup": members}, http.StatusAccepted)["id"].(string)
}

// busy is a volume, and a backup of it that is being made.
func (s *scene) busy() (volume, backup string) {
	volume = s.volume()
	return volume, s.member.backup(s.t, volume)
}

func (s *scene) restore(backup string) string { return s.restoreInto(backup, "") }

func (s *scene) restoreInto(backup, volume string) string {
	wanted := object{"name": "restored"}
	if volume != "" {
		wanted["volume_id"] = volume
	}
	return s.do("POST", "/backups/"+backup+"/restore", object{"restore": wanted}, http.StatusAccepted)["volume_id"].(string)
}

func (s *scene) restoreAnswer(backup string) object {
	return s.do("POST", "/backups/"+backup+"/restore", object{"restore": object{"name": "restored"}}, http.StatusAccepted)
}

func (s *scene) restoreCode(backup, volume string) int {
	wanted := object{}
	if volume != "" {
		wanted["volume_id"] = volume
	}
	return s.code("POST", "/backups/"+backup+"/restore", object{"restore": wanted})
}

func (s *scene) restoredBytes(off int64) string {
	return s.read(s.restore(s.backup(s.filled())), off, 4)
}

// chain is a full backup and an incremental one.
func (s *scene) chain() (full, incremental string) {
	volume := s.volume()
	s.write(volume, 0, "older")
	s.write(volume, 1<<20, "fixed")
	s.write(volume, 2<<20, "stale")
	full = s.backup(volume)
	s.write(volume, 0, "newer")
	s.write(volume, 2<<20, "\x00\x00\x00\x00\x00")
	return full, s.backupWith(volume, object{"incremental": true})
}

func (s *scene) chainBytes(which string, off int64) string {
	full, incremental := s.chain()
	return s.read(s.restore(map[string]string{"full": full, "incremental": incremental}[which]), off, 5)
}

// orphan is restored after the source is gone.
func (s *scene) orphan() string {
	source := s.filled()
	backup := s.backup(source)
	s.do("DELETE", "/volumes/"+source, nil, http.StatusAccepted)
	return s.restore(backup)
}

func (s *scene) snapshotBackup() (volume, backup string) {
	volume = s.volume()
	s.write(volume, 0, "older")
	snapshot := s.do("POST", "/snapshots", object{"snapshot": object{"volume_id": volume}}, http.StatusAccepted)["id"].(string)
	s.write(volume, 0, "newer")
	return volume, s.backupWith(volume, object{"snapshot_id": snapshot})
}

// snapshot is one of a volume whose bytes have changed since.
func (s *scene) snapshot() string {
	_, b := s.snapshotBackup()
	return s.of("backup", b, "snapshot_id").(string)
}

// inUse is a volume that is attached to nothing.
func (s *scene) inUse() string {
	volume := s.filled()
	s.do("POST", "/volumes/"+volume+"/action", object{"os-attach": object{"host_name": "x", "mountpoint": "/dev/x"}}, http.StatusAccepted)
	return volume
}

func (s *scene) forced() (volume, backup string) {
	volume = s.inUse()
	return volume, s.backupWith(volume, object{"force": true})
}

// ciphertext is what is uploaded of an encrypted volume and of the one that is restored from its backup, perhaps
// when the source is gone.
func (s *scene) sameCiphertext(orphan bool) bool {
	source := s.cloud.PutVolume(cloudsim.Volume{Type: cloudsim.EncryptedType})
	s.write(source, 0, "data")
	backup := s.backup(source)
	into := s.cloud.PutVolume(cloudsim.Volume{Type: cloudsim.EncryptedType})
	want := s.readImage(s.upload(source), 0)
	if orphan {
		s.do("DELETE", "/volumes/"+source, nil, http.StatusAccepted)
	}
	return s.readImage(s.upload(s.restoreInto(backup, into)), 0) == want
}

// middle is what an increment that another builds on is restored to.
func (s *scene) middle() string {
	volume := s.volume()
	s.backup(volume)
	s.write(volume, 0, "second")
	middle := s.backupWith(volume, object{"incremental": true})
	s.write(volume, 0, "third!")
	s.backupWith(volume, object{"incremental": true})
	return s.read(s.restore(middle), 0, 6)
}

// three makes backups a, b and c of one volume.
func (s *scene) three() string {
	volume := s.volume()
	for _, name := range []string{"a", "b", "c"} {
		s.backupWith(volume, object{"name": name})
	}
	return volume
}

type page struct {
	Backups, Volumes []struct{ Name string }
	Links            []struct{ Href string } `json:"backups_links"`
}

func (s *scene) page(path string) (names []string, next string) {
	var p page
	decode(s.t, s.member, path, &p)
	for _, b := range p.Backups {
		names = append(names, b.Name)
	}
	if len(p.Links) > 0 {
		next = strings.TrimPrefix(p.Links[0].Href, s.member.url)
	}
	return names, next
}

func (s *scene) names(path string) string {
	names, _ := s.page(path)
	return strings.Join(names, " ")
}

// pages follows the links, for a while.
func (s *scene) pages(path string) string {
	var all []string
	for i := 0; path != "" && i < 10 && len(all) < 6; i++ {
		var names []string
		names, path = s.page(path)
		all = append(all, names...)
	}
	return strings.Join(all, " ")
}

func (s *scene) count(c *client, path string) int {
	var p page
	decode(s.t, c, path, &p)
	return len(p.Backups) + len(p.Volumes)
}

// sendGlance sends the member's request about images; the caller closes the answer's body.
func (s *scene) sendGlance(method, path string, body io.Reader) *http.Response {
	req, err := http.NewRequestWithContext(s.t.Context(), method, base+"/image/v2/images"+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = http.Header{"X-Auth-Token": {s.member.token}, "Content-Type": {"application/octet-stream"}}
	resp, err := s.member.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

// glance sends a request to the other service, and decodes the answer.
func (s *scene) glance(method, path, body string) object {
	resp := s.sendGlance(method, path, strings.NewReader(body))
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 400 {
		s.t.Fatalf("%s %s: answered %s %s %v", method, path, resp.Status, raw, err)
	}
	var answer object
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &answer); err != nil {
			s.t.Fatal(err)
		}
	}
	return answer
}

func (s *scene) image(data string) string {
	id := s.glance("POST", "", `{"disk_format": "raw", "container_format": "bare", "description": "x"}`)["id"].(string)
	s.glance("PUT", "/"+id+"/file", data)
	return id
}

func (s *scene) upload(volume string) string {
	return s.do("POST", "/volumes/"+volume+"/action", object{"os-volume_upload_image": object{"image_name": "u"}}, http.StatusAccepted)["image_id"].(string)
}

func (s *scene) readImage(image string, off int64) string {
	p := make([]byte, 4)
	if err := s.cloud.ReadImage(image, p, off); err != nil {
		s.t.Fatal(err)
	}
	return string(p)
}
