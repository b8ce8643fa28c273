package check

import (
	"cmp"
	"fmt"
	"net/http"
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
		l := leftover(r)
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
		case c.unasked(it) && r.HasDependents:
			l.Reason = "not asked for: incremental backups that build on it are not gone"
		case c.unasked(it):
			l.Reason = "not asked for: those asked for before took all the time"
		default:
			l.Reason = "Cinder lets a member delete only from: " + strings.Join(c.deletable, ", ")
		}
		l.Hint = c.hint(r, l)
		left = append(left, l)
	}
	return left
}

// hint is what gets rid of a leftover.
func (c *clearing) hint(r cloud.Resource, l Leftover) string {
	const again = "then run again with --cleanup-only"
	call := asCall(c.items[r.ID].refusal)
	switch {
	case noBackupService(l.Reason):
		return "cinder-backup has to run; " + again
	case strings.Contains(l.Reason, "is not the backup service that was used to create this backup"):
		return "Cinder deletes it only with the backup driver that it was made with: the operator has changed that since; another run will not change it"
	case c.troubled(c.items[r.ID]):
		return unreachedHint(call)
	case call != nil && call.Code == http.StatusForbidden:
		return "policy does not let this user delete it: ask the operator for a role or a policy that allows it; another run will not change it"
	case c.idle[l.Status] != "":
		return c.idle[l.Status] + "; " + again
	case l.Status == "deleting":
		return fmt.Sprintf("if the cloud is merely slow, wait or allow more with --timeout; if it stays so, an administrator has to run: %s %s; %s", c.reset, l.ID, again)
	case !c.mayDelete(l.Status):
		return fmt.Sprintf("an administrator has to run: %s %s; %s", c.reset, l.ID, again)
	case c.name == cloud.KindBackup && strings.Contains(l.Reason, "Incremental backups exist"):
		return c.childrenHint(r)
	case call != nil && call.Code == http.StatusBadRequest && c.name == cloud.KindVolume:
		hint := "an attachment, a snapshot, a group or a migration may hold it: see openstack volume show " + l.ID + " and openstack volume snapshot list --volume " + l.ID
		if !Optional(c.Checks) {
			hint += "; if optional checks left a snapshot, run again with --cleanup-only --checks all"
		}
		return hint
	case call == nil && c.items[r.ID].accepted:
		return "the storage may hold it for some minutes: wait, " + again
	}
	return "run again with --cleanup-only, or allow more with --timeout"
}

// childrenHint is about a backup that others build on.
func (c *clearing) childrenHint(parent cloud.Resource) string {
	var children []string
	for _, b := range slices.Concat(c.others, c.waitedFor()) {
		if b.ID != parent.ID && b.Incremental && b.VolumeID == parent.VolumeID {
			children = append(children, b.String())
		}
	}
	if len(children) == 0 {
		return "the project's list has no incremental backup of the same volume: the operator has to correct num_dependent_backups of this backup in Cinder's database; another run will not change it"
	}
	return "delete first what may build on it, if it is no longer needed: " + strings.Join(children, ", ")
}
