package check

import (
	"errors"
	"io"
	"testing"
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
