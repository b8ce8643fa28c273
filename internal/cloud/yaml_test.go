package cloud

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestSyntaxErrors: what cannot be read is told with line and column.
func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"a.yaml", "clouds:\n  mine:\n    auth: {password: [}\n", "a.yaml is not valid YAML: line 3, column 23: did not find expected node content"},
		{"a.yaml", "clouds:\n  mine:\n   a: b: c\n", "a.yaml is not valid YAML: line 3, column 8: mapping values are not allowed in this context"},
		{"a.yaml", "clouds:\n\tmine:\n", "a.yaml is not valid YAML: line 2, column 1: found character that cannot start any token"},
		{"a.yaml", "clouds: [", "a.yaml is not valid YAML: line 1, column 9: did not find expected node content"},
		{"a.yaml", "clouds: *nosuch\n", "a.yaml is not valid YAML: line 1, column 15: an unknown anchor is referenced; a value that begins with '*' has to be in quotes"},
		{"a.yaml", "%YAML 2.0\n---\nclouds: {}\n", "a.yaml is not valid YAML: line 1, column 9: found incompatible YAML document"},
		{"a.yaml", "a: &a [*a]\n", "a.yaml, line 1, column 4: this value contains itself"},
		{"a.yaml", "? [a]\n: b\n", "a.yaml, line 1, column 3: a key that is not a text"},
		{"a.yaml", "a:\n  <<: 3\n", "a.yaml, line 2, column 7: '<<' takes a mapping or a list of mappings"},
		{"a.yaml", "a: 1\n---\nb: 2\n", "a.yaml holds more than one YAML document; the second one begins at line 2: remove it"},
		{"a.json", "{\"clouds\": {\n  \"mine\": {'a': 1}}}", "a.json is not valid JSON: line 2, column 12: invalid character '\\'' looking for beginning of object key string"},
		{"a.json", "{\"clouds\": {}} x", "a.json is not valid JSON: line 1, column 16: invalid character 'x' after top-level value"},
		{"a.json", "{\"clouds\": {}} {}", "a.json is not valid JSON: line 1, column 16: invalid character '{' after top-level value"},
		{"a.json", "{\"clouds\": ", "a.json is not valid JSON: line 1, column 11: unexpected end of JSON input"},
	} {
		read := yamlFile
		if strings.HasSuffix(c.file, "json") {
			read = jsonFile
		}
		if _, _, err := read(c.file, []byte(c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%q\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

// TestManyAliases: a short file cannot fill the memory.
func TestManyAliases(t *testing.T) {
	text := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for name := 'b'; name < 'i'; name++ {
		before := string(name - 1)
		text += string(name) + ": &" + string(name) + " [" + strings.Repeat("*"+before+", ", 10) + "]\n"
	}
	if _, _, err := yamlFile("a.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "is too large") {
		t.Error(err)
	}
}

// TestYAMLValues: texts keep what stands in the file, and only plain words can be
// switches.
func TestYAMLValues(t *testing.T) {
	root, warnings, err := yamlFile("a.yaml", []byte("%YAML 1.2\n---\nnumber: 0123\nquoted: 'yes'\nplain: Yes\nodd: yEs\nnothing: ~\ntagged: !!str yes\ntext: !!str\nlast: 1\nlast: 2\nbase: &base {x: 1, y: 1}\nmerged:\n  y: 3\n  <<: *base\n  <<: {x: 2, z: 2}\nlist:\n  <<: [{x: 1}, {x: 2}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	m := root.fields
	for key, want := range map[string]string{"number": "0123", "quoted": "yes", "plain": "Yes", "nothing": "", "tagged": "yes", "text": "", "last": "2"} {
		if got := m.as(key); got.text != want {
			t.Errorf("%s: %+v", key, got)
		}
	}
	if m.as("nothing").set() || !m.as("text").set() {
		t.Error("a null is a value, or a text is none")
	}
	if isOn(m.as("quoted")) || !isOn(m.as("plain")) || isOn(m.as("odd")) || isOn(m.as("tagged")) {
		t.Error("the wrong words are switches")
	}
	for key, want := range map[string]string{"x": "2", "y": "3", "z": "2"} {
		if got := m.as("merged").fields.as(key).text; got != want {
			t.Errorf("merged %s: %s, want %s", key, got, want)
		}
	}
	if got := m.as("list").fields.as("x").text; got != "1" {
		t.Errorf("merged from a list: %s", got)
	}
	if len(warnings) != 1 || warnings[0] != "a.yaml has the key 'last' twice, in line 10 and in line 11: the last one counts" {
		t.Errorf("warnings: %q", warnings)
	}
	if got := m.as("plain").origin; got != (origin{"a.yaml", 5, 8}) {
		t.Errorf("origin: %+v", got)
	}
}

// TestProxies: all_proxy holds where there is no proxy for the scheme.
func TestProxies(t *testing.T) {
	for _, c := range []struct{ env, address, want string }{
		{"", "http://a.example/", ""},
		{"all_proxy=http://all:1", "http://a.example/", "http://all:1"},
		{"ALL_PROXY=http://all:1", "https://a.example/", "http://all:1"},
		{"all_proxy=http://all:1 http_proxy=http://plain:1", "http://a.example/", "http://plain:1"},
		{"all_proxy=http://all:1 http_proxy=http://plain:1", "https://a.example/", "http://all:1"},
		{"https_proxy=http://lower:1 HTTPS_PROXY=http://upper:1", "https://a.example/", "http://lower:1"},
		{"all_proxy=http://all:1 no_proxy=a.example", "https://a.example/", ""},
		{"all_proxy=socks5://all:1 NO_PROXY=b.example", "https://a.example/", "socks5://all:1"},
	} {
		env := map[string]string{}
		for _, setting := range strings.Fields(c.env) {
			key, value, _ := strings.Cut(setting, "=")
			env[key] = value
		}
		to, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := proxies(func(key string) string { return env[key] })(&http.Request{URL: to})
		got := ""
		if proxy != nil {
			got = proxy.String()
		}
		if err != nil || got != c.want {
			t.Errorf("%s %s: %q %v, want %q", c.env, c.address, got, err, c.want)
		}
	}
}
