// SPDX-License-Identifier: Apache-2.0

package permissions

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/manifest"
)

// A Grant is something that a Pipeline may do.
type Grant struct {
	Verbs []string `json:"verbs"`
	// Resources are written as kubectl does: deployments.apps, or
	// deployments.apps/status; "*" stands for any part.
	Resources []string `json:"resources"`
	// ResourceNames are the only objects that it holds for; empty is all.
	ResourceNames []string `json:"resourceNames"`
	// URLs are paths of the API server that are no resources.
	URLs []string `json:"nonResourceURLs"`
	// Namespace is where it holds; "*" is everywhere, and for what is in no
	// namespace.
	Namespace string `json:"namespace"`
	Role      string `json:"role"` // as Role/NAME or ClusterRole/NAME
	// Field is the permission in the Promise, at Position; both are empty for
	// what Kratix' own containers need.
	Field string `json:"field,omitempty"`
	diag.Position
}

// grants are what a role comes to, and findings on the rules that come to
// nothing.
func (s *Subject) grants(r role) (grants []Grant, found []diag.Finding) {
	if found := s.refused(r); len(found) > 0 {
		return nil, found
	}
	for i := range r.rules {
		g, void := s.grant(r, i)
		found = append(found, void...)
		if len(g.Resources)+len(g.URLs) > 0 {
			grants = append(grants, g)
		}
	}
	return grants, found
}

// grant is what one rule comes to.
func (s *Subject) grant(r role, i int) (g Grant, void []diag.Finding) {
	rule := r.rules[i]
	g = Grant{
		Verbs: rule.Verbs, ResourceNames: append([]string{}, rule.ResourceNames...), URLs: []string{},
		Namespace: cmp.Or(r.binding.Namespace, everywhere), Role: r.kind() + "/" + r.meta.Name,
	}
	if r.permissions != nil {
		g.Field = fmt.Sprintf("%s.spec.rbac.permissions[%d]", s.Field, r.permissions[i])
		g.Position = s.position(g.Field)
	}
	g.Resources, void = s.resources(r, i, g.Namespace)
	switch {
	case g.Namespace == everywhere:
		g.URLs = append(g.URLs, rule.NonResourceURLs...)
	case len(rule.NonResourceURLs) > 0:
		void = append(void, s.void(r, i, "nonResourceURLs", "a permission for namespace "+g.Namespace+" gives no rights to paths of the API server"))
	}
	return g, void
}

// resources are what a rule is about, without those that a binding in a
// namespace gives no rights to.
func (s *Subject) resources(r role, i int, namespace string) (names []string, void []diag.Finding) {
	names = []string{}
	rule := r.rules[i]
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			plural, _, _ := strings.Cut(resource, "/")
			if namespace != everywhere && plural != "namespaces" && manifest.ResourceScope(group, plural) == manifest.Cluster {
				void = append(void, s.void(r, i, "resources", fmt.Sprintf(
					"%s are in no namespace, so a permission for namespace %s gives no rights to them", resourceName(group, resource), namespace)))
				continue
			}
			names = append(names, resourceName(group, resource))
		}
	}
	return names, void
}

// resourceName is how kubectl writes a resource of a group.
func resourceName(group, resource string) string {
	if group == "" {
		return resource
	}
	plural, sub, has := strings.Cut(resource, "/")
	if has {
		sub = "/" + sub
	}
	return plural + "." + group + sub
}

// void warns of a rule that gives no rights as it is.
func (s *Subject) void(r role, i int, field, message string) diag.Finding {
	f := s.finding(fmt.Sprintf("spec.rbac.permissions[%d].%s", r.permissions[i], field), message)
	f.Hint = `resourceNamespace: "*"`
	return f
}

// refused lists why the API server would not take a role, as its validation of
// RBAC does. A role is taken as a whole or not at all.
func (s *Subject) refused(r role) []diag.Finding {
	if r.permissions == nil {
		return nil
	}
	var found []diag.Finding
	for i, rule := range r.rules {
		for _, wrong := range wrongs(rule, !r.cluster) {
			field := fmt.Sprintf("spec.rbac.permissions[%d]", r.permissions[i])
			f := s.finding(field, fmt.Sprintf("%s, so the API server refuses the %s and Kratix only logs it: no permission %s holds",
				wrong.why, r.kind(), r.reach()))
			f.Hint = wrong.hint
			found = append(found, f)
		}
	}
	return found
}

// reach names the permissions that become one role.
func (r *role) reach() string {
	switch r.binding.Namespace {
	case "":
		return `for resourceNamespace "*"`
	case r.meta.Namespace:
		return "without a resourceNamespace"
	default:
		return "for resourceNamespace " + r.binding.Namespace
	}
}

type wrong struct{ why, hint string }

func wrongs(rule rbacv1.PolicyRule, namespaced bool) []wrong {
	var found []wrong
	add := func(bad bool, why, hint string) {
		if bad {
			found = append(found, wrong{why, hint})
		}
	}
	add(len(rule.Verbs) == 0, "the rule has no verbs", "verbs: [get, list]")
	if len(rule.NonResourceURLs) > 0 {
		add(namespaced, "a Role cannot have nonResourceURLs", `resourceNamespace: "*"`)
		add(len(rule.APIGroups)+len(rule.Resources)+len(rule.ResourceNames) > 0,
			"a rule is about resources or about nonResourceURLs, not both", "write two permissions")
		return found
	}
	add(len(rule.APIGroups) == 0, "the rule has no apiGroups", coreHint(rule))
	add(len(rule.Resources) == 0, "the rule has no resources", "resources: [secrets]")
	return found
}

// coreHint gives the groups of the resources that are Kubernetes' own.
func coreHint(rule rbacv1.PolicyRule) string {
	if slices.ContainsFunc(rule.Resources, func(r string) bool { return manifest.ResourceScope("", r) != "" }) {
		return `apiGroups: [""]`
	}
	return "apiGroups: [apps]"
}
