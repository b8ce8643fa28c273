package check

import (
	"context"
	"fmt"
	"slices"

	"volume-backup-tester/internal/cloud"
)

// figure is one of a project's quotas, and what a check needs of it.
type figure struct {
	what       string
	most, used string // names in the limits
	usual      int    // Cinder's default
	needed     int
}

// figures are what a check needs of each quota, with volumes of so many GiB. What
// is there already counts with its own size: 1.
func (n Needs) figures(size int) []figure {
	more := size - 1
	return []figure{
		{"volumes", cloud.MaxVolumes, cloud.UsedVolumes, 10, n.Volumes},
		{"GiB of volumes and snapshots", cloud.MaxGigabytes, cloud.UsedGigabytes, 1000, n.Gigabytes + more*(n.Volumes+n.Snapshots)},
		{"snapshots", cloud.MaxSnapshots, cloud.UsedSnapshots, 10, n.Snapshots},
		{"backups", cloud.MaxBackups, cloud.UsedBackups, 10, n.Backups},
		{"GiB of backups", cloud.MaxBackupGigabytes, cloud.UsedBackupGigabytes, 1000, n.BackupGigabytes + more*n.Backups},
	}
}

// room is what the project's quotas leave for the checks of a run.
type room struct {
	size   int // GiB, of volumes
	limits cloud.Limits
	// others is what the project's lists have when nothing of this run's checks
	// is there.
	others Needs
	owned  *owned
	kept   []string // the prefixes of failed checks, which leave what they made
}

// keep notes that a check has failed.
func (o *room) keep(under string) {
	if !slices.Contains(o.kept, under) {
		o.kept = append(o.kept, under)
	}
}

// findRoom asks for the limits. What the cloud does not state counts as Cinder
// has it by default.
func (r *run) findRoom(ctx context.Context) room {
	return room{size: r.VolumeSize, limits: r.limits(ctx), others: r.usage.holds(), owned: r.owned}
}

// fits tells whether what a check needs fits beside what is held.
func (o room) fits(n Needs, held []Needs) bool {
	others := o.others.figures(1)
	for i, f := range n.figures(o.size) {
		most, stated := o.limits[f.most]
		if !stated {
			most = f.usual
		}
		free := most - max(others[i].needed, o.limits[f.used]) - o.keptOf(i)
		for _, h := range held {
			free -= h.figures(o.size)[i].needed
		}
		if most >= 0 && f.needed > 0 && f.needed > free {
			return false
		}
	}
	return true
}

// keptOf is what of a figure failed checks have left and is still there.
func (o room) keptOf(i int) (sum int) {
	for _, under := range o.kept {
		sum += o.owned.holds(under).figures(1)[i].needed
	}
	return sum
}

// never tells why what a check needs can never fit, with both figures; "" if it
// may. What failed checks have left stays. A quota of nothing is for the cloud to
// explain: it is a fault where it is one of backups.
func (o room) never(n Needs) string {
	others := o.others.figures(1)
	for i, f := range n.figures(o.size) {
		most, stated := o.limits[f.most]
		held := others[i].needed
		if used, is := o.limits[f.used]; is {
			held = min(held, used) // what is listed need not count
		}
		free, beside := most-held, ""
		if kept := o.keptOf(i); kept > 0 {
			free, beside = free-kept, fmt.Sprintf(" beside the %d that failed checks have left", kept)
		}
		if stated && most > 0 && f.needed > 0 && f.needed > free {
			return fmt.Sprintf("it needs %d %s, and the project's quota of %d has room for %d%s", f.needed, f.what, most, max(free, 0), beside)
		}
	}
	return ""
}
