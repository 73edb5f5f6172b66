package promise

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// An Edit is the new content of one file of a Promise. Nothing has been written
// yet.
type Edit struct {
	File string
	Data []byte
	// Created says that the file does not exist yet.
	Created bool
}

// AddContainer adds a container to the end of a Pipeline, and makes the
// Pipeline if the workflow does not have it. Every byte of the file that need
// not change stays. A second container of the same name is refused.
func (p *Promise) AddContainer(ref WorkflowRef, c api.Container) (Edit, error) {
	if err := ref.CheckID(p.Name); err != nil {
		return Edit{}, err
	}
	i := p.find(ref)
	if i < 0 {
		return p.insert(ref, ref.Field(), newPipeline(ref.Pipeline, c))
	}
	field := yamldoc.Index(ref.Field(), i)
	pipeline, found := p.pipeline(ref, i)
	if err := diag.Problems("", found); err != nil {
		return Edit{}, err
	}
	for j, old := range pipeline.Spec.Containers {
		if old.Name == c.Name {
			at := p.Position(fmt.Sprintf("%s.spec.containers[%d].name", field, j))
			err := diag.Inputf("%s: the Pipeline %s has a container %q already", at, ref, c.Name)
			return Edit{}, diag.Hint(err, "choose another name with --name")
		}
	}
	return p.insert(ref, field+".spec.containers", c)
}

// newPipeline is a Pipeline with one container, in the order that people write.
func newPipeline(name string, c api.Container) yamldoc.Map {
	return yamldoc.Map{
		{Key: "apiVersion", Value: api.GroupVersion},
		{Key: "kind", Value: "Pipeline"},
		{Key: "metadata", Value: yamldoc.Map{{Key: "name", Value: name}}},
		{Key: "spec", Value: yamldoc.Map{{Key: "containers", Value: []api.Container{c}}}},
	}
}

// insert appends an item to a list of the Promise, in whichever file has it.
func (p *Promise) insert(ref WorkflowRef, field string, item any) (Edit, error) {
	source, err := p.sourceOf(ref)
	if err != nil {
		return Edit{}, err
	}
	if source.doc == nil {
		return createWorkflow(workflowFile(p.Dir, ref), item)
	}
	path := strings.TrimPrefix(strings.TrimPrefix(field, source.field), ".")
	edited, err := source.doc.Append(path, item)
	if err != nil {
		return Edit{}, err
	}
	return Edit{File: source.doc.File, Data: edited.Bytes()}, nil
}

// sourceOf gives the document that a workflow is in; in the split layout it may
// not exist yet.
func (p *Promise) sourceOf(ref WorkflowRef) (source, error) {
	field := ""
	if p.Split {
		field = ref.Field()
	}
	for _, s := range p.sources {
		if s.field == field {
			return s, nil
		}
	}
	_, err := os.Lstat(workflowFile(p.Dir, ref))
	if !errors.Is(err, fs.ErrNotExist) {
		return source{}, diag.Inputf("%s: it has appeared since the Promise was read", workflowFile(p.Dir, ref))
	}
	return source{}, nil
}

func createWorkflow(file string, item any) (Edit, error) {
	var out bytes.Buffer
	if err := yamldoc.Render(&out, []any{item}); err != nil {
		return Edit{}, err
	}
	return Edit{File: file, Data: out.Bytes(), Created: true}, nil
}
