// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"

	"github.com/kratix-tools/kratix/internal/doctor"
	"github.com/kratix-tools/kratix/internal/term"
)

// Doctor shows a diagnosis in the wanted format.
func Doctor(w term.Stream, format Format, d doctor.Diagnosis) error {
	d.APIVersion, d.Kind = apiVersion, "Diagnosis"
	if format != Text {
		return Encode(w, format, d)
	}
	st := stylesFor(w)
	engines := table{}
	for _, e := range d.Engines {
		mark := st.bad.Render("no")
		if e.Works {
			mark = st.ok.Render("ok")
		}
		engines.row(mark, st.strong.Render(e.Name), e.Where, e.Detail, chosen(e))
	}
	engines.print(w)
	fmt.Fprintln(w)
	facts := table{}
	facts.row("platform", d.Machine.Platform)
	facts.row("user namespaces", d.Machine.UserNamespaces)
	facts.row("cgroups", d.Machine.Cgroups)
	facts.row("image cache", fmt.Sprintf("%s  %s", d.Cache.Dir, cacheState(d.Cache)))
	facts.print(w)
	v := viewer{Stream: w, styles: st}
	fmt.Fprintln(v)
	v.cluster(&d.Cluster)
	for _, e := range d.Engines {
		for _, hint := range e.Hints {
			fmt.Fprintf(v, "%s for %s: %s\n", st.strong.Render("hint:"), e.Name, hint)
		}
	}
	for _, hint := range d.Cache.Hints {
		fmt.Fprintf(v, "%s for the image cache: %s\n", st.strong.Render("hint:"), hint)
	}
	for _, hint := range d.Cluster.Hints {
		fmt.Fprintf(v, "%s for the cluster: %s\n", st.strong.Render("hint:"), hint)
	}
	return nil
}

func chosen(e doctor.Engine) string {
	if e.Chosen {
		return "<- auto"
	}
	return ""
}

func cacheState(c doctor.Cache) string {
	if c.Error != "" {
		return c.Error
	}
	return fmt.Sprintf("%s, %s", count(c.Images, "image"), size(c.Size))
}
