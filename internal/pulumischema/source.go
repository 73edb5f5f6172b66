// SPDX-License-Identifier: Apache-2.0

package pulumischema

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fetch"
)

// The variables of the environment that have the token for a URL, or name the
// file that has it.
const (
	tokenVariable     = "PULUMI_ACCESS_TOKEN"
	tokenFileVariable = "PULUMI_ACCESS_TOKEN_FILE"
)

const (
	// timeout is for the whole of an answer.
	timeout = 15 * time.Second
	// maxSchema is above all that packages of components have. The schemas of
	// whole clouds are larger, and have none.
	maxSchema = 64 << 20
)

// A Source says where a schema is.
type Source struct {
	// Address is a file, a directory with a schema.json or schema.yaml, or an
	// http or https URL.
	Address string
	// Getenv gives variables of the environment; nil is an empty one.
	Getenv func(string) string
	// Timeout is how long a server may take, 15 seconds when 0.
	Timeout time.Duration
	// Transport talks to servers, as net/http usually does when nil.
	Transport http.RoundTripper
}

// Local says that the schema is on this machine, where no cluster can get it.
func (s Source) Local() bool {
	return !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.\-]+:`).MatchString(s.Address)
}

// Check finds what is wrong with the address of a schema that is not local.
func (s Source) Check() []diag.Finding {
	u, err := url.Parse(s.Address)
	switch {
	case s.Local():
		return nil
	case err != nil || u.Host == "" && (u.Scheme == "http" || u.Scheme == "https"):
		return problem("--schema https://HOST/schema.json", "it is no URL: %q", s.Address)
	case u.Scheme != "http" && u.Scheme != "https":
		return problem("use an https:// URL, a file or a directory", "there are no schemas at %s: URLs", u.Scheme)
	case u.Scheme == "http" && u.User != nil:
		return problem("use an https:// URL", "a password is not sent over plain http://")
	}
	return nil
}

func problem(hint, format string, args ...any) []diag.Finding {
	return []diag.Finding{{Severity: diag.SeverityError, Field: "--schema", Message: fmt.Sprintf(format, args...), Hint: hint}}
}

// plain says that all that is sent there can be read on the way.
func (s Source) plain() bool {
	u, err := url.Parse(s.Address)
	return err != nil || u.Scheme == "http"
}

// Notes tells of a source that is no good for a Promise, though the schema was
// found.
func (s Source) Notes() []diag.Finding {
	if u, err := url.Parse(s.Address); err != nil || s.Local() || u.User == nil {
		return nil
	}
	return []diag.Finding{{
		Severity: diag.SeverityWarning, Field: "--schema",
		Message: "user and password are in the Promise now, for everybody to read",
		Hint:    "use a token: --schema-bearer-token-secret NAME:KEY",
	}}
}

// Get reads the schema.
func (s Source) Get(ctx context.Context) ([]byte, error) {
	if err := diag.Problems("", s.Check()); err != nil {
		return nil, err
	}
	data, err := s.read(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, s.In(err)
	default:
		return data, nil
	}
}

// In says of an error that it is about the schema.
func (s Source) In(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--schema: %s: %w", s, err)
}

// String names the schema as messages do: what comes after the path of a URL may
// be secret.
func (s Source) String() string {
	u, err := url.Parse(s.Address)
	if err != nil || s.Local() {
		return s.Address
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

func (s Source) read(ctx context.Context) ([]byte, error) {
	if s.Local() {
		return s.file()
	}
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	return s.download(ctx, token)
}

// file reads the schema from a file, or from the one of a directory.
func (s Source) file() ([]byte, error) {
	name := s.Address
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		if name = schemaIn(name); name == "" {
			return nil, diag.Inputf("the directory has no schema.json and no schema.yaml")
		}
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, diag.Input(reason(err))
	}
	defer func() { _ = file.Close() }()
	data, err := fetch.ReadAll(file, maxSchema)
	return data, diag.Input(reason(err))
}

// reason is an error of a file without its name.
func reason(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}

// schemaIn finds the schema of a package in its directory.
func schemaIn(dir string) string {
	for _, name := range []string{"schema.json", "schema.yaml", "schema.yml"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name)
		}
	}
	return ""
}

// token gives the token for a URL, "" if there is none. Its value is part of no
// message.
func (s Source) token() (string, error) {
	if s.Getenv == nil {
		return "", nil
	}
	token, from := s.Getenv(tokenVariable), tokenVariable
	if file := s.Getenv(tokenFileVariable); token == "" && file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", diag.Inputf("%s: %w", tokenFileVariable, err)
		}
		token, from = string(data), tokenFileVariable
		if strings.TrimSpace(token) == "" {
			return "", diag.Inputf("%s: %s is empty", from, file)
		}
	}
	token = strings.TrimSpace(token)
	switch {
	case token == "":
		return "", nil
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", diag.Inputf("%s: a token has no blanks and no control characters", from)
	case s.plain():
		err := diag.Inputf("%s is set, and a token is not sent over plain http://", from)
		return "", diag.Hint(err, "use an https:// URL; unset "+from+" for a schema that is public")
	}
	return token, nil
}

// download gets the schema, with the token if there is one.
func (s Source) download(ctx context.Context, token string) ([]byte, error) {
	data, err := fetch.Request{
		URL: s.Address, Token: token, Limit: maxSchema, Timeout: cmp.Or(s.Timeout, timeout), Transport: s.Transport,
	}.Get(ctx)
	switch unauthorized := errors.Is(err, fetch.ErrUnauthorized); {
	case unauthorized && token != "":
		err = fmt.Errorf("%w: the server does not take the token", err)
	case unauthorized:
		err = diag.Hint(err, "put a token into "+tokenVariable+", or the name of its file into "+tokenFileVariable)
	}
	return data, err
}
