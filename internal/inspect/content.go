// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/work"
)

// describe fills in what the documents hold. They are read once more, line by
// line, and only Secrets are parsed: most of a large Work is never looked at.
func (r *WorkReport) describe(limit int64) {
	sums := map[string]*placement.Document{}
	for i := range r.Groups {
		for j := range r.Groups[i].Documents {
			d := &r.Groups[i].Documents[j]
			sums[r.Groups[i].Group.ID+"/"+d.Path] = d
		}
	}
	for i := range r.work.Spec.WorkloadGroups {
		g := &r.work.Spec.WorkloadGroups[i]
		for j := range g.Workloads {
			c := Content{Group: g.Directory, Path: g.Workloads[j].Filepath}
			if d := sums[g.ID+"/"+c.Path]; d != nil {
				c.Size = d.Size
			}
			c.read(&g.Workloads[j], limit)
			r.Contents = append(r.Contents, c)
		}
	}
}

// read looks at a document.
func (c *Content) read(w *api.Workload, limit int64) {
	text, err := work.Open(w.Content, limit)
	if err == nil {
		c.Plain = w.Content != "" && !compressed(w.Content)
		err = c.scan(text)
	}
	if err != nil {
		c.Size, c.Objects, c.Keys = 0, 0, nil
		c.Problem = unreadable(err, limit)
	}
}

func unreadable(err error, limit int64) string {
	if errors.Is(err, work.ErrTooLarge) {
		return fmt.Sprintf("larger than the limit of %d bytes", limit)
	}
	return "corrupt content: " + strings.TrimPrefix(err.Error(), "decompressing: ")
}

// compressed says whether content begins as base64 of gzip does.
func compressed(content string) bool { return strings.HasPrefix(content, "H4sI") }

// headSize is how much of the first object in a file is kept to find out what
// it is. No Secret is larger.
const headSize = 1 << 20

// scan goes through a file, keeps its first object, and counts the others.
func (c *Content) scan(r io.Reader) error {
	lines := bufio.NewReaderSize(r, 32<<10)
	var first, doc object
	for whole := true; ; {
		line, err := lines.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if whole && (bytes.HasPrefix(line, []byte("---")) || bytes.HasPrefix(line, []byte("..."))) {
			first.or(&doc)
			doc = object{}
		} else {
			doc.add(line, whole, first.begun)
		}
		whole = err == nil // else the line goes on
		if errors.Is(err, io.EOF) {
			first.or(&doc)
			break
		}
	}
	c.APIVersion, c.Kind, c.Namespace, c.Name, c.Objects = first.apiVersion, first.kind, first.namespace, first.name, first.count
	if c.Kind == "Secret" {
		c.Keys = keys(first.text)
	}
	return nil
}

// An object is what the lines of one YAML document tell.
type object struct {
	begun                             bool // there is something but comments
	apiVersion, kind, namespace, name string
	text                              []byte // its beginning, if it is the first
	count                             int    // objects up to here
	inMetadata                        bool
	indent                            int // of the fields in metadata
}

// or makes the next document the first object, or counts it.
func (o *object) or(next *object) {
	next.parse()
	switch {
	case next.kind == "" && o.begun, !next.begun:
		return
	case !o.begun:
		*o = *next
	}
	if next.kind != "" {
		o.count++
	}
}

// add reads one line. The first object is kept.
func (o *object) add(line []byte, whole, known bool) {
	if !known && len(o.text)+len(line) <= headSize {
		o.text = append(o.text, line...)
	}
	if o.begun && !o.inMetadata && bytes.HasPrefix(line, []byte(" ")) {
		return // deep inside, as most lines are
	}
	trimmed := bytes.TrimSpace(line)
	blank := len(trimmed) == 0 || trimmed[0] == '#'
	o.begun = o.begun || !blank
	if blank || !whole {
		return
	}
	key, value, ok := strings.Cut(string(trimmed), ":")
	key, value = unquoted(key), unquoted(value)
	indent := len(line) - len(bytes.TrimLeft(line, " "))
	switch {
	case !ok:
	case indent == 0:
		o.inMetadata, o.indent = key == "metadata", 0
		o.set(key, value)
	case o.inMetadata && (o.indent == 0 || indent == o.indent):
		o.indent = indent
		o.setMetadata(key, value)
	}
}

func (o *object) set(key, value string) {
	switch key {
	case "apiVersion":
		o.apiVersion = value
	case "kind":
		o.kind = value
	}
}

func (o *object) setMetadata(key, value string) {
	switch key {
	case "namespace":
		o.namespace = value
	case "name":
		o.name = value
	}
}

// unquoted takes comments and quotes from a plain value.
func unquoted(value string) string {
	value, _, _ = strings.Cut(value, " #")
	value = strings.TrimSpace(value)
	if n := len(value); n > 1 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		value = value[1 : n-1]
	}
	return value
}

// parse reads an object whose lines do not tell its name: one in JSON, or whose
// metadata is in braces.
func (o *object) parse() {
	if len(o.text) == 0 || o.name != "" || o.kind == "" && !bytes.HasPrefix(bytes.TrimSpace(o.text), []byte("{")) {
		return
	}
	var head struct {
		APIVersion, Kind string
		Metadata         struct{ Namespace, Name string }
	}
	if err := yaml.Unmarshal(o.text, &head); err == nil {
		o.apiVersion, o.kind, o.namespace, o.name = head.APIVersion, head.Kind, head.Metadata.Namespace, head.Metadata.Name
	}
}

// keys lists the keys of a Secret with the sizes of their values.
func keys(text []byte) []Key {
	var secret struct {
		Data, StringData map[string]any
	}
	if err := yaml.Unmarshal(text, &secret); err != nil {
		return nil
	}
	sizes := map[string]int{}
	for key, value := range secret.Data {
		sizes[key] = decodedSize(value)
	}
	for key, value := range secret.StringData {
		sizes[key] = len(fmt.Sprint(value))
	}
	var found []Key
	for _, key := range slices.Sorted(maps.Keys(sizes)) {
		found = append(found, Key{key, sizes[key]})
	}
	return found
}

func decodedSize(value any) int {
	text := fmt.Sprint(value)
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return len(text)
	}
	return len(data)
}

// A redactor replaces the values of Secrets. Within one redactor equal values
// have equal replacements, so that a comparison still shows what differs.
type redactor struct {
	numbered bool
	seen     map[string]int
}

// text gives a file without the values of the Secrets in it. What cannot be
// parsed is shown only if it does not speak of Secrets.
func (r *redactor) text(data []byte) []byte {
	var out bytes.Buffer
	changed := false
	for i, part := range documents(data) {
		var value any
		if err := yaml.Unmarshal(part, &value); err != nil && bytes.Contains(part, []byte("Secret")) {
			part, changed = []byte("# not shown: it may hold a Secret, and cannot be parsed\n"), true
		} else if r.object(value) {
			part, _ = yaml.Marshal(value) // what was parsed can be written
			changed = true
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(part)
	}
	if !changed {
		return data
	}
	return out.Bytes()
}

// documents cuts a file at its "---" lines, which it leaves out.
func documents(data []byte) [][]byte {
	parts := [][]byte{nil}
	for line := range bytes.Lines(data) {
		if rest, ok := bytes.CutPrefix(line, []byte("---")); ok && (len(bytes.TrimSpace(rest)) == 0 || rest[0] == ' ') {
			parts = append(parts, nil)
			line = rest
			if len(bytes.TrimSpace(rest)) == 0 {
				continue
			}
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], line...)
	}
	if len(parts) > 1 && len(bytes.TrimSpace(parts[0])) == 0 {
		parts = parts[1:]
	}
	return parts
}

// object replaces the values in a Secret, also inside of a List, and says
// whether there was one.
func (r *redactor) object(value any) bool {
	switch v := value.(type) {
	case []any:
		found := false
		for _, item := range v {
			found = r.object(item) || found
		}
		return found
	case map[string]any:
		if v["kind"] != "Secret" {
			return r.object(v["items"])
		}
		r.values(v["data"], true)
		r.values(v["stringData"], false)
		if metadata, ok := v["metadata"].(map[string]any); ok {
			if annotations, ok := metadata["annotations"].(map[string]any); ok {
				// kubectl keeps a copy of all of it there.
				delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
			}
		}
		return true
	default:
		return false
	}
}

func (r *redactor) values(values any, encoded bool) {
	fields, _ := values.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		size := len(fmt.Sprint(fields[key]))
		if encoded {
			size = decodedSize(fields[key])
		}
		fields[key] = r.replacement(fields[key], size)
	}
}

func (r *redactor) replacement(value any, size int) string {
	if !r.numbered {
		return fmt.Sprintf("*** (%d bytes)", size)
	}
	key, _ := json.Marshal(value)
	if r.seen == nil {
		r.seen = map[string]int{}
	}
	if r.seen[string(key)] == 0 {
		r.seen[string(key)] = len(r.seen) + 1
	}
	return fmt.Sprintf("*** (%d bytes, value %d)", size, r.seen[string(key)])
}

// text gives the text of a document as it may be shown.
func (in *Inspector) text(w api.Workload) ([]byte, error) {
	data, err := work.Decompress(w.Content, in.options.MaxDocument)
	switch {
	case errors.Is(err, work.ErrTooLarge):
		return nil, diag.Hint(diag.Answer(fmt.Errorf("%s: %s", w.Filepath, unreadable(err, in.options.MaxDocument))), "raise the limit with --max-document")
	case err != nil:
		return nil, diag.Answer(fmt.Errorf("%s: %s", w.Filepath, unreadable(err, in.options.MaxDocument)))
	case in.options.ShowSecrets:
		return data, nil
	}
	return (&redactor{}).text(data), nil
}
