// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

const (
	upstreamPage = "../../docs/upstream.md"
	scripts      = "../../cmd/kratix/testdata/script"
)

// A claim is a row of docs/upstream.md: something that the upstream CLI has, and
// what became of it.
type claim struct {
	line    int
	subject string // the first cell
	verdict string // empty in the table of what is wrong there
	how     string
	scripts []string
	// command is the path of the command that the row, or the last row about a
	// command, is about; flag and short are set if the row is about a flag.
	command     string
	flag, short string
}

func readClaims(t *testing.T) []claim {
	t.Helper()
	page, err := os.ReadFile(upstreamPage)
	if err != nil {
		t.Fatal(err)
	}
	var claims []claim
	command := ""
	for i, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if strings.HasPrefix(line, "## ") {
			command = ""
		}
		if !strings.HasPrefix(line, "| ") || len(cells) < 3 || strings.TrimSpace(cells[0]) == "" || strings.HasPrefix(line, "| command or flag") {
			continue
		}
		c := claim{line: i + 1, subject: strings.TrimSpace(cells[0]), scripts: quoted(cells[len(cells)-1])}
		if len(cells) == 4 {
			c.verdict, c.how = strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])
		}
		names := quoted(c.subject)
		switch {
		case len(names) > 0 && (names[0] == "kratix" || strings.HasPrefix(names[0], "kratix ")):
			command = strings.TrimPrefix(names[0], "kratix")
		case len(names) > 0 && strings.HasPrefix(names[0], "--"):
			c.flag = strings.TrimPrefix(names[0], "--")
			if len(names) > 1 {
				c.short = strings.TrimPrefix(names[1], "-")
			}
		}
		c.command = strings.TrimSpace(command)
		claims = append(claims, c)
	}
	if len(claims) < 100 {
		t.Fatalf("%s has %d rows only", upstreamPage, len(claims))
	}
	return claims
}

// quoted lists the texts in backquotes.
func quoted(cell string) []string {
	var texts []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		texts = append(texts, m[1])
	}
	return texts
}

// TestUpstreamCommandsExist wants every command and every flag of the page in
// the tree, by its short name, too, unless it is left out.
func TestUpstreamCommandsExist(t *testing.T) {
	t.Parallel()
	root := newTree()
	flags := 0
	for _, c := range readClaims(t) {
		at := fmt.Sprintf("%s:%d: kratix %s", upstreamPage, c.line, c.command)
		if !slices.Contains([]string{"", "same", "better", "differs", "left out"}, c.verdict) {
			t.Errorf("%s: what is %q?", at, c.verdict)
		}
		if c.how == "" && slices.Contains([]string{"better", "differs", "left out"}, c.verdict) {
			t.Errorf("%s: %s %s without a word on how or why", at, c.subject, c.verdict)
		}
		for _, cmd := range commandsOf(t, root, c) {
			if c.flag == "" {
				continue
			}
			flags++
			flag := cmd.Flag(c.flag)
			switch {
			case c.verdict == "left out" && flag != nil:
				t.Errorf("%s has the flag --%s, which the page says is left out", at, c.flag)
			case c.verdict == "left out":
			case flag == nil:
				t.Errorf("%s has no flag --%s", at, c.flag)
			case c.short != "" && flag.Shorthand != c.short:
				t.Errorf("%s: --%s has the short name %q, not %q", at, c.flag, flag.Shorthand, c.short)
			}
		}
	}
	if flags < 60 {
		t.Errorf("%d flags only were looked for", flags)
	}
}

// newTree is the command tree, with what cobra adds to it.
func newTree() *cobra.Command {
	root := newRootCmd(&Env{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Name: "kratix", Getenv: func(string) string { return "" }})
	root.InitDefaultCompletionCmd("bash")
	root.InitDefaultVersionFlag()
	return root
}

// commandsOf gives the command of a row, or all that "init *" stands for.
func commandsOf(t *testing.T, root *cobra.Command, c claim) []*cobra.Command {
	t.Helper()
	group, all := strings.CutSuffix(c.command, "*")
	cmd, rest, err := root.Find(strings.Fields(group))
	if err != nil || len(rest) > 0 {
		t.Errorf("%s:%d: there is no command kratix %s", upstreamPage, c.line, c.command)
		return nil
	}
	if all {
		return cmd.Commands()
	}
	return []*cobra.Command{cmd}
}

// TestUpstreamScriptsShowIt wants every row to name scripts that exist and that
// run what it is about: each of them, if it is a flag. What is said of all init
// commands is shown for each.
func TestUpstreamScriptsShowIt(t *testing.T) {
	t.Parallel()
	root := newTree()
	for _, c := range readClaims(t) {
		at := fmt.Sprintf("%s:%d: %s", upstreamPage, c.line, c.subject)
		if len(c.scripts) == 0 && c.verdict != "left out" {
			t.Errorf("%s has no script", at)
		}
		var texts []string
		for _, name := range c.scripts {
			text, err := os.ReadFile(filepath.Join(scripts, name+".txtar"))
			if err != nil {
				t.Errorf("%s: %v", at, err)
			}
			texts = append(texts, string(text))
			if c.flag != "" && !slices.ContainsFunc(commandsOf(t, root, c), func(cmd *cobra.Command) bool { return c.isRunBy(cmd, string(text)) }) {
				t.Errorf("%s: %s does not run it", at, name)
			}
		}
		for _, cmd := range commandsOf(t, root, c) {
			shown := func(text string) bool { return c.isRunBy(cmd, text) }
			if c.flag != "" && c.verdict != "left out" && !slices.ContainsFunc(texts, shown) {
				t.Errorf("%s: no script runs it for %s", at, cmd.CommandPath())
			}
		}
		if c.flag == "" && c.command != "" && !slices.ContainsFunc(texts, func(text string) bool {
			return slices.ContainsFunc(commandsOf(t, root, c), func(cmd *cobra.Command) bool { return c.isRunBy(cmd, text) })
		}) {
			t.Errorf("%s: none of %s runs it", at, strings.Join(c.scripts, ", "))
		}
	}
}

// isRunBy says whether a script has a line that runs the command, with the flag
// if the row is about one.
func (c *claim) isRunBy(cmd *cobra.Command, script string) bool {
	given := regexp.MustCompile(` --` + regexp.QuoteMeta(c.flag) + `\b`)
	if c.short != "" {
		given = regexp.MustCompile(` (--` + regexp.QuoteMeta(c.flag) + `|-` + c.short + `)\b`)
	}
	path := regexp.MustCompile(`\b` + cmd.CommandPath() + `\b`)
	for line := range strings.Lines(script) {
		if path.MatchString(line) && (c.flag == "" || given.MatchString(line)) {
			return true
		}
	}
	return false
}

// TestUpstreamMistakesHaveScripts wants a script of its number for each of the
// mistakes, and each such script in the table.
func TestUpstreamMistakesHaveScripts(t *testing.T) {
	t.Parallel()
	var numbers, named []string
	for _, c := range readClaims(t) {
		number, ok := strings.CutPrefix(c.subject, "W-")
		if !ok {
			continue
		}
		numbers = append(numbers, number)
		for _, name := range c.scripts {
			named = append(named, name)
			if !strings.HasPrefix(name, "w_"+number+"_") {
				t.Errorf("%s:%d: %s is not named after W-%s", upstreamPage, c.line, name, number)
			}
		}
	}
	var want []string
	for i := 1; i <= 36; i++ {
		if i != 19 { // there is none of this number
			want = append(want, fmt.Sprintf("%02d", i))
		}
	}
	if diff := cmp.Diff(want, numbers); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	files, err := filepath.Glob(filepath.Join(scripts, "w_*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".txtar"); !slices.Contains(named, name) {
			t.Errorf("%s is not in %s", name, upstreamPage)
		}
	}
}
