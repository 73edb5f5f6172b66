// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"context"
	"io"

	"github.com/kratix-tools/kratix/internal/workflow"
)

// converse copies what a running container writes, until its end, and passes on
// what it reads. It does not wait for somebody who does not type.
func (e *Engine) converse(ctx context.Context, id string, c workflow.Container, attached *stream, stdout, stderr io.Writer) error {
	if c.Stdin != nil {
		go func() {
			_, _ = io.Copy(attached, c.Stdin)
			_ = attached.CloseWrite()
		}()
	}
	if c.Terminal == nil {
		return demultiplex(attached, stdout, stderr)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go e.resize(ctx, id, *c.Terminal)
	_, err := io.Copy(stdout, attached)
	return err
}

// resize keeps a container's terminal as large as the user's. That is a
// courtesy: one of the wrong size is a terminal all the same.
func (e *Engine) resize(ctx context.Context, id string, t workflow.Terminal) {
	for size, more := t.Size, true; more; {
		if size != (workflow.Size{}) {
			_ = e.client.resizeContainer(ctx, id, size.Columns, size.Rows)
		}
		select {
		case size, more = <-t.Resized:
		case <-ctx.Done():
			return
		}
	}
}
