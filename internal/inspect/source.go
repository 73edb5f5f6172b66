// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"errors"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
)

// A Source has the objects of a platform. Its errors are those of
// k8s.io/apimachinery/pkg/api/errors where an object does not exist or may not
// be read, and [ErrNoKind] where its kind does not. It is safe for concurrent
// use.
type Source interface {
	// Get decodes the JSON of one object into a value.
	Get(ctx context.Context, r Resource, namespace, name string, into any) error
	// List calls each with the JSON of every object, in chunks as they come.
	// The bytes are valid during the call only.
	List(ctx context.Context, r Resource, q Query, each func(object []byte) error) error
	// Rows is List for metadata and printed columns, without contents.
	Rows(ctx context.Context, r Resource, q Query, each func(Row) error) error
}

// ErrNoKind says that the server does not have a kind at all.
var ErrNoKind = errors.New("the server does not have this kind")

// A Resource names a kind of objects as the API server's paths do.
type Resource struct {
	Group, Version, Plural, Kind string
	Namespaced                   bool
}

// String gives the name that authorisation rules use: "works.platform.kratix.io".
func (r Resource) String() string {
	if r.Group == "" {
		return r.Plural
	}
	return r.Plural + "." + r.Group
}

// APIVersion gives the group and version as objects state them.
func (r Resource) APIVersion() string {
	if r.Group == "" {
		return r.Version
	}
	return r.Group + "/" + r.Version
}

// A Query narrows a list. An empty Namespace is all namespaces; Labels and
// Fields are selectors as kubectl takes them.
type Query struct{ Namespace, Labels, Fields string }

// A Row is an object's name, namespace, labels and times, with the columns that
// the API server prints for it, by their names. Rows may share their columns.
type Row struct {
	Meta    metav1.ObjectMeta
	Columns map[string]string
}

// The kinds that reports are made from.
var (
	Works          = kratix("Work", "works", true)
	WorkPlacements = kratix("WorkPlacement", "workplacements", true)
	Promises       = kratix("Promise", "promises", false)
	Destinations   = kratix("Destination", "destinations", false)
	GitStores      = kratix(api.KindGitStateStore, "gitstatestores", false)
	BucketStores   = kratix(api.KindBucketStateStore, "bucketstatestores", false)
	Revisions      = kratix("PromiseRevision", "promiserevisions", false)
	Bindings       = kratix("ResourceBinding", "resourcebindings", true)
	Events         = Resource{"events.k8s.io", "v1", "events", "Event", true}
	CoreEvents     = Resource{"", "v1", "events", "Event", true}
	Definitions    = Resource{apiextensionsv1.GroupName, "v1", "customresourcedefinitions", "CustomResourceDefinition", false}
	PipelineJobs   = Resource{"batch", "v1", "jobs", "Job", true}
	PipelinePods   = Resource{"", "v1", "pods", "Pod", true}
)

func kratix(kind, plural string, namespaced bool) Resource {
	return Resource{api.Group, api.Version, plural, kind, namespaced}
}
