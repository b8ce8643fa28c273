package cloudsim

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// args are a request body's parameters. The getters keep the first error, so that a handler reads
// all that it wants and then looks at err once.
type args struct {
	m   object
	err error
}

// args takes the object under a key out of the request's body, and refuses members that are not
// allowed; without any allowed, all are.
func (r *call) args(key string, allowed ...string) (*args, error) {
	var body any
	if err := json.Unmarshal(r.body, &body); err != nil {
		return nil, malformed("Malformed request body")
	}
	outer, isObject := body.(object)
	if !isObject {
		return nil, malformed("%s is not of type 'object'", python(body))
	}
	value, given := outer[key]
	if !given {
		return nil, malformed("'%s' is a required property", key)
	}
	for name := range outer {
		if name != key {
			return nil, malformed("Additional properties are not allowed ('%s' was unexpected)", name)
		}
	}
	inner, isObject := value.(object)
	if !isObject {
		return nil, invalid(key, value, "%s is not of type 'object'", python(value))
	}
	a := &args{m: inner}
	if len(allowed) > 0 {
		a.only(key, allowed...)
	}
	return a, a.err
}

// only refuses other members than these, under that key.
func (a *args) only(key string, allowed ...string) {
	for name := range a.m {
		if !slices.Contains(allowed, name) {
			a.fail(invalid(key, a.m, "Additional properties are not allowed ('%s' was unexpected)", name))
		}
	}
}

// required refuses the lack of a member, which may be null, under that key.
func (a *args) required(key, name string) {
	if _, given := a.m[name]; !given {
		a.fail(invalid(key, a.m, "'%s' is a required property", name))
	}
}

// something refuses an empty object, under that key.
func (a *args) something(key string) {
	if len(a.m) == 0 {
		a.fail(invalid(key, a.m, "{} is not valid under any of the given schemas"))
	}
}

// alias takes the name that a member had in the first API, too; the newer one wins.
func (a *args) alias(name, old string) {
	a.text(old)
	value, has := a.m[old]
	if _, given := a.m[name]; has && !given {
		a.m[name] = value
	}
}

// invalid is what Cinder's schemas answer.
func invalid(name string, value any, format string, more ...any) error {
	shown := python(value)
	if s, isString := value.(string); isString {
		shown = s
	}
	return malformed("Invalid input for field/attribute %s. Value: %s. %s", name, shown, fmt.Sprintf(format, more...))
}

func (a *args) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// text is a string that may be absent or null.
func (a *args) text(name string) string {
	value := a.m[name]
	s, isString := value.(string)
	switch {
	case !isString && value != nil:
		a.fail(invalid(name, value, "%s is not of type 'string', 'null'", python(value)))
	case utf8.RuneCountInString(s) > 255:
		a.fail(invalid(name, value, "%s is too long", python(value)))
	}
	return s
}

// oneOf is one of several words; if it is absent, that one.
func (a *args) oneOf(name, absent string, words []string) string {
	value, given := a.m[name]
	if !given {
		return absent
	}
	s, _ := value.(string)
	if !slices.Contains(words, s) {
		a.fail(invalid(name, value, "%s is not one of ['%s']", python(value), strings.Join(words, "', '")))
	}
	return s
}

// uuid is an id that may be absent or null.
func (a *args) uuid(name string) string {
	s, isString := a.m[name].(string)
	if a.m[name] != nil && (!isString || !uuidFormat.MatchString(s)) {
		a.fail(invalid(name, a.m[name], "%s is not valid under any of the given schemas", python(a.m[name])))
	}
	return s
}

var uuidFormat = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (a *args) flag(name string) bool {
	value, given := a.m[name]
	if !given {
		return false
	}
	switch value.(type) {
	case bool, string:
	default:
		a.fail(invalid(name, value, "%s is not of type 'boolean', 'string'", python(value)))
		return false
	}
	switch s := fmt.Sprint(value); {
	case slices.Contains(yes, s):
		return true
	case !slices.Contains(no, s):
		a.fail(invalid(name, value, "%s is not one of [True, '%s', False, '%s']", python(value), strings.Join(yes, "', '"), strings.Join(no, "', '")))
	}
	return false
}

// What Cinder takes for true and false.
var (
	yes = []string{"True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "y", "t"}
	no  = []string{"False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no", "n", "f"}
)

// size is a number of GiB, also as a string; 0 if it is absent.
func (a *args) size() int {
	value := a.m["size"]
	var n int
	switch v := value.(type) {
	case nil:
		return 0
	case float64:
		n = int(v)
		if float64(n) != v {
			a.fail(invalid("size", value, "%v is not of type 'integer', 'string', 'null'", v))
		}
	case string:
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			a.fail(invalid("size", value, "'%s' does not match '^[0-9]+$'", v))
			return 0
		}
	default:
		a.fail(invalid("size", value, "%s is not of type 'integer', 'string', 'null'", python(value)))
	}
	switch {
	case n < 1:
		a.fail(invalid("size", value, "%d is less than the minimum of 1", n))
	case n > math.MaxInt32:
		a.fail(invalid("size", value, "%d is greater than the maximum of %d", n, math.MaxInt32))
	}
	return n
}

// metadata are a resource's own keys and values. Absent ones, and null, are none.
func (a *args) metadata() map[string]string {
	m := map[string]string{}
	values, isObject := a.m["metadata"].(object)
	if !isObject && a.m["metadata"] != nil {
		a.fail(invalid("metadata", a.m["metadata"], "%s is not of type 'object', 'null'", python(a.m["metadata"])))
	}
	for k, v := range values {
		s, isString := v.(string)
		switch {
		case !metadataKey.MatchString(k):
			a.fail(invalid("metadata", a.m["metadata"], "%s does not match any of the regexes: '%s'", python(k), metadataKey))
		case !isString:
			a.fail(invalid(k, v, "%s is not of type 'string'", python(v)))
		case utf8.RuneCountInString(s) > 255:
			a.fail(invalid(k, v, "%s is too long", python(v)))
		}
		m[k] = s
	}
	return m
}

var metadataKey = regexp.MustCompile(`^[a-zA-Z0-9-_:. /]{1,255}$`)

// python writes a JSON value as Cinder's messages show it.
func python(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return "'" + v + "'"
	case []any:
		items := make([]string, len(v))
		for i := range v {
			items[i] = python(v[i])
		}
		return "[" + strings.Join(items, ", ") + "]"
	case object:
		var items []string
		for name, item := range v {
			items = append(items, python(name)+": "+python(item))
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	}
	return fmt.Sprint(value)
}
