package contract

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// keys checks that an object has exactly these members.
func keys(t *testing.T, o object, want string) {
	t.Helper()
	have := slices.Sorted(maps.Keys(o))
	wanted := strings.Fields(want)
	slices.Sort(wanted)
	if !slices.Equal(have, wanted) {
		t.Errorf("members are %v\nwant        %v", have, wanted)
	}
}

// members checks some of an object's members.
func members(t *testing.T, o, want object) {
	t.Helper()
	for name, value := range want {
		if o[name] != value {
			t.Errorf("%s is %v, want %v", name, o[name], value)
		}
	}
}

// pluck returns one member of each entry of a list, sorted and put together.
func pluck(list any, member string) string {
	entries, _ := list.([]any)
	var values []string
	for _, e := range entries {
		value, _ := e.(object)[member].(string)
		values = append(values, value)
	}
	slices.Sort(values)
	return strings.Join(values, " ")
}

// ids returns the ids of a list in its order.
func ids(entries []object) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e["id"].(string))
	}
	return all
}
