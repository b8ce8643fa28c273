package cloud

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Options say which cloud to talk to and how. The process's environment is
// read nowhere else.
type Options struct {
	// Cloud is the name in clouds.yaml.
	Cloud string
	// Dir is the working directory, Home the user's home directory.
	Dir, Home string
	Getenv    func(string) string
	// Password, if set, is asked after clouds.yaml has been read and before the
	// login; an empty answer means the file's password.
	Password func() (string, error)
	// Transport replaces the network, for tests; nil: sockets.
	Transport http.RoundTripper
	// Debug, if set, gets every HTTP exchange, a line at a time, secrets masked.
	Debug func(line string)
	// UserAgent is what the requests call themselves, e.g. "tool/1.0".
	UserAgent string
}

// config is the named cloud's entry, after the files were merged.
type config struct {
	name, file string
	entry      map[string]any
	auth       map[string]any
}

// readConfig finds the cloud as openstacksdk does: in the first clouds.yaml of
// the working directory, the user's configuration directory and /etc/openstack,
// with secure.yaml laid over it.
func readConfig(o Options) (*config, error) {
	file, clouds, err := findFile(o, "clouds", o.Getenv("OS_CLIENT_CONFIG_FILE"))
	if err != nil {
		return nil, err
	}
	if file == "" {
		return nil, configErrorf("no clouds.yaml found in %s; create one, or name it in OS_CLIENT_CONFIG_FILE", strings.Join(configDirs(o), ", "))
	}
	node, found := clouds[o.Cloud]
	if !found {
		return nil, configErrorf("cloud '%s' is not in %s; it has %s", o.Cloud, file, quoted(slices.Sorted(maps.Keys(clouds))))
	}
	c := &config{name: o.Cloud, file: file}
	if err := node.Decode(&c.entry); err != nil || c.entry == nil {
		return nil, configErrorf("cloud '%s' in %s is not a set of keys and values", o.Cloud, file)
	}
	secureFile, secure, err := findFile(o, "secure", o.Getenv("OS_CLIENT_SECURE_FILE"))
	if err != nil {
		return nil, err
	}
	if node, found := secure[o.Cloud]; found {
		var secrets map[string]any
		if err := node.Decode(&secrets); err != nil {
			return nil, configErrorf("cloud '%s' in %s is not a set of keys and values", o.Cloud, secureFile)
		}
		merge(c.entry, secrets)
	}
	auth, ok := c.entry["auth"].(map[string]any)
	if !ok {
		return nil, configErrorf("cloud '%s' in %s has no 'auth' block; add one with auth_url, username, password and project_name", o.Cloud, file)
	}
	c.auth = auth
	return c, c.check()
}

func (c *config) check() error {
	address := c.authValue("auth_url")
	if address == "" {
		return configErrorf("cloud '%s' in %s has no auth_url in its 'auth' block; add Keystone's address", c.name, c.file)
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return configErrorf("auth_url of cloud '%s' in %s is not an http or https address", c.name, c.file)
	}
	return nil
}

// value is a top-level scalar of the cloud's entry as text; "" if there is none.
func (c *config) value(key string) string { return scalar(c.entry[key]) }

// authValue is a scalar of the 'auth' block as text.
func (c *config) authValue(key string) string { return scalar(c.auth[key]) }

func scalar(v any) string {
	switch v.(type) {
	case nil, map[string]any, []any:
		return ""
	}
	return fmt.Sprint(v)
}

func configDirs(o Options) []string {
	user := o.Getenv("XDG_CONFIG_HOME")
	if user == "" {
		user = filepath.Join(o.Home, ".config")
	}
	return []string{o.Dir, filepath.Join(user, "openstack"), "/etc/openstack"}
}

// findFile reads the first file of that name, or the one that the environment
// names, down to the entries of its 'clouds' key: a mistake in one cloud does
// no harm to another.
func findFile(o Options, base, named string) (string, map[string]yaml.Node, error) {
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
	for _, file := range candidates {
		raw, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", nil, configErrorf("%s cannot be read: %v", file, errors.Unwrap(err))
		}
		var content struct {
			Clouds map[string]yaml.Node `yaml:"clouds"`
		}
		if err := yaml.Unmarshal(raw, &content); err != nil {
			return "", nil, configErrorf("%s is not valid YAML: %s", file, printable(err.Error()))
		}
		if base == "clouds" && len(content.Clouds) == 0 {
			return "", nil, configErrorf("%s has no 'clouds' key with a cloud in it", file)
		}
		return file, content.Clouds, nil
	}
	return "", nil, nil
}

// merge lays over onto base, key by key.
func merge(base, over map[string]any) {
	for key, value := range over {
		deeper, ok := value.(map[string]any)
		if below, isMap := base[key].(map[string]any); ok && isMap {
			merge(below, deeper)
			continue
		}
		base[key] = value
	}
}

func quoted(names []string) string {
	for i, name := range names {
		names[i] = "'" + name + "'"
	}
	return strings.Join(names, ", ")
}
