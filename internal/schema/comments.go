// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// Comments are what the sources of a module say about its types.
type Comments struct {
	types  map[string]string   // import path.Type -> comment
	fields map[string]string   // import path.Type.Field -> comment
	consts map[string][]string // import path.Type -> values of its constants
}

// ReadComments reads the sources of some packages of the module in dir, by their
// import paths.
func ReadComments(dir, module string, packages ...string) (*Comments, error) {
	c := &Comments{types: map[string]string{}, fields: map[string]string{}, consts: map[string][]string{}}
	for _, pkg := range packages {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(pkg, module)), "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			if err := c.read(name, pkg); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// PackagesOf lists the packages of a module whose types documents are made of.
func PackagesOf(module string, documents ...any) []string {
	seen, packages := map[reflect.Type]bool{}, map[string]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		if strings.HasPrefix(t.PkgPath(), module+"/") {
			packages[t.PkgPath()] = true
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(t.Elem())
		case reflect.Struct:
			for f := range t.Fields() {
				walk(f.Type)
			}
		}
	}
	for _, d := range documents {
		walk(reflect.TypeOf(d))
	}
	var list []string
	for pkg := range packages {
		list = append(list, pkg)
	}
	return list
}

func (c *Comments) read(name, pkg string) error {
	source, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("reading comments: %w", err)
	}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				c.addType(pkg+"."+s.Name.Name, group, s)
			case *ast.ValueSpec:
				c.addConst(pkg, s)
			}
		}
	}
	return nil
}

func (c *Comments) addType(name string, group *ast.GenDecl, s *ast.TypeSpec) {
	c.types[name] = sentence(s.Doc)
	if c.types[name] == "" && len(group.Specs) == 1 {
		c.types[name] = sentence(group.Doc)
	}
	st, ok := s.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range st.Fields.List {
		text := strings.TrimSpace(sentence(f.Doc) + " " + sentence(f.Comment))
		for _, n := range f.Names {
			c.fields[name+"."+n.Name] = text
		}
	}
}

func (c *Comments) addConst(pkg string, s *ast.ValueSpec) {
	t, ok := s.Type.(*ast.Ident)
	if !ok {
		return
	}
	for _, v := range s.Values {
		if literal, ok := v.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				c.consts[pkg+"."+t.Name] = append(c.consts[pkg+"."+t.Name], text)
			}
		}
	}
}

// reference matches how a comment names something in Go.
var reference = regexp.MustCompile(`\[([\w.]+)\]`)

// null is what JSON makes of what a comment calls nil.
var null = regexp.MustCompile(`\bnil\b`)

// sentence is a comment on one line.
func sentence(group *ast.CommentGroup) string {
	if group == nil {
		return ""
	}
	text := reference.ReplaceAllString(strings.Join(strings.Fields(group.Text()), " "), "$1")
	return null.ReplaceAllString(text, "null")
}

func (c *Comments) of(t reflect.Type) string { return c.types[key(t)] }

func (c *Comments) ofField(t reflect.Type, name string) string { return c.fields[key(t)+"."+name] }

func (c *Comments) values(t reflect.Type) []string { return c.consts[key(t)] }

func key(t reflect.Type) string { return t.PkgPath() + "." + t.Name() }
