package cloudsim

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// listing says how a collection is listed.
type listing[T interface{ resource() *Resource }] struct {
	collection, kind string
	nameSorts        int  // the microversion from which on one may sort by name
	everyProject     bool // whosever the entries are
	foreign          Rule // broken: likewise; "": none
	filters          map[string]func(T) any
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
	order, err := sorting(r, params, l.nameSorts)
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
	compare := func(a, b T) int { return order(a.resource(), b.resource()) }
	total, most := 0, offset+limit
	for _, one := range all {
		if !everyProject && one.resource().Project != r.token.project.id || !l.matches(one, params) {
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

// sorting takes the parameters that give an order. Whatever they say, the time of creation and the id
// come last, in the direction of the first key.
func sorting(r *call, params url.Values, nameSorts int) (func(a, b *Resource) int, error) {
	keys := map[string]func(a, b *Resource) int{
		"id":     func(a, b *Resource) int { return cmp.Compare(a.ID, b.ID) },
		"status": func(a, b *Resource) int { return cmp.Compare(a.Status, b.Status) },
		"size":   func(a, b *Resource) int { return cmp.Compare(a.Size, b.Size) },
		// The database has whole seconds: within one the order is that of the ids.
		"created_at": func(a, b *Resource) int { return cmp.Compare(a.CreatedAt.Unix(), b.CreatedAt.Unix()) },
		"updated_at": func(a, b *Resource) int { return cmp.Compare(a.UpdatedAt.Unix(), b.UpdatedAt.Unix()) },
		"name":       func(a, b *Resource) int { return cmp.Compare(a.Name, b.Name) },
	}
	if r.minor < nameSorts {
		delete(keys, "name")
	}
	if params.Has("sort") && (params.Has("sort_key") || params.Has("sort_dir")) {
		return nil, malformed("The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.")
	}
	wanted := params.Get("sort")
	if !params.Has("sort") {
		wanted = cmp.Or(params.Get("sort_key"), "created_at") + ":" + cmp.Or(params.Get("sort_dir"), "desc")
	}
	for _, name := range []string{"sort", "sort_key", "sort_dir"} {
		params.Del(name)
	}
	var order []func(a, b *Resource) int
	var first string
	for part := range strings.SplitSeq(wanted, ",") {
		key, direction, _ := strings.Cut(strings.TrimSpace(part), ":")
		direction = cmp.Or(direction, "desc")
		first = cmp.Or(first, direction)
		compare, known := keys[key]
		if !known {
			return nil, malformed("Invalid input received: Invalid sort key")
		}
		if direction != "asc" && direction != "desc" {
			return nil, malformed("Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.")
		}
		order = append(order, directed(compare, direction))
	}
	order = append(order, directed(keys["created_at"], first), directed(keys["id"], first))
	return func(a, b *Resource) int {
		for _, compare := range order {
			if c := compare(a, b); c != 0 {
				return c
			}
		}
		return 0
	}, nil
}

func directed(compare func(a, b *Resource) int, direction string) func(a, b *Resource) int {
	if direction == "asc" {
		return compare
	}
	return func(a, b *Resource) int { return compare(b, a) }
}

// checkFilters refuses, from 3.31 on, what is no filter; before, it is ignored.
func (l *listing[T]) checkFilters(r *call, params url.Values) error {
	if r.minor < 31 || r.token.admin() {
		return nil
	}
	var unknown []string
	for name := range params {
		if _, known := l.filters[name]; !known {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return malformed("Invalid filters %s are found in query options.", strings.Join(unknown, ","))
}

func (l *listing[T]) matches(one T, params url.Values) bool {
	for name, value := range l.filters {
		if params.Has(name) && !strings.EqualFold(fmt.Sprint(value(one)), params.Get(name)) {
			return false
		}
	}
	return true
}
