// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"crypto/sha1" //nolint:gosec // it makes names, and protects nothing
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// ContainerOptions say which container to make.
type ContainerOptions struct {
	Ref   promise.WorkflowRef // with a Pipeline
	Image string
	// Name is derived from the image when empty.
	Name string
	// Language is go, bash or python; bash when empty.
	Language string
	// Taken are the names of the containers that the Pipeline has.
	Taken []string
	// API is that of the Promise; nil if it has none.
	API *promise.CRD
}

// A Language is what a stage can be written in.
type language struct {
	name  string
	files []string // of scripts/, with templates of the same name
}

func languages() []language {
	return []language{
		{"go", []string{"go.mod", "go.sum", "pipeline.go", "pipeline_test.go"}},
		{"bash", []string{"pipeline.sh"}},
		{"python", []string{"pipeline.py"}},
	}
}

// Languages names the languages that a stage can be written in.
func Languages() []string {
	var names []string
	for _, l := range languages() {
		names = append(names, l.name)
	}
	return names
}

// Container makes a container of a Pipeline and the files of its sources. The
// Promise is not changed: that is [promise.Promise.AddContainer]. All mistakes in
// the options are one input error.
func Container(o ContainerOptions) (api.Container, []File, error) {
	if o.Language == "" {
		o.Language = "bash"
	}
	derived := o.Name == ""
	if derived {
		o.Name = ContainerName(o.Image, slices.Concat(o.Taken, promise.ReservedContainers(o.Ref.Action)))
	}
	if err := o.validate(derived); err != nil {
		return api.Container{}, nil, err
	}
	return api.Container{Name: o.Name, Image: o.Image}, o.files(), nil
}

func (o ContainerOptions) validate(derived bool) error {
	var p problems
	if o.Ref.Pipeline == "" {
		p.add("", "for example "+o.Ref.String()+"/instance", "%s names no Pipeline", o.Ref)
	}
	if o.Image == "" {
		p.add("--image", "for example ghcr.io/acme/render:v0.1.0", "the image is missing")
	} else if _, err := name.ParseReference(o.Image, name.WeakValidation); err != nil {
		p.add("--image", "for example ghcr.io/acme/render:v0.1.0", "%q is no valid image: %s", o.Image, imageRule)
	} else if derived && o.Name == "" {
		p.add("--name", "--name render", "no name can be made of the image %q", o.Image)
	}
	if !derived {
		p.containerName(o)
	}
	if !slices.Contains(Languages(), o.Language) {
		p.add("--language", "--language go", "%q is no language of stages: they are %s", o.Language, strings.Join(Languages(), ", "))
	}
	return diag.Problems("", p)
}

const imageRule = "it is REGISTRY/NAME:TAG, with NAME in lower case and without spaces"

func (p *problems) containerName(o ContainerOptions) {
	p.label("--name", "the container name", o.Name)
	if reserved := promise.ReservedContainers(o.Ref.Action); slices.Contains(reserved, o.Name) {
		p.add("--name", "use any name but "+strings.Join(reserved, ", "), "Kratix has a container %q of its own in each Pod", o.Name)
	}
	if slices.Contains(o.Taken, o.Name) {
		p.add("--name", "choose another name", "the Pipeline %s has a container %q already", o.Ref, o.Name)
	}
}

// ContainerName derives the name of a container from its image: all but tag and
// digest, with dashes where a name cannot have the character, as the upstream
// CLI does (ghcr.io/acme/render:v1 is ghcr-io-acme-render). A name that is too
// long ends in a hash of the whole, one that is taken in a number.
func ContainerName(image string, taken []string) string {
	repository, _, _ := strings.Cut(image, "@")
	if tag := strings.LastIndex(repository, ":"); tag > strings.LastIndex(repository, "/") {
		repository = repository[:tag]
	}
	base := strings.Trim(strings.Map(labelRune, strings.ToLower(repository)), "-")
	if len(base) > maxName {
		sum := sha1.Sum([]byte(base))
		base = withSuffix(base, "-"+hex.EncodeToString(sum[:])[:7])
	}
	unique := base
	for n := 2; base != "" && slices.Contains(taken, unique); n++ {
		unique = withSuffix(base, fmt.Sprintf("-%d", n))
	}
	return unique
}

// labelRune gives a character as the name of a container can have it.
func labelRune(r rune) rune {
	if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
		return r
	}
	return '-'
}

// withSuffix is a name that ends in a suffix, cut to the length of a label.
func withSuffix(name, suffix string) string {
	return strings.TrimRight(name[:min(len(name), maxName-len(suffix))], "-") + suffix
}

// SourceDir is where the sources of a container are, below the Promise's
// directory, with slashes.
func SourceDir(ref promise.WorkflowRef, container string) string {
	return path.Join("workflows", string(ref.Type), string(ref.Action), ref.Pipeline, container)
}

func (o ContainerOptions) files() []File {
	dir := SourceDir(o.Ref, o.Name)
	v := o.view()
	files := []File{
		{Path: dir + "/Dockerfile", Data: render(o.Language+"/Dockerfile", v)},
		{Path: dir + "/resources/.gitkeep"},
	}
	i := slices.IndexFunc(languages(), func(l language) bool { return l.name == o.Language })
	for _, file := range languages()[i].files {
		f := File{Path: dir + "/scripts/" + file, Data: render(o.Language+"/"+file, v)}
		if strings.HasSuffix(file, ".sh") {
			f.Mode = 0o755
		}
		files = append(files, f)
	}
	return files
}

// stageView is what the templates of a stage see.
type stageView struct {
	Container                 string
	Ref                       string
	Resource, Delete          bool
	ObjectText                string // how comments speak of the object
	ObjectVersion, ObjectKind string

	// The message in the status, in the words of each language.
	StatusFormat, StatusShell, StatusPython, StatusExample string
}

func (o ContainerOptions) view() stageView {
	v := stageView{
		Container: o.Name, Ref: o.Ref.String(),
		Resource: o.Ref.Type == api.WorkflowResource, Delete: o.Ref.Action == api.ActionDelete,
		ObjectText: "the Promise", ObjectVersion: api.GroupVersion, ObjectKind: "Promise",
	}
	if v.Resource {
		v.ObjectText, v.ObjectVersion, v.ObjectKind = "the request", "acme.org/v1alpha1", "Example"
		if o.API != nil {
			v.ObjectVersion, v.ObjectKind = o.API.APIVersion(o.API.StorageVersion), o.API.Kind
		}
	}
	message := "is configured"
	if v.Delete {
		message = "is being deleted"
	}
	v.StatusFormat, v.StatusShell = "%s "+message, "$name "+message
	v.StatusPython, v.StatusExample = "{obj['metadata']['name']} "+message, "example "+message
	return v
}
