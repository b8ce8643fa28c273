package cloud

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
)

// Options say which cloud to talk to and how. The process's environment is
// read nowhere else.
type Options struct {
	// Cloud is the name in clouds.yaml, or envvars for the cloud of the OS_
	// variables.
	Cloud string
	// Dir is the working directory, Home the user's home directory.
	Dir, Home string
	Getenv    func(string) string
	// Secret, if set, is asked for the password, or what the cloud's way to log in
	// has instead, after clouds.yaml has been read and before the login; an empty
	// answer means the file's.
	Secret func(what string) (string, error)
	// Transport replaces the network, for tests; nil: sockets.
	Transport http.RoundTripper
	// Retry repeats the first login and the client's calls; nil: each is made
	// once.
	Retry Retry
	// Pace, if set, bounds what is asked at once.
	Pace *Pace
	// Debug, if set, gets every HTTP exchange, a line at a time, secrets masked.
	Debug func(line string)
	// Requests, if set, counts the HTTP requests sent.
	Requests *atomic.Int64
	// Redirects, if set, counts the redirects that were followed.
	Redirects *atomic.Int64
	// UserAgent is what the requests call themselves, e.g. "tool/1.0".
	UserAgent string
}

// config is the named cloud's entry after the files were laid over each other.
type config struct {
	// name is the cloud's, file what its entry stands in, for messages.
	name, file string
	// environment tells that the entry is made of variables, not of files.
	environment bool
	top, auth   *mapping         // as merged
	login       map[string]value // the settings of the login, by today's names
	method      method
	undefined   string // the profile that no file defines; "": none
	warnings    []string
}

// readConfig reads the cloud's entry as openstacksdk 4.4 does when a cloud is
// named. No other variable counts than those that name files, unless the cloud is
// the one that the variables make.
func readConfig(o Options) (*config, error) {
	c := &config{name: o.Cloud}
	own, err := c.own(o)
	if err != nil {
		return nil, err
	}
	profile, err := c.profile(o, own)
	if err != nil {
		return nil, err
	}
	region, values, err := c.region(own, profile)
	if err != nil {
		return nil, err
	}
	// the order is that of precedence.go: each layer counts more than those before
	c.top = today(values.over(own.over(profile)))
	c.top.put("region_name", region)
	if c.auth, err = c.authBlock(); err != nil {
		return nil, err
	}
	c.login = map[string]value{}
	for _, s := range loginSettings {
		_, c.login[s.name] = s.find(c.auth, c.top)
	}
	c.shareDomain()
	if c.method, err = c.methodOf(); err != nil {
		return nil, err
	}
	for _, step := range []func() error{c.refuse, c.expand, c.check} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// own is the cloud's entry: clouds.yaml with secure.yaml laid over it, or what the
// variables make.
func (c *config) own(o Options) (*mapping, error) {
	clouds, err := findFile(o, "clouds", o.Getenv("OS_CLIENT_CONFIG_FILE"), "clouds")
	if err != nil {
		return nil, err
	}
	secure, err := findFile(o, "secure", o.Getenv("OS_CLIENT_SECURE_FILE"), "clouds")
	if err != nil {
		return nil, err
	}
	c.warnings = append(clouds.warnings, secure.warnings...)
	if c.name == FromEnvironment(o.Getenv) {
		return c.fromEnvironment(o, clouds, secure)
	}
	own, err := clouds.entry(c.name)
	if err != nil {
		return nil, err
	}
	secrets, err := secure.entry(c.name)
	if err != nil {
		return nil, err
	}
	c.file = clouds.path
	hint := ""
	if o.Getenv("OS_AUTH_URL") != "" {
		hint = fmt.Sprintf("; for the cloud of the OS_ variables, use --os-cloud %s", FromEnvironment(o.Getenv))
	}
	switch {
	case own == nil && secrets != nil:
		c.file = secure.path
	case clouds.path == "":
		return nil, configErrorf("no clouds.yaml found in %s; create one, or name it in OS_CLIENT_CONFIG_FILE%s", strings.Join(configDirs(o), ", "), hint)
	case clouds.entries == nil || len(clouds.entries.keys) == 0:
		return nil, configErrorf("%s has no 'clouds' key with a cloud in it%s", clouds.path, hint)
	case own == nil:
		return nil, configErrorf("cloud '%s' is not in %s; it has %s%s", c.name, clouds.path, quoted(slices.Sorted(slices.Values(clouds.entries.keys))), hint)
	}
	return secrets.over(own), nil
}

// profile is the entry of clouds-public.yaml that the cloud names; nil if it names
// none, or one that no file defines.
func (c *config) profile(o Options, own *mapping) (*mapping, error) {
	v := own.as("profile")
	if v.kind == absent {
		v = own.as("cloud") // as it was called once
	}
	name := v.text
	if name == "" || name == FromEnvironment(o.Getenv) {
		return nil, nil
	}
	public, err := findFile(o, "clouds-public", "", "public-clouds")
	if err != nil {
		return nil, err
	}
	profile, err := public.entry(name)
	if err != nil {
		return nil, err
	}
	c.warnings = append(c.warnings, public.warnings...)
	if profile == nil {
		c.undefined = Printable(name)
		c.warnings = append(c.warnings, fmt.Sprintf("cloud '%s' in %s uses the profile '%s', which no clouds-public.yaml defines, and goes without it; profiles that are built into openstacksdk are not known here", c.name, c.file, c.undefined))
	}
	return profile, nil
}

// authBlock is the mapping at 'auth'; an empty one if there is none.
func (c *config) authBlock() (*mapping, error) {
	v := c.top.as("auth")
	switch v.kind {
	case absent:
		return newMapping(), nil
	case fields:
		return v.fields, nil
	}
	return nil, configErrorf("'auth' of cloud '%s' in %s is %s (line %d), not a set of keys and values; give it auth_url, username, password and project_name, or remove it", c.name, v.file, v.kind, v.line)
}

// shareDomain makes domain_id and domain_name those of the user and the project,
// where a project is named: else they are a scope.
func (c *config) shareDomain() {
	if c.authValue("project_id") == "" && c.authValue("project_name") == "" {
		return
	}
	for _, form := range []string{"id", "name"} {
		for _, of := range []string{"user_domain_", "project_domain_"} {
			if c.authValue(of+form) == "" {
				c.login[of+form] = c.login["domain_"+form]
			}
		}
		delete(c.login, "domain_"+form)
	}
}

func (c *config) check() error {
	address := c.authValue("auth_url")
	switch {
	case address == "" && c.environment:
		return configErrorf("the cloud of the OS_ variables has no OS_AUTH_URL; set it to Keystone's address")
	case address == "" && c.undefined != "":
		return configErrorf("cloud '%s' in %s has no auth_url: it uses the profile '%s', which no clouds-public.yaml defines; remove 'profile' and write auth_url and region_name into the cloud itself, or define the profile in clouds-public.yaml", c.name, c.file, c.undefined)
	case address == "" && c.top.as("auth").kind == absent:
		return configErrorf("cloud '%s' in %s has no 'auth' block; add one with auth_url, username, password and project_name", c.name, c.file)
	case address == "":
		return configErrorf("cloud '%s' in %s has no auth_url in its 'auth' block; add Keystone's address", c.name, c.file)
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return configErrorf("auth_url of cloud '%s' in %s is not an http or https address", c.name, c.fileOf("auth_url"))
	}
	if version := lastVersion(parsed); version != "" && version != "3" {
		return configErrorf("auth_url of cloud '%s' in %s ends in version %s of Keystone's API, which is gone; use /v3", c.name, c.fileOf("auth_url"), version)
	}
	for _, types := range [][]string{blockStorageTypes, imageTypes} {
		if _, err := c.interfaces(types); err != nil {
			return err
		}
		if key, address := c.override(types); key != "" {
			if _, err := c.overridden(key, address, Login{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// value is a scalar of the cloud's entry; "" if there is none.
func (c *config) value(key string) string { return c.top.named(key).text }

// authValue is a setting of the login, by today's name; "" if there is none.
func (c *config) authValue(name string) string { return c.login[name].text }

// fileOf is the file that a setting of the login stands in.
func (c *config) fileOf(name string) string {
	if file := c.login[name].file; file != "" {
		return file
	}
	return c.file
}

func quoted(names []string) string {
	for i, name := range names {
		names[i] = "'" + name + "'"
	}
	return strings.Join(names, ", ")
}
