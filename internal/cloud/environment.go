package cloud

import "strings"

// FromEnvironment is the name of the cloud that the OS_ variables make.
func FromEnvironment(getenv func(string) string) string {
	if name := getenv("OS_CLOUD_NAME"); name != "" {
		return name
	}
	return "envvars"
}

// fromEnvironment makes an entry of the variables, as an openrc exports them:
// OS_PROJECT_NAME is project_name. Empty ones count as not set. Only those that
// this program knows are asked for.
func (c *config) fromEnvironment(o Options, clouds, secure file) (*mapping, error) {
	for _, f := range []file{clouds, secure} {
		if f.entries.as(c.name).kind != absent {
			return nil, configErrorf("'%s' is the cloud of the OS_ variables, and %s has a cloud of that name, too; rename that one, or give the other another name in OS_CLOUD_NAME", c.name, f.path)
		}
	}
	c.environment, c.file = true, "the environment"
	own := newMapping()
	keys := []string{"profile", "endpoint_type"}
	for _, s := range loginSettings {
		keys = append(keys, s.keys...)
	}
	for _, key := range append(keys, selecting()...) {
		if text := o.Getenv("OS_" + strings.ToUpper(key)); text != "" && underscored(key) == key {
			own.put(key, value{kind: scalar, text: text, origin: origin{file: c.file}})
		}
	}
	return own, nil
}
