package cloudsim

import (
	"cmp"
	"maps"
	"net/url"
	"strings"
)

// order compares two resources.
type order[T any] func(a, b T) int

// by is an order by one value.
func by[T any, K cmp.Ordered](value func(T) K) order[T] {
	return func(a, b T) int { return cmp.Compare(value(a), value(b)) }
}

// alike is the order by values that are the same for all that there is here.
func alike[T any](T, T) int { return 0 }

// resourceSorts are the keys that every resource can be sorted by.
func resourceSorts[T interface{ resource() *Resource }]() map[string]order[T] {
	text := func(value func(r *Resource) string) order[T] {
		return by(func(one T) string { return value(one.resource()) })
	}
	// The database has whole seconds: within one the order is that of the ids.
	return map[string]order[T]{
		"id":                  text(func(r *Resource) string { return r.ID }),
		"status":              text(func(r *Resource) string { return r.Status }),
		"created_at":          by(func(one T) int64 { return one.resource().CreatedAt.Unix() }),
		"updated_at":          by(func(one T) int64 { return one.resource().UpdatedAt.Unix() }),
		"display_name":        text(func(r *Resource) string { return r.Name }),
		"display_description": text(func(r *Resource) string { return r.Description }),
		"project_id":          text(func(r *Resource) string { return r.Project }),
		"user_id":             text(func(r *Resource) string { return r.User }),
		"deleted":             alike[T],
		"encryption_key_id":   alike[T],
	}
}

// sorting takes the parameters that give an order, by the keys of all resources and more. Whatever they say, the time of creation and the id
// come last, in the direction of the first key.
func sorting[T interface{ resource() *Resource }](params url.Values, more map[string]order[T]) (order[T], error) {
	keys := resourceSorts[T]()
	maps.Copy(keys, more)
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
	var all []order[T]
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
		all = append(all, directed(compare, direction))
	}
	all = append(all, directed(keys["created_at"], first), directed(keys["id"], first))
	return func(a, b T) int {
		for _, compare := range all {
			if c := compare(a, b); c != 0 {
				return c
			}
		}
		return 0
	}, nil
}

func directed[T any](compare order[T], direction string) order[T] {
	if direction == "asc" {
		return compare
	}
	return func(a, b T) int { return compare(b, a) }
}
