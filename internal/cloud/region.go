package cloud

import (
	"slices"
	"strings"
)

// region chooses the region: the first of the cloud's own 'regions', else its own
// region_name, else what the profile says. A region of 'regions' may have values
// of its own; they are nil else.
func (c *config) region(own, profile *mapping) (name value, values *mapping, err error) {
	if regions := own.named("regions"); regions.kind != absent {
		return c.firstRegion(regions)
	}
	if given := own.named("region_name"); given.set() {
		if given.kind == sequence {
			return c.firstRegion(given)
		}
		given.text, _, _ = strings.Cut(given.text, ",")
		return given, nil, nil
	}
	if regions := profile.named("regions"); regions.text != "" || len(regions.list) > 0 || regions.fields != nil {
		return c.firstRegion(regions)
	}
	return profile.named("region_name"), nil, nil
}

// firstRegion is the first of a list of regions; all have to be well formed.
func (c *config) firstRegion(regions value) (name value, values *mapping, err error) {
	if regions.kind != sequence || len(regions.list) == 0 {
		return value{}, nil, configErrorf("'regions' of cloud '%s' in %s is %s (line %d); write a list of regions, or region_name for a single one", c.name, regions.file, emptyOr(regions), regions.line)
	}
	for _, region := range slices.Backward(regions.list) {
		values = nil
		if region.kind == scalar {
			name = region
			continue
		}
		if name = region.fields.named("name"); name.kind != scalar || name.text == "" {
			return value{}, nil, configErrorf("a region of cloud '%s' in %s has no name (line %d)", c.name, region.file, region.line)
		}
		for _, key := range region.fields.keys {
			if plain := underscored(key); plain != "name" && plain != "values" {
				return value{}, nil, configErrorf("region '%s' of cloud '%s' in %s has the key '%s'; only 'name' and 'values' are read: put it below 'values'", Printable(name.text), c.name, region.file, Printable(key))
			}
		}
		if v := region.fields.named("values"); v.set() {
			if v.kind != fields {
				return value{}, nil, configErrorf("'values' of region '%s' of cloud '%s' in %s is %s (line %d), not a set of keys and values", Printable(name.text), c.name, region.file, v.kind, v.line)
			}
			values = v.fields.withoutNulls()
		}
	}
	return name, values, nil
}

func emptyOr(v value) string {
	if v.kind == sequence && len(v.list) == 0 {
		return "empty"
	}
	return v.kind.String()
}

// withoutNulls leaves out what would hide a value of the cloud by nothing: a
// region's nulls count for nothing.
func (m *mapping) withoutNulls() *mapping {
	out := newMapping()
	for _, key := range m.keys {
		if v := m.values[key]; v.set() {
			out.put(key, v)
		}
	}
	return out
}
