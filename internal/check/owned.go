package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"volume-backup-tester/internal/cloud"
)

// owned decides what may be deleted, overwritten or detached, and is the only
// caller of Client.Delete: what the project's own list named with the prefix or
// this run made, by its id, and only while its name begins with the prefix. It
// also keeps account of what is in the cloud still.
type owned struct {
	prefix    string
	tolerance *Tolerance

	mu      sync.Mutex
	entries []entry
	// ids are of all that this run has made, gone or not; pending is what it has
	// asked for, and may be listed before the answer comes.
	ids     map[string]bool
	pending []cloud.Resource
}

// entry is a resource as it was last shown. One without an id was asked for and
// may exist.
type entry struct {
	cloud.Resource
	askedName string    // the name that this run gave it; "": it was only listed
	since     time.Time // when it was asked for
	named     bool      // its name has been shown to begin with the prefix
}

// unusedID is an id that no cloud has given out.
const unusedID = "00000000-0000-4000-8000-000000000000"

// has tells whether a name begins with the prefix.
func (o *owned) has(name string) bool { return o.prefix != "" && strings.HasPrefix(name, o.prefix) }

// may is the decision, by the id and by the name that the resource has now.
func (o *owned) may(now cloud.Resource) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return now.ID == unusedID || now.ID != "" && o.has(now.Name) && o.at(now) >= 0
}

// delete asks for a deletion; of what there is, once. now is the resource as it was
// just shown or listed.
func (o *owned) delete(ctx context.Context, c *cloud.Client, now cloud.Resource) error {
	if !o.may(now) {
		return &Blocked{Why: now.String() + " is not this run's own, so it is not deleted"}
	}
	if now.ID != unusedID {
		c = c.Once()
	}
	err := c.Delete(ctx, now)
	if call := asCall(err); call != nil && now.Kind == cloud.KindBackup {
		call.Again = func(ctx context.Context) (cloud.Resource, error) {
			return cloud.Resource{}, o.deleteAs(ctx, c.Once(), c, now)
		}
	}
	return err
}

// deleteAs asks for a deletion with whichever credentials. own are this run's.
func (o *owned) deleteAs(ctx context.Context, as, own *cloud.Client, what cloud.Resource) error {
	return o.guarded(as, own, what, nil).Delete(ctx, what)
}

// guarded is a client for what writes to something of this run: it looks at that
// before every try, however much later that is, and makes none unless it may be
// written to still. A 404 is looked at again for as long as lag may last: it would
// pass for the call's own answer. own are this run's credentials; shown gets what each
// look showed.
func (o *owned) guarded(as, own *cloud.Client, what cloud.Resource, shown func(cloud.Resource)) *cloud.Client {
	if what.ID == unusedID {
		return as
	}
	return as.Before(func(ctx context.Context) error {
		return o.tolerance.present(ctx, func(ctx context.Context) error {
			now, err := o.verify(ctx, own.Once(), what)
			if err == nil && shown != nil {
				shown(now)
			}
			return err
		})
	})
}

// device is the name of what the check in-use attaches, by which alone a
// clean-up knows it.
const device = "/dev/volume-backup-tester"

// mayDetach decides what may be detached: what may be deleted, and has the one
// attachment that the check in-use makes. A server's, or any other that somebody
// has made, may be a mounted file system. While a backup runs the status is
// another: Cinder would write 'in-use' back in the end.
func (o *owned) mayDetach(now cloud.Resource) bool {
	return o.may(now) && (now.Status == inUse || now.Status == available) && len(now.Attachments) == 1 && now.Attachments[0].ServerID == "" && now.Attachments[0].Device == device
}

// detach asks for a volume to be detached. now is the volume as it was just
// shown or listed.
func (o *owned) detach(ctx context.Context, c *cloud.Client, now cloud.Resource) error {
	if !o.mayDetach(now) {
		return &Blocked{Why: now.String() + " is not attached by this run alone, so it is not detached"}
	}
	return c.Act(ctx, now, "os-detach", map[string]any{"attachment_id": now.Attachments[0].ID})
}

// verify asks for a resource of this run before it is overwritten or deleted,
// and fails if that must not be done now.
func (o *owned) verify(ctx context.Context, c *cloud.Client, what cloud.Resource) (cloud.Resource, error) {
	now, err := c.Show(ctx, what)
	if err != nil {
		return now, err
	}
	if err := o.expectName(now); err != nil {
		return now, err
	}
	if !o.may(now) {
		return now, &Blocked{Why: now.String() + " is not this run's own, so it is not written to"}
	}
	return now, nil
}

// expectName holds what the run made to a name that begins with the prefix, and
// remembers how it was shown. One that never had such a name was not made as
// asked; one that had was renamed by somebody else.
func (o *owned) expectName(now cloud.Resource) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := o.at(now)
	if i < 0 {
		return nil
	}
	e := &o.entries[i]
	e.Resource = now
	e.named = e.named || o.has(now.Name)
	switch {
	case o.has(now.Name):
		return nil
	case e.named:
		return &Blocked{Why: fmt.Sprintf("%s %s, made by this run as '%s', now has the name '%s'", now.Kind, now.ID, e.askedName, cloud.Printable(now.Name)), Hint: "find out who renamed it; " + deleteByHand}
	}
	return &Finding{
		On:       now,
		Expected: fmt.Sprintf("the name '%s', as asked for", e.askedName), Got: fmt.Sprintf("the name '%s'", cloud.Printable(now.Name)),
		Hint: deleteByHand,
	}
}

const deleteByHand = "delete it by hand: clean-up touches only what begins with the prefix"

// add keeps account of what this run made, or may have made, under a name.
func (o *owned) add(made cloud.Resource, askedName string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ids == nil {
		o.ids = map[string]bool{}
	}
	o.ids[made.ID] = true
	if o.at(made) < 0 { // as a restore's target may be
		o.entries = append(o.entries, entry{Resource: made, askedName: askedName, since: time.Now()})
	}
}

// asking notes what is about to be asked for, until the returned function is called.
func (o *owned) asking(wanted cloud.Resource) (answered func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pending = append(o.pending, wanted)
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		i := slices.IndexFunc(o.pending, func(r cloud.Resource) bool { return r.Kind == wanted.Kind && r.Name == wanted.Name })
		o.pending = slices.Delete(o.pending, i, i+1)
	}
}

// mayBe tells whether something listed is this run's, or may be: of what was asked
// for and not answered, or not clearly, no more than the name is known.
func (o *owned) mayBe(listed cloud.Resource) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ids[listed.ID] ||
		slices.ContainsFunc(o.pending, func(r cloud.Resource) bool { return r.Kind == listed.Kind && r.Name == listed.Name }) ||
		slices.ContainsFunc(o.entries, func(e entry) bool {
			return e.Kind == listed.Kind && e.ID == "" && e.Name == listed.Name
		})
}

// saw keeps the status that a resource of the account was last shown with.
func (o *owned) saw(now cloud.Resource) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := o.at(now); i >= 0 && now.ID != "" && now.Status != absent {
		o.entries[i].Status = now.Status
	}
}

// at is the index of a resource: by its id, or by its name while none is known.
func (o *owned) at(r cloud.Resource) int {
	return slices.IndexFunc(o.entries, func(e entry) bool {
		return e.Kind == r.Kind && e.ID == r.ID && (r.ID != "" || e.Name == r.Name)
	})
}

// named is what the run made under a name.
func (o *owned) named(kind, name string) cloud.Resource {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.entries, func(e entry) bool { return e.Kind == kind && e.askedName == name })
	if i < 0 {
		return cloud.Resource{Kind: kind, Name: name}
	}
	return o.entries[i].Resource
}

// find is what the run made with an id; nil if it did not.
func (o *owned) find(id string) *entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.entries, func(e entry) bool { return e.ID == id && e.askedName != "" })
	if i < 0 {
		return nil
	}
	e := o.entries[i]
	return &e
}

// gone drops what is not in the cloud, or not any longer.
func (o *owned) gone(r cloud.Resource) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := o.at(r); i >= 0 {
		o.entries = slices.Delete(o.entries, i, i+1)
	}
}

// made are the entries of a kind that this run made, or may have made, with names
// under a prefix.
func (o *owned) made(kind, prefix string) (all []entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.entries {
		if e.Kind == kind && e.askedName != "" && strings.HasPrefix(e.askedName, prefix) {
			all = append(all, e)
		}
	}
	return all
}

// listed brings the account of a kind up to what the project's list has under
// a prefix. What the run made stays in it until it is known to be gone.
func (o *owned) listed(kind, prefix string, all []cloud.Resource) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.entries = slices.DeleteFunc(o.entries, func(e entry) bool {
		return e.Kind == kind && e.askedName == "" && strings.HasPrefix(e.Name, prefix) && !contains(all, e.Resource)
	})
	for _, r := range all {
		i := o.at(r)
		if i < 0 {
			i, o.entries = len(o.entries), append(o.entries, entry{})
		}
		o.entries[i].Resource, o.entries[i].named = r, true
	}
}

// holds is what is in the account under a prefix.
func (o *owned) holds(prefix string) (n Needs) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.entries {
		switch {
		case !strings.HasPrefix(e.Name, prefix) && !strings.HasPrefix(e.askedName, prefix):
		case e.Kind == cloud.KindVolume:
			n.Volumes++
			n.Gigabytes += e.Size
		case e.Kind == cloud.KindSnapshot:
			n.Snapshots++
			n.Gigabytes += e.Size
		case e.Kind == cloud.KindBackup:
			n.Backups++
			n.BackupGigabytes += e.Size
		}
	}
	return n
}

// left is everything in the account.
func (o *owned) left() (all []Leftover) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.entries {
		all = append(all, leftover(e.Resource))
	}
	return all
}
