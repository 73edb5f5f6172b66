// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/platform"
)

// A world is what decides about Works, as far as it could be read.
type world struct {
	platform.Platform

	destinationsKnown bool
	storesKnown       map[string]bool // by kind
}

// world reads Destinations and state stores.
func (f *facts) world(ctx context.Context) (*world, error) {
	w := &world{storesKnown: map[string]bool{}}
	var gitKnown, bucketsKnown bool
	storeFacts := facts{source: f.source}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		w.Destinations, w.destinationsKnown, err = list[api.Destination](ctx, f, Destinations, Query{})
		return err
	})
	group.Go(func() (err error) {
		w.GitStores, gitKnown, err = list[api.GitStateStore](ctx, &storeFacts, GitStores, Query{})
		return err
	})
	group.Go(func() (err error) {
		w.BucketStores, bucketsKnown, err = list[api.BucketStateStore](ctx, &storeFacts, BucketStores, Query{})
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	w.storesKnown[api.KindGitStateStore], w.storesKnown[api.KindBucketStateStore] = gitKnown, bucketsKnown
	w.Complete()
	f.add(w.wanted(storeFacts.unknown)...)
	return w, nil
}

// wanted leaves out kinds of state stores that no Destination refers to.
func (w *world) wanted(unknown []Unknown) []Unknown {
	used := map[string]bool{}
	for i := range w.Destinations {
		if ref := w.Destinations[i].Spec.StateStoreRef; ref != nil {
			used[storeResource(ref.Kind).String()] = true
		}
	}
	return slices.DeleteFunc(unknown, func(u Unknown) bool { return !used[u.Resource] })
}

func storeResource(kind string) Resource {
	if kind == api.KindGitStateStore {
		return GitStores
	}
	return BucketStores
}

func (w *world) destination(name string) *api.Destination {
	for i := range w.Destinations {
		if w.Destinations[i].Name == name {
			return &w.Destinations[i]
		}
	}
	return nil
}

// site tells about a Destination, which need not exist.
func (w *world) site(name string) Site {
	d := w.destination(name)
	if d == nil {
		return Site{Name: name, Labels: map[string]string{}}
	}
	s := Site{
		Name: name, Exists: true, Deleting: d.DeletionTimestamp != nil, Labels: map[string]string{}, Strict: d.Spec.StrictMatchLabels,
		Path: d.Spec.Path, Mode: d.Spec.Filepath.Mode, Filename: d.Spec.Filepath.Filename,
		Ready: readiness(d.Status.Conditions), CreatedAt: d.CreationTimestamp.Time,
	}
	maps.Copy(s.Labels, d.Labels)
	if ref := d.Spec.StateStoreRef; ref != nil {
		s.Store = w.store(*ref)
	}
	return s
}

func (w *world) store(ref api.StateStoreRef) *Store {
	s := &Store{Kind: ref.Kind, Name: ref.Name}
	for i := range w.GitStores {
		if g := &w.GitStores[i]; ref.Kind == api.KindGitStateStore && g.Name == ref.Name {
			s.Exists, s.Address, s.Branch, s.Path, s.Ready = true, withoutUser(g.Spec.URL), g.Spec.Branch, g.Spec.Path, readiness(g.Status.Conditions)
		}
	}
	for i := range w.BucketStores {
		if b := &w.BucketStores[i]; ref.Kind == api.KindBucketStateStore && b.Name == ref.Name {
			s.Exists, s.Address, s.Path, s.Ready = true, b.Spec.Endpoint+"/"+b.Spec.BucketName, b.Spec.Path, readiness(b.Status.Conditions)
		}
	}
	return s
}

// withoutUser takes a name and password out of a URL. The user of an ssh
// address is no secret.
func withoutUser(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || strings.HasPrefix(scheme, "ssh") {
		return address
	}
	host, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndex(host, "@"); i >= 0 {
		return scheme + "://" + strings.TrimSuffix(host[i+1:]+"/"+path, "/")
	}
	return address
}

func readiness(conditions []metav1.Condition) *Readiness {
	c := meta.FindStatusCondition(conditions, "Ready")
	if c == nil {
		return nil
	}
	return &Readiness{Status: c.Status, Reason: c.Reason, Message: c.Message, Since: c.LastTransitionTime.Time}
}

func (r *Readiness) bad() bool { return r != nil && r.Status == metav1.ConditionFalse }

// waiting says what a WorkPlacement that was not written waits for. Kratix
// tells nothing of it on the WorkPlacement while the store is not ready.
func (w *world) waiting(destination string) string {
	s := w.site(destination)
	switch {
	case !w.destinationsKnown:
		return "not written yet"
	case !s.Exists:
		return "the Destination does not exist"
	case s.Store != nil && !s.Store.Exists && w.storesKnown[s.Store.Kind]:
		return s.Store.Kind + " " + s.Store.Name + " does not exist"
	case s.Store != nil && s.Store.Ready.bad():
		return s.Store.Kind + " " + s.Store.Name + " is not ready: " + s.Store.Ready.Message
	case s.Ready.bad():
		return "the Destination is not ready: " + s.Ready.Message
	default:
		return "not written yet"
	}
}
