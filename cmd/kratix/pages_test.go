// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/markdown"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// pages lists the Markdown files for readers, by their paths in the repository.
func pages(t *testing.T) []string {
	t.Helper()
	root := os.DirFS(filepath.Join("..", ".."))
	found, err := fs.Glob(root, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(root, "docs", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".md") {
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func readPage(t *testing.T, name string) []markdown.Part {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return markdown.Parse(string(text))
}

// TestPages runs the commands in the console blocks of every page, in order and
// in one directory, and compares what they print with the page; "-update"
// records it anew. Lines are typed after "$ ", and go on after "> ". A fenced
// block whose info has file=PATH is written there first. Comments, which readers
// do not see, say the rest:
//
//	<!-- before              commands that only prepare something; $REPO is this
//	COMMANDS -->             repository
//	<!-- output COMMAND -->  the next block is what the command prints
//	<!-- record FILE         the picture of a terminal in which the commands run
//	COMMANDS -->
//	<!-- draw FILE           the picture of the graph in the language of dot that
//	COMMAND -->              the command prints
//	<!-- needs CONDITION... --> the next block is run only where the script
//	                         conditions hold; on the first line of a page, all of
//	                         it. With "store", a Git server answers at $STORE
//	<!-- ci NAME=VALUE... --> the next block configures CI: all lines in it that
//	                         call kratix are run, with these variables
//
// How long something took, how old it is, and what machine it ran on, is not
// compared.
func TestPages(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/bin/bash"); err != nil {
		t.Skip("needs bash")
	}
	if ok, err := condition("containers"); !ok || err != nil || testing.Short() {
		t.Skip("builds Go stages and runs them with the native engine")
	}
	// Go's cache is warm for the reader, too, and a build that takes long tells
	// so on lines of its own.
	newSession(t).answer(t, `kratix init promise warm --group acme.org --kind Warm &&
		kratix add container resource/configure/instance --name warm --image acme.org/warm --language go && kratix run workflow`)
	for _, name := range pages(t) {
		parts := readPage(t, name)
		if !slices.ContainsFunc(parts, isRun) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if missing := missingFor(parts[0]); missing != "" {
				t.Skipf("needs %s", missing)
			}
			s := newSession(t)
			p := player{session: s, page: filepath.Join("..", "..", name)}
			for i := range parts {
				parts[i] = p.play(t, parts[i])
			}
			if got := markdown.Join(parts); *update && !t.Failed() {
				writeText(t, p.page, got)
			}
		})
	}
}

// isRun tells a part that has something to run.
func isRun(p markdown.Part) bool {
	return p.Kind == markdown.Fence && p.Language() == "console" || p.Kind == markdown.Comment && directive(p) != ""
}

// directive is the first word of a comment, if it is for the test.
func directive(p markdown.Part) string {
	word, _, _ := strings.Cut(strings.ReplaceAll(p.Body, "\n", " "), " ")
	if !slices.Contains([]string{"before", "output", "record", "draw", "needs", "ci"}, word) {
		return ""
	}
	return word
}

// missingFor names the condition of a "needs" that does not hold here.
func missingFor(p markdown.Part) string {
	if p.Kind != markdown.Comment || directive(p) != "needs" {
		return ""
	}
	for _, name := range strings.Fields(p.Body)[1:] {
		if ok, err := condition(name); !ok || err != nil {
			return name
		}
	}
	return ""
}

// A player goes through the parts of a page.
type player struct {
	session *session
	page    string // its file
	skip    bool   // the next fence
	output  string // the command whose output the next fence is
	ci      []string
	cluster bool // is there
}

// play gives a part as it should be.
func (p *player) play(t *testing.T, part markdown.Part) markdown.Part {
	t.Helper()
	if part.Kind == markdown.Comment {
		p.obey(t, part)
		return part
	}
	if part.Kind != markdown.Fence {
		return part
	}
	body := part.Body
	switch {
	case p.skip:
		t.Logf("line %d is not run here", part.Line)
	case p.output != "":
		body = p.session.answer(t, p.output)
	case part.Language() == "console":
		body = p.session.play(t, body)
	case part.Language() == "yaml":
		p.playYAML(t, part)
	}
	p.skip, p.output, p.ci = false, "", nil
	if file, ok := strings.CutPrefix(strings.TrimPrefix(part.Info, part.Language()+" "), "file="); ok {
		writeText(t, filepath.Join(p.session.dir, file), body)
	}
	if stable(body) == stable(part.Body) {
		return part
	}
	if !*update {
		t.Errorf("%s:%d: run: make docs (-want +got):\n%s", p.page, part.Line, cmp.Diff(stable(part.Body), stable(body)))
	}
	return part.WithBody(body)
}

// obey does what a comment says.
func (p *player) obey(t *testing.T, comment markdown.Part) {
	t.Helper()
	word := directive(comment)
	rest := strings.TrimSpace(strings.TrimPrefix(comment.Body, word))
	switch word {
	case "before":
		p.session.answer(t, "set -e\n"+rest)
	case "output":
		p.output = rest
	case "ci":
		p.ci = strings.Fields(rest)
	case "record", "draw":
		file, commands, _ := strings.Cut(rest, "\n")
		p.picture(t, word, filepath.Join(filepath.Dir(p.page), file), commands)
	case "needs":
		p.skip = missingFor(comment) != ""
		if !p.skip && !p.cluster && slices.Contains(strings.Fields(rest), "cluster") {
			p.session.useCluster(t)
			p.cluster = true
		}
		if !p.skip && slices.Contains(strings.Fields(rest), "store") {
			p.session.useStore(t)
		}
	}
}

// picture compares a picture with what the commands give now.
func (p *player) picture(t *testing.T, word, file, commands string) {
	t.Helper()
	old, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Errorf("%v\nrun: make docs", err)
		return
	}
	var picture string
	if word == "draw" {
		picture = graph(t, p.session.answer(t, commands), string(old))
	} else {
		picture = p.session.record(t, strings.Split(commands, "\n"))
	}
	switch {
	case stablePicture(picture) == stablePicture(string(old)):
	case *update:
		writeText(t, file, picture)
	default:
		t.Errorf("%s is out of date; run: make docs (-want +got):\n%s", file, cmp.Diff(stablePicture(string(old)), stablePicture(picture)))
	}
}

// stablePicture is a picture without what differs from run to run.
func stablePicture(picture string) string {
	return stable(regexp.MustCompile(`textLength="\d+"`).ReplaceAllString(picture, ""))
}

// graph draws a graph in the language of dot, unless the old picture is of the
// same graph: its last line tells.
func graph(t *testing.T, dot, old string) string {
	t.Helper()
	made := fmt.Sprintf("<!-- of a graph with sha-256 %x -->\n", sha256.Sum256([]byte(dot)))
	if strings.HasSuffix(old, made) {
		return old
	}
	if !*update {
		return made
	}
	cmd := exec.CommandContext(t.Context(), "dot", "-Tsvg", "-Gbgcolor=white")
	cmd.Stdin = strings.NewReader(dot)
	drawn, err := cmd.Output()
	if err != nil {
		t.Fatalf("drawing a graph, with graphviz: %v", err)
	}
	return string(drawn[bytes.Index(drawn, []byte("<svg")):]) + made
}

// playYAML reads a block of YAML, and runs what it makes a CI system run.
func (p *player) playYAML(t *testing.T, part markdown.Part) {
	t.Helper()
	docs, err := yamldoc.Parse(p.page, []byte(part.Body))
	if err != nil {
		t.Errorf("line %d: %v", part.Line, err)
	}
	var commands []string
	for _, doc := range docs {
		commands = append(commands, commandsIn(doc.Value())...)
	}
	if p.ci != nil && len(commands) == 0 {
		t.Errorf("line %d: nothing calls kratix", part.Line)
	}
	if p.ci == nil {
		return
	}
	for _, command := range commands {
		for _, variable := range p.ci {
			name, value, _ := strings.Cut(variable, "=")
			command = strings.NewReplacer("${{ "+name+" }}", value, "$"+name, value).Replace(command)
		}
		p.session.answer(t, command)
	}
}

// commandsIn lists the lines that call kratix in the strings of a document.
func commandsIn(value any) []string {
	var commands []string
	switch v := value.(type) {
	case string:
		for line := range strings.Lines(v) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "kratix ") {
				commands = append(commands, line)
			}
		}
	case []any:
		for _, item := range v {
			commands = append(commands, commandsIn(item)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			commands = append(commands, commandsIn(v[key])...)
		}
	}
	return commands
}

// stable is a text without what differs from run to run.
func stable(text string) string {
	text = minutes.ReplaceAllString(text, "1s")
	text = duration.ReplaceAllString(text, "0.0s")
	text = digest.ReplaceAllString(text, "sha256:...")
	text = instant.ReplaceAllString(text, "2026-11-23T12:00:00Z")
	text = machine.ReplaceAllString(text, "(linux/amd64)  -j 2")
	return withoutAges(text)
}

// machine matches what a report says of the machine.
var machine = regexp.MustCompile(`\(linux/\w+\)  -j \d+`)

// minutes matches what a long run took.
var minutes = regexp.MustCompile(`\b\d+m\d+(\.\d+)?s\b`)

// instant matches a time.
var instant = regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

func writeText(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil { //nolint:gosec // nothing secret
		t.Fatal(err)
	}
}

// TestLinks follows all links between the pages, and to other files here.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, name := range pages(t) {
		for _, link := range markdown.Links(readPage(t, name)) {
			if problem := follow(t, name, link.Target); problem != "" {
				t.Errorf("%s:%d: %s: %s", name, link.Line, link.Target, problem)
			}
		}
	}
}

// follow tells why a link leads nowhere.
func follow(t *testing.T, from, target string) string {
	t.Helper()
	if regexp.MustCompile(`^[a-z]+:`).MatchString(target) {
		return "" // not ours
	}
	path, anchor, _ := strings.Cut(target, "#")
	to := from
	if path != "" {
		to = filepath.Join(filepath.Dir(from), path)
	}
	switch _, err := os.Stat(filepath.Join("..", "..", to)); {
	case err != nil:
		return "there is no such file"
	case anchor == "":
		return ""
	case !strings.HasSuffix(to, ".md"):
		return "only a page has anchors"
	case !markdown.Anchors(readPage(t, to))[anchor]:
		return "the page has no such heading"
	}
	return ""
}

// TestPagesAreReached wants a way of links from README.md to every page.
func TestPagesAreReached(t *testing.T) {
	t.Parallel()
	reached, todo := map[string]bool{}, []string{"README.md"}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if reached[name] {
			continue
		}
		reached[name] = true
		for _, link := range markdown.Links(readPage(t, name)) {
			path, _, _ := strings.Cut(link.Target, "#")
			to := filepath.Join(filepath.Dir(name), path)
			if strings.HasSuffix(path, ".md") && !strings.Contains(path, ":") && follow(t, name, link.Target) == "" {
				todo = append(todo, to)
			}
		}
	}
	for _, name := range pages(t) {
		if !reached[name] {
			t.Errorf("no link leads to %s", name)
		}
	}
}
