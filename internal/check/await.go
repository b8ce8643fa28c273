package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// goal is a resource that has to become available, or an image active.
type goal struct {
	cloud.Resource
	// stays is one that has to be available all the time.
	stays bool
	// mayBeAbsent allows that the resource does not exist yet.
	mayBeAbsent bool
	read        bool      // has been shown at least once
	unreached   time.Time // when the last look was begun that did not see it reached
}

func (g *goal) reached() bool { return g.read && g.Status == g.want() }

func (g *goal) want() string {
	if g.Kind == cloud.KindImage {
		return "active"
	}
	return available
}

func (g *goal) expected() string { return "status '" + g.want() + "'" }

// await watches resources together until all of them are available at the same
// time. It asks only for what has not settled, and once more at the end for
// what settled before the rest.
func (r *Run) await(ctx context.Context, goals ...*goal) error {
	seen := func() []cloud.Resource {
		var all []cloud.Resource
		for _, g := range goals {
			all = append(all, g.Resource)
		}
		return all
	}
	waiting := Waiting{On: seen()}
	for _, g := range goals {
		waiting.Want = append(waiting.Want, g.want())
	}
	r.emit(waiting)
	policy := r.policy(false)
	policy.Tick = func(waited time.Duration) { r.emit(Looked{seen(), waited}) }
	began := time.Now()
	_, err := wait.Until(ctx, policy, func(ctx context.Context) (struct{}, bool, error) {
		done, err := r.look(ctx, goals)
		return struct{}{}, done, err
	})
	if err == nil {
		r.emit(Settled{seen()})
	}
	var timeout *wait.TimeoutError
	if !errors.As(err, &timeout) {
		return within(err, time.Since(began))
	}
	if !timedOut(err) {
		return err
	}
	for _, g := range goals {
		if !g.reached() {
			return g.timedOut(timeout)
		}
	}
	return err
}

func (r *Run) look(ctx context.Context, goals []*goal) (bool, error) {
	fresh := map[*goal]bool{}
	for _, g := range goals {
		if g.reached() && !g.stays {
			continue
		}
		fresh[g] = true
		if err := g.look(ctx, r.Cloud); err != nil {
			return false, err
		}
	}
	for _, g := range goals {
		if !g.reached() {
			return false, nil
		}
	}
	for _, g := range goals {
		if fresh[g] {
			continue
		}
		if err := g.look(ctx, r.Cloud); err != nil || !g.reached() {
			return false, err
		}
	}
	return true, nil
}

// look asks once how the resource is.
func (g *goal) look(ctx context.Context, c *cloud.Client) error {
	began := time.Now()
	now, err := c.Show(ctx, g.Resource)
	if call := asCall(err); call != nil && call.Gone() {
		switch {
		case g.mayBeAbsent && !g.read:
			g.Status = absent
			return nil
		case g.read:
			return &Finding{On: g.Resource, Expected: g.expected(), Seen: fmt.Sprintf("status '%s', and then it vanished", g.Status), Err: err,
				Advice: "find out who deleted it; do not run two tests with the same --prefix in one project at a time"}
		}
		return &Finding{On: g.Resource, Expected: "to be readable by its id, as it was just created", Seen: "not found", Err: err}
	}
	if err != nil {
		return err
	}
	now.RequestID = g.RequestID // the operator looks for what began it, not for the look
	g.Resource, g.read = now, true
	if !g.reached() {
		g.unreached = began
	}
	if g.stays && !g.reached() {
		return &Finding{On: g.Resource, Expected: "to stay '" + g.want() + "'", Seen: fmt.Sprintf("status '%s'", g.Status)}
	}
	if failed(g.Status) {
		return &Finding{On: g.Resource, Expected: g.expected(), Seen: fmt.Sprintf("status '%s'", g.Status), Advice: g.whyFailed()}
	}
	return nil
}

// absent is this program's own word for a resource that is not there yet.
const absent = "absent"

func (g *goal) whyFailed() string {
	switch {
	case noBackupService(g.Reason):
		return "cinder-backup is the likely cause: it is not running, disabled, or not in this availability zone; an administrator sees it in: openstack volume service list"
	case g.Kind == cloud.KindBackup:
		return "look for the request id in the log of cinder-backup"
	}
	return "look for the request id in the logs of cinder-scheduler, cinder-volume and cinder-backup"
}

func (g *goal) timedOut(timeout *wait.TimeoutError) *Finding {
	f := &Finding{On: g.Resource, Expected: g.expected()}
	f.Seen = fmt.Sprintf("status '%s' after %s", g.Status, wait.Round(timeout.Waited))
	if g.Status == absent {
		f.Seen = fmt.Sprintf("not found for %s", wait.Round(timeout.Waited))
	}
	if timeout.Err != nil {
		f.Seen += fmt.Sprintf("; in the last %s of it: %v", wait.Round(timeout.Failing), timeout.Err)
	}
	if g.Kind == cloud.KindBackup && g.Status == "creating" {
		f.Advice = "cinder-backup is the likely cause if it died: Cinder does not notice, and the backup stays 'creating'; a dead cinder-scheduler, cinder-volume or storage looks the same. An administrator sees it in: openstack volume service list. If the cloud is merely slow, allow more with --timeout"
	} else {
		f.Advice = "if the cloud is merely slow, allow more with --timeout; otherwise look at cinder-scheduler, cinder-volume, cinder-backup and the storage behind them"
	}
	return f
}

// within adds to a finding how long it took to show.
func within(err error, took time.Duration) error {
	var f *Finding
	if errors.As(err, &f) {
		f.Seen += fmt.Sprintf(" after %s", wait.Round(took))
	}
	return err
}
