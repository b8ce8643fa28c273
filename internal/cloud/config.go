package cloud

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
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
	// Retry repeats the first login and the client's calls; nil: each is made
	// once.
	Retry Retry
	// Debug, if set, gets every HTTP exchange, a line at a time, secrets masked.
	Debug func(line string)
	// Requests, if set, counts the HTTP requests sent.
	Requests *atomic.Int64
	// Redirects, if set, counts the redirects that were followed.
	Redirects *atomic.Int64
	// UserAgent is what the requests call themselves, e.g. "tool/1.0".
	UserAgent string
}

// config is the named cloud's entry after the files were merged and older
// spellings were brought to one form.
type config struct {
	name, file string
	top, auth  mapping
}

// readConfig reads clouds.yaml as openstacksdk does when a cloud is named:
// clouds.yaml with secure.yaml laid over it, both over the profile, the first
// region's values over all. No other variable than those that name the files
// counts.
func readConfig(o Options) (*config, error) {
	clouds, err := findFile(o, "clouds", o.Getenv("OS_CLIENT_CONFIG_FILE"), "clouds")
	if err != nil {
		return nil, err
	}
	secure, err := findFile(o, "secure", o.Getenv("OS_CLIENT_SECURE_FILE"), "clouds")
	if err != nil {
		return nil, err
	}
	own, err := clouds.entry(o.Cloud)
	if err != nil {
		return nil, err
	}
	secrets, err := secure.entry(o.Cloud)
	if err != nil {
		return nil, err
	}
	c := &config{name: o.Cloud, file: clouds.path}
	switch {
	case own == nil && secrets != nil:
		c.file = secure.path
	case clouds.path == "":
		return nil, configErrorf("no clouds.yaml found in %s; create one, or name it in OS_CLIENT_CONFIG_FILE", strings.Join(configDirs(o), ", "))
	case len(clouds.entries) == 0:
		return nil, configErrorf("%s has no 'clouds' key with a cloud in it", clouds.path)
	case own == nil:
		return nil, configErrorf("cloud '%s' is not in %s; it has %s", o.Cloud, clouds.path, quoted(slices.Sorted(maps.Keys(clouds.entries))))
	}
	c.top = secrets.over(own, true)
	if err := c.applyProfile(o); err != nil {
		return nil, err
	}
	if err := c.applyRegion(); err != nil {
		return nil, err
	}
	c.auth = c.top["auth"].fields
	if c.auth == nil {
		c.auth = mapping{}
	}
	c.rename()
	if err := c.expand(); err != nil {
		return nil, err
	}
	return c, c.check()
}

// applyProfile lays the cloud over the profile of clouds-public.yaml that it
// names, if it names one.
func (c *config) applyProfile(o Options) error {
	name := c.value("profile")
	if name == "" {
		name = c.value("cloud")
	}
	if name == "" {
		return nil
	}
	public, err := findFile(o, "clouds-public", "", "public-clouds")
	if err != nil {
		return err
	}
	profile, err := public.entry(name)
	if err != nil {
		return err
	}
	if profile == nil {
		return configErrorf("cloud '%s' in %s uses the profile '%s', which no clouds-public.yaml defines; profiles that are built into openstacksdk are not known here: write auth_url, region_name and the like into the cloud itself", c.name, c.file, name)
	}
	c.top = c.top.over(profile, false)
	return nil
}

// applyRegion takes the first region of a list, with its values.
func (c *config) applyRegion() error {
	regions := c.top["regions"].list
	if regions == nil {
		regions = c.top["region_name"].list
	}
	if regions == nil {
		first, _, _ := strings.Cut(c.value("region_name"), ",")
		c.top["region_name"] = value{text: first}
		return nil
	}
	first := value{}
	if len(regions) > 0 {
		first = regions[0]
	}
	if first.fields == nil {
		c.top["region_name"] = first
		return nil
	}
	if first.fields["name"].text == "" {
		return configErrorf("the first of the regions of cloud '%s' in %s has no name", c.name, c.file)
	}
	c.top = first.fields["values"].fields.over(c.top, false)
	c.top["region_name"] = first.fields["name"]
	return nil
}

// authKeys may stand beside 'auth' as well as in it.
var authKeys = []string{
	"auth_url", "username", "user_name", "user_id", "password", "user_domain_id", "user_domain_name",
	"project_id", "project_name", "project_domain_id", "project_domain_name", "domain_id", "domain_name",
	"default_domain_id", "default_domain_name", "tenant_id", "tenant_name", "token", "auth_token", "trust_id", "system_scope",
	"application_credential_id", "application_credential_name", "application_credential_secret",
}

// rename brings the spellings of several generations to today's.
func (c *config) rename() {
	for key, v := range c.top {
		if older, ok := strings.CutSuffix(key, "endpoint_type"); ok {
			c.top[older+"interface"] = v
		}
	}
	if c.value("auth_type") == "" {
		c.top["auth_type"] = c.top["auth_plugin"]
	}
	for _, key := range authKeys {
		if c.authValue(key) == "" {
			c.auth[key] = c.top[key]
		}
	}
	for today, older := range map[string]string{"project_id": "tenant_id", "project_name": "tenant_name", "token": "auth_token", "username": "user_name"} {
		if c.authValue(today) == "" {
			c.auth[today] = c.auth[older]
		}
	}
	if c.authValue("project_id") == "" && c.authValue("project_name") == "" {
		return // then domain_id and domain_name are a scope
	}
	for _, form := range []string{"id", "name"} {
		for _, of := range []string{"user_domain_", "project_domain_"} {
			if c.authValue(of+form) == "" {
				c.auth[of+form] = c.auth["domain_"+form]
			}
		}
		delete(c.auth, "domain_"+form)
	}
}

var placeholder = regexp.MustCompile(`\{(\w*)\}`)

// expand fills templates such as https://{region_name}.example.com in the
// values that openstacksdk fills them in and that are used here.
func (c *config) expand() error {
	var missing string
	fill := func(v value) value {
		v.text = placeholder.ReplaceAllStringFunc(v.text, func(part string) string {
			key := strings.Trim(part, "{}")
			if c.value(key) == "" {
				missing = key
			}
			return c.value(key)
		})
		return v
	}
	c.auth["auth_url"] = fill(c.auth["auth_url"])
	for _, key := range overrideKeys() {
		if v, found := c.top[key]; found {
			c.top[key] = fill(v)
		}
	}
	if missing != "" {
		return configErrorf("a template of cloud '%s' in %s uses '{%s}', which the cloud does not set", c.name, c.file, missing)
	}
	return nil
}

func (c *config) check() error {
	if c.top["auth"].fields == nil && c.authValue("auth_url") == "" {
		return configErrorf("cloud '%s' in %s has no 'auth' block; add one with auth_url, username, password and project_name", c.name, c.file)
	}
	address := c.authValue("auth_url")
	if address == "" {
		return configErrorf("cloud '%s' in %s has no auth_url in its 'auth' block; add Keystone's address", c.name, c.file)
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return configErrorf("auth_url of cloud '%s' in %s is not an http or https address", c.name, c.file)
	}
	_, err = c.interfaces()
	return err
}

// value is a scalar of the cloud's entry; "" if there is none.
func (c *config) value(key string) string { return c.top[key].text }

// authValue is a scalar of the 'auth' block; "" if there is none.
func (c *config) authValue(key string) string { return c.auth[key].text }

// forVolumes is a value that may be set for Block Storage alone, under any of
// its names, or for all services.
func (c *config) forVolumes(key string) value {
	for _, kind := range serviceTypes {
		if v, found := c.top[strings.ReplaceAll(kind, "-", "_")+"_"+key]; found {
			return v
		}
	}
	return c.top[key]
}

// flag reads a switch as YAML 1.1 writes it, which openstacksdk's reader does.
func flag(text string) (on, known bool) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y":
		return true, true
	case "false", "no", "off", "n":
		return false, true
	}
	return false, false
}

func quoted(names []string) string {
	for i, name := range names {
		names[i] = "'" + name + "'"
	}
	return strings.Join(names, ", ")
}
