// SPDX-License-Identifier: Apache-2.0

package helm

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// described is the description of a value: what the chart says of it, and what
// it is when a request does not say.
func (v *chartValues) described(path, key string, value any, said string) string {
	if said == "" {
		said = v.comment(path, key, value)
	}
	parts := []string{}
	if said != "" {
		parts = append(parts, said)
	}
	if text := shown(value); text != "" && !v.patterns.inList.MatchString(path) {
		parts = append(parts, "Default: "+text)
	}
	return strings.Join(parts, "\n")
}

// shown is a default as a text, unless it says nothing or is told elsewhere.
func shown(value any) string {
	switch v := value.(type) {
	case nil, yamldoc.Map, map[string]any:
		return ""
	case string:
		if v == "" || strings.Contains(v, "\n") {
			return ""
		}
		return v
	case []any:
		if len(v) == 0 {
			return ""
		}
	case float64:
		if math.Abs(v) >= 1e15 {
			return fmt.Sprint(v)
		}
	}
	data, err := json.Marshal(value)
	if err != nil || len(data) > 120 {
		return ""
	}
	return string(data)
}

// comment is what the comments above a value tell of it. They are indented as it
// is: others belong to what stands above them.
func (v *chartValues) comment(path, key string, value any) string {
	if said, ok := v.params[path]; ok {
		return said
	}
	at, ok := v.doc.Position(path)
	if !ok || at.Line < 1 || at.Line > len(v.lines) || strings.HasSuffix(path, "]") {
		return ""
	}
	first, indent := at.Line-1, indentation(v.lines[at.Line-1])
	for first > 0 && strings.HasPrefix(strings.TrimSpace(v.lines[first-1]), "#") && indentation(v.lines[first-1]) == indent {
		first--
	}
	p := prose{patterns: v.patterns, key: key, empty: isEmpty(value)}
	return p.read(v.lines[first : at.Line-1])
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func isEmpty(value any) bool {
	switch v := value.(type) {
	case yamldoc.Map:
		return len(v) == 0
	case []any:
		return len(v) == 0
	default:
		return false
	}
}

// patterns are what comments and values are recognized by.
type patterns struct {
	mark     *regexp.Regexp // the two dashes of helm-docs, and the text behind them
	yaml     *regexp.Regexp // a line that would be YAML were it no comment
	announce *regexp.Regexp // what announces an example
	param    *regexp.Regexp // a comment that names its value
	point    *regexp.Regexp // a number with a point
	inList   *regexp.Regexp // the path of an item
}

func newPatterns() *patterns {
	return &patterns{
		mark:     regexp.MustCompile(`^(?:[\w.\-]+ )?-- ?(?:\([^)]*\) ?)?(.*)$`),
		yaml:     regexp.MustCompile(`^(- |["']?[\w./-]+["']?:(\s|$)|[{}\[\]]|-{3})`),
		announce: regexp.MustCompile(`(?i)\s*\(?\b(for example|examples?|e\.g\.?)[:.,]*$`),
		param:    regexp.MustCompile(`^\s*##? @param (\S+)\s+(?:\[[^\]]*\]\s*)?(.*)$`),
		point:    regexp.MustCompile(`[-:]\s+[-+]?[0-9]*\.[0-9]*\s*(#.*)?$`),
		inList:   regexp.MustCompile(`\[\d+\]`),
	}
}

// prose reads comments as people write them above a value: sentences, examples
// of the value, other values that are commented out with what is said of them,
// and remarks for tools.
type prose struct {
	*patterns

	key   string // of the value
	empty bool   // the value is an empty object or list, for which comments show what may be in it

	words  []string
	marked bool // the text is in the form of helm-docs, where two dashes begin it
	skip   bool // the line belongs to something else
	tool   bool // the lines are for helm-schema
}

func (p *prose) read(lines []string) string {
	for _, line := range lines {
		body := strings.TrimLeft(strings.TrimSpace(line), "#")
		if m := p.mark.FindStringSubmatch(strings.TrimSpace(body)); m != nil {
			p.words, p.marked, body = nil, true, m[1]
		}
		if p.line(body) {
			break
		}
	}
	return p.announce.ReplaceAllString(strings.Join(p.words, " "), "")
}

// line reads a line, and tells whether the text ends before it.
func (p *prose) line(body string) bool {
	text := strings.TrimSpace(body)
	switch {
	case strings.HasPrefix(text, "@schema"):
		p.tool = !p.tool
	case p.tool:
	case strings.HasPrefix(text, "@"):
		return p.marked
	case strings.HasPrefix(text, "+docs:"):
	case !p.marked && p.yaml.MatchString(text):
		return p.value(body)
	case strings.Trim(text, "-=_*# ") != "":
		p.skip = false
		p.words = append(p.words, text)
	}
	return false
}

// value tells whether a value that is commented out ends the text, as an example
// of what the text is about. Otherwise the text is about that value.
func (p *prose) value(body string) bool {
	if p.skip || len(p.words) == 0 {
		p.skip = true
		return false
	}
	name, _, isKey := strings.Cut(strings.TrimSpace(body), ":")
	notes := strings.Fields("ref note example examples default defaults warning important see usage e.g i.e todo deprecated optional http https")
	introduced := strings.HasSuffix(p.words[len(p.words)-1], ":")
	if !isKey || name == p.key || p.empty || introduced || indentation(body) > 1 || slices.Contains(notes, strings.ToLower(name)) {
		return true
	}
	p.words, p.skip = nil, true
	return false
}
