// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
)

// readyImage is an image that the daemon has.
type readyImage struct {
	ref      string // as a container is to name it
	digest   string
	platform string // if one was asked for
	config   v1.Config
}

// image gives an image that is ready to run.
func (e *Engine) image(ctx context.Context, ref string) (*readyImage, error) {
	return e.ready.Get(ctx, ref, e.find)
}

// find gives the image that was built for the cache, else the daemon's, else
// the one that the cache has from elsewhere.
func (e *Engine) find(ctx context.Context, ref string) (*readyImage, error) {
	var o image.GetOptions
	if e.config.Options != nil {
		o = e.config.Options(ref)
	}
	cached, err := e.cached(ctx, ref, o)
	if err != nil {
		return nil, err
	}
	if cached != nil && !e.prefers(ctx, ref, o, cached) {
		loaded := LoadedName(cached.Digest)
		return &readyImage{loaded, cached.Digest, o.Platform, cached.Config}, e.load(ctx, loaded, func() (v1.Image, error) {
			return e.config.Images.Content(cached)
		})
	}
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, diag.Input(err) // never: the cache has parsed it
	}
	return e.daemons(ctx, ref, parsed, o)
}

// prefers tells that the daemon has an image of its own that comes before the
// one of the cache, as it does for the native engine.
func (e *Engine) prefers(ctx context.Context, ref string, o image.GetOptions, cached *image.Image) bool {
	parsed, err := name.ParseReference(ref)
	if _, isTag := parsed.(name.Tag); err != nil || !isTag || cached.Built() {
		return false
	}
	if _, isSource := o.Sources[parsed.String()]; isSource {
		return false
	}
	info, err := e.client.inspectImage(ctx, ref)
	return err == nil && runsOn(info, o.Platform)
}

// cached gives the image of the cache. None is no error, unless the image can
// be nowhere else.
func (e *Engine) cached(ctx context.Context, ref string, o image.GetOptions) (*image.Image, error) {
	here := false
	if parsed, err := name.ParseReference(ref); err == nil {
		_, source := o.Sources[parsed.String()]
		here = source || parsed.Context().RegistryStr() == image.LocalHost
	}
	if o.Pull == image.PullAlways && !here {
		return nil, nil //nolint:nilnil // as documented
	}
	o.Pull, o.Platform = image.PullNever, cmp.Or(o.Platform, e.status.Platform)
	img, err := e.config.Images.Get(ctx, ref, o)
	if err == nil || here || ctx.Err() != nil || diag.ExitCode(err) == diag.ExitInput {
		return img, err
	}
	return nil, nil //nolint:nilnil // as documented
}

// LoadedName is the daemon's name for an image that was loaded from the cache.
// It is made of the digest, so that it never stands for another.
func LoadedName(digest string) string {
	_, hex, _ := strings.Cut(digest, ":")
	return image.LocalHost + "/image:" + hex
}

// load gives an image to the daemon, unless it has it.
func (e *Engine) load(ctx context.Context, ref string, content func() (v1.Image, error)) error {
	_, err := e.client.inspectImage(ctx, ref)
	if !isStatus(err, http.StatusNotFound) {
		return e.loadFault(ref, err)
	}
	img, err := content()
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	defer func() { _ = r.Close() }()
	go func() { _ = w.CloseWithError(image.WriteTar(w, ref, img)) }()
	return e.loadFault(ref, e.client.loadImage(ctx, r))
}

func (e *Engine) loadFault(ref string, err error) error {
	if err == nil {
		return nil
	}
	return e.fault("loading image "+ref, err)
}

// daemons gives an image that is the daemon's business.
func (e *Engine) daemons(ctx context.Context, ref string, parsed name.Reference, o image.GetOptions) (*readyImage, error) {
	info, err := e.client.inspectImage(ctx, ref)
	missing := isStatus(err, http.StatusNotFound) || err == nil && !runsOn(info, o.Platform)
	if err != nil && !missing {
		return nil, e.fault("looking for image "+ref, err)
	}
	switch {
	case o.Pull == image.PullNever && missing:
		return nil, diag.Hint(diag.Machinef("image %s: neither the image cache nor %s has it, and it may not be fetched (--pull never)", ref, e.config.Name),
			"leave out --pull never; "+image.Missing.Advice("")[0])
	case o.Pull == image.PullAlways || missing:
		if info, err = e.fetch(ctx, parsed, o); err != nil {
			return nil, err
		}
	}
	return &readyImage{ref, digestOf(info, parsed), o.Platform, info.Config}, nil
}

// runsOn tells that an image is for a platform, if one was asked for.
func runsOn(info imageInfo, platform string) bool {
	return platform == "" || platform == info.OS+"/"+info.Architecture ||
		strings.HasPrefix(platform, info.OS+"/"+info.Architecture+"/")
}

// digestOf gives the digest by which the image was fetched or, for one that
// never was, its own.
func digestOf(info imageInfo, ref name.Reference) string {
	for _, d := range info.RepoDigests {
		if repo, digest, ok := strings.Cut(d, "@"); ok {
			if r, err := name.NewRepository(repo); err == nil && r.Name() == ref.Context().Name() {
				return digest
			}
		}
	}
	if !strings.Contains(info.ID, ":") {
		return "sha256:" + info.ID
	}
	return info.ID
}

// fetch has the daemon get an image from its registry.
func (e *Engine) fetch(ctx context.Context, parsed name.Reference, o image.GetOptions) (imageInfo, error) {
	auth, err := authHeader(parsed)
	if err != nil {
		return imageInfo{}, diag.Machine(fmt.Errorf("credentials for %s: %w", parsed.Context().RegistryStr(), err))
	}
	full := strings.Replace(parsed.Name(), name.DefaultRegistry+"/", "docker.io/", 1)
	query := url.Values{"fromImage": {full}}
	if o.Platform != "" {
		query.Set("platform", o.Platform)
	}
	err = e.client.pullImage(ctx, query, auth, o.Progress)
	var info imageInfo
	if err == nil {
		info, err = e.client.inspectImage(ctx, full)
	}
	if err != nil {
		return info, fetchError(ctx, parsed, err)
	}
	return info, nil
}

// authHeader gives this machine's credentials for a registry as the API wants
// them, or "" if there are none.
func authHeader(ref name.Reference) (string, error) {
	a, err := authn.DefaultKeychain.Resolve(ref.Context())
	if err != nil {
		return "", err
	}
	if a == authn.Anonymous {
		return "", nil
	}
	config, err := a.Authorization()
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(map[string]string{
		"username": config.Username, "password": config.Password, "identitytoken": config.IdentityToken,
		"registrytoken": config.RegistryToken, "serveraddress": ref.Context().RegistryStr(),
	})
	if err != nil {
		return "", err
	}
	return base64.URLEncoding.EncodeToString(data), nil
}

// fetchError says why a daemon could not fetch an image, and what might help,
// as package image does for its own fetching.
func fetchError(ctx context.Context, ref name.Reference, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refused *apiError
	if !errors.As(err, &refused) {
		return diag.Machine(fmt.Errorf("fetching image %s: %w", ref, err))
	}
	said := strings.Join(strings.Fields(refused.message), " ")
	registry := ref.Context().RegistryStr()
	says := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(strings.ToLower(said), w) {
				return true
			}
		}
		return false
	}
	var reason string
	var hints []string // the least important first
	switch {
	case says("unauthorized", "denied", "authentication required", "forbidden", "no basic auth"):
		reason, hints = "unauthorized: "+said, image.Refused.Advice(registry)
	case says("too many requests", "toomanyrequests"):
		reason, hints = "too many requests: "+said, image.Throttled.Advice(registry)
	case says("no such host", "connection refused", "timeout", "deadline exceeded", "unreachable"):
		reason, hints = said, image.Unreachable.Advice(registry)
	case refused.status == http.StatusNotFound || says("manifest unknown", "name unknown", "not found"):
		reason, hints = "not found: "+said, image.Missing.Advice(registry)
	default:
		reason = said
	}
	err = diag.Machinef("fetching image %s: %s", ref, reason)
	for _, h := range hints {
		err = diag.Hint(err, h)
	}
	return err
}
