package cli

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestOtherCloudMistakes: another project is one that is another, and whose
// user is no administrator; else the check isolation would prove nothing.
func TestOtherCloudMistakes(t *testing.T) {
	for other, want := range map[string]string{
		"cloudsim":       "--other-cloud 'cloudsim' is the same project as 'cloudsim'",
		"cloudsim-admin": "--other-cloud 'cloudsim-admin' has an administrator's role",
		"nosuch":         "cloud 'nosuch' is not in",
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			status := s.run("--checks", "isolation", "--other-cloud", other)
			if status != exitUsage || !strings.Contains(s.stderr.String(), want) || strings.Contains(s.stdout.String(), "Creating") {
				t.Errorf("exit %d\n%s", status, &s.stderr)
			}
		})
	}
}

// TestOtherCloudElsewhere: what another cloud does not have is not hidden by
// this one.
func TestOtherCloudElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		elsewhere := cloudsim.New(cloudsim.Config{BaseURL: "http://elsewhere"})
		s.clouds = string(s.sim.ClientConfig()) + `
  elsewhere: {region_name: RegionOne, auth: {auth_url: 'http://elsewhere/identity/v3', username: stranger, user_domain_name: Default, password: secret, project_name: cloudsim-other, project_domain_name: Default}}
`
		s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			if r.URL.Host == "elsewhere" {
				cloud = elsewhere.Transport()
			}
			return cloud.RoundTrip(r)
		}
		status := s.run("--checks", "isolation", "--other-cloud", "elsewhere")
		if status != exitUsage || !strings.Contains(s.stderr.String(), "--other-cloud 'elsewhere' has its block storage at http://elsewhere/") {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}

// TestNotDecided: the verdict of the mandatory phases is about the project's own volumes and
// backups; neither Glance nor the other project has a part in it.
func TestNotDecided(t *testing.T) {
	for _, row := range []struct{ name, fault, verdict, says string }{
		{"images 503", "GET /images=503", "PASS", "warning: images of earlier runs could not be deleted: "},
		{"images 403", "GET /images=403", "PASS", "warning: images of earlier runs could not be deleted: listing images: 403"},
		{"images refused", "GET /images=refuse", "PASS", "warning: images of earlier runs could not be deleted: "},
		{"other's login 401", "POST /v3/auth/tokens=401*1@1", "ABORT", "critical: --other-cloud 'cloudsim-other' cannot be used: logging in"},
		{"other's login 503", "POST /v3/auth/tokens=503@1", "ABORT", "critical: --other-cloud 'cloudsim-other' cannot be used: timed out after 1m0s: logging in"},
		{"other has no block storage", "", "ABORT", "critical: --other-cloud 'cloudsim-other' cannot be used: the catalog of project cloudsim-other has no Block Storage"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var faults []string
				if row.fault != "" {
					faults = []string{row.fault}
				}
				s := newScene(t, cloudsim.Config{}, faults...)
				logins := 0
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					response, err := cloud.RoundTrip(r)
					if !strings.HasSuffix(r.URL.Path, "/auth/tokens") {
						return response, err
					}
					if logins++; row.fault == "" && logins == 2 {
						replaceBody(response, strings.ReplaceAll(string(must(io.ReadAll(response.Body))), `"volumev3"`, `"nothing"`))
					}
					return response, err
				}
				status := s.run("--checks", "core,listing", "--other-cloud", "cloudsim-other")
				want := exitAbort
				if row.verdict == "PASS" {
					want = exitPass
				}
				if status != want || !strings.HasSuffix(s.stdout.String(), "\nscs-0117-test-backup: "+row.verdict+"\n") || !strings.Contains(s.stderr.String(), row.says) {
					t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestSkips: what a cloud or the command line does not offer is told, and is no
// pass.
func TestSkips(t *testing.T) {
	for name, want := range map[string]string{
		"data": "the cloud offers no image service", "disaster": "the cloud offers no image service",
	} {
		bubble(t, func(t *testing.T) {
			s := withoutImages(t, cloudsim.Config{})
			status := s.run("--checks", name)
			if status != 0 || !strings.Contains(s.stdout.String(), "↳ "+want) || !strings.Contains(s.stdout.String(), "\n"+name+": SKIP\n") || strings.Contains(s.stdout.String(), "scs-0117") {
				t.Errorf("%s: exit %d\n%s%s", name, status, &s.stdout, &s.stderr)
			}
		})
	}
}

// TestLeftoversOfOptionalChecks: a clean-up that leaves snapshots alone says what
// clears a volume that it cannot delete because of one.
func TestLeftoversOfOptionalChecks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		r := cloudsim.Resource{Name: "scs-test-snapshot-volume", Status: "available", Size: 1}
		volume := s.sim.PutVolume(cloudsim.Volume{Resource: r})
		s.sim.PutSnapshot(cloudsim.Snapshot{Resource: r, VolumeID: volume})
		s.sim.PutImage(cloudsim.Image{Resource: cloudsim.Resource{Name: "scs-test-data-source"}})
		public := cloudsim.Image{Resource: cloudsim.Resource{Project: cloudsim.OtherProject, Name: "scs-test-data-source"}, Visibility: "public"}
		s.sim.PutImage(public) // to be seen here, and somebody else's
		if status := s.run("--cleanup-only"); status != 1 || !strings.Contains(s.stderr.String(), "--cleanup-only --checks all") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
		if status := s.run("--cleanup-only", "--checks", "all"); status != 0 || !slices.Equal(s.names(), []string{"image scs-test-data-source"}) {
			t.Errorf("exit %d, left %v\n%s", status, s.names(), &s.stderr)
		}
	})
}

// TestLostDeletionOfACheck: a deletion whose answer is lost is asked for again,
// and that there is nothing left to delete is then no failure.
func TestLostDeletionOfACheck(t *testing.T) {
	for _, operation := range []time.Duration{time.Millisecond, time.Second} { // gone by then, or on its way
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{OperationTime: operation}, "DELETE /backups/*=lose*1@1")
			if status := s.run("--checks", "incremental"); status != 0 || !strings.Contains(s.stdout.String(), "incremental: PASS") {
				t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
			}
		})
	}
}

// TestBackupZone: the zone is asked for with the microversion that has it, on
// every backup, and nothing else has a microversion because of it.
func TestBackupZone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Create backup from volume: PASS") {
				if b := s.sim.Backups(); len(b) != 1 || b[0].Zone != "nova" {
					t.Errorf("backups %+v", b)
				}
			}
		}
		if status := s.run("--backup-availability-zone", "nova"); status != 0 {
			t.Fatalf("exit %d\n%s", status, &s.stderr)
		}
		for _, r := range s.sim.Log() {
			want := ""
			if r.Method == "POST" && strings.HasSuffix(r.Path, "/backups") {
				want = "volume 3.51"
			}
			if got := r.Header.Get("OpenStack-API-Version"); got != want {
				t.Errorf("%s %s has the microversion %q, want %q", r.Method, r.Path, got, want)
			}
		}
	})
}
