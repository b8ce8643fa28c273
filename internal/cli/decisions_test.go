package cli

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// creates are the requests that made something, or were to.
func (s *scene) creates() (all []string) {
	for _, r := range s.sim.Log() {
		if r.Method == "POST" && !strings.HasSuffix(r.Path, "/auth/tokens") || r.Method == "DELETE" {
			all = append(all, r.Method+" "+r.Path)
		}
	}
	return all
}

// TestAdministrativeRoles: whoever has a role of an administrator, in whichever
// case it is written, is refused before anything is created or deleted. A role
// that only has such a word in it is an ordinary one.
func TestAdministrativeRoles(t *testing.T) {
	for _, row := range []struct {
		role    string
		refused bool
	}{
		{"admin", true}, {"Admin", true}, {"ADMIN", true}, {"manager", true}, {"Manager", true}, {"MANAGER", true},
		{"administrator", false}, {"project-manager", false}, {"reader", false}, {"load-balancer_admin", false},
	} {
		for _, alone := range []bool{false, true} {
			roles := []string{"member", row.role, "reader"}
			if alone {
				roles = []string{row.role}
			}
			t.Run(strings.Join(roles, ","), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newScene(t, cloudsim.Config{})
					s.sim.SetRoles(cloudsim.Username, roles...)
					put("volume", "scs-test-x", "available")(s)
					status := s.run()
					if want := map[bool]int{true: exitAbort, false: exitPass}[row.refused]; status != want {
						t.Errorf("exit %d, want %d\n%s", status, want, &s.stderr)
					}
					if row.refused && (len(s.creates()) > 0 || !strings.Contains(s.stderr.String(), row.role)) {
						t.Errorf("asked for %v, and said:\n%s", s.creates(), &s.stderr)
					}
					if status := s.run("--allow-admin"); status != exitPass {
						t.Errorf("--allow-admin: exit %d\n%s", status, &s.stderr)
					}
					put("volume", "scs-test-x", "available")(s)
					if status := s.run("--cleanup-only"); status != exitPass || len(s.names()) > 0 {
						t.Errorf("--cleanup-only: exit %d\n%s", status, &s.stderr)
					}
				})
				bubble(t, func(t *testing.T) {
					s := withoutImages(t, cloudsim.Config{})
					s.sim.SetRoles(cloudsim.OtherUsername, roles...)
					status := s.run("--checks", "isolation", "--other-cloud", "cloudsim-other")
					if (status == exitUsage) != row.refused || row.refused && len(s.creates()) > 0 {
						t.Errorf("as the other project: exit %d after %v\n%s", status, s.creates(), &s.stderr)
					}
				})
			})
		}
	}
}

// TestRestoreAnswers: an accepted restore whose answer names something else than
// what was asked for is a fault of the cloud, and no volume is taken for the
// restored one.
func TestRestoreAnswers(t *testing.T) {
	const backup, source, target = "scs-test-volume-backup", "scs-test-volume", "scs-test-restored-backup"
	for _, row := range []struct {
		name     string
		args     []string
		rule     cloudsim.Rule
		expected string
		got      string
	}{
		{"another backup", nil, cloudsim.RestoreNamesOtherBackup, "the restore's answer to name this backup", "backup "},
		{"another backup, of a check", []string{"--checks", "snapshot"}, cloudsim.RestoreNamesOtherBackup, "the restore's answer to name this backup", "backup "},
		{"the source volume", nil, cloudsim.RestoreNamesSource, "a restore into a new volume", "a restore into its source, volume SOURCE"},
		{"the source volume in place of the target", []string{"--volume-type", cloudsim.OtherType}, cloudsim.RestoreNamesSource, "a restore into volume TARGET", "a restore into volume SOURCE"},
		{"a new volume in place of the target", []string{"--volume-type", cloudsim.OtherType}, cloudsim.RestoreElsewhere, "a restore into volume TARGET", "a restore into volume "},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := withoutImages(t, cloudsim.Config{Broken: []cloudsim.Rule{row.rule}})
				status := s.run(row.args...)
				if status == exitPass {
					t.Fatalf("passed\n%s", &s.stdout)
				}
				expected, got := row.expected, row.got
				if len(row.args) == 0 || row.args[0] != "--checks" {
					for old, id := range map[string]string{"SOURCE": s.id("volume", source), "TARGET": s.id("volume", target)} {
						expected, got = strings.ReplaceAll(expected, old, id), strings.ReplaceAll(got, old, id)
					}
					if want := "error: Restore volume from backup: backup '" + backup + "' (" + s.id("backup", backup) + ")\n"; !strings.HasPrefix(s.stderr.String(), want) {
						t.Errorf("not %q:\n%s", want, &s.stderr)
					}
				}
				for _, want := range []string{"\n  expected: " + expected + "\n", "\n  got: " + got} {
					if status != exitFail || !strings.Contains(s.stderr.String(), want) {
						t.Errorf("exit %d, not %q:\n%s", status, want, &s.stderr)
					}
				}
				for _, v := range s.sim.Volumes() {
					if !strings.Contains(s.stderr.String(), " ("+v.ID+")\n") && !strings.Contains(s.stderr.String(), "may still exist: volume '"+v.Name+"'") {
						t.Errorf("%s %s is left and not named:\n%s", v.Name, v.ID, &s.stderr)
					}
				}
			})
		})
	}
}

// TestUnreadable: what was accepted and cannot be found by its id is a fault of
// the cloud, soon, and is named among what is left.
func TestUnreadable(t *testing.T) {
	for _, row := range []struct{ name, rule, says, left string }{
		{"volume", string(cloudsim.UnreadableVolume), "to be readable by its id, as it was just created", "volume 'scs-test-volume' ("},
		{"backup", string(cloudsim.UnreadableBackup), "to be readable by its id, as it was just created", "backup 'scs-test-volume-backup' ("},
		{"restored volume", "", "expected: status 'available'\n  got: not found for ", "volume 'scs-test-restored-backup' ("},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var broken []cloudsim.Rule
				if row.rule != "" {
					broken = append(broken, cloudsim.Rule(row.rule))
				}
				s := newScene(t, cloudsim.Config{Broken: broken})
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					if id := last(r.URL.Path); err == nil && row.rule == "" && r.Method == "GET" && strings.Contains(r.URL.Path, "/volumes/") && id != "detail" && id != s.id("volume", "scs-test-volume") {
						gone404(response, id)
					}
					return response, err
				}
				status := s.run()
				if status != exitFail || !strings.Contains(s.stderr.String(), row.says) || !strings.Contains(s.stderr.String(), "left in the cloud: "+row.left) {
					t.Errorf("exit %d\n%s", status, &s.stderr)
				}
				limit := 15 * time.Second // lag is not a fault
				if row.rule == "" {
					limit = time.Minute // a restore may take until then to make its volume
				}
				if s.elapsed > limit+time.Second {
					t.Errorf("took %v", s.elapsed)
				}
			})
		})
	}
}

// TestOlderCinder: a cloud that does not speak the microversion of one request
// is not blamed for it. What does not depend on it is tested all the same.
func TestOlderCinder(t *testing.T) {
	for _, row := range []struct {
		check, microversion, result, says string
		images                            bool
	}{
		{"fidelity", "3.8", "PASS", "↳ renaming was not tried: the cloud's Cinder is older than microversion 3.9", false},
		{"fidelity", "3.9", "PASS", "", false},
		{"isolation", "3.8", "PASS", "↳ renaming a backup from another project was not tried: the cloud's Cinder is older than microversion 3.9", false},
		{"isolation", "3.9", "PASS", "", false},
		{"volume-from-backup", "3.46", "SKIP", "↳ the cloud's Cinder is older than microversion 3.47", false},
		{"volume-from-backup", "3.47", "PASS", "", false},
		{"data", "3.0", "SKIP", "↳ a volume cannot be uploaded to an image: uploading to an image volume 'scs-test-data-source'", true},
		{"listing", "3.0", "PASS", "", false},
		{"refusals", "3.0", "PASS", "", false},
		{"snapshot", "3.0", "PASS", "", false},
		{"incremental", "3.0", "PASS", "", false},
		{"restore-existing", "3.0", "PASS", "", false},
		{"other-type", "3.0", "PASS", "", false},
	} {
		t.Run(row.check+" "+row.microversion, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				config := cloudsim.Config{MaxMicroversion: row.microversion}
				s := newScene(t, config)
				if !row.images {
					s = withoutImages(t, config)
				}
				status := s.run(optional("core," + row.check)...)
				if status != exitPass || !strings.Contains(s.stdout.String(), "\n"+row.check+": "+row.result+"\n") || !strings.Contains(s.stdout.String(), row.says) {
					t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
				}
				if noted := strings.Contains(s.stdout.String(), "older than microversion"); noted != strings.Contains(row.says, "older than microversion") {
					t.Errorf("of an older Cinder: %t\n%s", noted, &s.stdout)
				}
				if left := s.names(); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			})
		})
	}
}

// TestGlanceHash: Glance's hash is believed where it is that of the bytes that
// were backed up, and only a sha512 is one; else the bytes decide. A hash that is
// not that of the bytes says nothing about backups.
func TestGlanceHash(t *testing.T) {
	for _, row := range []struct {
		name      string
		broken    []cloudsim.Rule
		algorithm string // that Glance says it has used
		result    string
		says      string
		downloads bool
	}{
		{"right", nil, "sha512", "PASS", "", false},
		{"wrong", []cloudsim.Rule{cloudsim.ImageHashWrong}, "sha512", "SKIP", "↳ Glance's hash of image 'scs-test-data-source-content'", true},
		{"of another algorithm", nil, "sha256", "PASS", "", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{Broken: row.broken})
				downloads := 0
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					file := strings.HasSuffix(r.URL.Path, "/file")
					if file && r.Method == "GET" {
						downloads++
					}
					if err == nil && !file && strings.HasPrefix(r.URL.Path, "/image/") && response.StatusCode == http.StatusOK {
						body := string(must(io.ReadAll(response.Body)))
						replaceBody(response, strings.ReplaceAll(body, `"os_hash_algo":"sha512"`, `"os_hash_algo":"`+row.algorithm+`"`))
					}
					return response, err
				}
				status := s.run("--checks", "data")
				if status != exitPass || !strings.Contains(s.stdout.String(), "\ndata: "+row.result+"\n") || !strings.Contains(s.stdout.String(), row.says) || row.downloads != (downloads > 0) {
					t.Errorf("exit %d, %d downloads\n%s%s", status, downloads, &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestImagesThatFail: an image that ends in a status that it never leaves is not
// waited for any longer, and says nothing about backups: the one that is to fill
// a volume, and the one that is to be compared.
func TestImagesThatFail(t *testing.T) {
	for _, state := range []string{"killed", "deleted"} {
		for fault, says := range map[string]string{
			"save-image=" + state:        "↳ image 'scs-test-data-source-image'",
			"save-image=" + state + "@1": "↳ image 'scs-test-data-source-content'",
		} {
			t.Run(fault, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newScene(t, cloudsim.Config{}, fault)
					ended := time.Duration(-1)
					began := time.Now()
					s.onLine = func(line string) {
						if line != "data: SKIP\n" {
							return
						}
						ended = time.Since(began)
						for _, i := range s.sim.Images() {
							if i.Status == "deleted" { // Glance lists none of these
								s.sim.Remove(i.ID)
							}
						}
					}
					status := s.run("--checks", "data", "--parallel", "1") // in which order images are made
					if status != exitPass || !strings.Contains(s.stdout.String(), says) || !strings.Contains(s.stdout.String(), "status '"+state+"'") || ended < 0 || ended > 5*time.Second {
						t.Errorf("exit %d, skipped after %v\n%s%s", status, ended, &s.stdout, &s.stderr)
					}
					if left := s.names(); len(left) > 0 {
						t.Errorf("left: %v", left)
					}
				})
			})
		}
	}
}

// TestKeystoneBehindCinder: Cinder's 503 about a token that it could not ask
// Keystone about sends the operator to Keystone; any other 503 to Cinder's logs.
func TestKeystoneBehindCinder(t *testing.T) {
	const keystone = "Keystone has to work before Block Storage can be tested"
	for body, want := range map[string]string{
		`{"message": "The Keystone service is temporarily unavailable.\n\n\n", "code": "503 Service Unavailable", "title": "Service Unavailable"}`:            keystone,
		"<html>\n <head>\n  <title>503 Service Unavailable</title>\n </head>\n <body>\n  The Keystone service is temporarily unavailable.\n </body>\n</html>": keystone,
		`{"computeFault": {"code": 503, "message": "The service is temporarily unavailable."}}`:                                                               "",
	} {
		for _, request := range []string{"GET /backups/detail", "POST /backups"} {
			t.Run(request+" "+body[:20], func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := newScene(t, cloudsim.Config{})
					struck := false // from then on all calls are
					s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
						response, err := cloud.RoundTrip(r)
						method, path, _ := strings.Cut(request, " ")
						if struck = struck || r.Method == method && strings.HasSuffix(r.URL.Path, path); err == nil && struck && strings.HasPrefix(r.URL.Path, "/volume/") {
							response.StatusCode = http.StatusServiceUnavailable
							replaceBody(response, body)
						}
						return response, err
					}
					status := s.run()
					if status == exitPass || strings.Contains(s.stderr.String(), keystone) != (want != "") {
						t.Errorf("exit %d\n%s", status, &s.stderr)
					}
				})
			})
		}
	}
}
