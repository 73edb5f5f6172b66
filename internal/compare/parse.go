// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// hasMeaning reports whether the file's name says that it holds YAML or JSON.
func hasMeaning(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// parse decodes the documents of a file. Empty documents are left out, as
// everything that reads manifests does.
func parse(name string, content []byte) ([]*value, error) {
	if path.Ext(name) == ".json" {
		return parseJSON(content)
	}
	return parseYAML(content)
}

func parseYAML(content []byte) ([]*value, error) {
	var docs []*value
	r := yamlReader{budget: maxAliased, open: map[*yaml.Node]bool{}}
	dec := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var n yaml.Node
		switch err := dec.Decode(&n); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, err
		}
		doc, err := r.read(&n)
		if err != nil {
			return nil, err
		}
		if doc.kind != null {
			docs = append(docs, doc)
		}
	}
}

// maxAliased bounds how many values aliases may add to a file.
const maxAliased = 100_000

// A yamlReader turns the nodes of one file into values.
type yamlReader struct {
	budget int                 // values that aliases may still add
	open   map[*yaml.Node]bool // anchors being read, to find one that holds itself
}

func (r *yamlReader) read(n *yaml.Node) (*value, error) {
	if len(r.open) > 0 {
		r.budget--
	}
	if r.budget < 0 {
		return nil, fmt.Errorf("line %d: aliases make the file too large", n.Line)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return r.read(n.Content[0])
	case yaml.AliasNode:
		return r.readAlias(n)
	case yaml.SequenceNode:
		return r.readList(n)
	case yaml.MappingNode:
		return r.readObject(n)
	default:
		return readScalar(n)
	}
}

func (r *yamlReader) readAlias(n *yaml.Node) (*value, error) {
	if r.open[n.Alias] {
		return nil, fmt.Errorf("line %d: anchor %q contains itself", n.Line, n.Value)
	}
	r.open[n.Alias] = true
	defer delete(r.open, n.Alias)
	return r.read(n.Alias)
}

func (r *yamlReader) readList(n *yaml.Node) (*value, error) {
	v := &value{kind: list}
	for _, item := range n.Content {
		read, err := r.read(item)
		if err != nil {
			return nil, err
		}
		v.items = append(v.items, read)
	}
	return v, nil
}

func (r *yamlReader) readObject(n *yaml.Node) (*value, error) {
	v := &value{kind: object, fields: map[string]*value{}}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, field := n.Content[i], n.Content[i+1]
		if key.ShortTag() == "!!merge" {
			merged = append(merged, field)
			continue
		}
		k, err := r.read(key)
		if err != nil {
			return nil, err
		}
		if !k.isScalar() {
			return nil, fmt.Errorf("line %d: a key is no plain value", key.Line)
		}
		if v.fields[k.text] != nil {
			return nil, fmt.Errorf("line %d: key %q stands twice", key.Line, k.text)
		}
		read, err := r.read(field)
		if err != nil {
			return nil, err
		}
		v.set(k.text, read)
	}
	for _, m := range merged {
		if err := r.merge(v, m); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// merge adds to v what the value of a "<<" key has and v has not.
func (r *yamlReader) merge(v *value, n *yaml.Node) error {
	m, err := r.read(n)
	if err != nil {
		return err
	}
	sources := []*value{m}
	if m.kind == list {
		sources = m.items
	}
	for _, source := range sources {
		if source.kind != object {
			return fmt.Errorf("line %d: \"<<\" wants objects", n.Line)
		}
		for _, key := range source.keys {
			if v.fields[key] == nil {
				v.set(key, source.fields[key])
			}
		}
	}
	return nil
}

// set adds a field that v does not have.
func (v *value) set(key string, field *value) {
	v.keys = append(v.keys, key)
	v.fields[key] = field
}

// readScalar resolves a scalar as the API server does, which reads YAML 1.1
// where it matters: an unquoted "yes" is a boolean. Dates stay text.
func readScalar(n *yaml.Node) (*value, error) {
	switch tag := n.ShortTag(); tag {
	case "!!null":
		return &value{kind: null}, nil
	case "!!bool":
		return readBool(n)
	case "!!int", "!!float":
		canonical, ok := canonicalNumber(n.Value)
		if !ok {
			return nil, fmt.Errorf("line %d: %q is no number", n.Line, n.Value)
		}
		return &value{kind: number, text: canonical}, nil
	case "!!str", "!!timestamp":
		if _, old := oldBool(n.Value); old && n.Style&^yaml.FlowStyle == 0 {
			return readBool(n)
		}
		return newText(n.Value), nil
	case "!!binary":
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		return newText(string(data)), nil
	default:
		return &value{kind: tagged, tag: tag, text: n.Value}, nil
	}
}

func readBool(n *yaml.Node) (*value, error) {
	truth, ok := oldBool(n.Value)
	if !ok {
		var err error
		if truth, err = strconv.ParseBool(strings.ToLower(n.Value)); err != nil {
			return nil, fmt.Errorf("line %d: %q is no boolean", n.Line, n.Value)
		}
	}
	return &value{kind: boolean, text: strconv.FormatBool(truth)}, nil
}

// oldBool gives the boolean that a word of YAML 1.1 stands for.
func oldBool(word string) (truth, ok bool) {
	switch word {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
		return true, true
	case "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return false, true
	}
	return false, false
}

// canonicalNumber writes a number so that equal ones are written alike: 1,
// 0x1 and 1.0 are all "1".
func canonicalNumber(s string) (string, bool) {
	s = strings.ReplaceAll(s, "_", "")
	if i, ok := new(big.Int).SetString(s, 0); ok {
		return i.String(), true
	}
	switch strings.ToLower(strings.TrimPrefix(s, "+")) {
	case ".nan":
		return ".nan", true
	case ".inf":
		return ".inf", true
	case "-.inf":
		return "-.inf", true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return "", false
	}
	const exactly = 1e21 // above this, digits say more than the float knows
	if i, accuracy := big.NewFloat(clamp(f)).Int(nil); accuracy == big.Exact && -exactly < f && f < exactly {
		return i.String(), true
	}
	return strconv.FormatFloat(f, 'g', -1, 64), true
}

// clamp makes f a number that package big accepts.
func clamp(f float64) float64 {
	if math.IsNaN(f) {
		return 0
	}
	return f
}
