package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// aged puts resources into the cloud that were made some time ago.
type aged struct {
	s   *scene
	now time.Time
}

func (a aged) resource(name string, age time.Duration) cloudsim.Resource {
	return cloudsim.Resource{Name: "scs-test-" + name, Status: "available", Size: 1, CreatedAt: a.now.Add(-age)}
}

func (a aged) volume(name string, age time.Duration) string {
	return a.s.sim.PutVolume(cloudsim.Volume{Resource: a.resource(name, age)})
}

func (a aged) backup(name string, age time.Duration, b cloudsim.Backup) string {
	status := b.Status
	if b.Resource = a.resource(name, age); status != "" {
		b.Status = status
	}
	return a.s.sim.PutBackup(b)
}

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// TestOlderThan: what is younger stays, and what it needs; nothing is deleted
// whose age the cloud does not tell. Only the cloud's clock counts.
func TestOlderThan(t *testing.T) {
	for _, row := range []struct {
		name    string
		put     func(a aged)
		answer  func(*http.Response) // changes answers of lists
		args    []string
		want    []string // names that stay
		deleted string   // the last line
		says    string
	}{
		{
			name: "old and young",
			put: func(a aged) {
				a.volume("old", 25*hour)
				a.volume("new", 23*hour)
				a.backup("old", 25*hour, cloudsim.Backup{})
				a.backup("new", hour, cloudsim.Backup{})
			},
			want: []string{"backup new", "volume new"}, deleted: "clean-up: 2 deleted, 2 left alone", says: "leaving alone backup 'scs-test-new'",
		},
		{
			name: "days", args: []string{"--older-than", "7d"},
			put:  func(a aged) { a.volume("old", 8*day); a.volume("new", 6*day) },
			want: []string{"volume new"}, deleted: "clean-up: 1 deleted, 1 left alone",
		},
		{
			name: "minutes", args: []string{"--older-than", "90m"},
			put:  func(a aged) { a.volume("old", 91*time.Minute); a.volume("new", 89*time.Minute) },
			want: []string{"volume new"}, deleted: "clean-up: 1 deleted, 1 left alone",
		},
		{
			name: "parents of a young increment",
			put: func(a aged) {
				v := a.volume("volume", 30*hour)
				full := a.backup("full", 29*hour, cloudsim.Backup{VolumeID: v, Dependents: 1})
				inc := a.backup("inc", 28*hour, cloudsim.Backup{VolumeID: v, ParentID: full, Dependents: 1})
				a.backup("young", hour, cloudsim.Backup{VolumeID: v, ParentID: inc})
			},
			want: []string{"backup full", "backup inc", "backup young"}, deleted: "clean-up: 1 deleted, 3 left alone", says: "needs it",
		},
		{
			name: "parent of an increment that is being made", // of which Cinder's counter does not know yet
			put: func(a aged) {
				v := a.volume("volume", 30*hour)
				full := a.backup("full", 29*hour, cloudsim.Backup{VolumeID: v})
				a.backup("young", time.Minute, cloudsim.Backup{VolumeID: v, ParentID: full, Resource: cloudsim.Resource{Status: "creating"}})
			},
			want: []string{"backup full", "backup young", "volume volume"}, deleted: "clean-up: nothing to delete, 3 left alone",
		},
		{
			name: "backups of another volume",
			put: func(a aged) {
				a.backup("one", 29*hour, cloudsim.Backup{})
				a.backup("other", 29*hour, cloudsim.Backup{})
				a.backup("young", hour, cloudsim.Backup{ParentID: "some-backup"})
			},
			want: []string{"backup young"}, deleted: "clean-up: 2 deleted, 1 left alone",
		},
		{
			name: "young full backup of the same volume",
			put: func(a aged) {
				v := a.volume("volume", 30*hour)
				a.backup("old", 29*hour, cloudsim.Backup{VolumeID: v})
				a.backup("young", hour, cloudsim.Backup{VolumeID: v})
			},
			want: []string{"backup young"}, deleted: "clean-up: 2 deleted, 1 left alone",
		},
		{
			name: "volume with a young snapshot", args: []string{"--checks", "all"},
			put: func(a aged) {
				v := a.volume("volume", 30*hour)
				a.volume("other", 30*hour)
				a.s.sim.PutSnapshot(cloudsim.Snapshot{Resource: a.resource("young", hour), VolumeID: v})
			},
			want: []string{"snapshot young", "volume volume"}, deleted: "clean-up: 1 deleted, 2 left alone",
		},
		{
			name: "snapshot with a young volume", args: []string{"--checks", "all"},
			put: func(a aged) {
				v := a.volume("volume", 30*hour)
				snapshot := a.s.sim.PutSnapshot(cloudsim.Snapshot{Resource: a.resource("old", 29*hour), VolumeID: v})
				a.s.sim.PutVolume(cloudsim.Volume{Resource: a.resource("copy", hour), SnapshotID: snapshot})
			},
			want: []string{"snapshot old", "volume copy", "volume volume"}, deleted: "clean-up: nothing to delete, 3 left alone",
		},
		{
			name: "image", args: []string{"--checks", "all"},
			put: func(a aged) {
				a.s.sim.PutImage(cloudsim.Image{Resource: a.resource("old", 30*hour)})
				a.s.sim.PutImage(cloudsim.Image{Resource: a.resource("new", hour)})
			},
			want: []string{"image new"}, deleted: "clean-up: 1 deleted, 1 left alone",
		},
		{
			name:   "no Date",
			put:    func(a aged) { a.volume("old", 30*day) },
			answer: func(r *http.Response) { r.Header.Del("Date") },
			want:   []string{"volume old"}, deleted: "clean-up: nothing to delete, 1 left alone", says: "its age is unknown: the cloud's answers have no Date",
		},
		{
			name:   "no created_at",
			put:    func(a aged) { a.volume("old", 30*day) },
			answer: rewrite(`"created_at":"[^"]*"`, `"created_at":null`),
			want:   []string{"volume old"}, deleted: "clean-up: nothing to delete, 1 left alone", says: "its age is unknown: the cloud gives no created_at",
		},
		{
			name: "the cloud's clock is a day behind",
			put:  func(a aged) { a.volume("old", 49*hour); a.volume("new", 47*hour) },
			answer: func(r *http.Response) {
				r.Header.Set("Date", time.Now().Add(-day).UTC().Format(http.TimeFormat))
			},
			want: []string{"volume new"}, deleted: "clean-up: 1 deleted, 1 left alone",
		},
		{
			name: "dry run", args: []string{"--dry-run"},
			put:  func(a aged) { a.volume("old", 25*hour); a.volume("new", 23*hour) },
			want: []string{"volume new", "volume old"}, deleted: "clean-up: 1 to delete, 1 left alone",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				row.put(aged{s, time.Now()})
				if row.answer != nil {
					s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
						resp, err := cloud.RoundTrip(r)
						if err == nil && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/detail") {
							row.answer(resp)
						}
						return resp, err
					}
				}
				status := s.run(append([]string{"--cleanup-only", "--older-than", "24h", "--json", "run.json"}, row.args...)...)
				var stay []string
				for _, name := range s.names() {
					stay = append(stay, strings.Replace(name, "scs-test-", "", 1))
				}
				slices.Sort(stay)
				if status != 0 || !slices.Equal(stay, row.want) || !strings.HasSuffix(s.stdout.String(), row.deleted+"\n") || !strings.Contains(s.stdout.String(), row.says) {
					t.Errorf("exit %d, %q stay, want %q\n%s%s", status, stay, row.want, &s.stdout, &s.stderr)
				}
				var o check.Outcome
				if err := json.Unmarshal([]byte(s.read("run.json")), &o); err != nil {
					t.Fatal(err)
				}
				alone := len(row.want)
				if slices.Contains(row.args, "--dry-run") {
					alone--
				}
				if len(o.LeftAlone) != alone || len(o.Left) > 0 || slices.ContainsFunc(o.LeftAlone, func(l check.Leftover) bool { return l.Reason == "" }) {
					t.Errorf("left alone: %+v, left: %v", o.LeftAlone, o.Left)
				}
			})
		})
	}
}

// rewrite changes the body of an answer.
func rewrite(pattern, by string) func(*http.Response) {
	return func(r *http.Response) {
		replaceBody(r, regexp.MustCompile(pattern).ReplaceAllString(string(must(io.ReadAll(r.Body))), by))
	}
}

// TestOlderThanNeverLeft: what is left alone is not told as left when the
// clean-up fails, and the command for the rest spares it, too.
func TestOlderThanNeverLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{}, "DELETE /volumes/*=403")
		a := aged{s, time.Now()}
		a.volume("old", 25*hour)
		young := a.volume("new", 23*hour)
		status := s.run("--cleanup-only", "--older-than", "24h", "--json", "run.json")
		if errs := s.stderr.String(); status != exitFail || strings.Contains(errs, young) || !strings.HasSuffix(s.stdout.String(), "clean-up: 0 deleted, 1 not deleted, 1 left alone\n") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, errs)
		}
		if want := `--cleanup-only --older-than 24h"`; !strings.Contains(s.read("run.json"), want) {
			t.Errorf("no %s in\n%s", want, s.read("run.json"))
		}
	})
}
