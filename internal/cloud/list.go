package cloud

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// List asks for all of the project's resources of a kind, page by page. Of the
// links between pages only the query is used: the address stays the catalog's,
// so that the token goes nowhere else.
func (c *Client) List(ctx context.Context, kind string) ([]Resource, error) {
	query := ""
	if kind == KindImage { // Glance lists what others share as well
		query = "?owner=" + url.QueryEscape(c.Login.ProjectID)
	}
	all, err := c.walk(ctx, kind, query, nil)
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

// Find asks for the resources of a kind that pass the filters; pages are how
// many resources came with each page.
func (c *Client) Find(ctx context.Context, kind string, f Filter) (all []Resource, pages []int, err error) {
	query := url.Values{}
	for key, v := range map[string]string{"name": f.Name, "status": f.Status, "volume_id": f.VolumeID} {
		if v != "" {
			query.Set(key, v)
		}
	}
	if f.Limit > 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	all, err = c.walk(ctx, kind, "?"+query.Encode(), &pages)
	return all, pages, err
}

// After asks for one page of a kind that begins behind a resource.
func (c *Client) After(ctx context.Context, marker Resource, limit int) ([]Resource, error) {
	made := &call{service: calling(marker.Kind), op: "listing", on: Resource{Kind: marker.Kind + "s"}}
	page, _, err := c.page(ctx, made, marker.Kind, "?limit="+strconv.Itoa(limit)+"&marker="+marker.ID)
	return page, err
}

func (c *Client) walk(ctx context.Context, kind, query string, pages *[]int) ([]Resource, error) {
	made := &call{service: calling(kind), op: "listing", on: Resource{Kind: kind + "s"}}
	var all []Resource
	seen := map[string]bool{}
	for first := true; ; first = false {
		entries, next, err := c.page(ctx, made, kind, query)
		if err != nil {
			failed := err.(*Error)
			// Cinder looks the marker up, and does not find one deleted since.
			failed.Restart = !first && (failed.Code == http.StatusNotFound || failed.Code == http.StatusBadRequest)
			return nil, failed
		}
		all = append(all, entries...)
		if pages != nil && len(entries) > 0 {
			*pages = append(*pages, len(entries))
		}
		if len(entries) == 0 || next == "" {
			return all, nil
		}
		if seen[next] {
			return nil, made.incomplete("its pages go round in a circle")
		}
		seen[next] = true
		query = next
	}
}

// page asks for one page of a list, and finds the query of the next. Its errors
// are all *Error.
func (c *Client) page(ctx context.Context, made *call, kind, query string) (entries []Resource, next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	service := c.service(kind)
	address := service.ServiceURL(kind + "s")
	if kind != KindImage {
		address = service.ServiceURL(kind+"s", "detail")
	}
	var body several
	if _, err = service.Get(made.in(ctx), address+query, &body, nil); err != nil {
		return nil, "", made.failure(err)
	}
	list, links := body.of(kind)
	if list == nil {
		return nil, "", made.incomplete("it holds no list of " + kind + "s")
	}
	for _, w := range list {
		if !w.usable() {
			return nil, "", made.incomplete("an entry has no usable id")
		}
		entries = append(entries, w.resource(kind, made.requestID))
	}
	for _, link := range links {
		if link.Rel != "next" || link.Href == "" {
			continue
		}
		at, err := url.Parse(link.Href)
		if err != nil || at.RawQuery == "" {
			return nil, "", made.incomplete("its link to the next page cannot be followed")
		}
		return entries, "?" + at.RawQuery, nil
	}
	return entries, "", nil
}
