package bench

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// config is a cloud that is neither near nor fast.
var config = cloudsim.Config{PageSize: 100, Latency: 20 * time.Millisecond, OperationTime: time.Second}

// cost is what one clean-up took.
type cost struct {
	took     time.Duration
	requests int
	atOnce   int
}

// TestCleanUp compares clean-ups with the way of the Python script.
func TestCleanUp(t *testing.T) {
	measured(t, "Clean-up: half backups, of which 3 in 5 are in chains of 3, half volumes; pages of 100, 20 ms a request, 1 s a deletion (virtual time)")
	python, ours, tenfold := pythons(t, 1000), cleanUp(t, 1000), cleanUp(t, 10000)
	note("1,000 leftovers: %v and %d requests; as the Python script does it: %v and %d", ours.took.Round(time.Second/10), ours.requests, python.took.Round(time.Second/10), python.requests)
	figure(t, "requests in flight at once", float64(ours.atOnce), 4, "")
	figure(t, "time ÷ the Python script's", ours.took.Seconds()/python.took.Seconds(), 0.25, "")
	figure(t, "requests ÷ the Python script's", float64(ours.requests)/float64(python.requests), 0.6, "")
	figure(t, "time for 10,000 ÷ for 1,000", tenfold.took.Seconds()/ours.took.Seconds(), 11, "")
	figure(t, "requests for 10,000 ÷ for 1,000", float64(tenfold.requests)/float64(ours.requests), 11, "")
	storm := cleanUp(t, 1000, "DELETE /backups/*=429*20@50", "DELETE /volumes/*=429+2*20@50")
	figure(t, "time in a storm of 40 times 429 ÷ without", storm.took.Seconds()/ours.took.Seconds(), 5, "")
}

// fill puts leftovers into a cloud, the way a nightly backup does: full ones of
// all volumes first, then the first increments, then the second.
func fill(sim *cloudsim.Cloud, n int) {
	born := time.Now().Add(-48 * time.Hour)
	resource := func(i int) cloudsim.Resource {
		born = born.Add(time.Second)
		return cloudsim.Resource{Name: fmt.Sprintf("scs-test-%d", i), CreatedAt: born}
	}
	backups := n / 2
	chains := backups / 5
	increments := backups - 2*chains // what comes before is full
	ids := make([]string, backups)
	for i := range backups {
		b := cloudsim.Backup{Resource: resource(i)}
		if i < chains || i >= increments && i < increments+chains {
			b.Dependents = 1
		}
		switch {
		case i >= increments+chains:
			b.ParentID = ids[i-chains]
		case i >= increments:
			b.ParentID = ids[i-increments]
		}
		ids[i] = sim.PutBackup(b)
	}
	for i := range n - backups {
		sim.PutVolume(cloudsim.Volume{Resource: resource(i)})
	}
}

func cleanUp(t *testing.T, n int, faults ...string) (c cost) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := newCloud(t, config, faults...)
		fill(sim, n)
		through := &meter{RoundTripper: sim.Transport()}
		c.took = run(t, sim.ClientConfig(), through, "--cleanup-only")
		c.requests, c.atOnce = len(sim.Log()), through.max
		if left := len(sim.Backups()) + len(sim.Volumes()); left > 0 {
			t.Errorf("%d left", left)
		}
	})
	return c
}

// pythons cleans up as the Python script does: asks for each resource, deletes
// it, lists every second until no backup is there, and goes on to the volumes,
// for whose end it does not wait.
func pythons(t *testing.T, n int) (c cost) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := newCloud(t, config)
		fill(sim, n)
		began := time.Now()
		r := connect(t, sim.ClientConfig(), "cloudsim", sim.Transport())
		for _, kind := range []string{"backup", "volume"} {
			for _, id := range r.list(t, kind) {
				if status := r.status(t, kind, id); status != "available" {
					t.Fatalf("%s %s is %s", kind, id, status)
				}
				r.delete(t, kind, id)
			}
			for kind == "backup" && len(r.list(t, kind)) > 0 {
				<-time.After(time.Second)
			}
		}
		c.took, c.requests = time.Since(began), r.requests
	})
	return c
}
