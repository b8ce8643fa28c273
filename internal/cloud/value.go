package cloud

import (
	"slices"
	"strings"
)

// value is what stands at a key of a configuration, and where that was written.
// The zero value is one that is not there.
type value struct {
	kind   kind
	text   string // of a scalar, as it stands in the file: a project id of digits stays what it is
	plain  bool   // a scalar without quotes, which YAML may read as a switch
	list   []value
	fields *mapping
	origin
}

// kind is what a value is.
type kind int

const (
	absent kind = iota
	null
	scalar
	sequence
	fields
	unknownTag // of YAML, such as '!vault'; text is the tag
)

// origin is where a value was written. The line and the column count from 1; 0:
// unknown.
type origin struct {
	file         string
	line, column int
}

// set tells whether there is a value at all: null stands for none.
func (v value) set() bool { return v.kind > null }

// mapping keeps its keys in the order and the spelling in which they were
// written, because both decide which of two keys counts.
type mapping struct {
	keys   []string
	values map[string]value
}

func newMapping() *mapping { return &mapping{values: map[string]value{}} }

// put sets a key. One that was there before keeps its place.
func (m *mapping) put(key string, v value) {
	if _, found := m.values[key]; !found {
		m.keys = append(m.keys, key)
	}
	m.values[key] = v
}

// as is the value at exactly this key.
func (m *mapping) as(key string) value {
	if m == nil {
		return value{}
	}
	return m.values[key]
}

// named is the value at a key that may be written with dashes or underscores. Of
// two such keys the later one counts.
func (m *mapping) named(key string) value {
	if m == nil {
		return value{}
	}
	for _, written := range slices.Backward(m.keys) {
		if underscored(written) == key {
			return m.values[written]
		}
	}
	return value{}
}

func underscored(key string) string { return strings.ReplaceAll(key, "-", "_") }

// over is m laid over base, key by key; of mappings only those under 'auth' are
// merged. openstacksdk merges others, too, where secure.yaml is laid over
// clouds.yaml; none of them is used here.
func (m *mapping) over(base *mapping) *mapping {
	out := newMapping()
	for _, layer := range []*mapping{base, m} {
		if layer == nil {
			continue
		}
		for _, key := range layer.keys {
			v, below := layer.values[key], out.values[key]
			if v.fields != nil && below.fields != nil && key == "auth" {
				v.fields = v.fields.over(below.fields)
			}
			out.put(key, v)
		}
	}
	return out
}
