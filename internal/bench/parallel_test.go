package bench

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// everything are the flags with which each check runs.
var everything = []string{"--other-cloud", "cloudsim-other", "--restore-volume-type", cloudsim.OtherType, "--encrypted-volume-type", cloudsim.EncryptedType, "--timeout", "3600"}

// digests spare each run the hashing of the same GiBs.
var digests = new(cloudsim.Digests)

// checksOn runs checks on a cloud of its own in virtual time, and returns how
// long that took and how many requests were sent.
func checksOn(t *testing.T, operation time.Duration, quotas cloudsim.Quotas, parallel int, checks string) (took time.Duration, requests int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := cloudsim.New(cloudsim.Config{OperationTime: operation, PageSize: 1000, Quotas: &quotas, WithEncryptedType: true, Digests: digests})
		took = run(t, sim.ClientConfig(), sim.Transport(), append([]string{"--checks", checks, "--parallel", fmt.Sprint(parallel)}, everything...)...)
		requests = len(sim.Log())
	})
	return took, requests
}

// load is what checks need: alone, and of the quota for as long as each runs.
type load struct {
	mandatory, critical, work time.Duration
	volumes, backups          time.Duration // times how many of them
}

func loadOf(t *testing.T, operation time.Duration) (l load) {
	t.Helper()
	ample := cloudsim.Quotas{Volumes: -1, Gigabytes: -1, Snapshots: -1, Backups: -1, BackupGigabytes: -1}
	l.mandatory, _ = checksOn(t, operation, ample, 4, "core")
	longest, alone := time.Duration(0), time.Duration(0)
	for _, c := range check.All() {
		if c.Mandatory {
			continue
		}
		took, _ := checksOn(t, operation, ample, 4, c.Name)
		if c.Alone {
			alone += took
			continue
		}
		longest = max(longest, took)
		l.work += took
		l.volumes += took * time.Duration(c.Needs.Volumes)
		l.backups += took * time.Duration(c.Needs.Backups)
	}
	l.mandatory += alone
	l.critical = l.mandatory + longest
	return l
}

// bound is the longest of the critical path, the work of each lane, and what the
// quota admits at once.
func (l load) bound(lanes int, q cloudsim.Quotas) time.Duration {
	least := max(l.critical, l.mandatory+l.work/time.Duration(lanes))
	if q.Volumes > 0 {
		least = max(least, l.mandatory+l.volumes/time.Duration(q.Volumes), l.mandatory+l.backups/time.Duration(q.Backups))
	}
	return least
}

func TestParallel(t *testing.T) {
	measured(t, "All checks beside each other: wall time, and requests (virtual time)")
	ample := cloudsim.Quotas{Volumes: -1, Gigabytes: -1, Snapshots: -1, Backups: -1, BackupGigabytes: -1}
	for _, operation := range []time.Duration{3 * time.Second, 10 * time.Second, time.Minute} {
		l := loadOf(t, operation)
		for _, q := range []struct {
			name   string
			quotas cloudsim.Quotas
			most   float64
		}{{"ample quota", ample, 0.35}, {"Cinder's quota", cloudsim.DefaultQuotas(), 0.5}} {
			one, oneSent := checksOn(t, operation, q.quotas, 1, "all")
			four, fourSent := checksOn(t, operation, q.quotas, 4, "all")
			what := fmt.Sprintf("%s an operation, %s: ", operation, q.name)
			note("%s%s with 1, %s with 4; %d and %d requests", what, one.Round(time.Second), four.Round(time.Second), oneSent, fourSent)
			figure(t, what+"÷ max(critical path, work ÷ lanes, work ÷ quota)", four.Seconds()/l.bound(4, q.quotas).Seconds(), 1.15, "")
			figure(t, what+"÷ one after the other", four.Seconds()/one.Seconds(), q.most, "")
			// listing leads through pages of one, over what other checks have there, too
			figure(t, what+"requests ÷ one after the other", float64(fourSent)/float64(oneSent), 1.002, "")
			if operation == 3*time.Second {
				figure(t, what+"requests ÷ the 2,674 of when nothing was known of usual times", float64(fourSent)/2674, 0.9, "")
			}
		}
	}
	small := cloudsim.Quotas{Volumes: 5, Gigabytes: 5, Snapshots: 10, Backups: 4, BackupGigabytes: 1000}
	one, _ := checksOn(t, 3*time.Second, small, 1, "all")
	four, _ := checksOn(t, 3*time.Second, small, 4, "all")
	figure(t, "a quota of 5 volumes, 4 backups, 5 GiB: ÷ one after the other", four.Seconds()/one.Seconds(), 1.05, "")
}
