package check

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/cloudsim"
)

// TestDownloadWaitsForItsTurn: while others read GiBs, the time that a download
// may take does not run: they would make it end without a word about an image.
func TestDownloadWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := cloudsim.New(cloudsim.Config{})
		r := newRun(Config{Cloud: connect(t, sim, "cloudsim"), Prefix: "scs-test-", Timeout: time.Minute, Checks: All(), Progress: func(Event) {}})
		s := r.newSession(checkData)
		image := cloud.Resource{Kind: cloud.KindImage, ID: sim.PutImage(cloudsim.Image{Resource: cloudsim.Resource{Name: "scs-test-image"}})}
		for range cap(r.hashes.reading) {
			done, err := r.hashes.read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(2*downloadGiB, done)
		}
		began, read := time.Now(), false
		err := s.download(t.Context(), image, 1, func(content io.Reader) error {
			_, err := io.Copy(io.Discard, content)
			read = true
			return err
		})
		var unreadable *unreadableError
		if err != nil && !errors.As(err, &unreadable) || !read || time.Since(began) < 2*downloadGiB {
			t.Errorf("after %v: read %t, %v", time.Since(began), read, err)
		}
	})
}

// TestDownloadBrokenOff: a connection that ends before the image does is no shorter
// image. net/http reports it as io.ErrUnexpectedEOF, or as the end where a proxy did
// not say how long the answer is.
func TestDownloadBrokenOff(t *testing.T) {
	for _, row := range []struct {
		end    error
		bytes  int64 // as Glance states
		broken bool
	}{
		{io.ErrUnexpectedEOF, 9, true}, {io.ErrUnexpectedEOF, 0, true}, {io.EOF, 9, true}, {io.EOF, 4, false}, {io.EOF, 0, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			sim := cloudsim.New(cloudsim.Config{})
			image := cloud.Resource{Kind: cloud.KindImage, ID: sim.PutImage(cloudsim.Image{Resource: cloudsim.Resource{Name: "scs-test-image"}}), Bytes: row.bytes}
			client := connectThrough(t, sim, "cloudsim", func(r *http.Request) (*http.Response, error) {
				response, err := sim.Transport().RoundTrip(r)
				if err == nil && strings.HasSuffix(r.URL.Path, "/file") {
					response.Body = io.NopCloser(io.MultiReader(strings.NewReader("some"), iotest.ErrReader(row.end)))
				}
				return response, err
			})
			r := newRun(Config{Cloud: client, Prefix: "scs-test-", Timeout: time.Minute, Checks: All(), Progress: func(Event) {}})
			var differs string
			err := r.newSession(checkData).download(t.Context(), image, 1, func(got io.Reader) (err error) {
				differs, err = difference(strings.NewReader("something"), got)
				return err
			})
			var unreadable *unreadableError
			if errors.As(err, &unreadable) != row.broken || (differs == "only 4 bytes") == row.broken {
				t.Errorf("%v after 4 bytes of %d: %q, %v", row.end, row.bytes, differs, err)
			}
		})
	}
}
