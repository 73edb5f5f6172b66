// SPDX-License-Identifier: Apache-2.0

package terraform

import (
	"cmp"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

// StageImage is what serves requests: it writes a call of the module for each.
const StageImage = "ghcr.io/syntasso/kratix-cli/terraform-generate:v0.6.0"

// deliveryImage is any image with a shell.
const deliveryImage = "docker.io/library/alpine:3.22"

// Options say how requests are served.
type Options struct {
	// Source and Version are those of the module, as Terraform is to have them;
	// Dir is where its files were read instead.
	Source, Version, Dir string
	// Outputs has the outputs of the module become those of what is written.
	Outputs bool
	// StageImage serves requests; the usual one when empty.
	StageImage string
	// DependenciesImage delivers the provider files, when its sources have been
	// built; when empty, the Promise has them in itself.
	DependenciesImage string
	// ProviderNames are the files that the user asked for, if any; ProviderFiles
	// are the files that say which providers there are.
	ProviderNames []string
	ProviderFiles []ProviderFile
}

// A ProviderFile is a file that the Terraform that runs all requests needs once.
type ProviderFile struct {
	Name string // without directories
	Data []byte
}

// Content makes what a Promise of the module holds.
func (m *Module) Content(o Options) scaffold.Content {
	c := scaffold.Content{
		Command:              "tf-module-promise",
		Flags:                o.flags(),
		About:                o.about(),
		Version:              scaffold.APIOf(m.Spec),
		DestinationSelectors: map[string]string{"environment": "terraform"},
		Sample:               o.sample(),
	}
	if len(o.ProviderFiles) > 0 {
		delivery, files := o.delivery()
		c.Pipelines, c.Files, c.Delivered = append(c.Pipelines, delivery), files, o.delivered()
	}
	c.Pipelines = append(c.Pipelines, scaffold.InstanceConfigure(m.stage(o)))
	return c
}

// flags are the command's own.
func (o Options) flags() []scaffold.Flag {
	flags := []scaffold.Flag{
		{Name: "--module-source", Value: o.Source},
		{Name: "--module-registry-version", Value: o.Version},
		{Name: "--module-dir", Value: o.Dir},
		{Name: "--module-providers", Value: strings.Join(o.ProviderNames, ",")},
	}
	if o.Outputs {
		flags = append(flags, scaffold.Flag{Name: "--generate-outputs", Switch: true})
	}
	return append(flags,
		scaffold.Flag{Name: "--stage-image", Value: o.StageImage},
		scaffold.Flag{Name: "--dependencies-image", Value: o.DependenciesImage},
	)
}

func (o Options) about() string {
	text := "The API has the variables of a Terraform module. For each request the Pipeline\n" +
		"`instance-configure` writes a call of the module, with `spec` as its arguments."
	if len(o.ProviderFiles) > 0 {
		text += "\nThe Pipeline `dependencies` delivers, once, the files that name the providers."
	}
	return text
}

// stage is the container that serves requests.
func (m *Module) stage(o Options) api.Container {
	env := []corev1.EnvVar{{Name: "MODULE_SOURCE", Value: literal(o.Source)}}
	if o.Version != "" {
		env = append(env, corev1.EnvVar{Name: "MODULE_REGISTRY_VERSION", Value: literal(o.Version)})
	}
	if o.Outputs && len(m.Outputs) > 0 {
		env = append(env, corev1.EnvVar{Name: "MODULE_OUTPUT_NAMES", Value: strings.Join(m.Outputs, ",")})
	}
	return api.Container{Name: "terraform-generate", Image: cmp.Or(o.StageImage, StageImage), Env: env}
}

// sample tells what the usual stage leaves, which a copy of it in another registry
// does too: one file for each request.
func (o Options) sample() *scaffold.Sample {
	if path.Base(cmp.Or(o.StageImage, StageImage)) != path.Base(StageImage) {
		return nil
	}
	return &scaffold.Sample{Output: func(request map[string]any) []scaffold.File {
		r := unstructured.Unstructured{Object: request}
		name := strings.ToLower(r.GetKind() + "_" + r.GetNamespace() + "_" + r.GetName())
		return []scaffold.File{{Path: name + ".tf.json"}}
	}}
}

// literal is a text as Kubernetes takes it in env and args, where $(X) is the
// value of a variable and two dollar signs are one.
func literal(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// delivery is the Pipeline that delivers the provider files. No image has them
// unless somebody builds and pushes it first, so they are part of the Pipeline.
func (o Options) delivery() (scaffold.Pipeline, []scaffold.File) {
	ref := promise.WorkflowRef{Type: api.WorkflowPromise, Action: api.ActionConfigure, Pipeline: "dependencies"}
	c := api.Container{Name: "add-tf-dependencies", Image: cmp.Or(o.DependenciesImage, deliveryImage)}
	if o.DependenciesImage == "" {
		c.Command, c.Args = []string{"sh", "-euc"}, []string{literal(script(o.delivered()))}
		c.SecurityContext = restricted()
		return scaffold.Pipeline{Ref: ref, Containers: []api.Container{c}}, nil
	}
	files := scaffold.DependencySources(ref, c.Name)
	for _, f := range o.ProviderFiles {
		files = append(files, scaffold.File{Path: scaffold.SourceDir(ref, c.Name) + "/resources/" + f.Name, Data: f.Data})
	}
	return scaffold.Pipeline{Ref: ref, Containers: []api.Container{c}}, files
}

// restricted is as little as a container may do in a namespace that enforces the
// strictest of Kubernetes' Pod security standards. The image itself runs as root.
func restricted() *corev1.SecurityContext {
	user, yes, no := int64(65532), true, false
	return &corev1.SecurityContext{
		RunAsUser: &user, RunAsNonRoot: &yes, AllowPrivilegeEscalation: &no,
		Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

// delivered are the files that the Pipeline writes. Where they are part of it
// they are lines, each of which has an end.
func (o Options) delivered() []scaffold.File {
	var files []scaffold.File
	for _, f := range o.ProviderFiles {
		data := f.Data
		if o.DependenciesImage == "" {
			text := strings.ReplaceAll(string(data), "\r\n", "\n")
			data = []byte(strings.TrimSuffix(text, "\n") + "\n")
		}
		files = append(files, scaffold.File{Path: f.Name, Data: data})
	}
	return files
}

// script writes files to where Kratix takes them from.
func script(files []scaffold.File) string {
	var out strings.Builder
	for _, f := range files {
		text, quoted := string(f.Data), strings.ReplaceAll(f.Path, "'", `'\''`)
		end := endOf(text)
		out.WriteString("cat > '/kratix/output/" + quoted + "' <<'" + end + "'\n" + text + end + "\n")
	}
	return out.String()
}

// endOf is a line that a text does not have.
func endOf(text string) string {
	end := "END"
	for strings.Contains("\n"+text+"\n", "\n"+end+"\n") {
		end += "_"
	}
	return end
}

// Notes tell what has to be known of the source. Here says that it leads
// anywhere on this machine only.
func (m *Module) Notes(o Options, here bool) []diag.Finding {
	var found []diag.Finding
	if here {
		found = append(found, diag.Finding{
			Severity: diag.SeverityWarning, Field: "--module-source",
			Message: o.Source + " is on this machine, and what the Promise makes is run elsewhere",
			Hint:    "name where the module is published; --module-dir DIR reads its files here",
		})
	}
	found = append(found, m.Findings...)
	for _, p := range m.Providers {
		found = append(found, diag.Finding{
			Severity: diag.SeverityNote,
			Message:  "the module configures the provider " + p + " itself: once a request is deleted, Terraform has none to destroy its resources with",
		})
	}
	return found
}
