// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/kratix-tools/kratix/internal/inspect"
)

// Watch calls changed whenever an object of the kind changes, and begins with
// the objects that there are. It returns when the server ends the watch, which
// it does every few minutes; the caller begins anew. Only metadata is moved.
func (c *Client) Watch(ctx context.Context, r inspect.Resource, q inspect.Query, changed func()) error {
	body, err := c.request(r, q, asMetadata).Param("watch", "true").Stream(ctx)
	if err != nil {
		return c.failed(err, "watching "+r.Plural)
	}
	defer func() { _ = body.Close() }()
	for d := json.NewDecoder(body); ; {
		var event struct {
			Type string `json:"type"`
		}
		switch err := d.Decode(&event); {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return c.failed(err, "watching "+r.Plural)
		}
		changed()
	}
}
