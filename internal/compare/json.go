// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// parseJSON decodes a JSON file, which may hold several values.
func parseJSON(content []byte) ([]*value, error) {
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.UseNumber()
	var docs []*value
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		doc, err := readJSON(dec, token)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
}

// readJSON reads the value that token begins.
func readJSON(dec *json.Decoder, token json.Token) (*value, error) {
	switch t := token.(type) {
	case bool:
		return &value{kind: boolean, text: strconv.FormatBool(t)}, nil
	case json.Number:
		canonical, ok := canonicalNumber(t.String())
		if !ok {
			return nil, fmt.Errorf("%q is no number", t)
		}
		return &value{kind: number, text: canonical}, nil
	case string:
		return newText(t), nil
	case json.Delim:
		if t == '[' {
			return readJSONList(dec)
		}
		return readJSONObject(dec)
	default:
		return &value{kind: null}, nil
	}
}

func readJSONList(dec *json.Decoder) (*value, error) {
	v := &value{kind: list}
	for {
		token, err := dec.Token()
		if err != nil {
			return nil, unexpectedEOF(err)
		}
		if token == json.Delim(']') {
			return v, nil
		}
		item, err := readJSON(dec, token)
		if err != nil {
			return nil, err
		}
		v.items = append(v.items, item)
	}
}

func readJSONObject(dec *json.Decoder) (*value, error) {
	v := &value{kind: object, fields: map[string]*value{}}
	for {
		token, err := dec.Token()
		if err != nil {
			return nil, unexpectedEOF(err)
		}
		key, ok := token.(string)
		if !ok {
			return v, nil // the closing brace: the decoder lets nothing else through
		}
		if v.fields[key] != nil {
			return nil, fmt.Errorf("offset %d: key %q stands twice", dec.InputOffset(), key)
		}
		if token, err = dec.Token(); err != nil {
			return nil, unexpectedEOF(err)
		}
		field, err := readJSON(dec, token)
		if err != nil {
			return nil, err
		}
		v.set(key, field)
	}
}

func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
