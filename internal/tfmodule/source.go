// SPDX-License-Identifier: Apache-2.0

package tfmodule

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scratch"
)

// A Source says where a module is.
type Source struct {
	// Address is what a module block would have as its source.
	Address string
	// Version is a version constraint, for a module in a registry.
	Version string
	// Dir has the files of the module, if they are here too; then nothing is
	// fetched.
	Dir string
}

// A Module is a directory with the files of a module.
type Module struct {
	// Dir is the directory; Name is what it is called in findings: nothing, if it
	// is the root of what was fetched.
	Dir, Name string

	temporary *scratch.Dir
}

// Files are the files of the module.
func (m *Module) Files() fs.FS { return os.DirFS(m.Dir) }

// Close removes what was fetched.
func (m *Module) Close() error {
	if m.temporary == nil {
		return nil
	}
	return m.temporary.Remove()
}

// Local tells whether the address is a directory of this machine, as Terraform
// sees it: it begins with a dot or it is absolute.
func (s Source) Local() bool {
	return s.Address == "." || s.Address == ".." || strings.HasPrefix(s.Address, "./") || strings.HasPrefix(s.Address, "../") ||
		filepath.IsAbs(s.Address)
}

// Here tells whether the address leads anywhere on this machine only.
func (s Source) Here() bool {
	return s.Local() || strings.HasPrefix(s.Address, "file://") || strings.Contains(s.Address, "::file://")
}

// Registry tells whether the address is that of a module in a registry:
// [HOST/]NAMESPACE/NAME/PROVIDER.
func (s Source) Registry() bool {
	address, _ := s.split()
	return regexp.MustCompile(`^([A-Za-z0-9.-]+\.[A-Za-z0-9-]+(:[0-9]+)?/)?[A-Za-z0-9][\w-]*/[A-Za-z0-9][\w-]*/[a-z0-9]+$`).MatchString(address) &&
		!strings.HasPrefix(address, "github.com/") && !strings.HasPrefix(address, "bitbucket.org/") && !s.Local()
}

// Check refuses what can be known before anything is fetched.
func (s Source) Check() error {
	if s.Version != "" && !s.Registry() {
		err := diag.Inputf("--module-registry-version: %s is no module of a registry", s.Address)
		return diag.Hint(err, "name the version in the source: git::https://host/repository.git?ref="+s.Version)
	}
	if info, err := os.Stat(s.Address); err == nil && info.IsDir() && !s.Local() && !s.Registry() {
		err := diag.Inputf("--module-source: Terraform takes %s for no directory", s.Address)
		return diag.Hint(err, "--module-source ./"+filepath.ToSlash(s.Address))
	}
	return nil
}

// Notes tells of an address that is no good for a Promise, though it leads to
// the module.
func (s Source) Notes() []diag.Finding {
	address := s.Address
	if _, rest, ok := strings.Cut(address, "::"); ok {
		address = rest // what was to be fetched with git, say
	}
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return nil
	}
	// A user alone is a token to a web server, and a name to one with keys.
	if _, password := u.User.Password(); !password && !strings.HasPrefix(u.Scheme, "http") {
		return nil
	}
	return []diag.Finding{{
		Severity: diag.SeverityWarning, Field: "--module-source",
		Message: "user and password are in the Promise now, for everybody to read",
		Hint:    "leave them out: where Terraform runs, it has the credentials of git",
	}}
}

// split takes the directory within what is fetched off the address.
func (s Source) split() (address, within string) {
	rest, query, _ := strings.Cut(s.Address, "?")
	scheme := 0
	if i := strings.Index(rest, "://"); i >= 0 {
		scheme = i + len("://")
	}
	head, within, _ := strings.Cut(rest[scheme:], "//")
	address = rest[:scheme] + head
	if query != "" {
		address += "?" + query
	}
	return address, within
}

// Get gets the module. An address that leads nowhere is an input error; a
// machine that cannot fetch it is at fault itself.
func (s Source) Get(ctx context.Context) (*Module, error) {
	switch {
	case s.Dir != "":
		return directory(s.Dir)
	case s.Local():
		address, within := s.split()
		return directory(filepath.Join(address, filepath.FromSlash(within)))
	}
	temporary, err := scratch.New("kratix-module-")
	if err != nil {
		return nil, err
	}
	dir, err := s.fetch(ctx, temporary.Path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("getting the module %s: %w", s.Address, err), temporary.Remove())
	}
	_, within := s.split()
	return &Module{Dir: dir, Name: within, temporary: temporary}, nil
}

// directory is a module that is here already.
func directory(dir string) (*Module, error) {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, diag.Input(fmt.Errorf("reading the module: %w", err))
	case !info.IsDir():
		return nil, diag.Inputf("reading the module: %s is a file, and a module is a directory", dir)
	}
	return &Module{Dir: dir, Name: filepath.Clean(dir)}, nil
}

// fetch fetches the module to somewhere below a directory.
func (s Source) fetch(ctx context.Context, dir string) (string, error) {
	if repository, ok := s.repository(); ok {
		return repository.fetch(ctx, dir)
	}
	return s.ask(ctx, dir)
}
