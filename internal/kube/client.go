// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
)

// A Client reads from one cluster. It may be used by several goroutines.
type Client struct {
	// Namespace is that of the context, or of the flag.
	Namespace string

	rest   *rest.RESTClient
	config *rest.Config
}

var _ inspect.Source = (*Client)(nil)

// Server is the address of the API server.
func (c *Client) Server() string { return c.config.Host }

// Version asks the API server for its version, such as "v1.37.2".
func (c *Client) Version(ctx context.Context) (string, error) {
	data, err := c.rest.Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return "", c.failed(err, "asking for the version")
	}
	var version struct {
		GitVersion string `json:"gitVersion"`
	}
	err = json.Unmarshal(data, &version)
	return version.GitVersion, err
}

// pathOf is the path of a kind of objects.
func pathOf(r inspect.Resource, namespace string) string {
	path := "/api/" + r.Version
	if r.Group != "" {
		path = "/apis/" + r.Group + "/" + r.Version
	}
	if r.Namespaced && namespace != "" {
		path += "/namespaces/" + namespace
	}
	return path + "/" + r.Plural
}

// failed classifies an error of a request and says what to do about it. What
// the API server says stays readable as its own error.
func (c *Client) failed(err error, doing string) error {
	var status apierrors.APIStatus
	var network net.Error
	var address *url.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &status):
		return c.answered(err, status.Status(), doing)
	case errors.As(err, &address) && address.Timeout(), errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return diag.Hint(diag.Machinef("%s: %s does not answer in time", doing, c.Server()), "--request-timeout 60s gives it longer")
	case errors.As(err, &address):
		return diag.Hint(diag.Machinef("%s: %s cannot be reached: %w", doing, c.Server(), address.Err), "kubectl cluster-info; another context: --context NAME")
	}
	return diag.Machine(fmt.Errorf("%s: %w", doing, err))
}

// answered is for what the API server refused.
func (c *Client) answered(err error, status metav1.Status, doing string) error {
	switch {
	case unknownKind(status):
		return fmt.Errorf("%s: %w", doing, inspect.ErrNoKind)
	case apierrors.IsNotFound(err):
		return err
	case apierrors.IsUnauthorized(err):
		return diag.Hint(diag.Machine(fmt.Errorf("%s: %s does not accept these credentials: %w", doing, c.Server(), err)), "kubectl auth whoami")
	case apierrors.IsForbidden(err):
		return diag.Machine(err)
	case apierrors.IsBadRequest(err): // a selector that it does not take
		return diag.Input(fmt.Errorf("%s: %w", doing, err))
	}
	return diag.Machine(fmt.Errorf("%s: %w", doing, err))
}

// unknownKind tells the answer to a path that the server does not have from one
// to a name that does not exist: only the latter is an answer about an object.
func unknownKind(status metav1.Status) bool {
	if status.Code != 404 || status.Details == nil {
		return false
	}
	for _, cause := range status.Details.Causes {
		if cause.Type == metav1.CauseTypeUnexpectedServerResponse {
			return true
		}
	}
	return false
}

// reading is how a request is named in errors.
func reading(r inspect.Resource, namespace string) string {
	what := r.Plural
	if r.Group != "" {
		what += "." + r.Group
	}
	if namespace != "" {
		what += " in namespace " + namespace
	}
	return "reading " + strings.TrimSpace(what)
}
