package check

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/cloudsim"
)

// TestLookBehindLag: a look that meets a node which lags is no answer to the call that
// it is for: where a refusal with 404 is expected, it would pass for one. The call is
// made when the look has been answered; what is gone for longer is not written to.
func TestLookBehindLag(t *testing.T) {
	for _, row := range []struct {
		hidden time.Duration
		made   int
	}{{0, 1}, {3 * time.Second, 1}, {time.Hour, 0}} {
		synctest.Test(t, func(t *testing.T) {
			sim := cloudsim.New(cloudsim.Config{})
			id, made, began := sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-x"}}), 0, time.Now()
			client := connectThrough(t, sim, "cloudsim", func(r *http.Request) (*http.Response, error) {
				response, err := sim.Transport().RoundTrip(r)
				switch {
				case r.Method == "PUT":
					made++
				case strings.HasSuffix(r.URL.Path, id) && time.Since(began) < row.hidden:
					_ = response.Body.Close()
					response.StatusCode = http.StatusNotFound
					response.Body = io.NopCloser(strings.NewReader(`{"itemNotFound": {"code": 404, "message": "Volume ` + id + ` could not be found."}}`))
				}
				return response, err
			})
			r := newRun(Config{Cloud: client, Prefix: "scs-test-", Timeout: time.Minute, Checks: All(), Progress: func(Event) {}})
			volume := cloud.Resource{Kind: cloud.KindVolume, ID: id, Name: "scs-test-x"}
			r.owned.add(volume, volume.Name)
			err := r.newSession(checkIsolation).writing(volume).Rename(t.Context(), volume, "scs-test-y", "")
			if made != row.made || (err == nil) != (row.made == 1) || row.made == 0 && !gone(err) {
				t.Errorf("hidden for %v: %d calls after %v, %v", row.hidden, made, time.Since(began), err)
			}
			if told := len(r.Tolerance.list()) > 0; told != (row.hidden == 3*time.Second) {
				t.Errorf("hidden for %v: tolerated %v", row.hidden, r.Tolerance.list())
			}
		})
	}
}
