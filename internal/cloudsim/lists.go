package cloudsim

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
)

// listing says how a collection is listed.
type listing[T interface{ resource() *Resource }] struct {
	collection, kind string
	everyProject     bool // whosever the entries are
	foreign          Rule // broken: likewise; "": none
	filters          map[string]filter[T]
	sorts            map[string]order[T] // beside those of all resources
	view             func(one T, detail bool) any
}

// list answers GET /collection and /collection/detail: filtered, sorted, a page of it.
func list[T interface{ resource() *Resource }](c *Cloud, r *call, all map[string]T, l listing[T]) (*answer, error) {
	params := maps.Clone(r.query)
	limit, err := number(params, "limit", c.config.PageSize)
	if err != nil {
		return nil, err
	}
	limit = min(limit, c.config.PageSize)
	offset, err := number(params, "offset", 0)
	if err != nil {
		return nil, err
	}
	compare, err := sorting(params, l.sorts)
	if err != nil {
		return nil, err
	}
	marker := params.Get("marker")
	params.Del("marker")
	count := params.Get("with_count")
	if r.minor >= 45 && params.Has("with_count") {
		if !slices.Contains(yes, count) && !slices.Contains(no, count) {
			return nil, malformed("Value '%s' for 'with_count' is not a boolean.", count)
		}
		params.Del("with_count")
	}
	everyProject := l.everyProject || r.token.admin() && slices.Contains(yes, params.Get("all_tenants")) ||
		l.foreign != "" && c.broken(l.foreign)
	params.Del("all_tenants")
	if err := l.checkFilters(r, params); err != nil {
		return nil, err
	}

	backups := l.collection == "backups" // of whose lists rules may be broken
	if backups {
		c.misfilter(params)
	}
	if backups && c.broken(LimitIgnored) {
		limit = c.config.PageSize
	}
	matches, err := l.matching(params)
	if err != nil {
		return nil, err
	}
	var after *T
	if marker != "" && !(backups && c.broken(MarkerIgnored)) {
		one, exists := all[marker] // another project's will do, as in Cinder
		if !exists {
			return nil, notFound(l.kind, marker)
		}
		after = &one
	}
	// Only what is on this page is put in order: a client that pages through thousands is not to wait.
	var found []T
	total, most := 0, offset+limit
	for _, one := range all {
		if !everyProject && one.resource().Project != r.token.project.id || !matches(one) {
			continue
		}
		total++
		if after != nil && compare(one, *after) <= 0 || most > 0 && len(found) == most && compare(found[most-1], one) < 0 {
			continue
		}
		if i, _ := slices.BinarySearchFunc(found, one, compare); i < most {
			found = slices.Insert(found, i, one)
			found = found[:min(most, len(found))]
		}
	}
	found = found[min(offset, len(found)):]
	full := len(found) >= limit
	if backups {
		found = mispage(c, found, after, limit)
	}

	detail := len(r.segs) == 2
	entries := []any{}
	for _, one := range found {
		entries = append(entries, l.view(one, detail))
	}
	body := object{l.collection: entries}
	counted := r.minor >= 45 && slices.Contains(yes, count)
	if counted {
		body["count"] = total
	}
	// A full page has a link to the next one, even if that is empty; with a count so do short ones.
	if full = full || counted && total >= limit; full && len(found) > 0 && !(backups && c.broken(LinksMissing)) {
		next := maps.Clone(r.query)
		next.Set("marker", found[len(found)-1].resource().ID)
		body[l.collection+"_links"] = []link{{"next", r.href("v3", r.segs...) + "?" + next.Encode()}}
	}
	return ok(body), nil
}

// number takes a non-negative parameter.
func number(params url.Values, name string, absent int) (int, error) {
	text := params.Get(name)
	if !params.Has(name) {
		return absent, nil
	}
	params.Del(name)
	n, err := strconv.Atoi(text)
	switch {
	case err != nil && name == "limit":
		return 0, malformed("limit param must be an integer")
	case err != nil:
		return 0, malformed("%s must be an integer", name)
	case n < 0 && name == "limit":
		return 0, malformed("limit param must be positive")
	case n < 0:
		return 0, malformed("%s must be >= 0", name)
	}
	return n, nil
}
