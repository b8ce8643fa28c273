package cloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// value is a node of a configuration file: a text, a list or a mapping; the
// zero value is one that is not there. A scalar keeps the text that stands in
// the file, so that a project id or a password of digits stays what it is.
type value struct {
	text   string
	list   []value
	fields mapping
}

type mapping map[string]value

func (v *value) UnmarshalYAML(node *yaml.Node) error {
	switch node.Kind {
	case yaml.MappingNode:
		v.fields = mapping{}
		return node.Decode((*map[string]value)(&v.fields))
	case yaml.SequenceNode:
		return node.Decode(&v.list)
	}
	v.text = node.Value
	return nil
}

// underscored is the mapping with every dash in a key made an underscore, as
// openstacksdk reads both. A key that is written with underscores wins.
func (m mapping) underscored() mapping {
	out := mapping{}
	for key, v := range m {
		plain := strings.ReplaceAll(key, "-", "_")
		if _, both := m[plain]; both && plain != key {
			continue
		}
		if v.fields != nil {
			v.fields = v.fields.underscored()
		}
		out[plain] = v
	}
	return out
}

// over lays m over base, key by key; mappings in both are merged if deep, else
// only the one under 'auth'.
func (m mapping) over(base mapping, deep bool) mapping {
	out := mapping{}
	for key, v := range base {
		out[key] = v
	}
	for key, v := range m {
		if below := out[key].fields; below != nil && v.fields != nil && (deep || key == "auth") {
			v.fields = v.fields.over(below, deep)
		}
		out[key] = v
	}
	return out
}

// file is one configuration file, read down to the entries of its main key:
// what is within an entry is decoded only when it is asked for, so that a
// mistake in one cloud does no harm to another.
type file struct {
	path    string
	entries map[string]yaml.Node
}

// entry is the named entry; nil if there is none.
func (f file) entry(name string) (mapping, error) {
	node, found := f.entries[name]
	if !found {
		return nil, nil
	}
	var v value
	if err := node.Decode(&v); err != nil {
		return nil, configErrorf("'%s' in %s cannot be read: %s", name, f.path, Printable(err.Error()))
	}
	if v.fields == nil {
		return nil, configErrorf("'%s' in %s is not a set of keys and values", name, f.path)
	}
	return v.fields.underscored(), nil
}

// configDirs are the places to look in, as openstacksdk does.
func configDirs(o Options) []string {
	dirs := []string{o.Dir}
	if xdg := o.Getenv("XDG_CONFIG_HOME"); xdg != "" {
		dirs = append(dirs, filepath.Join(xdg, "openstack"))
	}
	for _, dir := range []string{filepath.Join(o.Home, ".config", "openstack"), "/etc/openstack"} {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// findFile reads the first file of that base name, or the one that the
// environment names. One that is missing or may not be read is passed over.
func findFile(o Options, base, named, key string) (file, error) {
	var candidates []string
	if named != "" {
		if !filepath.IsAbs(named) {
			named = filepath.Join(o.Dir, named)
		}
		candidates = append(candidates, named)
	}
	for _, dir := range configDirs(o) {
		for _, suffix := range []string{".yaml", ".yml", ".json"} {
			candidates = append(candidates, filepath.Join(dir, base+suffix))
		}
	}
	for _, path := range candidates {
		raw, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			continue
		case err != nil:
			return file{}, configErrorf("%s cannot be read: %v", path, errors.Unwrap(err))
		}
		return parseFile(path, raw, key)
	}
	return file{}, nil
}

func parseFile(path string, raw []byte, key string) (file, error) {
	if strings.HasSuffix(path, ".json") {
		var compact bytes.Buffer // YAML cannot read the tabs that JSON may have
		if err := json.Compact(&compact, raw); err != nil {
			return file{}, configErrorf("%s is not valid JSON: %s", path, Printable(err.Error()))
		}
		raw = compact.Bytes()
	}
	var content map[string]yaml.Node
	if err := yaml.Unmarshal(raw, &content); err != nil {
		return file{}, configErrorf("%s is not valid YAML: %s", path, Printable(err.Error()))
	}
	f := file{path: path}
	if node, found := content[key]; found && node.Decode(&f.entries) != nil {
		return file{}, configErrorf("%s: '%s' is not a set of names with a cloud each", path, key)
	}
	return f, nil
}
