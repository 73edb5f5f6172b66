// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are the licences that something may have that is linked into the
// program: they ask for their text to go along, which THIRD_PARTY_LICENSES is
// for, and MPL-2.0 for the source of its own files, which is public and is not
// changed.
func allowed() []string {
	return []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "Unicode-DFS-2016", "Zlib"}
}

// A module is one that is linked into the program for any system.
type module struct {
	path, version string
	files         []string // with licences and notices, absolute, sorted
	licenses      []string // as SPDX names them, sorted
}

// linkedModules lists what the program consists of on all systems, Go's own
// library first. A licence that is not allowed, or not known, is an error.
func linkedModules(ctx context.Context) ([]module, error) {
	found := map[string]*module{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		if err := addLinked(ctx, system, found); err != nil {
			return nil, err
		}
	}
	var modules []module
	var refused []string
	for _, path := range slices.Sorted(maps.Keys(found)) {
		m := found[path]
		slices.Sort(m.files)
		m.files = slices.Compact(m.files)
		if err := m.classify(); err != nil {
			refused = append(refused, err.Error())
		}
		modules = append(modules, *m)
	}
	if len(refused) > 0 {
		return nil, fmt.Errorf("licences of what is linked in:\n  %s", strings.Join(refused, "\n  "))
	}
	return modules, nil
}

// addLinked adds what is linked in on one system.
func addLinked(ctx context.Context, system string, found map[string]*module) error {
	const format = `{{if .Standard}}std		{{context.GOROOT}}	{{context.GOROOT}}` +
		`{{else if not .Module.Main}}{{.Module.Path}}	{{.Module.Version}}	{{.Module.Dir}}	{{.Dir}}{{end}}`
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", format, "github.com/kratix-tools/kratix/cmd/kratix")
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list for %s: %w", system, err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 4 {
			continue // this module
		}
		path, version, root, dir := fields[0], fields[1], fields[2], fields[3]
		if found[path] == nil {
			found[path] = &module{path: path, version: version}
		}
		files, err := licenseFiles(root, dir)
		if err != nil {
			return err
		}
		found[path].files = append(found[path].files, files...)
	}
	return nil
}

// licenseFile matches the names of files with licences and notices.
var licenseFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|unlicense|patents)([-._].*)?$`)

// licenseFiles lists what counts for a directory: the files in it and in those
// above, up to the root of its module.
func licenseFiles(root, dir string) ([]string, error) {
	var files []string
	for ; ; dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Type().IsRegular() && licenseFile.MatchString(e.Name()) && !slices.Contains([]string{".go", ".docs"}, filepath.Ext(e.Name())) {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
		if dir == root || len(dir) <= len(root) {
			return files, nil
		}
	}
}

// classify reads the licences of a module. A grant of patents only adds to one.
func (m *module) classify() error {
	for _, file := range m.files {
		if strings.HasPrefix(strings.ToLower(filepath.Base(file)), "patents") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, match := range licensecheck.Scan(text).Match {
			if !slices.Contains(m.licenses, match.ID) && !match.IsURL {
				m.licenses = append(m.licenses, match.ID)
			}
		}
	}
	slices.Sort(m.licenses)
	if len(m.licenses) == 0 {
		return fmt.Errorf("%s has none that is known", m.path)
	}
	for _, id := range m.licenses {
		if !slices.Contains(allowed(), id) {
			return fmt.Errorf("%s has %s, which is not in the list of those that are allowed", m.path, id)
		}
	}
	return nil
}

// writeLicenses lists modules and licences as Markdown. Versions are left out,
// so that an update changes nothing.
func writeLicenses(w io.Writer, modules []module) error {
	var b bytes.Buffer
	b.WriteString(`# Licences of what is linked in

` + "`kratix`" + ` itself is under Apache-2.0. These are the modules that its program
contains on any system, and their licences; every archive and package has the
full texts in THIRD_PARTY_LICENSES. Made by ` + "`make licenses`" + `.

| module | licence |
|---|---|
`)
	for _, m := range modules {
		name := m.path
		if name == "std" {
			name = "Go's own library"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, strings.Join(m.licenses, ", "))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// licenseTexts gives all licences in full.
func licenseTexts(modules []module) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("The program kratix contains the following, under the licences below.\n")
	for _, m := range modules {
		name := strings.TrimSpace(m.path + " " + m.version)
		if m.path == "std" {
			name = "Go's own library"
		}
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n", strings.Repeat("=", 80), name, strings.Join(m.licenses, ", "))
		for _, file := range m.files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&b, "%s\n%s\n", strings.Repeat("-", 80), bytes.TrimSpace(text))
		}
	}
	return b.Bytes(), nil
}
