package cli

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// TestEncryptedUnreadable: a download that breaks off says nothing about the
// backups, of whichever volume.
func TestEncryptedUnreadable(t *testing.T) {
	for _, fault := range []string{"GET /images/*/file=cut*1", "GET /images/*/file=cut*1@1"} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, fault)
			status := s.run(optional("encrypted")...)
			if said := s.stdout.String(); status != exitPass || !strings.Contains(said, "\nencrypted: SKIP\n") || !strings.Contains(said, "\n  ↳ the download of ") && !strings.Contains(said, "\n↳ the download of ") {
				t.Errorf("%s: exit %d\n%s%s", fault, status, &s.stdout, &s.stderr)
			}
		})
	}
}

// TestEncryptedShort: an image that is shorter than its volume is no download that broke
// off; before a backup is restored it says nothing about that.
func TestEncryptedShort(t *testing.T) {
	for _, row := range []struct {
		of, result, says string
		status           int
	}{
		{"restored", "FAIL", "\n  expected: an image of 1073741824 bytes\n  got: one of 1048576 bytes\n", exitFail},
		{"source", "SKIP", "'scs-test-encrypted-source' (022a36df-adf0-4ba4-bf25-49819660fea3): got one of 1048576 bytes; ", exitPass},
	} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{})
			size := regexp.MustCompile(`"size": ?[0-9]+`)
			s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
				response, err := cloud.RoundTrip(r)
				id := last(strings.TrimSuffix(r.URL.Path, "/file"))
				if err != nil || r.Method != "GET" || !slices.ContainsFunc(s.sim.Images(), func(i cloudsim.Image) bool {
					return i.ID == id && i.Name == "scs-test-encrypted-"+row.of+"-content"
				}) {
					return response, err
				}
				if strings.HasSuffix(r.URL.Path, "/file") {
					response.Body = io.NopCloser(io.LimitReader(response.Body, 1<<20))
					return response, nil
				}
				replaceBody(response, size.ReplaceAllString(string(must(io.ReadAll(response.Body))), `"size": 1048576`))
				return response, nil
			}
			status := s.run(optional("encrypted")...)
			said := s.stdout.String() + s.stderr.String()
			if status != row.status || !strings.Contains(said, "\nencrypted: "+row.result+"\n") || !strings.Contains(said, row.says) {
				t.Errorf("%s: exit %d\n%s", row.of, status, said)
			}
		})
	}
}

// TestEncryptedVolumes: where all volumes are encrypted, what does not look at
// their bytes is checked as elsewhere, and the rest says why it cannot be.
func TestEncryptedVolumes(t *testing.T) {
	why := map[string]string{"other-type": "the volumes are encrypted, and Cinder refuses by design to restore an encrypted backup onto another type"}
	passes := []string{"listing", "fidelity", "refusals", "isolation", "incremental", "encrypted"}
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		status := s.run(append(optional("all"), "--volume-type", cloudsim.EncryptedType)...)
		for _, c := range check.All() {
			want := fmt.Sprintf("↳ %s\n%s: SKIP\n", cmp.Or(why[c.Name], "volumes are encrypted, and what is uploaded of one is ciphertext"), c.Title)
			if c.Mandatory || slices.Contains(passes, c.Name) {
				want = "\n" + c.Title + ": PASS\n"
			}
			if !strings.Contains(s.stdout.String(), want) {
				t.Errorf("not said: %q", want)
			}
		}
		if status != exitPass || t.Failed() {
			t.Error(s.transcript(status))
		}
	})
}
