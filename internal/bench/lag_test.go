package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestLag compares whole runs, clean-up included, with the sum of the
// operations that the cloud has to do one after the other.
func TestLag(t *testing.T) {
	measured(t, "Lag: wall time ÷ the cloud's operations on the critical path (virtual time, mean of 20 runs, operations ±20 %)")
	for _, row := range []struct {
		operation time.Duration
		ratio     float64
		looks     float64 // 0: no target
	}{
		{300 * time.Millisecond, 1.2, 0}, {time.Second, 1.15, 0}, {5 * time.Second, 1.15, 25}, {30 * time.Second, 1.15, 40}, {2 * time.Minute, 1.15, 60},
	} {
		random := rand.New(rand.NewPCG(1, uint64(row.operation)))
		const runs = 20
		var sum float64
		var looks int
		for range runs {
			synctest.Test(t, func(t *testing.T) {
				ratio, most := lag(t, row.operation, random)
				sum += ratio
				looks = max(looks, most)
			})
		}
		figure(t, fmt.Sprintf("operations of %v", row.operation), sum/runs, row.ratio, "")
		if row.looks > 0 {
			figure(t, "  looks in the longest wait", float64(looks), row.looks, "")
		}
	}
}

// lag returns the ratio of one run, and the most looks that one wait took.
func lag(t *testing.T, operation time.Duration, random *rand.Rand) (ratio float64, looks int) {
	shortest := operation * 8 / 10
	varied := func() time.Duration { return time.Duration(random.Int64N(int64(operation * 4 / 10))) }
	var faults []string
	var critical time.Duration
	for _, name := range []string{"create-volume", "create-backup", "restore", "delete-backup"} {
		longer := varied()
		critical += shortest + longer
		faults = append(faults, fmt.Sprintf("%s=slow:%v*1", name, longer))
	}
	one, other := varied(), varied() // the two volumes go at the same time
	critical += shortest + max(one, other)
	faults = append(faults, fmt.Sprintf("delete-volume=slow:%v*1", one), fmt.Sprintf("delete-volume=slow:%v*1", other))

	sim := newCloud(t, cloudsim.Config{OperationTime: shortest}, faults...)
	took := run(t, sim.ClientConfig(), sim.Transport(), "--timeout", "600")
	return took.Seconds() / critical.Seconds(), mostLooks(sim.Log())
}

// mostLooks counts the moments at which something was asked for between two
// requests that change something: requests take no time here, so that those of
// one look come at one moment.
func mostLooks(log []cloudsim.Request) (most int) {
	moments := map[time.Time]bool{}
	for _, r := range log {
		if r.Method != "GET" {
			clear(moments)
			continue
		}
		moments[r.Time] = true
		most = max(most, len(moments))
	}
	return most
}
