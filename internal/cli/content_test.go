package cli

import (
	"net/http"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// TestQcow2Refused: where the cloud takes no qcow2 image, a raw one takes its
// place, at once from then on, and what then is not compared is told with the
// cloud's reason. What has another reason than the format is not tried again.
func TestQcow2Refused(t *testing.T) {
	const reduced = "only the first 8 MiB of each volume were known bytes, because a qcow2 image was refused and a raw one took its place: "
	for _, row := range []struct {
		fault, checks string
		images        string // formats asked for
		results       string
		says          string
	}{
		{"POST /images=400*1", "data,volume-from-backup", "qcow2 raw raw raw", "WARN WARN", reduced + "creating image 'scs-test-volume_from_backup-source-image': 400 Bad Request: simulated fault"},
		{"PUT /images/*/file=415*1", "fidelity,data", "qcow2 raw raw raw", "PASS WARN", reduced + "uploading image 'scs-test-fidelity-source-image'"},
		{"save-image=killed*1", "data", "qcow2 raw raw", "WARN", reduced + "image 'scs-test-data-source-image' (cc292b92-ce7f-40f2-a4f7-27ecdf4b1252): got status 'killed' after 0s"},
		{"create-volume=error*1", "data", "qcow2 raw raw", "WARN", reduced + "volume 'scs-test-data-source' (022a36df-adf0-4ba4-bf25-49819660fea3): got status 'error' after"},
		{"create-volume=error", "data,disaster", "qcow2 raw qcow2 raw", "SKIP SKIP", "; nor from a raw image: volume 'scs-test-data-source-raw' ("},
		{"POST /volumes=400", "data", "qcow2 raw", "SKIP", "no volume can be made from an image: creating volume 'scs-test-data-source': 400"},
		{"create-volume=slow:70s", "data", "qcow2", "SKIP", "got status 'downloading' after 1m0s"},
		{"POST /volumes=quota", "data", "qcow2", "SKIP", "the volume quota is used up"},
		{"POST /images=413", "data", "qcow2", "SKIP", "images cannot be uploaded: "},
		{"POST /images=503", "data", "qcow2", "SKIP", "images cannot be uploaded: "},
	} {
		t.Run(row.fault, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				config := cloudsim.Config{}
				if row.checks == "data" { // which never holds more than it needs
					config.Quotas = &cloudsim.Quotas{Volumes: 3, Gigabytes: 3, Snapshots: 1, Backups: 1, BackupGigabytes: 1}
				}
				s := newScene(t, config, row.fault)
				var formats []string
				s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					if r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/images") {
						_, after, _ := strings.Cut(bodyOf(r), `"disk_format":"`)
						format, _, _ := strings.Cut(after, `"`)
						formats = append(formats, format)
					}
					return cloud.RoundTrip(r)
				}
				status := s.run("--checks", row.checks, "--parallel", "1")
				said := s.stdout.String()
				results := strings.Fields(row.results)
				for i, check := range strings.Split(row.checks, ",") {
					if !strings.Contains(said, "\n"+check+": "+results[i]+"\n") {
						t.Errorf("%s is not %s", check, results[i])
					}
				}
				if got := strings.Join(formats, " "); got != row.images {
					t.Errorf("asked for images in %s, want %s", got, row.images)
				}
				if status != exitPass || !strings.Contains(said, row.says) || strings.Contains(said, reduced) != strings.Contains(row.results, "WARN") || len(s.names()) > 0 {
					t.Errorf("exit %d, left %v\n%s%s", status, s.names(), &s.stdout, &s.stderr)
				}
			})
		})
	}
}

// TestLongerDevice: what is longer than its volume is compared as far as the
// volume goes, and that is told.
func TestLongerDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{DeviceMultiple: 2, Broken: []cloudsim.Rule{cloudsim.ImageHashless}})
		status := s.run("--checks", "data")
		const says = " is 2147483648 bytes long, longer than its volume: only the first 1 GiB, which were backed up, are compared"
		if status != exitPass || !strings.Contains(s.stdout.String(), "\ndata: PASS\n") || !strings.Contains(s.stdout.String(), says) {
			t.Errorf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
		}
	})
}

// TestLargerVolume: the known bytes go to the end of a volume of whatever size.
func TestLargerVolume(t *testing.T) {
	for _, row := range []struct {
		broken []cloudsim.Rule
		status int
		says   string
	}{
		{nil, exitPass, "content verified: 2147483648 bytes"},
		{[]cloudsim.Rule{cloudsim.RestoreCutsTail}, exitFail, "data differs from offset 2147418112: 65536 of the next 65536 bytes"},
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{MinVolumeSize: 2, Broken: append(row.broken, cloudsim.ImageHashless)})
			status := s.run("--checks", "data", "--volume-size", "2")
			if status != row.status || !strings.Contains(s.stdout.String()+s.stderr.String(), row.says) {
				t.Errorf("exit %d, not %q\n%s%s", status, row.says, &s.stdout, &s.stderr)
			}
		})
	}
}
