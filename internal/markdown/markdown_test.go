// SPDX-License-Identifier: Apache-2.0

package markdown_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/markdown"
)

const page = `# A title

Prose with a [link](other.md#here).
<!-- before
cp a b
-->
` + "```console file=x\n$ ls\na\n```" + `
## It's ` + "`code`" + `, twice
## It's ` + "`code`" + `, twice
A [link
over lines](../b.md), ` + "`[none](c.md)`" + ` and <img src="d.svg">.
` + "````\n```\n[none](e.md)\n````\n"

func TestPartsAreThePage(t *testing.T) {
	t.Parallel()
	parts := markdown.Parse(page)
	if diff := cmp.Diff(page, markdown.Join(parts)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []markdown.Part{
		{Kind: markdown.Comment, Line: 4, Text: "<!-- before\ncp a b\n-->\n", Body: "before\ncp a b"},
		{Kind: markdown.Fence, Line: 7, Text: "```console file=x\n$ ls\na\n```\n", Info: "console file=x", Body: "$ ls\na\n"},
		{Kind: markdown.Fence, Line: 15, Text: "````\n```\n[none](e.md)\n````\n", Body: "```\n[none](e.md)\n"},
	}
	var got []markdown.Part
	for _, p := range parts {
		if p.Kind != markdown.Prose {
			got = append(got, p)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := parts[2].Language(); got != "console" {
		t.Errorf("the language is %q", got)
	}
	if diff := cmp.Diff("````\nb\n````\n", want[2].WithBody("b\n").Text); diff != "" {
		t.Errorf("with another body (-want +got):\n%s", diff)
	}
}

func TestLinksAndAnchors(t *testing.T) {
	t.Parallel()
	parts := markdown.Parse(page)
	links := []markdown.Link{{3, "other.md#here"}, {14, "../b.md"}, {14, "d.svg"}}
	if diff := cmp.Diff(links, markdown.Links(parts)); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	anchors := map[string]bool{"a-title": true, "its-code-twice": true, "its-code-twice-1": true}
	if diff := cmp.Diff(anchors, markdown.Anchors(parts)); diff != "" {
		t.Errorf("anchors (-want +got):\n%s", diff)
	}
}

func FuzzPartsAreThePage(f *testing.F) {
	f.Add(page)
	f.Add("```\nno end")
	f.Add("<!-- no end")
	f.Add("text\n<!--a--> b\n```")
	f.Fuzz(func(t *testing.T, text string) {
		if got := markdown.Join(markdown.Parse(text)); got != text {
			t.Errorf("got %q of %q", got, text)
		}
	})
}
