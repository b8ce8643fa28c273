package check

import (
	"testing"

	"volume-backup-tester/internal/cloud"
)

// TestRoomBesideLeftovers: what a failed check has left counts once, however
// often it was tried, and no longer than it is there.
func TestRoomBesideLeftovers(t *testing.T) {
	left := cloud.Resource{Kind: cloud.KindVolume, ID: nobody, Name: "scs-test-data-volume", Size: 1}
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
