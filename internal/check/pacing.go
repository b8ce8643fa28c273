package check

import (
	"net/http"
	"time"

	"volume-backup-tester/internal/cloud"
)

// When a clean-up asks for a deletion, and when it ends.

// due picks what to ask for now. Backups that others build on are left until
// nothing else is: Cinder refuses them before that, and the time of creation,
// in whole seconds, does not always tell a parent from its child.
func (c *clearing) due(listed []cloud.Resource) []*item {
	var due, parents []*item
	asked := false
	for _, r := range listed {
		switch it := c.items[r.ID]; {
		case c.DryRun:
			due = append(due, it)
		case !it.missing.IsZero() || !c.isDue(it):
		case !it.tried.Before(c.polled):
			asked = true
		case it.HasDependents:
			parents = append(parents, it)
		default:
			due = append(due, it)
		}
	}
	if len(due) == 0 && !asked && !c.moving() {
		return parents
	}
	return due
}

// isDue tells whether to ask for a deletion now. One refused before is tried
// again ever more rarely, so that many cost few requests, and at once when
// another has gone since.
func (c *clearing) isDue(it *item) bool {
	switch {
	case !c.mayDelete(it.Status) && !c.owned.mayDetach(it.Resource):
		return false
	case it.tried.IsZero():
		return true
	case it.accepted:
		return time.Since(it.tried) > undone
	}
	if after, passes := it.passing(); passes {
		return time.Since(it.tried) >= max(after, min(time.Since(it.since)/3, askAgainIn))
	}
	return it.tried.Before(c.moved) || time.Since(it.tried) > time.Since(it.since)/3
}

// moving tells whether something may still disappear without a further request.
func (c *clearing) moving() bool {
	for _, it := range c.items {
		if it.accepted && !failed(it.Status) {
			return true
		}
	}
	return false
}

// hopeless tells that no further poll is worth it: everything that is left was
// refused for good, or is in a status that a member cannot lead on from.
func (c *clearing) hopeless() bool {
	for _, it := range c.items {
		if (!c.stuck(it.Status) || c.owned.mayDetach(it.Resource)) && !c.refused(it) {
			return false
		}
	}
	return true
}

// refused tells that a deletion was refused for good: by policy, or for longer
// than the budget. Everything else may pass, and has the whole budget.
func (c *clearing) refused(it *item) bool {
	after, passes := it.passing()
	call := asCall(it.refusal)
	return passes && after > c.Timeout || call != nil && call.Code == http.StatusForbidden && call.Origin == cloud.FromService
}

// passing tells whether what a deletion failed with may pass by itself, and how
// long the cloud wants to be left alone.
func (it *item) passing() (after time.Duration, passes bool) {
	if call := asCall(it.refusal); call != nil {
		return call.Retry()
	}
	return 0, false
}
