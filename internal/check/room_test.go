package check

import (
	"testing"

	"volume-backup-tester/internal/cloud"
)

// TestRoomBesideLeftovers: what a failed check has left counts once, however
// often it was tried, and no longer than it is there.
func TestRoomBesideLeftovers(t *testing.T) {
	left := cloud.Resource{Kind: cloud.KindVolume, ID: unusedID, Name: "scs-test-data-volume", Size: 1}
	o := room{size: 1, limits: cloud.Limits{cloud.MaxVolumes: 3}, owned: &owned{prefix: "scs-test-"}}
	o.owned.add(left, left.Name)
	o.keep("scs-test-data-")
	o.keep("scs-test-data-")
	if why := o.never(Needs{Volumes: 2}); why != "" || !o.fits(Needs{Volumes: 2}, nil) {
		t.Errorf("2 of 3 beside 1: %q", why)
	}
	const want = "it needs 3 volumes, and the project's quota of 3 has room for 2 beside the 1 that failed checks have left"
	if why := o.never(Needs{Volumes: 3}); why != want || o.fits(Needs{Volumes: 3}, nil) {
		t.Errorf("3 of 3 beside 1: %q", why)
	}
	o.owned.gone(left)
	if why := o.never(Needs{Volumes: 3}); why != "" || !o.fits(Needs{Volumes: 3}, nil) {
		t.Errorf("3 of 3 when it is gone: %q", why)
	}
}

// TestRoomOfAnother: what others have of which a check needs nothing does not keep it
// from running, and what the lists show counts no more than what Cinder says is used.
func TestRoomOfAnother(t *testing.T) {
	o := room{size: 1, others: Needs{Snapshots: 2, Gigabytes: 1100, Volumes: 1}, owned: &owned{prefix: "scs-test-"}, limits: cloud.Limits{
		cloud.MaxSnapshots: 1, cloud.UsedSnapshots: 2, cloud.MaxGigabytes: 1000, cloud.UsedGigabytes: 600, cloud.MaxVolumes: 3, cloud.UsedVolumes: 2,
	}}
	if why := o.never(Needs{Volumes: 2, Gigabytes: 2}); why != "" {
		t.Error(why)
	}
	if !o.fits(Needs{Volumes: 1}, nil) {
		t.Error("no room for 1 of 3 beside 2")
	}
	if why := o.never(Needs{Volumes: 1, Gigabytes: 1, Snapshots: 1}); why == "" {
		t.Error("room for a third snapshot of 1")
	}
}
