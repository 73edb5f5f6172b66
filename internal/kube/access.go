// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"encoding/json"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/kratix-tools/kratix/internal/inspect"
)

// May asks the API server whether this user may do something with a kind of
// objects, everywhere if namespace is empty. Subresource is most often empty.
func (c *Client) May(ctx context.Context, verb string, r inspect.Resource, subresource, namespace string) (bool, error) {
	review := authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: verb, Group: r.Group, Version: r.Version, Resource: r.Plural, Subresource: subresource, Namespace: namespace,
		}},
	}
	review.APIVersion, review.Kind = "authorization.k8s.io/v1", "SelfSubjectAccessReview"
	body, err := json.Marshal(review)
	if err != nil {
		return false, err
	}
	answer, err := c.rest.Post().AbsPath("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").
		SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Raw()
	if err != nil {
		return false, c.failed(err, "asking what you may do")
	}
	err = json.Unmarshal(answer, &review)
	return review.Status.Allowed, err
}
