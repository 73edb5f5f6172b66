// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/term"
)

// Resources shows the requests of a Promise as a tree.
func Resources(w term.Stream, o *Output, t *inspect.ResourceTree) error {
	if o.Format != Text && o.Format != Wide {
		return o.Encode(w, t)
	}
	v := newViewer(w)
	if len(t.Items) == 0 {
		fmt.Fprintf(v, "No requests found for promise %q\n", t.Promise)
	}
	for i := range t.Items {
		n := &t.Items[i]
		fmt.Fprintf(v, "  - %s%s\n", v.strong.Render(name(n.Name)), v.about(n, t, o.Format))
		for j := range n.Components {
			c := &n.Components[j]
			fmt.Fprintf(v, "    |\n    |--%s%s\n", name(c.Name), v.about(c, t, o.Format))
		}
	}
	v.unknown(t.Unknown)
	return nil
}

// about tells more of a request, if more is wanted.
func (v viewer) about(n *inspect.ResourceNode, t *inspect.ResourceTree, format Format) string {
	if format != Wide {
		return ""
	}
	words := fmt.Sprintf("  %s  namespace %s  %s", n.Kind, n.Namespace, ago(n.CreatedAt, t.EvaluatedAt))
	if n.Message != "" {
		words += "  " + cut(n.Message)
	}
	return v.faint.Render(escaped(words))
}
