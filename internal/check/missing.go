package check

import (
	"context"
	"net/http"
	"slices"
	"time"

	"volume-backup-tester/internal/cloud"
)

// What a list lacks may be there all the same.

// withMissing adds what was listed before and is not now, although Cinder was not
// told to delete it: that does not go by itself. It is gone when every look by its
// id says so for the time of the lag, in which nothing more is asked for.
func (c *clearing) withMissing(ctx context.Context, listed []cloud.Resource) ([]cloud.Resource, error) {
	for _, was := range c.waitedFor() {
		it := c.items[was.ID]
		if contains(listed, was) {
			it.missing = time.Time{}
			continue
		}
		if !it.applied {
			now, there, err := c.shown(ctx, was)
			switch {
			case err != nil:
				return nil, err
			case there:
				it.missing = time.Time{}
			case it.missing.IsZero():
				it.missing = time.Now()
			}
			if there || time.Since(it.missing) < lag {
				listed = append(listed, now)
				if !there {
					c.unclear = true
					if _, known := c.doubted[was.ID]; !known {
						c.doubted[was.ID] = time.Now()
					}
					c.lagging = c.lagging || time.Since(c.doubted[was.ID]) < lag
				}
				continue
			}
		}
		c.owned.gone(was)
	}
	return listed, nil
}

// shown is a resource asked for by its id.
func (c *clearing) shown(ctx context.Context, what cloud.Resource) (now cloud.Resource, there bool, err error) {
	now, err = c.cloud.Show(ctx, what)
	if gone(err) {
		return what, false, nil
	}
	return now, err == nil, err
}

// withMade adds what this run made and the list does not have yet: a list may
// lag behind, and until it has had it only a 404 for the resource itself means
// that it is gone. What has another name now is set aside.
func (c *clearing) withMade(ctx context.Context, listed []cloud.Resource) ([]cloud.Resource, error) {
	var there []*made
	for _, m := range c.made {
		i := slices.IndexFunc(listed, func(l cloud.Resource) bool {
			return l.ID == m.ID || m.ID == "" && l.Name == m.Name
		})
		late := time.Since(m.since) >= lag
		switch {
		case m.ID == "" && (i >= 0 || late): // the listed one has an id
			c.owned.gone(m.Resource)
			continue
		case m.ID == "": // asked for, and perhaps not yet there
			there, c.unclear, c.lagging = append(there, m), true, true
			continue
		case i >= 0:
			m.listed = true
		case c.items[m.ID] != nil: // and gone, as was found out
			continue
		default:
			now, found, err := c.shown(ctx, m.Resource)
			switch {
			case err != nil:
				return nil, err
			case !found && (m.listed || time.Since(m.shown) >= lag):
				c.owned.gone(m.Resource)
				continue
			case !found: // perhaps not yet there
				there, c.unclear, c.lagging = append(there, m), true, true
				continue
			}
			listed, i = append(listed, now), len(listed)
		}
		there = append(there, m)
		m.Resource = listed[i]
		if err := c.owned.expectName(m.Resource); err != nil {
			l := leftover(m.Resource)
			l.Reason, l.Hint = err.Error(), deleteByHand
			c.renamed = append(c.renamed, l)
		}
	}
	c.made = there
	return listed, nil
}

// unneeded is a list of snapshots that the cloud does not give, where this run has
// made none: that says nothing about backups. A volume that is held by one is told. A
// clean-up alone goes on only where the cloud refuses the list for good.
func (c *clearing) unneeded(err error) bool {
	call := asCall(err)
	if call == nil || c.name != cloud.KindSnapshot || len(c.made) > 0 || c.first != nil {
		return false
	}
	switch troubleOf(call) {
	case noTrouble:
		return !c.CleanupOnly || call.Code < 500 || call.Code == http.StatusNotImplemented
	case silence, frontEnd:
		return !c.CleanupOnly
	}
	return false
}
