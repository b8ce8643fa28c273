package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"volume-backup-tester/internal/cloud"
)

// waitedFor is what a reader wants to know about while it takes long.
func (c *clearing) waitedFor() []cloud.Resource {
	var all []cloud.Resource
	for _, it := range c.items {
		all = append(all, it.Resource)
	}
	slices.SortFunc(all, func(a, b cloud.Resource) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return all
}

func (c *clearing) leftovers() []Leftover {
	left := c.renamed
	for _, r := range c.waitedFor() {
		l := Leftover{Kind: r.Kind, ID: r.ID, Name: r.Name, Status: r.Status}
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
		l.Hint = c.hint(l)
		left = append(left, l)
	}
	return left
}

// hint is what gets rid of a leftover.
func (c *clearing) hint(l Leftover) string {
	const again = "then run again with --cleanup-only"
	switch {
	case noBackupService(l.Reason):
		return "cinder-backup has to run; " + again
	case c.idle[l.Status] != "":
		return c.idle[l.Status] + "; " + again
	case !c.mayDelete(l.Status):
		return fmt.Sprintf("an administrator has to run: %s %s; %s", c.reset, l.ID, again)
	}
	if c.name == cloud.KindVolume && !optional(c.Checks) && strings.Contains(l.Reason, "have snapshots") {
		return "if optional checks left a snapshot of it: run again with --cleanup-only --checks all"
	}
	return "run again with --cleanup-only"
}
