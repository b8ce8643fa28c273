package cloud

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// file is one configuration file, read down to the entries of its main key. The
// zero value is one that was not found.
type file struct {
	path     string
	entries  *mapping
	warnings []string
}

// entry is the named entry; nil if there is none.
func (f file) entry(name string) (*mapping, error) {
	v := f.entries.as(name)
	switch {
	case v.kind == absent:
		return nil, nil
	case v.fields == nil:
		return nil, configErrorf("'%s' in %s is not a set of keys and values (line %d)", name, f.path, v.line)
	}
	if path, tagged := v.fields.unresolved(); tagged.kind == unknownTag {
		return nil, configErrorf("%s, line %d, column %d: '%s' begins with '!', which makes it a YAML tag, and that cannot be resolved here; write the value itself, in quotes if it begins so", f.path, tagged.line, tagged.column, path)
	}
	return v.fields, nil
}

// configDirs are the places to look in, as openstacksdk does. Like it, a list of
// several directories in XDG_CONFIG_DIRS is none.
func configDirs(o Options) []string {
	user, site := o.Getenv("XDG_CONFIG_HOME"), o.Getenv("XDG_CONFIG_DIRS")
	if strings.TrimSpace(user) == "" {
		user = filepath.Join(o.Home, ".config")
	}
	if strings.TrimSpace(site) == "" {
		site = "/etc/xdg"
	}
	dirs := []string{o.Dir}
	for _, dir := range []string{user, filepath.Join(o.Home, ".config"), site, "/etc"} {
		if dir = filepath.Join(dir, "openstack"); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// findFile reads the first file of that base name, or the one that the
// environment names. One that is missing, may not be read or is a directory is
// passed over.
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
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue
		}
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
	parse := yamlFile
	if strings.HasSuffix(path, "json") {
		parse = jsonFile
	}
	root, warnings, err := parse(path, raw)
	if err != nil {
		return file{}, err
	}
	f := file{path: path, warnings: warnings}
	switch {
	case root.kind == null:
		return f, nil
	case root.kind != fields:
		return file{}, configErrorf("%s holds %s where a set of keys and values with '%s' is expected (line %d)", path, root.kind, key, root.line)
	}
	main := root.fields.as(key)
	switch main.kind {
	case absent, null:
	case fields:
		f.entries = main.fields
	default:
		return file{}, configErrorf("%s: '%s' is not a set of names with a cloud each, but %s (line %d)", path, key, main.kind, main.line)
	}
	return f, nil
}

func (k kind) String() string {
	switch k {
	case absent, null:
		return "nothing"
	case scalar:
		return "a text"
	case sequence:
		return "a list"
	case fields:
		return "a set of keys and values"
	}
	return "a value with an unknown tag"
}

// unresolved finds a value with an unknown tag: its path of keys, and the value.
func (m *mapping) unresolved() (path string, v value) {
	for _, key := range m.keys {
		if path, v = m.values[key].unresolved(); v.kind == unknownTag {
			return strings.TrimSuffix(key+"."+path, "."), v
		}
	}
	return "", value{}
}

func (v value) unresolved() (path string, found value) {
	switch v.kind {
	case unknownTag:
		return "", v
	case fields:
		return v.fields.unresolved()
	case sequence:
		for i, element := range v.list {
			if path, found = element.unresolved(); found.kind == unknownTag {
				return strings.TrimSuffix(fmt.Sprintf("%d.%s", i, path), "."), found
			}
		}
	}
	return "", value{}
}
