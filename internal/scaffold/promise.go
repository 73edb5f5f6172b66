// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// PromiseOptions say which Promise to make.
type PromiseOptions struct {
	Name  string
	Group string // of the API
	Kind  string // of the API
	// Version of the API is v1alpha1 when empty.
	Version string
	// Plural is the lower-case kind with an s when empty, as the upstream CLI
	// has it: both make the same Promise.
	Plural string
	Split  bool   // several files in place of one promise.yaml
	Dir    string // for the README: where the command was told to write
}

// Promise makes the files of a new Promise. All names that are not valid are
// one input error.
func Promise(o PromiseOptions) ([]File, error) {
	given := o
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	v := promiseView{PromiseOptions: o, Singular: strings.ToLower(o.Kind), Command: given.commandLine("promise")}
	v.ExampleName = o.exampleName()
	v.API = string(render("promise/api.yaml", v))
	files := []File{
		{Path: promise.FlatFile, Data: render("promise/promise.yaml", v)},
		{Path: exampleFile, Data: render("promise/example-resource.yaml", v)},
		{Path: "README.md", Data: render("promise/README.md", v)},
		ignoredSecrets(),
	}
	if !o.Split {
		return files, nil
	}
	return append(files[1:],
		File{Path: promise.APIFile, Data: []byte(v.API)},
		File{Path: promise.DependenciesFile, Data: render("promise/dependencies.yaml", v)},
		File{Path: promise.MetadataFile, Data: render("promise/metadata.yaml", v)},
	), nil
}

// Notes tells what is allowed and hardly meant: a kind that is not written as
// kinds are, and the plural that the upstream CLI makes too, which is not always
// that of the language.
func (o PromiseOptions) Notes() []diag.Finding {
	var notes []diag.Finding
	note := func(message, hint string) {
		notes = append(notes, diag.Finding{Severity: diag.SeverityNote, Message: message, Hint: hint})
	}
	if camel := camelCase(o.Kind); camel != o.Kind {
		note("kinds are written in CamelCase by custom, and this one is "+o.Kind, "--kind "+camel)
	}
	kind := strings.ToLower(o.Kind)
	if proper := plural(kind); o.Plural == "" && proper != kind+"s" {
		note("the plural of the API is "+kind+"s", "--plural "+proper+" for another")
	}
	return notes
}

// plural gives the plural of a word as the rules of English have it.
func plural(word string) string {
	stem, y := strings.CutSuffix(word, "y")
	switch {
	case y && stem != "" && !strings.ContainsAny(stem[len(stem)-1:], "aeiou"):
		return stem + "ies"
	case regexp.MustCompile(`(s|x|z|ch|sh)$`).MatchString(word):
		return word + "es"
	}
	return word + "s"
}

// exampleFile is the request that a new Promise comes with.
const exampleFile = "example-resource.yaml"

func (o PromiseOptions) withDefaults() PromiseOptions {
	o.Version = cmp.Or(o.Version, "v1alpha1")
	o.Plural = cmp.Or(o.Plural, strings.ToLower(o.Kind)+"s")
	return o
}

// Definition is the name of the CustomResourceDefinition of the API.
func (o PromiseOptions) Definition() string {
	o = o.withDefaults()
	return o.Plural + "." + o.Group
}

func (o PromiseOptions) validate() error { return diag.Problems("", o.problems()) }

func (o PromiseOptions) problems() problems {
	var p problems
	p.promiseName(o.Name)
	p.group(o.Group)
	p.kind(o.Kind)
	p.version(o.Version)
	p.plural(o.Plural, o.Kind)
	return p
}

// promiseView is what the templates of a Promise see.
type promiseView struct {
	PromiseOptions
	Singular    string
	ExampleName string
	API         string // the CustomResourceDefinition, as YAML
	Command     string // that makes the same files
}

// exampleName leaves room for what Kratix adds to no name: 63 characters.
func (o PromiseOptions) exampleName() string {
	name := "example-" + o.Name
	return strings.TrimRight(name[:min(len(name), maxName)], "-.")
}

// commandLine is the command line with what the user gave, defaults left out.
func (o PromiseOptions) commandLine(command string, more ...Flag) string {
	words := []string{"kratix init", command, o.Name, "--group", o.Group, "--kind", o.Kind}
	flags := []Flag{{Name: "--version", Value: o.Version}, {Name: "--plural", Value: o.Plural}, {Name: "--dir", Value: o.Dir}}
	for _, flag := range append(flags, more...) {
		switch {
		case flag.Switch:
			words = append(words, flag.Name)
		case flag.Value != "":
			words = append(words, flag.Name, shellQuoted(flag.Value))
		}
	}
	if o.Split {
		words = append(words, "--split")
	}
	return strings.Join(words, " ")
}

// shellQuoted quotes a path for a shell, if it needs it.
func shellQuoted(path string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+:@%,", r)
	}
	if strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
