package cloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// jsonFile reads a file as JSON, not as the YAML that it nearly is: escapes differ.
// Of two equal keys the last one counts, as in Python.
func jsonFile(file string, raw []byte) (root value, warnings []string, err error) {
	var whole any
	if err := json.Unmarshal(raw, &whole); err != nil { // tells the place of a mistake better than a decoder
		end := len(raw)
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			end = int(syntax.Offset)
		}
		line, column := position(raw, end)
		return value{}, nil, configErrorf("%s is not valid JSON: line %d, column %d: %s", file, line, column, Printable(err.Error()))
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	r := &jsonReader{file: file, raw: raw, decoder: decoder}
	if root, err = r.value(); err != nil {
		return value{}, nil, configErrorf("%s cannot be read: %s", file, Printable(err.Error()))
	}
	return root, r.warnings, nil
}

type jsonReader struct {
	file     string
	raw      []byte
	decoder  *json.Decoder
	warnings []string
}

func (r *jsonReader) value() (value, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return value{}, err
	}
	v := value{kind: scalar, origin: r.at()}
	switch token := token.(type) {
	case nil:
		v.kind = null
	case bool:
		v.text, v.plain = fmt.Sprint(token), true
	case json.Number:
		v.text, v.plain = token.String(), true
	case string:
		v.text = token
	case json.Delim:
		if token == '[' {
			return r.list(v)
		}
		return r.mapping(v)
	}
	return v, nil
}

func (r *jsonReader) list(v value) (value, error) {
	v.kind = sequence
	for r.decoder.More() {
		element, err := r.value()
		if err != nil {
			return v, err
		}
		v.list = append(v.list, element)
	}
	_, err := r.decoder.Token()
	return v, err
}

func (r *jsonReader) mapping(v value) (value, error) {
	v.kind, v.fields = fields, newMapping()
	seen := map[string]int{}
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return v, err
		}
		key, _ := token.(string) // the decoder has seen to it
		line := r.at().line
		if before, found := seen[key]; found {
			r.warnings = append(r.warnings, twice(r.file, key, before, line))
		}
		seen[key] = line
		below, err := r.value()
		if err != nil {
			return v, err
		}
		v.fields.put(key, below)
	}
	_, err := r.decoder.Token()
	return v, err
}

func (r *jsonReader) at() origin {
	line, column := position(r.raw, int(r.decoder.InputOffset()))
	return origin{r.file, line, column}
}

// twice warns of a key that stands twice in one mapping.
func twice(file, key string, first, second int) string {
	return fmt.Sprintf("%s has the key '%s' twice, in line %d and in line %d: the last one counts", file, Printable(key), first, second)
}
