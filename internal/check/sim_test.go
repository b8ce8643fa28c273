package check

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/cloudsim"
)

// connect logs in to a simulated cloud that is reached in memory, as one of the
// users in its clouds.yaml. In a bubble the time is virtual.
func connect(t *testing.T, sim *cloudsim.Cloud, name string) *cloud.Client {
	t.Helper()
	return connectThrough(t, sim, name, sim.Transport().RoundTrip)
}

// through is a transport that a test has its hands in.
type through func(*http.Request) (*http.Response, error)

func (f through) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func connectThrough(t *testing.T, sim *cloudsim.Cloud, name string, network through) *cloud.Client {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "clouds.yaml"), sim.ClientConfig(), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := cloud.Connect(t.Context(), cloud.Options{
		Cloud: name, Dir: dir, Home: dir, Getenv: func(string) string { return "" }, Transport: network, UserAgent: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// withoutImages takes Glance out of a cloud's catalog, so that no check hashes
// a GiB.
func withoutImages(sim *cloudsim.Cloud) *cloudsim.Cloud {
	sim.SetEndpoints(slices.DeleteFunc(sim.Endpoints(), func(e cloudsim.Endpoint) bool { return e.Type == "image" })...)
	return sim
}

// sessionOn is a run of one check on a simulated cloud, as far as its session.
func sessionOn(t *testing.T, sim *cloudsim.Cloud, c Check) *Session {
	t.Helper()
	return newRun(Config{Cloud: connect(t, sim, "cloudsim"), Prefix: "scs-test-", Timeout: time.Minute, Checks: []Check{c}, Progress: func(Event) {}}).newSession(c)
}

// optionalChecks are the checks besides the mandatory phases.
func optionalChecks() []Check {
	return slices.DeleteFunc(All(), func(c Check) bool { return c.Mandatory })
}
