// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kratix-tools/kratix/internal/diag"
)

// fromRegistry gives an image as it is in its registry, for the platform,
// without storing it.
func fromRegistry(ctx context.Context, ref name.Reference, platform v1.Platform) (v1.Image, error) {
	desc, err := remote.Get(ref, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithPlatform(platform))
	if err != nil {
		return nil, err
	}
	if !desc.MediaType.IsIndex() {
		return desc.Image()
	}
	index, err := desc.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	return choose(index, manifest.Manifests, platform)
}

// fetch brings an image from its registry into the store.
func (s *Store) fetch(ctx context.Context, ref name.Reference, platform v1.Platform, rec record, progress *progress) (*Image, error) {
	img, err := fromRegistry(ctx, ref, platform)
	if err != nil {
		return nil, registryError(ctx, "fetching", ref, err)
	}
	if rec, err = s.add(ctx, img, rec, progress); err != nil {
		return nil, registryError(ctx, "fetching", ref, err)
	}
	loaded, err := s.load(ref.String(), rec)
	if err != nil {
		return nil, diag.Machine(fmt.Errorf("fetching image %s: %w", ref, err))
	}
	return loaded, nil
}

// Push sends an image that [Store.Put] or [Store.Get] gave to the registry that
// its reference names.
func (s *Store) Push(ctx context.Context, img *Image) error {
	ref, err := parseReference(img.Reference)
	if err != nil {
		return err
	}
	if ref.Context().RegistryStr() == LocalHost {
		return diag.Inputf("pushing image %s: %s is not a registry", ref, LocalHost)
	}
	content, err := s.Content(img)
	if err != nil {
		return err
	}
	if err := remote.Write(ref, content, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return registryError(ctx, "pushing", ref, err)
	}
	return nil
}

// registryError says in one line why a registry did not do what it was asked
// for, and what might help.
func registryError(ctx context.Context, doing string, ref name.Reference, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	registry := ref.Context().RegistryStr()
	reason, hints := explain(registry, err)
	err = diag.Machine(&reasonError{fmt.Sprintf("%s image %s: %s", doing, ref, reason), err})
	for _, hint := range hints {
		err = diag.Hint(err, hint)
	}
	return err
}

// reasonError is an error in other words.
type reasonError struct {
	text string
	err  error
}

func (e *reasonError) Error() string { return e.text }
func (e *reasonError) Unwrap() error { return e.err }

const buildHint = "if its sources are in this Promise: kratix build container --all; if it is in a file: --image REF=FILE"

// A Trouble is a kind of reason why an image cannot be fetched.
type Trouble int

// The kinds of trouble with registries.
const (
	Refused     Trouble = iota // for want of credentials
	Missing                    // the registry does not have it
	Throttled                  // too many requests
	Unreachable                // the registry does not answer
)

// Advice gives hints on what to do about it, the least important first.
func (t Trouble) Advice(registry string) []string {
	login := fmt.Sprintf("docker login %s, or: crane auth login %s", registry, registry)
	switch t {
	case Refused:
		return []string{buildHint, login}
	case Missing:
		return []string{buildHint}
	case Throttled:
		return []string{login}
	default:
		return []string{"check the name and the network (HTTPS_PROXY and NO_PROXY, if there is a proxy); --pull never uses only what is in the cache"}
	}
}

// explain gives the reason in words, and hints, the least important first.
func explain(registry string, err error) (reason string, hints []string) {
	offline := Unreachable.Advice(registry)
	var (
		answer   *transport.Error
		dns      *net.DNSError
		timeout  net.Error
		platform *noPlatformError
		network  *net.OpError
	)
	switch {
	case errors.As(err, &answer):
		return explainAnswer(answer, registry)
	case errors.As(err, &platform):
		return platform.Error(), []string{"--platform " + first(platform.have)}
	case errors.As(err, &dns):
		return "no such host " + dns.Name, offline
	case errors.As(err, &network) && network.Op == "proxyconnect":
		return fmt.Sprintf("the proxy cannot be reached: %v", network.Err), offline
	case errors.Is(err, syscall.ECONNREFUSED):
		return registry + " refuses connections", offline
	case errors.As(err, &timeout) && timeout.Timeout():
		return registry + " does not answer", offline
	case errors.As(err, &network): // of several attempts, with https and http, the first
		return network.Error(), offline
	}
	return strings.Join(strings.Fields(err.Error()), " "), nil
}

func explainAnswer(answer *transport.Error, registry string) (reason string, hints []string) {
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "unauthorized: " + said(answer), Refused.Advice(registry)
	case http.StatusNotFound:
		return "not found: " + said(answer), Missing.Advice(registry)
	case http.StatusTooManyRequests:
		return "too many requests: " + said(answer), Throttled.Advice(registry)
	}
	return said(answer), nil
}

// said gives the registry's own words, or at least its status, on one line.
func said(answer *transport.Error) string {
	var words []string
	for _, e := range answer.Errors {
		text := strings.ToLower(string(e.Code))
		if e.Message != "" {
			text = e.Message
		}
		words = append(words, text)
	}
	if len(words) == 0 {
		return fmt.Sprintf("the registry answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return strings.Join(strings.Fields(strings.Join(words, "; ")), " ")
}

func first(list []string) string {
	if len(list) == 0 {
		return DefaultPlatform()
	}
	return list[0]
}
