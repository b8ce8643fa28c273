package check

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// usage is what the limits count as used before the run, and how many resources
// the project's lists had then and have now.
type usage struct {
	before cloud.Limits

	mu        sync.Mutex     // several sessions clean up
	then, now map[string]int // by kind, from the first and the last listing of a clean-up
	gigabytes map[string]int // by kind, from the last
}

func newUsage() usage {
	return usage{then: map[string]int{}, now: map[string]int{}, gigabytes: map[string]int{}}
}

// listed notes what of a kind the project has, whatever their names.
func (u *usage) listed(kind string, all []cloud.Resource) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.then[kind]; !known {
		u.then[kind] = len(all)
	}
	u.now[kind], u.gigabytes[kind] = len(all), 0
	for _, one := range all {
		u.gigabytes[kind] += one.Size
	}
}

// holds is what the last listings had.
func (u *usage) holds() Needs {
	u.mu.Lock()
	defer u.mu.Unlock()
	return Needs{
		Volumes: u.now[cloud.KindVolume], Gigabytes: u.gigabytes[cloud.KindVolume] + u.gigabytes[cloud.KindSnapshot],
		Backups: u.now[cloud.KindBackup], BackupGigabytes: u.gigabytes[cloud.KindBackup], Snapshots: u.now[cloud.KindSnapshot],
	}
}

// limits asks for them, once: what the cloud does not tell is not compared.
func (r *run) limits(ctx context.Context) cloud.Limits {
	ctx, cancel := context.WithTimeout(ctx, answerSoon)
	defer cancel()
	limits, _ := r.Cloud.Once().Limits(ctx) // none in case of an error
	return limits
}

// compareUsage warns of a quota that deletions have not given back. The limits
// may lag. It returns ctx's cause, or nil.
func (r *run) compareUsage(ctx context.Context) error {
	var more string
	_, err := wait.Until(ctx, wait.Policy{Limit: lag}, func(ctx context.Context) (nothing, bool, error) {
		more = r.usage.keeps(r.limits(ctx))
		return nothing{}, more == "", nil
	})
	if err != nil && ctx.Err() == nil {
		r.warn("quota not given back: the limits count %s more than before the run, which the project's lists do not account for; the operator can correct that: cinder-manage quota sync --project-id %s", more, r.Cloud.Login.ProjectID)
	}
	return context.Cause(ctx)
}

// keeps tells by what the limits count more than before and than the lists
// account for; "" if by nothing.
func (u *usage) keeps(after cloud.Limits) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var parts []string
	for _, of := range []struct{ figure, kind string }{{cloud.UsedVolumes, cloud.KindVolume}, {cloud.UsedBackups, cloud.KindBackup}} {
		was, known := u.before[of.figure]
		is, stillKnown := after[of.figure]
		if more := is - was - (u.now[of.kind] - u.then[of.kind]); known && stillKnown && more > 0 {
			parts = append(parts, fmt.Sprintf("%d %ss", more, of.kind))
		}
	}
	return strings.Join(parts, " and ")
}
