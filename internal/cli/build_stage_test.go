// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{"  \t", nil},
		{"--no-cache  --pull", []string{"--no-cache", "--pull"}},
		{`--build-arg "A=b c" x`, []string{"--build-arg", "A=b c", "x"}},
		{`--build-arg=A='b "c"'`, []string{`--build-arg=A=b "c"`}},
		{`a\ b '\'`, []string{"a b", `\`}},
		{`"a\"b\\c\d"`, []string{`a"b\c\d`}},
		{`'' ""`, []string{"", ""}},
		{"$HOME *", []string{"$HOME", "*"}},
	} {
		got, err := splitWords(tt.line)
		if err != nil {
			t.Errorf("%s: %v", tt.line, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.line, diff)
		}
	}
	for _, line := range []string{`"`, `a 'b`, `a\`} {
		if got, err := splitWords(line); err == nil {
			t.Errorf("%s: no error, and %q", line, got)
		}
	}
}

// Whatever words there are, quoted they come back.
func FuzzSplitWords(f *testing.F) {
	f.Add("a b", "c'd")
	f.Add("", `\"`)
	f.Fuzz(func(t *testing.T, first, second string) {
		quote := func(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
		first, second = strings.ToValidUTF8(first, "?"), strings.ToValidUTF8(second, "?")
		got, err := splitWords(quote(first) + " " + quote(second))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{first, second}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestPlatformInBuildArgs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flag, args, platform, rest, err string
	}{
		{"", "--no-cache", "", "--no-cache", ""},
		{"", "--no-cache --platform linux/arm64 --pull", "linux/arm64", "--no-cache --pull", ""},
		{"", "--platform=linux/amd64,linux/arm64", "linux/amd64,linux/arm64", "", ""},
		{"linux/arm64", "--platform=linux/arm64", "linux/arm64", "", ""},
		{"linux/arm64", "--platform=linux/amd64", "linux/arm64", "", "--platform is linux/arm64, and in --build-args it is linux/amd64"},
		{"", "--platform", "", "--platform", ""}, // for the builder to complain of
	} {
		o := buildContainerOptions{platform: tt.flag}
		rest, err := o.takePlatform(strings.Fields(tt.args))
		got := []string{o.platform, strings.Join(rest, " "), ""}
		if err != nil {
			got[2] = err.Error()
		}
		if diff := cmp.Diff([]string{tt.platform, tt.rest, tt.err}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.args, diff)
		}
	}
}
