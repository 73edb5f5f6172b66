// SPDX-License-Identifier: Apache-2.0

package permissions

import (
	"crypto/md5" // Kratix names roles by it; nothing is protected
	"encoding/hex"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/work"
)

// everywhere is the resourceNamespace that means all of them.
const everywhere = "*"

// A role is a Role or ClusterRole together with its one binding.
type role struct {
	cluster bool
	meta    metav1.ObjectMeta
	rules   []rbacv1.PolicyRule
	// permissions are the items of spec.rbac.permissions that the rules are; nil
	// if they are Kratix' own.
	permissions []int
	// binding has a namespace if it is a RoleBinding.
	binding metav1.ObjectMeta
}

func (r *role) kind() string {
	if r.cluster {
		return "ClusterRole"
	}
	return "Role"
}

// hashed is a name as Kratix makes them for what a Pipeline asks for: cut to
// the length that leaves room for five digits of the hash of the whole.
func hashed(name string) string {
	sum := md5.Sum([]byte(name))
	return work.Name(name, hex.EncodeToString(sum[:])[:5])
}

// roles are those that Kratix makes for a Pipeline, as its pipeline factory
// does (api/v1alpha1 at ae170e22): its own, then the Pipeline's.
func (s *Subject) roles() []role {
	own := s.requestRoles()
	if s.Identity.Type == api.WorkflowPromise {
		own = []role{s.promiseRole()}
	}
	return append(own, s.userRoles()...)
}

func (s *Subject) ownMeta(name, namespace string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: s.ownLabels()}
}

func (s *Subject) ownLabels() map[string]string {
	return map[string]string{api.LabelPromiseName: s.Identity.Promise}
}

// promiseRole is what Kratix' own containers need in a promise workflow.
func (s *Subject) promiseRole() role {
	meta := s.ownMeta(s.Identity.ID(), "")
	return role{cluster: true, meta: meta, binding: meta, rules: []rbacv1.PolicyRule{{
		APIGroups: []string{api.Group}, Resources: []string{"promises", "promises/status", "works"}, Verbs: ownVerbs(),
	}}}
}

func ownVerbs() []string { return []string{"get", "list", "update", "create", "patch"} }

// requestRoles are what they need in a resource workflow: the request is to be
// read and its status written where it is, and the Work where the Job is.
func (s *Subject) requestRoles() []role {
	id := s.Identity
	request := rbacv1.PolicyRule{
		APIGroups: []string{id.Group}, Resources: []string{id.Plural, id.Plural + "/status"}, Verbs: ownVerbs(),
	}
	works := rbacv1.PolicyRule{APIGroups: []string{api.Group}, Resources: []string{"works"}, Verbs: []string{"*"}}
	meta := s.ownMeta(id.ID(), id.JobNamespace())
	roles := []role{{meta: meta, binding: meta, rules: []rbacv1.PolicyRule{request, works}}}
	if id.JobNamespace() != id.Namespace {
		meta := s.ownMeta(id.ID()+"-"+id.Namespace, "")
		roles = append(roles, role{cluster: true, meta: meta, binding: meta, rules: []rbacv1.PolicyRule{request}})
	}
	return roles
}

// userRoles are those of spec.rbac.permissions: a Role for all that hold where
// the Job is, and a ClusterRole for each other namespace.
func (s *Subject) userRoles() []role {
	byNamespace := map[string]*role{}
	for i, p := range s.Pipeline.Spec.RBAC.Permissions {
		r := byNamespace[p.ResourceNamespace]
		if r == nil {
			r = s.userRole(p.ResourceNamespace)
			byNamespace[p.ResourceNamespace] = r
		}
		r.rules = append(r.rules, p.PolicyRule)
		r.permissions = append(r.permissions, i)
	}
	var roles []role
	for _, namespace := range slices.Sorted(maps.Keys(byNamespace)) {
		roles = append(roles, *byNamespace[namespace])
	}
	return roles
}

// userRole is the role of one resourceNamespace, still without rules. The
// binding of a ClusterRole has a name in which the namespace of the account is,
// and not the one it is in.
func (s *Subject) userRole(namespace string) *role {
	id := s.Identity
	labels := s.userLabels()
	switch namespace {
	case "":
		meta := metav1.ObjectMeta{Name: hashed(id.ID()), Namespace: id.JobNamespace(), Labels: labels}
		return &role{meta: meta, binding: meta}
	case everywhere:
		return &role{
			cluster: true,
			meta:    metav1.ObjectMeta{Name: hashed(id.ID() + "-kratix-all-namespaces"), Labels: with(labels, "kratix_all_namespaces")},
			binding: metav1.ObjectMeta{Name: hashed(id.ID() + "-" + id.JobNamespace()), Labels: labels},
		}
	default:
		labels = with(labels, namespace)
		return &role{
			cluster: true,
			meta:    metav1.ObjectMeta{Name: hashed(id.ID() + "-" + namespace), Labels: labels},
			binding: metav1.ObjectMeta{Name: hashed(id.ID() + "-" + id.JobNamespace()), Namespace: namespace, Labels: labels},
		}
	}
}

func (s *Subject) userLabels() map[string]string {
	id := s.Identity
	return map[string]string{
		api.LabelPromiseName:           id.Promise,
		api.LabelPipelineName:          id.Pipeline,
		"kratix.io/pipeline-namespace": id.JobNamespace(),
		"kratix.io/workflow-type":      string(id.Type),
		"kratix.io/workflow-action":    string(id.Action),
	}
}

func with(labels map[string]string, namespace string) map[string]string {
	labels = maps.Clone(labels)
	labels[api.LabelResourceNamespace] = namespace
	return labels
}

// An Object is one that Kratix makes: an account, a role or a binding.
type Object interface {
	runtime.Object
	metav1.Object
}

// Kind is the kind of an object.
func Kind(o Object) string { return o.GetObjectKind().GroupVersionKind().Kind }

// objects are the account and the roles as the API server gets them.
func (s *Subject) objects(roles []role) []Object {
	account := s.account()
	subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: account.Name, Namespace: account.Namespace}
	var inNamespace, bindings, clusters, clusterBindings []Object
	for i := range roles {
		r := &roles[i]
		if r.cluster {
			clusters = append(clusters, &rbacv1.ClusterRole{TypeMeta: rbacType("ClusterRole"), ObjectMeta: r.meta, Rules: r.rules})
		} else {
			inNamespace = append(inNamespace, &rbacv1.Role{TypeMeta: rbacType("Role"), ObjectMeta: r.meta, Rules: r.rules})
		}
		ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: r.kind(), Name: r.meta.Name}
		if r.binding.Namespace == "" {
			clusterBindings = append(clusterBindings, &rbacv1.ClusterRoleBinding{
				TypeMeta: rbacType("ClusterRoleBinding"), ObjectMeta: r.binding, RoleRef: ref, Subjects: []rbacv1.Subject{subject},
			})
		} else {
			bindings = append(bindings, &rbacv1.RoleBinding{
				TypeMeta: rbacType("RoleBinding"), ObjectMeta: r.binding, RoleRef: ref, Subjects: []rbacv1.Subject{subject},
			})
		}
	}
	first := &corev1.ServiceAccount{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta: s.ownMeta(account.Name, account.Namespace),
	}
	return slices.Concat([]Object{first}, inNamespace, bindings, clusters, clusterBindings)
}

// shared names the objects that do not depend on the request's namespace: those
// that a request in another one has, too.
func (s *Subject) shared(roles []role) []string {
	shared := []string{}
	if s.Identity.Type == api.WorkflowPromise {
		return shared
	}
	other := *s
	other.Identity.Namespace += "-x"
	others := other.objects(other.roles())
	for _, o := range s.objects(roles) {
		same := func(other Object) bool {
			return Kind(o) == Kind(other) && o.GetNamespace() == other.GetNamespace() && o.GetName() == other.GetName()
		}
		if slices.ContainsFunc(others, same) {
			shared = append(shared, Kind(o)+"/"+o.GetName())
		}
	}
	return shared
}

func rbacType(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
}
