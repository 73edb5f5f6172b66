// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"bytes"
	"errors"
	"io"
	"path"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// File replaces the secrets in the content of a file. YAML and JSON stay what
// they are: where [Mask] alone would not be a value, it is put in quotes, which
// may change how the file is written, but not what else it says.
func (s *Secrets) File(name string, content []byte) []byte {
	shown := s.Bytes(content)
	if bytes.Equal(shown, content) || !slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) {
		return shown
	}
	documents, err := nodes(content)
	if err != nil {
		return shown
	}
	for _, doc := range documents {
		s.node(doc, path.Ext(name) == ".json")
	}
	if rendered, err := render(documents); err == nil && !alike(shown, rendered) {
		return rendered
	}
	return shown
}

func nodes(content []byte) ([]*yaml.Node, error) {
	var all []*yaml.Node
	for dec := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, &doc)
	}
}

// node replaces the secrets in the scalars and comments of a document; JSON has
// one kind of quotes.
func (s *Secrets) node(n *yaml.Node, isJSON bool) {
	for _, comment := range []*string{&n.HeadComment, &n.LineComment, &n.FootComment} {
		*comment = s.Text(*comment)
	}
	if shown := s.Text(n.Value); n.Kind == yaml.ScalarNode && shown != n.Value {
		n.Value, n.Tag = shown, "!!str"
		if isJSON {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
	for _, child := range n.Content {
		s.node(child, isJSON)
	}
}

func render(documents []*yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	for _, doc := range documents {
		if err := enc.Encode(doc); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), enc.Close()
}

// alike reports whether two files hold the same values, but for how much of a
// text was hidden: a block of several lines has a mask for each.
func alike(a, b []byte) bool {
	x, errX := values(a)
	y, errY := values(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

func values(content []byte) ([]any, error) {
	var all []any
	for dec := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var v any
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, masked(v))
	}
}

// masked is v with nothing but the mask in each text that has one.
func masked(v any) any {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, Mask) {
			return Mask
		}
	case []any:
		for i := range v {
			v[i] = masked(v[i])
		}
	case map[string]any:
		for key, value := range v {
			delete(v, key)
			v[masked(key).(string)] = masked(value) //nolint:forcetypeassert // a text stays one
		}
	}
	return v
}
