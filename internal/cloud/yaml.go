package cloud

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// yamlReader makes values of a YAML file as PyYAML does where yaml.v3 would not:
// of two equal keys the last one counts, a mapping may have several '<<'.
type yamlReader struct {
	file     string
	nodes    int                 // visited so far; aliases count each time
	open     map[*yaml.Node]bool // being read: an alias to one of these has no end
	warnings []string
}

// maxNodes is more than any configuration has, and keeps aliases of aliases from
// filling the memory.
const maxNodes = 100_000

// yamlFile reads the file's one document.
func yamlFile(file string, raw []byte) (root value, warnings []string, err error) {
	raw = withoutVersion(raw)
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return value{kind: null, origin: origin{file: file}}, nil, nil
	} else if err != nil {
		return value{}, nil, configErrorf("%s is not valid YAML: %s", file, syntaxError(raw, err))
	}
	if err := decoder.Decode(&second); err == nil {
		return value{}, nil, configErrorf("%s holds more than one YAML document; the second one begins at line %d: remove it", file, second.Line)
	} else if !errors.Is(err, io.EOF) {
		return value{}, nil, configErrorf("%s is not valid YAML: %s", file, syntaxError(raw, err))
	}
	r := &yamlReader{file: file, open: map[*yaml.Node]bool{}}
	root, err = r.value(document.Content[0])
	return root, r.warnings, err
}

// versionDirective is one of YAML 1, whose minor versions all are read alike;
// yaml.v3 knows only 1.1.
var versionDirective = regexp.MustCompile(`^%YAML\s+1\.\d+\s*(?:#.*)?$`)

// withoutVersion makes comments of the version directives before the document, so
// that all lines keep their numbers.
func withoutVersion(raw []byte) []byte {
	lines := bytes.SplitAfter(bytes.Clone(raw), []byte("\n"))
	for _, line := range lines {
		text := bytes.TrimRight(bytes.TrimPrefix(line, []byte("\ufeff")), "\r\n")
		switch {
		case versionDirective.Match(text):
			line[bytes.IndexByte(line, '%')] = '#'
		case len(bytes.TrimSpace(text)) > 0 && text[0] != '#' && text[0] != '%':
			return bytes.Join(lines, nil)
		}
	}
	return bytes.Join(lines, nil)
}

func (r *yamlReader) at(n *yaml.Node) origin { return origin{r.file, n.Line, n.Column} }

func (r *yamlReader) value(n *yaml.Node) (value, error) {
	if r.nodes++; r.nodes > maxNodes {
		return value{}, configErrorf("%s is too large: its aliases amount to more than %d values", r.file, maxNodes)
	}
	if n.Kind == yaml.AliasNode {
		return r.value(n.Alias)
	}
	if r.open[n] {
		return value{}, configErrorf("%s, line %d, column %d: this value contains itself", r.file, n.Line, n.Column)
	}
	r.open[n] = true
	defer delete(r.open, n)
	v := value{origin: r.at(n)}
	tag := n.ShortTag()
	switch {
	case n.Kind == yaml.MappingNode && tag == "!!map":
		v.kind, v.fields = fields, newMapping()
		return v, r.fill(v.fields, n)
	case n.Kind == yaml.SequenceNode && tag == "!!seq":
		v.kind = sequence
		for _, element := range n.Content {
			below, err := r.value(element)
			if err != nil {
				return v, err
			}
			v.list = append(v.list, below)
		}
		return v, nil
	case n.Kind == yaml.ScalarNode && slices.Contains(scalarTags, tag):
		v.kind, v.text = scalar, n.Value
		v.plain = n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 && (n.Style&yaml.TaggedStyle == 0 || tag == "!!bool")
		if tag == "!!null" {
			v.kind, v.text = null, ""
		}
		return v, nil
	}
	v.kind, v.text = unknownTag, n.Tag
	return v, nil
}

// scalarTags are what YAML takes a scalar for without being told, and may be told.
var scalarTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!merge", "!"}

// fill puts a mapping's pairs into m: first those of its '<<', of which the last
// counts most, then its own.
func (r *yamlReader) fill(m *mapping, n *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			if err := r.merge(m, n.Content[i+1]); err != nil {
				return err
			}
		}
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, below := n.Content[i], n.Content[i+1]
		if isMerge(key) {
			continue
		}
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return configErrorf("%s, line %d, column %d: a key that is not a text", r.file, key.Line, key.Column)
		}
		v, err := r.value(below)
		if err != nil {
			return err
		}
		if before, found := seen[key.Value]; found {
			r.warnings = append(r.warnings, twice(r.file, key.Value, before, key.Line))
		}
		seen[key.Value] = key.Line
		m.put(key.Value, v)
	}
	return nil
}

// merge puts the pairs of what stands at '<<' into m: a mapping, or a list of
// mappings of which the first counts most.
func (r *yamlReader) merge(m *mapping, n *yaml.Node) error {
	from, err := r.value(n)
	if err != nil {
		return err
	}
	sources := []value{from}
	if from.kind == sequence {
		sources = slices.Clone(from.list)
		slices.Reverse(sources)
	}
	for _, source := range sources {
		if source.kind != fields {
			return configErrorf("%s, line %d, column %d: '<<' takes a mapping or a list of mappings", r.file, n.Line, n.Column)
		}
		for _, key := range source.fields.keys {
			m.put(key, source.fields.values[key])
		}
	}
	return nil
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge"
}

var errorLine = regexp.MustCompile(`^yaml: line (\d+): `)

// syntaxError is what yaml.v3 says of a file that it cannot parse, with the line
// and the column. yaml.v3 keeps the column to itself: it is where the shortest
// beginning of the file ends that has the same mistake.
func syntaxError(raw []byte, err error) string {
	text := strings.TrimPrefix(errorLine.ReplaceAllString(err.Error(), ""), "yaml: ")
	end := len(raw)
	for low := 0; low < end; {
		middle := (low + end) / 2
		if parse := yaml.Unmarshal(raw[:middle], new(yaml.Node)); parse != nil && parse.Error() == err.Error() {
			end = middle
		} else {
			low = middle + 1
		}
	}
	line, column := position(raw, end)
	if unknownAnchor.MatchString(text) { // its name may be a password that is not in quotes
		text = "an unknown anchor is referenced; a value that begins with '*' has to be in quotes"
	}
	return fmt.Sprintf("line %d, column %d: %s", line, column, Printable(text))
}

var unknownAnchor = regexp.MustCompile(`^unknown anchor '.*' referenced$`)

// position is the line and the column of the last byte before end.
func position(raw []byte, end int) (line, column int) {
	before := bytes.TrimRight(raw[:end], "\r\n")
	return bytes.Count(before, []byte("\n")) + 1, len([]rune(string(before[bytes.LastIndexByte(before, '\n')+1:])))
}
