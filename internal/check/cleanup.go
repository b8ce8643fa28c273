package check

import (
	"cmp"
	"context"
	"errors"
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
	// askAgainIn is after how long at the latest a refused deletion, which may pass
	// by itself, is asked for again.
	askAgainIn = 5 * time.Second
	// listAgainIn is for how long at most nothing is listed after a deletion was
	// accepted, however long deletions usually take.
	listAgainIn = 2 * time.Second
	// listingPause is how many times as long as a listing the time between two is
	// at least: many leftovers make many pages.
	listingPause = 10
	// namesHold is for how long deletions are asked for by the names of one listing:
	// what has another name since is not to be deleted.
	namesHold = 10 * time.Second
)

// cleanUp deletes what begins with the prefix, kind by kind, and waits until it
// is gone. It goes on past what it cannot delete and tells in the end. The
// prefix is the run's own, or begins with it.
func (r *run) cleanUp(ctx context.Context, tell func(Event), prefix string, kinds []kind) error {
	if len(kinds) == 0 {
		return nil
	}
	tell(CleanupStarted{prefix, names(kinds), r.DryRun})
	var left []Leftover
	renamed := 0
	var unreached []*cloud.Error
	young := newYoung()
	defer func() { r.leftAlone(young) }()
	for _, k := range kinds {
		c := clearing{run: r, tell: tell, cloud: r.Cloud.Once(), kind: k, prefix: prefix, young: young, items: map[string]*item{}, doubted: map[string]time.Time{}}
		for _, e := range r.owned.made(k.name, prefix) {
			if k.only == nil || k.only(e.Resource) {
				c.made = append(c.made, &made{entry: e, shown: time.Now()})
			}
		}
		if k.name == cloud.KindSnapshot && len(c.made) == 0 && r.unlisted.Load() {
			continue
		}
		if err := c.clear(ctx); c.unneeded(err) {
			r.unlisted.Store(true)
			r.warn("snapshots of earlier runs, if there are any, are not deleted: %v", err)
			continue
		} else if err != nil {
			return err
		}
		if k.only != nil { // the rest of the kind comes later
			continue
		}
		left = append(left, c.leftovers()...)
		renamed += len(c.renamed)
		unreached = append(unreached, c.unreached()...)
	}
	if len(left) > 0 && !r.DryRun {
		return &notDeletedError{left, renamed, unreached}
	}
	return nil
}

// clearing is the clean-up of one kind.
type clearing struct {
	*run
	kind
	tell     func(Event)
	cloud    *cloud.Client
	prefix   string
	items    map[string]*item     // by id: listed with the prefix and not gone yet
	first    map[string]bool      // by id: what was there when the clean-up began
	moved    time.Time            // when one was last found gone, or its deletion first accepted
	renewed  time.Time            // the same of what was there when the clean-up began or is this run's: it restarts the budget, which others may do for ever
	polled   time.Time            // when this poll began, in which nothing is asked for twice
	listedAt time.Time            // when it was last listed
	stale    bool                 // that is too long ago to go on by
	again    time.Time            // when to list again at the earliest
	made     []*made              // by this run, and not gone yet
	renamed  []Leftover           // of these, what has a name without the prefix now
	unclear  bool                 // whether one of these or of the items is there cannot be told yet
	lagging  bool                 // and lag may be why
	doubted  map[string]time.Time // by id: when an item was not found for the first time
	young    *young               // what is left alone, of all kinds so far
	others   []cloud.Resource     // what was listed without the prefix
}

// made is something of this run that is to be deleted.
type made struct {
	entry
	listed bool      // at least once: from then on the list tells whether it is there
	shown  time.Time // when it was known to be there last
}

// item is one resource on its way out.
type item struct {
	cloud.Resource
	tried    time.Time // when its deletion was last asked for
	accepted bool      // whether that was accepted
	applied  bool      // whether one was accepted, or may have been, at any time
	begun    time.Time // when that, or to be detached, was first accepted
	refusal  error     // if not, why
	since    time.Time // since when it has been refused
	missing  time.Time // since when neither the list nor its id shows it; zero: they do
}

// clear goes on while something moves: each move restarts the budget.
func (c *clearing) clear(ctx context.Context) error {
	policy := c.policy()
	policy.Unbounded = true // many leftovers make many pages
	policy.Moved = func() time.Time { return c.renewed }
	policy.Rest = func() time.Duration { return time.Until(c.again) }
	policy.Tick = func(waited time.Duration) { c.tell(Polled{On: c.waitedFor(), Waited: waited}) }
	_, err := wait.Until(ctx, policy, func(ctx context.Context) (nothing, bool, error) {
		c.polled = time.Now()
		err := c.round(ctx)
		for err == nil && c.stale && time.Since(c.polled) < max(c.Timeout, answerSoon) {
			err = c.round(ctx) // for what has not been asked for yet
		}
		return nothing{}, err == nil && !c.unclear && (len(c.items) == 0 || c.DryRun || c.hopeless()), err
	})
	var timeout *wait.TimeoutError
	if errors.As(err, &timeout) && timeout.Err == nil {
		return nil // what is left is told by leftovers
	}
	return err
}

// round lists once, notes what is gone, and asks for the deletion of what may
// be deleted, newest first.
func (c *clearing) round(ctx context.Context) error {
	began := time.Now()
	listed, err := c.cloud.List(ctx, c.name)
	if err != nil {
		return err
	}
	c.listedAt = time.Now()
	c.again = c.listedAt.Add(listingPause * c.listedAt.Sub(began))
	c.usage.listed(c.name, listed)
	c.renamed, c.unclear, c.lagging = nil, false, false
	if listed, err = c.withMissing(ctx, listed); err != nil {
		return err
	}
	if listed, err = c.withMade(ctx, listed); err != nil {
		return err
	}
	if c.lagging {
		c.renewed = time.Now()
	}
	twice := map[string]bool{} // pages may overlap while others add and delete
	c.others = nil
	listed = slices.DeleteFunc(listed, func(r cloud.Resource) bool {
		again, included := twice[r.ID], strings.HasPrefix(r.Name, c.prefix) || c.owned.has(r.Name) && c.madeAt(r) >= 0
		twice[r.ID] = true
		if !again && !included {
			c.others = append(c.others, r)
		}
		return again || !included
	})
	listed = c.leaveYoung(listed)
	c.owned.listed(c.name, c.prefix, listed)
	if c.only != nil {
		listed = slices.DeleteFunc(listed, func(r cloud.Resource) bool { return !c.only(r) })
	}
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
	for id, it := range c.items {
		switch {
		case now[id] != nil:
		case contains(c.others, it.Resource): // renamed meanwhile
			c.notDeleted(it.Resource)
		default:
			c.progress(it, time.Now())
			delete(c.first, id) // should a node that lags list it once more, that is no progress
			if it.accepted {
				c.usual.took(deletionKind(c.name), time.Since(it.begun))
			}
		}
	}
	if c.first == nil {
		c.first = map[string]bool{}
		for id := range now {
			c.first[id] = true
		}
	}
	c.items = now
	return c.deleteAll(ctx, c.due(listed))
}

// progress notes that an item has moved.
func (c *clearing) progress(it *item, at time.Time) {
	c.moved = at
	if c.first[it.ID] || c.madeAt(it.Resource) >= 0 {
		c.renewed = at
	}
}

// madeAt is the index of what this run made; -1 if it did not.
func (c *clearing) madeAt(r cloud.Resource) int {
	return slices.IndexFunc(c.made, func(m *made) bool { return m.ID == r.ID })
}

// deleteAll asks for deletions in order, a few at a time. Refusals are noted on
// the items. It ends early for an error that concerns all of them, which it
// returns, when this look's time is over, and when the names are of long ago; the
// next round continues.
func (c *clearing) deleteAll(ctx context.Context, due []*item) error {
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	c.stale = false
	ctx, cancel := context.WithTimeout(ctx, max(c.Timeout, answerSoon))
	defer cancel()
	asking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	for i, it := range due {
		slots <- struct{}{}
		if c.stale = i > 0 && !c.DryRun && time.Since(c.listedAt) > namesHold; c.stale || asking.Err() != nil {
			break
		}
		switch detach := c.owned.mayDetach(it.Resource) && !c.DryRun; {
		case detach && it.begun.IsZero():
			c.tell(StepStarted{Verb: "detaching", On: it.Resource})
		case !detach && it.tried.IsZero() && !(c.DryRun && c.only != nil): // else told with the rest of the kind
			c.deleting(c.tell, it.Resource, c.DryRun)
		}
		wg.Add(1)
		go func() {
			defer func() { <-slots; wg.Done() }()
			if err := caught(func() error { return c.ask(ctx, it) }); err != nil {
				stop(err)
			}
		}()
	}
	wg.Wait()
	for _, it := range due {
		if it.begun.After(c.moved) {
			c.progress(it, it.begun)
			next := it.begun.Add(min(c.usual.half(deletionKind(c.name)), listAgainIn))
			if c.prefix != c.Prefix && next.After(c.again) { // behind an optional check
				c.again = next
			}
		}
	}
	err := context.Cause(asking)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// ask asks for one deletion, or before it for a volume of the check in-use to be
// detached. It returns an error that concerns the others too.
func (c *clearing) ask(ctx context.Context, it *item) error {
	it.tried = time.Now()
	if c.DryRun {
		return nil
	}
	if c.owned.mayDetach(it.Resource) {
		if err := c.owned.detach(ctx, c.cloud, it.Resource); err != nil {
			return it.refusedFor(err)
		}
		it.begun = cmp.Or(it.begun, time.Now())
		it.tried, it.refusal = time.Time{}, nil // it can be deleted at the next look
		return nil
	}
	err := c.owned.delete(ctx, c.cloud, it.Resource)
	it.accepted = err == nil
	if call := asCall(err); err == nil || call != nil && call.MayHaveApplied {
		it.applied = true
	}
	if err == nil {
		it.refusal = nil
		it.begun = cmp.Or(it.begun, time.Now())
		return nil
	}
	return it.refusedFor(err)
}

// refusedFor notes why, and returns it if it concerns the others too.
func (it *item) refusedFor(err error) error {
	if it.refusal == nil {
		it.since = it.tried
	}
	it.refusal = err
	switch call := asCall(err); {
	case call == nil:
		return err
	case call.Limited(), call.Code == http.StatusUnauthorized, call.Service == cloud.Identity:
		return err
	}
	return nil
}
