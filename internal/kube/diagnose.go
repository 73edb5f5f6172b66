// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/doctor"
	"github.com/kratix-tools/kratix/internal/inspect"
)

// needs lists what the commands that read a platform ask of a cluster.
func needs() []need {
	var all []need
	for _, r := range platformKinds() {
		all = append(all, need{"list", r, "", "inspect"})
	}
	return append(all,
		need{"list", inspect.Events, "", "inspect (events)"},
		need{"list", inspect.Definitions, "", "platform get resources"},
		need{"get", inspect.Resource{Version: "v1", Plural: "secrets", Kind: "Secret", Namespaced: true}, "", "inspect --verify"},
		need{"create", inspect.PipelinePods, "portforward", "inspect --verify of stores inside the cluster"},
		need{"list", inspect.PipelinePods, "", "logs"},
		need{"get", inspect.PipelinePods, "log", "logs"},
	)
}

// A need is something that a command does in a cluster.
type need struct {
	verb        string
	resource    inspect.Resource
	subresource string
	command     string
}

func (n need) name() string {
	if n.subresource == "" {
		return n.resource.String()
	}
	return n.resource.String() + "/" + n.subresource
}

func platformKinds() []inspect.Resource {
	return []inspect.Resource{
		inspect.Promises, inspect.Works, inspect.WorkPlacements, inspect.Destinations, inspect.GitStores, inspect.BucketStores,
	}
}

// Diagnose finds out whether the cluster answers, has Kratix' kinds and lets
// this user read them. What is wrong is part of the answer.
func (c *Client) Diagnose(ctx context.Context) doctor.Cluster {
	d := doctor.Cluster{Server: c.Server(), Kinds: []doctor.Kind{}, Rights: []doctor.Right{}, Old: []string{}}
	var err error
	if d.Version, err = c.Version(ctx); err != nil {
		d.Detail, d.Hints = err.Error(), diag.Hints(err)
		return d
	}
	d.Reachable = true
	d.Kinds = c.kinds(ctx)
	d.Rights = c.rights(ctx)
	if served(d.Kinds, inspect.Works) {
		d.Old = c.old(ctx)
	}
	d.Hints = advice(&d)
	return d
}

// kinds asks for one object of each kind, which is cheaper than discovery.
func (c *Client) kinds(ctx context.Context) []doctor.Kind {
	all := platformKinds()
	kinds := make([]doctor.Kind, len(all))
	var group errgroup.Group
	for i, r := range all {
		group.Go(func() error {
			_, err := c.request(r, inspect.Query{}, asMetadataList).Param("limit", "1").Do(ctx).Raw()
			kinds[i] = doctor.Kind{Name: r.String(), Served: true}
			if err = c.failed(err, reading(r, "")); errors.Is(err, inspect.ErrNoKind) {
				kinds[i].Served = false
			} else if err != nil {
				kinds[i].Unknown = err.Error()
			}
			return nil
		})
	}
	_ = group.Wait() // there are no errors, only answers
	return kinds
}

func served(kinds []doctor.Kind, r inspect.Resource) bool {
	return slices.ContainsFunc(kinds, func(k doctor.Kind) bool { return k.Name == r.String() && k.Served && k.Unknown == "" })
}

func (c *Client) rights(ctx context.Context) []doctor.Right {
	all := needs()
	rights := make([]doctor.Right, len(all))
	var group errgroup.Group
	for i, n := range all {
		group.Go(func() error {
			allowed, err := c.May(ctx, n.verb, n.resource, n.subresource, "")
			rights[i] = doctor.Right{Verb: n.verb, Resource: n.name(), Allowed: err == nil && allowed, For: n.command}
			return nil
		})
	}
	_ = group.Wait()
	return rights
}

// errEnough ends a list of which a sample is wanted.
var errEnough = errors.New("enough")

// old looks at some Works for what only older releases of Kratix write.
func (c *Client) old(ctx context.Context) []string {
	signs := map[string]bool{}
	n := 0
	_ = c.List(ctx, inspect.Works, inspect.Query{}, func(object []byte) error {
		var w struct {
			Status struct {
				Conditions []metav1.Condition `json:"conditions"`
			} `json:"status"`
		}
		if err := unmarshal(object, &w); err != nil {
			return err
		}
		for _, condition := range w.Status.Conditions {
			if condition.Type == "Scheduled" || condition.Type == "Misscheduled" {
				signs["Works with the condition "+condition.Type+", written before June 2025"] = true
			}
		}
		if n++; n >= 50 {
			return errEnough
		}
		return nil
	})
	old := []string{}
	for sign := range signs {
		old = append(old, sign)
	}
	slices.Sort(old)
	return old
}

// advice says what to do about a cluster that answers.
func advice(d *doctor.Cluster) []string {
	var hints []string
	if slices.ContainsFunc(d.Kinds, func(k doctor.Kind) bool { return !k.Served }) {
		hints = append(hints, "is Kratix installed? kubectl get crd works.platform.kratix.io")
	}
	rules := map[string][]string{} // resources by verb
	for _, r := range d.Missing() {
		rules[r.Verb] = append(rules[r.Verb], r.Resource)
	}
	for _, verb := range []string{"get", "list", "create"} {
		if resources := rules[verb]; len(resources) > 0 {
			hints = append(hints, "kubectl create clusterrole kratix-reader-"+verb+" --verb="+verb+" --resource="+strings.Join(resources, ","))
		}
	}
	return hints
}
