package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

const (
	// atOnce is how many deletions are asked for at the same time.
	atOnce = 4
	// patience is how long a refusal may stand, while nothing else moves,
	// before clean-up believes it.
	patience = 10 * time.Second
)

// leftError is a clean-up that could not delete everything.
type leftError struct{ leftovers []Leftover }

func (e *leftError) Error() string {
	return fmt.Sprintf("clean-up could not delete everything: %d left", len(e.leftovers))
}

// cleanUp deletes what begins with the prefix, kind by kind, and waits until it
// is gone. It goes on past what it cannot delete and tells in the end.
func (r *Run) cleanUp(ctx context.Context, dryRun bool) error {
	r.emit(CleaningUp{r.Prefix, dryRun})
	var left []Leftover
	for _, k := range kinds() {
		c := clearing{Run: r, kind: k, dryRun: dryRun, items: map[string]*item{}}
		if err := c.clear(ctx); err != nil {
			return err
		}
		left = append(left, c.leftovers()...)
	}
	if len(left) > 0 && !dryRun {
		return &leftError{left}
	}
	return nil
}

// clearing is the clean-up of one kind.
type clearing struct {
	*Run
	kind
	dryRun bool
	items  map[string]*item // by id: listed with the prefix and not gone yet
}

// item is one resource on its way out.
type item struct {
	cloud.Resource
	tried    time.Time // when its deletion was last asked for
	accepted bool      // whether that was accepted
	refusal  error     // if not, why
	since    time.Time // since when it has been refused
}

// clear goes on while something disappears: each disappearance restarts the
// budget.
func (c *clearing) clear(ctx context.Context) error {
	for {
		policy := c.policy(false)
		policy.Spread = 10
		policy.Tick = func(waited time.Duration) { c.emit(Looked{c.waitedFor(), waited}) }
		progress, err := wait.Until(ctx, policy, func(ctx context.Context) (progress, done bool, err error) {
			progress, err = c.round(ctx)
			return progress, err == nil && (progress || len(c.items) == 0 || c.dryRun || c.hopeless()), err
		})
		var timeout *wait.TimeoutError
		if errors.As(err, &timeout) && timeout.Err == nil {
			return nil // what is left is told by leftovers
		}
		if err != nil || !progress || len(c.items) == 0 {
			return err
		}
	}
}

// round lists once, notes what is gone, and asks for the deletion of what may
// be deleted, newest first: backups that others build on come last.
func (c *clearing) round(ctx context.Context) (progress bool, err error) {
	listed, err := c.Cloud.List(ctx, c.name)
	if err != nil {
		return false, err
	}
	listed = slices.DeleteFunc(listed, func(r cloud.Resource) bool { return !ours(c.Prefix, r) })
	slices.SortStableFunc(listed, func(a, b cloud.Resource) int { return b.Created.Compare(a.Created) })
	now := map[string]*item{}
	for _, r := range listed {
		known := c.items[r.ID]
		if known == nil {
			known = &item{}
		}
		known.Resource = r
		now[r.ID] = known
	}
	for id := range c.items {
		progress = progress || now[id] == nil
	}
	c.items = now
	c.account(listed)
	var due []*item
	for _, r := range listed {
		if it := now[r.ID]; c.due(it, progress) {
			due = append(due, it)
		}
	}
	return progress, c.deleteAll(ctx, due)
}

// due tells whether to ask for a deletion now. One refused before is tried
// again when something else has gone, and from time to time.
func (c *clearing) due(it *item, progress bool) bool {
	switch {
	case c.dryRun:
		return true
	case !c.mayDelete(it.Status):
		return false
	case it.tried.IsZero():
		return !it.HasDependents || !c.moving()
	case it.accepted:
		return time.Since(it.tried) > patience // it did nothing
	}
	return progress || time.Since(it.tried) > time.Since(it.since)/3
}

// deleteAll asks for deletions, a few at a time. Refusals are noted on the
// items; the error is one that concerns all of them.
func (c *clearing) deleteAll(ctx context.Context, due []*item) error {
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	errs := make([]error, len(due))
	for i, it := range due {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		if it.tried.IsZero() {
			c.emit(Deleting{it.Resource, age(it.Resource), c.dryRun})
		}
		wg.Add(1)
		go func() {
			defer func() { <-slots; wg.Done() }()
			errs[i] = c.delete(ctx, it)
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (c *clearing) delete(ctx context.Context, it *item) error {
	if !ours(c.Prefix, it.Resource) {
		return nil
	}
	it.tried = time.Now()
	if c.dryRun {
		return nil
	}
	err := c.Cloud.Delete(ctx, it.Resource)
	it.accepted = err == nil
	if err == nil {
		it.refusal = nil
		return nil
	}
	if it.refusal == nil {
		it.since = it.tried
	}
	it.refusal = err
	switch call := asCall(err); {
	case call == nil:
		return err
	case call.Code == http.StatusTooManyRequests, call.Code == http.StatusUnauthorized, call.Service == cloud.Identity:
		return err // concerns the others too
	}
	return nil
}

// moving tells whether something may still disappear or become deletable
// without a further request.
func (c *clearing) moving() bool {
	for _, it := range c.items {
		if it.accepted && !failed(it.Status) || !c.mayDelete(it.Status) && !c.stuck(it.Status) {
			return true
		}
	}
	return false
}

// hopeless tells that no further look is worth it: nothing moves, and what can
// be asked for has been refused long enough or for good.
func (c *clearing) hopeless() bool {
	if c.moving() {
		return false
	}
	for _, it := range c.items {
		call := asCall(it.refusal)
		forGood := call != nil && call.Code == http.StatusForbidden
		if !c.stuck(it.Status) && !forGood && (it.refusal == nil || time.Since(it.since) < patience) {
			return false
		}
	}
	return true
}

// waitedFor is what a reader wants to know about while it takes long.
func (c *clearing) waitedFor() []cloud.Resource {
	var all []cloud.Resource
	for _, it := range c.items {
		all = append(all, it.Resource)
	}
	slices.SortFunc(all, func(a, b cloud.Resource) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return all
}

func (c *clearing) leftovers() []Leftover {
	var left []Leftover
	for _, r := range c.waitedFor() {
		l := Leftover{Resource: r}
		switch it := c.items[r.ID]; {
		case it.refusal != nil:
			l.Reason = it.refusal.Error()
			if call := asCall(it.refusal); call != nil {
				l.Reason = call.Answer()
			}
		case it.accepted && r.Reason != "":
			l.Reason = r.Reason
		case it.accepted:
			l.Reason = "its deletion was accepted, and it is still there"
		default:
			l.Reason = "Cinder lets a member delete only from: " + strings.Join(c.deletable, ", ")
		}
		l.Help = c.help(l)
		left = append(left, l)
	}
	return left
}

// help is what gets rid of a leftover.
func (c *clearing) help(l Leftover) string {
	const again = "then run again with --cleanup-only"
	switch {
	case noBackupService(l.Reason):
		return "cinder-backup has to run; " + again
	case c.idle[l.Status] != "":
		return c.idle[l.Status] + "; " + again
	case !c.mayDelete(l.Status):
		return fmt.Sprintf("an administrator has to run: %s %s; %s", c.reset, l.ID, again)
	}
	return "run again with --cleanup-only"
}

// account brings the account of what is left up to what the cloud lists.
func (c *clearing) account(listed []cloud.Resource) {
	c.left = append(slices.DeleteFunc(c.left, func(r cloud.Resource) bool { return r.Kind == c.name }), listed...)
}

// age is how long ago a resource was created, by this machine's clock.
func age(r cloud.Resource) time.Duration {
	if r.Created.IsZero() {
		return 0
	}
	return max(time.Since(r.Created), 0)
}
