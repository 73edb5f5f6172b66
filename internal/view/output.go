// SPDX-License-Identifier: Apache-2.0

package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"

	"k8s.io/client-go/util/jsonpath"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Formats that take a template behind a "=", as kubectl has them, and others
// for what is read from a cluster.
const (
	Wide       Format = "wide"
	Name       Format = "name" // TYPE/NAME, one on each line
	JSONPath   Format = "jsonpath"
	GoTemplate Format = "go-template"
)

// An Output is a format with what it takes. It is a flag.
type Output struct {
	Format Format
	// Again are the flags with which another command reads the same platform,
	// such as "-f platform.yaml"; empty for the cluster of the kubeconfig.
	Again string

	allowed []Format
	text    string // as it was given
	write   func(w io.Writer, data any) error
}

// NewOutput is the Output of a command that knows some formats, the first of
// which is the default.
func NewOutput(allowed ...Format) Output { return Output{Format: allowed[0], allowed: allowed} }

func (o *Output) String() string {
	if o.text == "" {
		return string(o.Format)
	}
	return o.text
}

// ask is a command about the same platform.
func (o *Output) ask(words ...string) string {
	return strings.Join(compact(append(words, o.Again)), " ")
}

// Type is what help calls the value of the flag.
func (o *Output) Type() string { return "string" }

// Formats lists the formats as words for help.
func (o *Output) Formats() string {
	words := make([]string, len(o.allowed))
	for i, f := range o.allowed {
		words[i] = string(f)
		if f == JSONPath || f == GoTemplate {
			words[i] += "=TEMPLATE"
		}
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Set reads a format, and its template.
func (o *Output) Set(text string) error {
	name, tmpl, with := strings.Cut(text, "=")
	o.text = text
	for _, f := range o.allowed {
		if string(f) != name {
			continue
		}
		o.Format = f
		switch f {
		case JSONPath:
			return o.setJSONPath(tmpl, with)
		case GoTemplate:
			return o.setGoTemplate(tmpl, with)
		}
		if !with {
			return nil
		}
	}
	return fmt.Errorf("want %s", o.Formats())
}

func (o *Output) setJSONPath(text string, given bool) error {
	if !given || text == "" {
		return errors.New("want jsonpath=TEMPLATE, for example jsonpath={.verdict}")
	}
	if !strings.Contains(text, "{") {
		text = "{" + text + "}"
	}
	path := jsonpath.New("output")
	if err := path.Parse(text); err != nil {
		return err
	}
	o.write = path.Execute
	return nil
}

func (o *Output) setGoTemplate(text string, given bool) error {
	if !given || text == "" {
		return errors.New("want go-template=TEMPLATE, for example go-template={{.verdict}}")
	}
	t, err := template.New("output").Option("missingkey=error").Parse(text)
	if err != nil {
		return err
	}
	o.write = func(w io.Writer, data any) error { return t.Execute(w, data) }
	return nil
}

// Encode writes a result in a format for programs. A template is applied to
// what -o json prints; one that asks for what is not there is a mistake of the
// user, and nothing is written.
func (o *Output) Encode(w io.Writer, result any) error {
	if o.write == nil {
		return Encode(w, o.Format, result)
	}
	data, err := json.Marshal(result)
	if err != nil {
		return err
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := o.write(&out, plain); err != nil {
		return diag.Hint(diag.Input(fmt.Errorf("-o %s: %w", o.text, err)), "-o json shows what there is")
	}
	_, err = out.WriteTo(w)
	return err
}

// forPrograms writes a result in a format for programs, with the names of the
// objects in it for the format that is names. It has done nothing if text is
// wanted.
func (o *Output) forPrograms(w io.Writer, result any, names []string) (done bool, err error) {
	switch o.Format {
	case Text, Wide:
		return false, nil
	case Name:
		for _, name := range names {
			fmt.Fprintln(w, name)
		}
		return true, nil
	}
	return true, o.Encode(w, result)
}
