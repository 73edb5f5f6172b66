// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// A Scope says whether the objects of a kind live in a namespace.
type Scope string

// The scopes; the empty one is that of a kind that nobody told of.
const (
	Namespaced Scope = "Namespaced"
	Cluster    Scope = "Cluster"
)

// builtin lists the kinds of Kubernetes and Kratix: for each group the
// namespaced ones, and those of the cluster.
func builtin() map[string][2]string {
	return map[string][2]string{
		"": {
			"ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount",
			"ComponentStatus Namespace Node PersistentVolume",
		},
		"admissionregistration.k8s.io": {"", "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration " +
			"ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"},
		"apiextensions.k8s.io":         {"", "CustomResourceDefinition"},
		"apiregistration.k8s.io":       {"", "APIService"},
		"apps":                         {"ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet", ""},
		"authentication.k8s.io":        {"", "SelfSubjectReview TokenReview"},
		"authorization.k8s.io":         {"LocalSubjectAccessReview", "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview"},
		"autoscaling":                  {"HorizontalPodAutoscaler", ""},
		"batch":                        {"CronJob Job", ""},
		"certificates.k8s.io":          {"PodCertificateRequest", "CertificateSigningRequest ClusterTrustBundle"},
		"coordination.k8s.io":          {"Lease LeaseCandidate", ""},
		"discovery.k8s.io":             {"EndpointSlice", ""},
		"events.k8s.io":                {"Event", ""},
		"flowcontrol.apiserver.k8s.io": {"", "FlowSchema PriorityLevelConfiguration"},
		"internal.apiserver.k8s.io":    {"", "StorageVersion"},
		"networking.k8s.io":            {"Ingress NetworkPolicy", "IngressClass IPAddress ServiceCIDR"},
		"node.k8s.io":                  {"", "RuntimeClass"},
		"policy":                       {"PodDisruptionBudget", ""},
		"rbac.authorization.k8s.io":    {"Role RoleBinding", "ClusterRole ClusterRoleBinding"},
		"resource.k8s.io":              {"ResourceClaim ResourceClaimTemplate", "DeviceClass DeviceTaintRule ResourceSlice"},
		"scheduling.k8s.io":            {"", "PriorityClass"},
		"storage.k8s.io":               {"CSIStorageCapacity", "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass"},
		"storagemigration.k8s.io":      {"", "StorageVersionMigration"},
		"platform.kratix.io": {
			"DryRun HealthRecord ResourceBinding Work WorkPlacement",
			"BucketStateStore Destination GitStateStore Promise PromiseRelease PromiseRevision",
		},
	}
}

// ResourceScope says of a resource, such as "deployments" of "apps", whether its
// objects live in a namespace; it is empty where that is not known.
func ResourceScope(group, resource string) Scope {
	kinds := builtin()[group]
	for i, scope := range []Scope{Namespaced, Cluster} {
		for kind := range strings.FieldsSeq(kinds[i]) {
			plural, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Kind: kind})
			if plural.Resource == resource {
				return scope
			}
		}
	}
	return ""
}

// scopes knows the built-in kinds and those that are defined in the set.
type scopes map[[2]string]Scope

func (s *Set) scopes() scopes {
	known := scopes{}
	for group, kinds := range builtin() {
		for kind := range strings.FieldsSeq(kinds[0]) {
			known[[2]string{group, kind}] = Namespaced
		}
		for kind := range strings.FieldsSeq(kinds[1]) {
			known[[2]string{group, kind}] = Cluster
		}
	}
	for _, o := range s.Objects {
		if spec, ok := o.Value.Get("spec").(yamldoc.Map); ok && o.Kind() == "CustomResourceDefinition" {
			names, _ := spec.Get("names").(yamldoc.Map)
			known[[2]string{text(spec, "group"), text(names, "kind")}] = Scope(text(spec, "scope"))
		}
	}
	return known
}

func (s scopes) of(o Object) Scope {
	group, _, ok := strings.Cut(o.APIVersion(), "/")
	if !ok {
		group = ""
	}
	return s[[2]string{group, o.Kind()}]
}

// DefaultNamespace gives every object of a namespaced kind a namespace, if it
// has none. What it leaves as it is although nobody said that it may be, it
// tells.
func (s *Set) DefaultNamespace(namespace string) []diag.Finding {
	known := s.scopes()
	var notes []diag.Finding
	for i, o := range s.Objects {
		has := text(o.metadata(), "namespace") != ""
		switch scope := known.of(o); {
		case scope == Namespaced && !has:
			s.Objects[i] = o.inNamespace(namespace)
		case scope == Cluster && has:
			notes = append(notes, note(o, diag.SeverityWarning, "remove it", "the namespace of %s means nothing: its kind is of the whole cluster", o))
		case scope == "" && !has:
			notes = append(notes, note(o, diag.SeverityNote, "write metadata.namespace if it is", "%s has no namespace: whether %s is namespaced is not known here", o, o.Kind()))
		}
	}
	return notes
}

func note(o Object, severity diag.Severity, hint, format string, args ...any) diag.Finding {
	return diag.Finding{Severity: severity, Position: o.At, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// inNamespace gives a copy of the object with a namespace behind its name.
func (o Object) inNamespace(namespace string) Object {
	metadata := slices.Clone(o.metadata())
	metadata = slices.DeleteFunc(metadata, func(e yamldoc.Entry) bool { return e.Key == "namespace" })
	after := 1 + slices.IndexFunc(metadata, func(e yamldoc.Entry) bool { return e.Key == "name" })
	if after == 0 {
		after = len(metadata)
	}
	metadata = slices.Insert(metadata, after, yamldoc.Entry{Key: "namespace", Value: namespace})
	o.Value = slices.Clone(o.Value)
	for i := range o.Value {
		if o.Value[i].Key == "metadata" {
			o.Value[i].Value = metadata
		}
	}
	return o
}

// Values gives the objects for a list of dependencies.
func (s *Set) Values() []any {
	values := make([]any, len(s.Objects))
	for i, o := range s.Objects {
		values[i] = o.Value
	}
	return values
}
