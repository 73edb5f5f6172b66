// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"
	"strings"

	"github.com/kratix-tools/kratix/internal/doctor"
)

// cluster shows what there is of a cluster. A machine without one is fine.
func (v viewer) cluster(c *doctor.Cluster) {
	t := table{}
	switch {
	case c.Server == "":
		t.row("cluster", "none: "+escaped(strings.TrimPrefix(c.Detail, "no cluster: ")))
		t.loose(v)
		return
	case !c.Reachable:
		t.row("cluster", name(c.Server), v.bad.Render("no")+" "+escaped(c.Detail))
		t.loose(v)
		return
	}
	t.row("cluster", name(c.Server), name(c.Version))
	t.row("kinds", v.kinds(c.Kinds))
	missing := c.Missing()
	if len(missing) == 0 {
		t.row("rights", v.ok.Render("ok"), "all that reading a platform needs")
	}
	for _, r := range missing {
		t.row("rights", v.warn.Render("may not "+r.Verb+" "+r.Resource), v.faint.Render("for kratix "+r.For))
	}
	for _, sign := range c.Old {
		t.row("release", v.warn.Render("old"), escaped(sign))
	}
	t.loose(v)
}

// kinds says which of Kratix' kinds are there.
func (v viewer) kinds(kinds []doctor.Kind) string {
	var missing, unknown []string
	for _, k := range kinds {
		short, _, _ := strings.Cut(k.Name, ".")
		switch {
		case !k.Served:
			missing = append(missing, short)
		case k.Unknown != "":
			unknown = append(unknown, short)
		}
	}
	words := v.ok.Render("ok") + " " + fmt.Sprintf("all %d of Kratix", len(kinds))
	switch {
	case len(missing) > 0:
		words = v.bad.Render("missing") + " " + strings.Join(missing, ", ")
	case len(unknown) > 0:
		words = v.warn.Render("unknown") + " " + strings.Join(unknown, ", ") + ": they may not be read"
	}
	return words
}
