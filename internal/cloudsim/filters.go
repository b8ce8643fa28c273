package cloudsim

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// filter says which resources a query parameter of that value selects, or why it may not have it.
type filter[T any] func(asked string) (func(T) bool, error)

// none is what a filter selects that nothing can match.
func none[T any](T) bool { return false }

// same selects what has that value, in whichever case, as the database compares.
func same[T any](value func(T) any) filter[T] {
	return func(asked string) (func(T) bool, error) {
		return func(one T) bool { return strings.EqualFold(fmt.Sprint(value(one)), asked) }, nil
	}
}

// truth selects what is, or is not. What is neither yes nor no is refused so.
func truth[T any](value func(T) bool, refusal string) filter[T] {
	return func(asked string) (func(T) bool, error) {
		wanted := slices.ContainsFunc(yes, func(word string) bool { return strings.EqualFold(word, asked) })
		if !wanted && !slices.ContainsFunc(no, func(word string) bool { return strings.EqualFold(word, asked) }) {
			return nil, malformed(refusal, asked)
		}
		return func(one T) bool { return value(one) == wanted }, nil
	}
}

// quotaUse is the filter by whether it counts against the quota, as everything here does.
func quotaUse[T any]() filter[T] {
	return truth(func(T) bool { return true }, "Value '%s' for 'use_quota' is not a boolean.")
}

// keyValues selects what has all of the keys and values of an object, as Python or JSON write it.
func keyValues[T interface{ resource() *Resource }](asked string) (func(T) bool, error) {
	var wanted map[string]string
	if json.Unmarshal([]byte(asked), &wanted) != nil && json.Unmarshal([]byte(strings.ReplaceAll(asked, "'", `"`)), &wanted) != nil {
		return none[T], nil
	}
	return func(one T) bool {
		for key, value := range wanted {
			if has, exists := one.resource().Metadata[key]; !exists || has != value {
				return false
			}
		}
		return true
	}, nil
}

// moment selects by a time: gt:TIME, or several such comparisons with commas between them.
func moment[T any](value func(T) time.Time) filter[T] {
	return func(asked string) (func(T) bool, error) {
		type comparison struct {
			holds func(order int) bool
			with  time.Time
		}
		var all []comparison
		for part := range strings.SplitSeq(asked, ",") {
			operator, text, _ := strings.Cut(part, ":")
			holds := map[string]func(int) bool{
				"gt": func(o int) bool { return o > 0 }, "gte": func(o int) bool { return o >= 0 },
				"lt": func(o int) bool { return o < 0 }, "lte": func(o int) bool { return o <= 0 },
				"eq": func(o int) bool { return o == 0 }, "neq": func(o int) bool { return o != 0 },
			}[operator]
			if holds == nil {
				return nil, malformed("Invalid %s operator", operator)
			}
			with, err := isoTime(text)
			if err != nil {
				return nil, malformed("Invalid %s value", text)
			}
			all = append(all, comparison{holds, with})
		}
		return func(one T) bool {
			at := value(one).Truncate(time.Second)
			return !slices.ContainsFunc(all, func(c comparison) bool { return !c.holds(at.Compare(c.with)) })
		}, nil
	}
}

// isoTime reads a day or a time; without a zone it is UTC.
func isoTime(text string) (t time.Time, err error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if t, err = time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return t, err
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

// matching is what all of the filters select.
func (l *listing[T]) matching(params url.Values) (func(T) bool, error) {
	var all []func(T) bool
	for name, filter := range l.filters {
		if !params.Has(name) {
			continue
		}
		matches, err := filter(params.Get(name))
		if err != nil {
			return nil, err
		}
		all = append(all, matches)
	}
	return func(one T) bool {
		return !slices.ContainsFunc(all, func(matches func(T) bool) bool { return !matches(one) })
	}, nil
}
