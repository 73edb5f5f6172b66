// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fetch"
)

// A Source says where a chart is.
type Source struct {
	// URL is a directory, an archive, the URL of an archive, an oci://
	// reference, or, with a Name, the URL of a Helm repository.
	URL string
	// Name of the chart in a repository.
	Name string
	// Version of the chart, or a range of which the latest is taken. The latest
	// that is no pre-release when empty.
	Version string
}

// Local says that the chart is on this machine, where no cluster can get it.
func (s Source) Local() bool { return !strings.Contains(s.URL, "://") }

// Notes tells of a source that is no good for a Promise, though the chart c was
// found: a cluster cannot read it, everybody can read its password, or it is
// another chart tomorrow.
func (s Source) Notes(c *Chart) []diag.Finding {
	u, err := url.Parse(s.URL)
	switch {
	case s.Local():
		return []diag.Finding{{
			Severity: diag.SeverityWarning, Field: "--chart-url",
			Message: s.URL + " is a path of this machine, which the stage cannot read in a cluster",
			Hint:    "publish the chart, and give the env variable CHART_URL its URL",
		}}
	case err == nil && u.User != nil:
		return []diag.Finding{{
			Severity: diag.SeverityWarning, Field: "--chart-url",
			Message: "user and password are in the Promise now, for everybody to read",
			Hint:    "take CHART_URL from a Secret: valueFrom: {secretKeyRef: {name: NAME, key: KEY}}",
		}}
	case s.moves(c):
		return []diag.Finding{{
			Severity: diag.SeverityNote, Field: "--chart-version",
			Message: "the API is that of " + c.Version + ", and the stage renders whatever is the latest by then",
			Hint:    "--chart-version " + c.Version + " keeps them together",
		}}
	}
	return nil
}

// moves tells that the same source has another chart when there is a new
// release.
func (s Source) moves(c *Chart) bool {
	tagged := strings.ContainsAny(s.URL[strings.LastIndex(s.URL, "/")+1:], ":@")
	chosen := s.Name != "" || strings.HasPrefix(s.URL, "oci://") && !tagged
	return chosen && strings.TrimPrefix(s.Version, "v") != strings.TrimPrefix(c.Version, "v")
}

// Get reads the chart.
func (s Source) Get(ctx context.Context) (*Chart, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	c, err := s.get(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return c, in(s.String(), err)
}

// String names the chart as messages do.
func (s Source) String() string {
	text := withoutPassword(s.URL)
	if s.Name != "" {
		text = s.Name + " of " + text
	}
	return text
}

func (s Source) check() error {
	switch scheme, _, _ := strings.Cut(s.URL, "://"); {
	case s.Local() && s.Name != "":
		err := diag.Inputf("--chart-name: %s is no repository, so there are no names in it", s.URL)
		return diag.Hint(err, "leave out --chart-name")
	case scheme == "oci" && s.Name != "":
		err := diag.Inputf("--chart-name: an OCI reference names the chart itself")
		return diag.Hint(err, "--chart-url "+strings.TrimSuffix(s.URL, "/")+"/"+s.Name)
	case !s.Local() && scheme != "oci" && scheme != "http" && scheme != "https":
		return diag.Hint(diag.Inputf("--chart-url: there are no charts at %s:// URLs", scheme), "use an https:// or oci:// URL, a directory or an archive")
	}
	return nil
}

func (s Source) get(ctx context.Context) (*Chart, error) {
	switch {
	case s.Local():
		return s.local()
	case strings.HasPrefix(s.URL, "oci://"):
		return fromRegistry(ctx, s.URL, s.Version)
	case s.Name != "":
		return fromRepository(ctx, s)
	default:
		return fromURL(ctx, s.URL)
	}
}

func (s Source) local() (*Chart, error) {
	info, err := os.Stat(s.URL)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, diag.Hint(diag.Input(err), "a URL begins with https:// or oci://")
	}
	if err != nil {
		return nil, diag.Input(err)
	}
	if info.IsDir() {
		return readDir(s.URL)
	}
	file, err := os.Open(s.URL)
	if err != nil {
		return nil, diag.Input(err)
	}
	defer func() { _ = file.Close() }()
	data, err := fetch.ReadAll(file, maxArchive)
	if err != nil {
		return nil, diag.Input(err)
	}
	return readArchive(data)
}
