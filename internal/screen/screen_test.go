// SPDX-License-Identifier: Apache-2.0

package screen_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/screen"
)

func TestText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ written, want string }{
		"lines":               {"a\r\nb\r\n", "a\nb\n"},
		"a full line":         {"0123456789", "0123456789\n"},
		"a line and more":     {"0123456789ab\r\nc", "0123456789\nab\nc\n"},
		"looks":               {"\x1b[1;32mok\x1b[0m  \x1b[2mx\x1b[22m", "ok  x\n"},
		"a line drawn anew":   {"working\r\x1b[Kdone\r\n", "done\n"},
		"lines drawn anew":    {"a\r\nb\r\n\x1b[1A\x1b[2K\x1b[1A\x1b[2Kc\r\n", "c\n\n"},
		"the end erased":      {"abc\r\ndef\x1b[1A\x1b[2D\x1b[J", "a\n"},
		"movements":           {"a\x1b[3Cb\x1b[1Bc\x1b[?25l", "a   b\n     c\n"},
		"a title and a link":  {"\x1b]0;title\aa\x1b]8;;http://x\x1b\\b", "ab\n"},
		"more than one octet": {"ä→", "ä→\n"},
	} {
		whole, parts := screen.New(10), screen.New(10)
		_, _ = whole.Write([]byte(c.written))
		for _, b := range []byte(c.written) {
			_, _ = parts.Write([]byte{b})
		}
		if diff := cmp.Diff(c.want, whole.Text()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.want, parts.Text()); diff != "" {
			t.Errorf("%s, octet by octet (-want +got):\n%s", name, diff)
		}
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	s := screen.New(20)
	_, _ = s.Write([]byte("\x1b[1mFAIL\x1b[0m  a<b  \x1b[32m+1\x1b[0m\r\n\r\n\x1b[2mx\x1b[0m \x07"))
	var lines []string
	for line := range strings.Lines(s.SVG("a & b")) {
		if strings.HasPrefix(line, "<text") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	want := []string{
		`<text class="t" x="96" y="20">a &amp; b</text>`,
		`<text x="16" y="42" textLength="104" xml:space="preserve"><tspan class="b">FAIL</tspan>  a&lt;b  <tspan class="c3">+1</tspan></text>`,
		`<text x="16" y="78" textLength="8" xml:space="preserve"><tspan class="f">x</tspan></text>`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzSVG writes anything and wants a picture that can be read.
func FuzzSVG(f *testing.F) {
	f.Add([]byte("\x1b[1mFAIL\x1b[0m <&>\x00\xff\r\n\x1b[5A\x1b[2K"))
	f.Add([]byte("\x1b]0;no end"))
	f.Add([]byte("\x1b[9B\x1b[Kx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := screen.New(10)
		_, _ = s.Write(data)
		decoder := xml.NewDecoder(strings.NewReader(s.SVG("title")))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
