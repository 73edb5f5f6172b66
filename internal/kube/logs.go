// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"io"
	"strconv"

	"github.com/kratix-tools/kratix/internal/inspect"
)

// LogOptions narrow a log.
type LogOptions struct {
	Follow     bool
	Timestamps bool
	TailLines  int64 // from the end; negative is all
}

// Pods is the kind of what runs a workflow's containers.
var pods = inspect.Resource{Version: "v1", Plural: "pods", Kind: "Pod", Namespaced: true}

// Logs reads what a container of a Pod has printed. The caller closes it.
func (c *Client) Logs(ctx context.Context, namespace, pod, container string, o LogOptions) (io.ReadCloser, error) {
	req := c.rest.Get().AbsPath(pathOf(pods, namespace), pod, "log").Param("container", container)
	if o.Follow {
		req = req.Param("follow", "true")
	}
	if o.Timestamps {
		req = req.Param("timestamps", "true")
	}
	if o.TailLines >= 0 {
		req = req.Param("tailLines", strconv.FormatInt(o.TailLines, 10))
	}
	body, err := req.Stream(ctx)
	if err != nil {
		return nil, c.failed(err, "reading the log of "+container+" in Pod "+namespace+"/"+pod)
	}
	return body, nil
}
