package cloud

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// List asks for all of the project's resources of a kind, page by page. Of the
// links between pages only the query is used: the address stays the catalog's,
// so that the token goes nowhere else.
func (c *Client) List(ctx context.Context, kind string) ([]Resource, error) {
	query := ""
	if kind == KindImage { // Glance lists what others share as well
		query = "?owner=" + url.QueryEscape(c.Login.ProjectID)
	}
	all, _, err := c.walk(ctx, kind, query)
	if kind == KindImage {
		kept := all[:0]
		for _, r := range all {
			if r.Owner == c.Login.ProjectID {
				kept = append(kept, r)
			}
		}
		all = kept
	}
	return all, err
}

// Filter are the filters of a list, by Cinder's names, and the size of pages; 0
// is the cloud's own.
type Filter struct {
	Name, Status, VolumeID string
	Limit                  int
}

// String is the filters as they stand in an address, for people.
func (f Filter) String() string {
	var parts []string
	for _, p := range [][2]string{{"name", f.Name}, {"status", f.Status}, {"volume_id", f.VolumeID}} {
		if p[1] != "" {
			parts = append(parts, p[0]+"="+p[1])
		}
	}
	return strings.Join(parts, ", ")
}

// Find asks for the resources of a kind that pass the filters, up to the last,
// or until it has had all of some ids; pages are how many resources came with
// each page.
func (c *Client) Find(ctx context.Context, kind string, f Filter, until ...string) (all []Resource, pages []int, err error) {
	query := url.Values{}
	for key, v := range map[string]string{"name": f.Name, "status": f.Status, "volume_id": f.VolumeID} {
		if v != "" {
			query.Set(key, v)
		}
	}
	if f.Limit > 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	return c.walk(ctx, kind, "?"+query.Encode(), until...)
}

// After asks for one page of a kind that begins behind a resource.
func (c *Client) After(ctx context.Context, marker Resource, limit int) ([]Resource, error) {
	one, err := c.page(ctx, listing(marker.Kind), marker.Kind, "?limit="+strconv.Itoa(limit)+"&marker="+marker.ID)
	return one.entries, err
}

// maxRestarts is how often a list is begun anew whose marker was deleted.
const maxRestarts = 10

// walk reads page after page, each with a budget of its own, up to the last or
// until it has had all of some ids. One whose marker was deleted meanwhile makes
// it begin anew.
func (c *Client) walk(ctx context.Context, kind, query string, until ...string) (all []Resource, sizes []int, err error) {
	for restarts := 0; ; restarts++ {
		all, sizes, err = c.pages(ctx, kind, query, until)
		failed, ok := err.(*Error)
		if !ok || !failed.Restart || c.single || restarts == maxRestarts {
			return all, sizes, err
		}
	}
}

func (c *Client) pages(ctx context.Context, kind, query string, until []string) (all []Resource, sizes []int, err error) {
	made := listing(kind)
	followed := map[string]bool{}
	missing := map[string]bool{}
	for _, id := range until {
		missing[id] = true
	}
	for first := true; ; first = false {
		one, err := c.page(ctx, made, kind, query)
		if err != nil {
			var failed *Error
			if errors.As(err, &failed) {
				// Cinder looks the marker up, and does not find one deleted since.
				failed.Restart = !first && (failed.Code == http.StatusNotFound || failed.Code == http.StatusBadRequest)
			}
			return nil, nil, err
		}
		for _, r := range one.entries {
			delete(missing, r.ID)
		}
		all = append(all, one.entries...)
		if len(one.entries) > 0 {
			sizes = append(sizes, len(one.entries))
		}
		if len(one.entries) == 0 || one.next == "" || len(until) > 0 && len(missing) == 0 {
			return all, sizes, nil
		}
		if followed[one.next] {
			return nil, nil, made.incomplete("pagination loop")
		}
		followed[one.next] = true
		query = one.next
	}
}

func listing(kind string) *call {
	return &call{service: calling(kind), op: "listing", on: Resource{Kind: kind + "s"}}
}

// page is one page of a list; next is the query of the one after it, "" if
// there is none.
type page struct {
	entries []Resource
	next    string
}

// page asks for one page of a list. Its errors are all *Error.
func (c *Client) page(ctx context.Context, made *call, kind, query string) (page, error) {
	return do(ctx, c, answerIn, made, func(ctx context.Context) (page, error) {
		service := c.service(kind)
		address := service.ServiceURL(kind + "s")
		if kind != KindImage {
			address = service.ServiceURL(kind+"s", "detail")
		}
		var body several
		if _, err := service.Get(ctx, address+query, &body, nil); err != nil {
			return page{}, made.failure(err)
		}
		return made.page(body, kind)
	})
}

func (c *call) page(body several, kind string) (page, error) {
	list, links := body.of(kind)
	if list == nil {
		return page{}, c.incomplete("it holds no list of " + kind + "s")
	}
	var one page
	for _, w := range list {
		if !w.usable() {
			return page{}, c.incomplete("an entry has no usable id")
		}
		r := w.resource(kind, c)
		r.AsOf = c.date
		one.entries = append(one.entries, r)
	}
	for _, link := range links {
		if link.Rel != "next" || link.Href == "" {
			continue
		}
		at, err := url.Parse(link.Href)
		if err != nil || at.RawQuery == "" {
			return page{}, c.incomplete("its link to the next page cannot be followed")
		}
		one.next = "?" + at.RawQuery
		break
	}
	return one, nil
}
