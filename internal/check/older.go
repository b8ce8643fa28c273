package check

import (
	"slices"
	"time"

	"volume-backup-tester/internal/cloud"
)

// young is what a clean-up leaves alone because of OlderThan.
type young struct {
	of  map[string][]cloud.Resource // by kind, as last listed
	why map[string]string           // by id
}

func newYoung() *young { return &young{map[string][]cloud.Resource{}, map[string]string{}} }

// leaveYoung takes what OlderThan protects out of what was listed, before it
// enters the account of what may be deleted: what is too young by the cloud's own
// clock, whatever has no age, and what these need.
func (c *clearing) leaveYoung(listed []cloud.Resource) []cloud.Resource {
	if c.OlderThan == 0 {
		return listed
	}
	why := map[string]string{}
	pick := func(reason func(cloud.Resource) string) {
		var alone []cloud.Resource
		for _, r := range listed {
			if why[r.ID] == "" {
				why[r.ID] = reason(r)
			}
			if why[r.ID] != "" {
				alone = append(alone, r)
			}
		}
		c.young.of[c.name] = alone
	}
	pick(c.tooYoung)
	pick(c.neededByYoung)
	c.others = append(c.others, c.young.of[c.name]...)
	return slices.DeleteFunc(listed, func(r cloud.Resource) bool {
		if why[r.ID] != "" && c.young.why[r.ID] == "" {
			c.tell(LeavingAlone{r, why[r.ID]})
		}
		c.young.why[r.ID] = why[r.ID]
		return why[r.ID] != ""
	})
}

// tooYoung is why a resource is left alone for its own age; "" if it is old.
func (c *clearing) tooYoung(r cloud.Resource) string {
	switch {
	case r.Created.IsZero():
		return "its age is unknown: the cloud gives no created_at"
	case r.AsOf.IsZero():
		return "its age is unknown: the cloud's answers have no Date"
	case r.AsOf.Sub(r.Created) < c.OlderThan:
		return "it was created at " + r.Created.Format(time.RFC3339)
	}
	return ""
}

// neededByYoung is why an old resource is left alone for a younger one; "" if none
// needs it. Cinder's lists do not tell an increment's parent: any backup of the
// same volume may be. Nor may a volume be deleted while a backup of it is made.
func (c *clearing) neededByYoung(r cloud.Resource) string {
	for _, kind := range []string{cloud.KindBackup, cloud.KindVolume, cloud.KindSnapshot} {
		for _, y := range c.young.of[kind] {
			needs := false
			switch r.Kind + " of " + kind {
			case "backup of backup":
				needs = y.Incremental && y.VolumeID == r.VolumeID
			case "snapshot of volume":
				needs = y.SnapshotID == r.ID
			case "volume of snapshot":
				needs = y.VolumeID == r.ID
			case "volume of backup":
				needs = y.VolumeID == r.ID && y.Status != available && !failed(y.Status)
			}
			if needs {
				return y.String() + " needs it"
			}
		}
	}
	return ""
}

// leftAlone notes in the outcome what a clean-up has left alone.
func (r *run) leftAlone(y *young) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, kind := range []string{cloud.KindBackup, cloud.KindSnapshot, cloud.KindVolume, cloud.KindImage} {
		for _, one := range y.of[kind] {
			l := leftover(one)
			l.Reason = y.why[one.ID]
			r.outcome.LeftAlone = append(r.outcome.LeftAlone, l)
		}
	}
}
