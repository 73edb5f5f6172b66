// SPDX-License-Identifier: Apache-2.0

package kubetest

import (
	"context"
	"fmt"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// A Grant is what somebody may do in a namespace or, if that is empty, in the
// whole cluster.
type Grant struct {
	Namespace string
	Rules     []rbacv1.PolicyRule
}

// Read grants to get, list and watch resources of a group in the whole cluster.
// A subresource is RESOURCE/SUBRESOURCE.
func Read(group string, resources ...string) Grant {
	return Grant{Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{group}, Resources: resources, Verbs: []string{"get", "list", "watch"},
	}}}
}

// Account makes a ServiceAccount in the namespace default that has the grants
// and no other rights but those that everybody has, and writes a kubeconfig with
// its token. It returns when the API server acts on the grants.
func (s *Server) Account(ctx context.Context, name string, grants ...Grant) (kubeconfig string, err error) {
	objects := []*unstructured.Unstructured{unstruct(&corev1.ServiceAccount{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name},
	})}
	for i, grant := range grants {
		objects = append(objects, grant.roles(name, fmt.Sprintf("%s-%d", name, i))...)
	}
	if err := s.Create(ctx, objects...); err != nil {
		return "", err
	}
	if err := s.granted(ctx, name, grants); err != nil {
		return "", err
	}
	token, err := s.serviceAccountToken(ctx, name)
	if err != nil {
		return "", err
	}
	return s.WriteKubeconfig(name, token, metav1.NamespaceDefault)
}

// roles are the role of a grant and its binding to an account.
func (g *Grant) roles(account, name string) []*unstructured.Unstructured {
	kind := "ClusterRole"
	if g.Namespace != "" {
		kind = "Role"
	}
	typed := func(kind string) metav1.TypeMeta {
		return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
	}
	meta := metav1.ObjectMeta{Namespace: g.Namespace, Name: name}
	return []*unstructured.Unstructured{
		unstruct(&rbacv1.Role{TypeMeta: typed(kind), ObjectMeta: meta, Rules: g.Rules}),
		unstruct(&rbacv1.RoleBinding{
			TypeMeta:   typed(kind + "Binding"),
			ObjectMeta: meta,
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: metav1.NamespaceDefault, Name: account}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name},
		}),
	}
}

func (s *Server) serviceAccountToken(ctx context.Context, account string) (string, error) {
	request := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1",
		"kind":       "TokenRequest",
		"metadata":   map[string]any{"name": account},
	}}
	accounts := s.client.Resource(corev1.SchemeGroupVersion.WithResource("serviceaccounts"))
	answer, err := accounts.Namespace(metav1.NamespaceDefault).Create(ctx, request, metav1.CreateOptions{}, "token")
	if err != nil {
		return "", err
	}
	token, _, err := unstructured.NestedString(answer.Object, "status", "token")
	return token, err
}

// granted waits until the API server has seen the roles, which it reads from
// a watch of its own.
func (s *Server) granted(ctx context.Context, account string, grants []Grant) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, grant := range grants {
		for _, question := range grant.questions() {
			if err := await(ctx, func() error { return s.allowed(ctx, account, question) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// questions asks for one thing that each rule allows.
func (g *Grant) questions() []authorizationv1.ResourceAttributes {
	var all []authorizationv1.ResourceAttributes
	for _, rule := range g.Rules {
		resource, sub, _ := strings.Cut(rule.Resources[0], "/")
		question := authorizationv1.ResourceAttributes{
			Namespace: g.Namespace, Group: rule.APIGroups[0], Resource: resource, Subresource: sub, Verb: rule.Verbs[0],
		}
		if len(rule.ResourceNames) > 0 {
			question.Name = rule.ResourceNames[0]
		}
		all = append(all, question)
	}
	return all
}

// allowed fails unless the API server lets an account do something.
func (s *Server) allowed(ctx context.Context, account string, what authorizationv1.ResourceAttributes) error {
	reviews := s.client.Resource(authorizationv1.SchemeGroupVersion.WithResource("subjectaccessreviews"))
	answer, err := reviews.Create(ctx, unstruct(&authorizationv1.SubjectAccessReview{
		TypeMeta: metav1.TypeMeta{APIVersion: authorizationv1.SchemeGroupVersion.String(), Kind: "SubjectAccessReview"},
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: "system:serviceaccount:default:" + account, ResourceAttributes: &what,
		},
	}), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if allowed, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed"); !allowed {
		return fmt.Errorf("%s may not %s %s", account, what.Verb, what.Resource)
	}
	return nil
}

// unstruct gives a typed object the form in which all objects are sent.
func unstruct(o runtime.Object) *unstructured.Unstructured {
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		panic(err) // a type of Kubernetes that has no JSON form
	}
	return &unstructured.Unstructured{Object: object}
}
