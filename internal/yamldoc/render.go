// SPDX-License-Identifier: Apache-2.0

package yamldoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// A Map is a mapping whose keys keep their order when it is written.
type Map []Entry

// An Entry is a key of a [Map] and its value.
type Entry struct {
	Key   string
	Value any
}

// Get gives the value of a key, nil if there is none.
func (m Map) Get(key string) any {
	for _, e := range m {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// MarshalJSON writes the entries in order.
func (m Map) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, e := range m {
		if i > 0 {
			out.WriteByte(',')
		}
		key, err := json.Marshal(e.Key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(e.Value)
		if err != nil {
			return nil, err
		}
		out.Write(key)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// ordered turns any value that JSON can hold into Maps, slices and scalars,
// with the keys of structs in the order of their fields.
func ordered(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return readOrdered(dec)
}

func readOrdered(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return readMap(dec)
	case json.Delim('['):
		return readList(dec)
	default:
		return token, nil
	}
}

func readMap(dec *json.Decoder) (any, error) {
	m := Map{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		value, err := readOrdered(dec)
		if err != nil {
			return nil, err
		}
		name, _ := key.(string) // JSON has no other keys
		m = append(m, Entry{name, value})
	}
	_, err := dec.Token()
	return m, err
}

func readList(dec *json.Decoder) (any, error) {
	list := []any{}
	for dec.More() {
		value, err := readOrdered(dec)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := dec.Token()
	return list, err
}

// A style is how a document is indented.
type style struct {
	step int // a mapping inside a mapping
	list int // the dash of a list under its key
	gap  int // from a dash to its item
}

// lines writes an ordered value in block style, one string for each line. The
// value is a non-empty Map or list.
func (s style) lines(value any, indent int) []string {
	var out []string
	switch v := value.(type) {
	case Map:
		for _, e := range v {
			out = append(out, s.entry(e, indent)...)
		}
	case []any:
		for _, item := range v {
			out = append(out, s.item(item, indent)...)
		}
	}
	return out
}

func (s style) entry(e Entry, indent int) []string {
	head := strings.Repeat(" ", indent) + scalar(e.Key) + ":"
	switch v := e.Value.(type) {
	case Map:
		if len(v) > 0 {
			return append([]string{head}, s.lines(v, indent+s.step)...)
		}
	case []any:
		if len(v) > 0 {
			return append([]string{head}, s.lines(v, indent+s.list)...)
		}
	}
	if mark, text, ok := literal(e.Value); ok {
		return append([]string{head + " " + mark}, indented(text, indent+s.step)...)
	}
	return []string{head + " " + inline(e.Value)}
}

// inline writes a scalar or an empty collection in block style.
func inline(value any) string {
	switch value.(type) {
	case Map, []any:
		return flow(value)
	}
	return scalar(value)
}

// literal writes a text of several lines as a block scalar: its mark, and its
// lines without indentation.
func literal(value any) (mark string, lines []string, ok bool) {
	text, _ := value.(string)
	body := strings.TrimRight(text, "\n")
	odd := func(r rune) bool {
		return r != '\n' && r != '\t' && !unicode.IsPrint(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || r == '\ufeff'
	}
	if !strings.Contains(text, "\n") || body == "" || strings.ContainsAny(text[:1], " \t\n") || strings.ContainsFunc(text, odd) {
		return "", nil, false
	}
	switch len(text) - len(body) {
	case 0:
		mark = "|-"
	case 1:
		mark = "|"
	default:
		mark = "|+"
		body = strings.TrimSuffix(text, "\n")
	}
	return mark, strings.Split(body, "\n"), true
}

// indented indents lines that are not empty.
func indented(lines []string, indent int) []string {
	var out []string
	for _, line := range lines {
		if line != "" {
			line = strings.Repeat(" ", indent) + line
		}
		out = append(out, line)
	}
	return out
}

func (s style) item(item any, indent int) []string {
	dash := strings.Repeat(" ", indent) + "-" + strings.Repeat(" ", s.gap-1)
	out := s.lines(item, indent+s.gap)
	if len(out) == 0 {
		if mark, text, ok := literal(item); ok {
			return append([]string{dash + mark}, indented(text, indent+s.gap)...)
		}
		return []string{dash + inline(item)}
	}
	out[0] = dash + out[0][indent+s.gap:]
	return out
}

// flow writes an ordered value on one line.
func flow(value any) string { return flowOf(value, flowScalar) }

// flowOf writes an ordered value on one line, its scalars as it is told.
func flowOf(value any, scalar func(any) string) string {
	var parts []string
	switch v := value.(type) {
	case Map:
		for _, e := range v {
			parts = append(parts, scalar(e.Key)+": "+flowOf(e.Value, scalar))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, item := range v {
			parts = append(parts, flowOf(item, scalar))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return scalar(v)
	}
}

// flowScalar quotes what would end a plain scalar between brackets.
func flowScalar(value any) string {
	text := scalar(value)
	if strings.ContainsAny(text, ",[]{}") && !strings.HasPrefix(text, `"`) {
		return quote(value)
	}
	return text
}

// scalar writes a scalar on one line, quoted if it has to be.
func scalar(value any) string {
	switch v := value.(type) {
	case json.Number:
		return v.String()
	case string:
		text, err := yaml.Marshal(v)
		if line := strings.TrimSuffix(string(text), "\n"); err == nil && !strings.ContainsAny(line, "\r\n") {
			return line
		}
	}
	return quote(value)
}

// quote writes a scalar as JSON, which YAML reads too.
func quote(value any) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// Render writes a value in block style, with two spaces for each level and the
// dashes of lists under their key's first letter.
func Render(w io.Writer, value any) error {
	v, err := ordered(value)
	if err != nil {
		return err
	}
	lines := style{step: 2, list: 0, gap: 2}.lines(v, 0)
	if len(lines) == 0 {
		lines = []string{flow(v)}
	}
	_, err = io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}
