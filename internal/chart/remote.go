// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fetch"
)

// maxIndex is for the index of a repository with very many charts.
const maxIndex = 256 << 20

// fromURL reads the archive at a URL.
func fromURL(ctx context.Context, address string) (*Chart, error) {
	data, err := download(ctx, address, maxArchive)
	if err != nil {
		return nil, err
	}
	c, err := readArchive(data)
	if err != nil && !isArchive(data) {
		err = diag.Hint(err, "if it is a repository, name the chart in it: --chart-name NAME")
	}
	return c, err
}

func isArchive(data []byte) bool { return strings.HasPrefix(string(data), "\x1f\x8b") }

// download gets what is at a URL. A user and a password in it are sent along.
func download(ctx context.Context, address string, limit int64) ([]byte, error) {
	data, err := fetch.Request{URL: address, Limit: limit}.Get(ctx)
	if errors.Is(err, fetch.ErrUnauthorized) {
		err = diag.Hint(err, "put user and password into the URL: https://USER:PASSWORD@HOST/...")
	}
	return data, err
}

// withoutPassword gives a URL for messages.
func withoutPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return address
	}
	return u.Redacted()
}

// A release is a version of a chart in a repository.
type release struct {
	Version string   `json:"version"`
	URLs    []string `json:"urls"`
}

// fromRepository reads a chart of a Helm repository, which has an index.
func fromRepository(ctx context.Context, s Source) (*Chart, error) {
	repository, err := url.Parse(strings.TrimSuffix(s.URL, "/") + "/")
	if err != nil {
		return nil, diag.Inputf("%s is no URL", withoutPassword(s.URL))
	}
	listed := repository.JoinPath("index.yaml").String()
	data, err := download(ctx, listed, maxIndex)
	if err != nil {
		return nil, behind(listed, err)
	}
	var index struct {
		Entries map[string][]release `json:"entries"`
	}
	if err := yaml.Unmarshal(data, &index); err != nil {
		return nil, diag.Inputf("index.yaml: %w", err)
	}
	r, err := choose(index.Entries, s)
	if err != nil {
		return nil, err
	}
	at, err := repository.Parse(r.URLs[0])
	if err != nil {
		return nil, diag.Inputf("index.yaml: %q is no URL", r.URLs[0])
	}
	switch {
	case at.Scheme == "oci":
		return fromRegistry(ctx, at.String(), r.Version)
	case at.Host == repository.Host:
		at.User = repository.User
	}
	c, err := fromURL(ctx, at.String())
	return c, behind(at.String(), err)
}

// behind says of an error which URL of a repository it is about.
func behind(address string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", withoutPassword(address), err)
}

// choose finds a release of the chart that is asked for.
func choose(entries map[string][]release, s Source) (release, error) {
	releases := entries[s.Name]
	if len(releases) == 0 {
		var names []string
		for entry := range entries {
			names = append(names, entry)
		}
		slices.Sort(names)
		err := diag.Inputf("the repository has no chart %q", s.Name)
		return release{}, diag.Hint(err, diag.DidYouMean(s.Name, names))
	}
	var versions []string
	for _, r := range releases {
		versions = append(versions, r.Version)
	}
	chosen, err := chooseVersion(versions, s.Version)
	if err != nil {
		return release{}, err
	}
	r := releases[slices.Index(versions, chosen)]
	if len(r.URLs) == 0 {
		return release{}, diag.Inputf("index.yaml has no URL of version %s", r.Version)
	}
	return r, nil
}

// chooseVersion finds the version that is asked for: itself, or the latest of a
// range. A range has pre-releases only if it names one, and everything is the
// range of those who ask for none.
func chooseVersion(versions []string, wanted string) (string, error) {
	i := slices.IndexFunc(versions, func(v string) bool { return strings.TrimPrefix(v, "v") == strings.TrimPrefix(wanted, "v") })
	if i >= 0 {
		return versions[i], nil
	}
	accepted, err := semver.NewConstraint(cmp.Or(wanted, "*"))
	if err != nil {
		err := diag.Inputf("--chart-version: %q is no version and no range of versions", wanted)
		return "", diag.Hint(err, "--chart-version 1.2.3, --chart-version '^1.2' or --chart-version '>=1.2 <2'")
	}
	if v := latest(versions, accepted); v != "" {
		return v, nil
	}
	if wanted == "" {
		return "", diag.Hint(diag.Inputf("there are only pre-releases of the chart"), "--chart-version '>0-0' takes the latest of them")
	}
	return "", diag.Hint(diag.Inputf("--chart-version: there is no version %q", wanted), available(versions))
}

// available is a hint at a version that there is.
func available(versions []string) string {
	for _, all := range []string{"*", "*-0"} {
		if accepted, err := semver.NewConstraint(all); err == nil && latest(versions, accepted) != "" {
			return "the latest is --chart-version " + latest(versions, accepted)
		}
	}
	return "leave out --chart-version"
}

// latest is the latest of the versions in a range; empty if none is.
func latest(versions []string, accepted *semver.Constraints) string {
	var best *semver.Version
	for _, text := range versions {
		v, err := semver.NewVersion(text)
		if err == nil && accepted.Check(v) && (best == nil || best.LessThan(v)) {
			best = v
		}
	}
	if best == nil {
		return ""
	}
	return best.Original()
}

// chartLayer is the type of the layer that holds the archive of a chart.
const chartLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

// fromRegistry reads a chart of an OCI registry, with the credentials that
// docker login and helm registry login keep.
func fromRegistry(ctx context.Context, address, version string) (*Chart, error) {
	ref, err := reference(ctx, strings.TrimPrefix(address, "oci://"), version)
	if err != nil {
		return nil, err
	}
	img, err := remote.Image(ref, options(ctx)...)
	if err != nil {
		return nil, registryError(ref.Context(), err)
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, registryError(ref.Context(), err)
	}
	for _, layer := range layers {
		if t, err := layer.MediaType(); err == nil && t == chartLayer {
			return fromLayer(ref, layer)
		}
	}
	return nil, diag.Inputf("%s is no chart, but something else", ref)
}

func fromLayer(ref name.Reference, layer v1.Layer) (*Chart, error) {
	content, err := layer.Compressed()
	if err != nil {
		return nil, registryError(ref.Context(), err)
	}
	defer func() { _ = content.Close() }()
	data, err := fetch.ReadAll(content, maxArchive)
	if err != nil {
		return nil, registryError(ref.Context(), err)
	}
	return readArchive(data)
}

// reference names the chart in its registry. Tags have no plus sign, so Helm
// writes an underscore.
func reference(ctx context.Context, address, version string) (name.Reference, error) {
	if strings.ContainsAny(address, "@") || version == "" && strings.Contains(address[strings.LastIndex(address, "/")+1:], ":") {
		ref, err := name.ParseReference(address)
		return ref, diag.Input(err)
	}
	repository, err := name.NewRepository(address)
	if err != nil {
		return nil, diag.Input(err)
	}
	tags, err := remote.List(repository, options(ctx)...)
	if err != nil {
		return nil, registryError(repository, err)
	}
	for i, tag := range tags {
		tags[i] = strings.ReplaceAll(tag, "_", "+")
	}
	chosen, err := chooseVersion(tags, version)
	if err != nil {
		return nil, err
	}
	return repository.Tag(strings.ReplaceAll(chosen, "+", "_")), nil
}

func options(ctx context.Context) []remote.Option {
	keychain := authn.NewMultiKeychain(helmKeychain{}, authn.DefaultKeychain)
	return []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain)}
}

func registryError(repository name.Repository, err error) error {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return diag.Machine(err)
	}
	switch code := answer.StatusCode; code {
	case http.StatusNotFound:
		return diag.Inputf("%s is not there", repository)
	case http.StatusUnauthorized, http.StatusForbidden:
		err := diag.Machinef("%s: %s", repository, strings.ToLower(http.StatusText(code)))
		return diag.Hint(err, "helm registry login "+repository.RegistryStr())
	default:
		return diag.Machinef("%s: %d %s", repository, code, http.StatusText(code))
	}
}
