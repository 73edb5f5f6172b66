// SPDX-License-Identifier: Apache-2.0

package pulumi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// StageImage writes programs and stacks, in the version that the upstream CLI
// pins.
const StageImage = "ghcr.io/syntasso/kratix-cli/pulumi-generator:v0.1.3"

// Where the stage finds the schema that the Pipeline carries.
const (
	annotation = "pulumi-schema"
	mountPath  = "/pulumi"
	schemaFile = "schema.json"
)

// Options say what the stage is told.
type Options struct {
	// Schema is where the schema is, as the user gave it. Local says that this is
	// on the user's machine, where no cluster can read it.
	Schema string
	Local  bool
	// Component is the token as the user gave it, and may be empty.
	Component string
	// SchemaToken has the token for the URL of the schema, and StackToken that of
	// the stack. Either may be empty.
	SchemaToken, StackToken SecretKey
	// StageImage is [StageImage] when empty.
	StageImage string
}

// A SecretKey is a key of a Secret, written NAME:KEY.
type SecretKey string

func (s SecretKey) split() (name, key string) {
	name, key, _ = strings.Cut(string(s), ":")
	return name, key
}

// Check finds what is wrong with the options.
func (o Options) Check() []diag.Finding {
	found := o.SchemaToken.check("--schema-bearer-token-secret")
	found = append(found, o.StackToken.check("--stack-access-token-secret")...)
	if o.SchemaToken != "" && strings.HasPrefix(strings.ToLower(o.Schema), "http:") {
		found = append(found, diag.Finding{
			Severity: diag.SeverityError, Field: "--schema-bearer-token-secret",
			Message: "a token is not sent over plain http://", Hint: "use an https:// URL of the schema",
		})
	}
	return found
}

func (s SecretKey) check(flag string) []diag.Finding {
	name, key := s.split()
	f := diag.Finding{Severity: diag.SeverityError, Field: flag, Hint: flag + " pulumi-token:accessToken"}
	switch {
	case s == "":
		return nil
	case name == "" || key == "":
		f.Message = fmt.Sprintf("%q is no NAME:KEY of a Secret", s)
	case len(validation.IsDNS1123Subdomain(name)) > 0:
		f.Message = fmt.Sprintf("%q is no valid name for a Secret: %s", name, promise.SubdomainRule)
	case len(validation.IsConfigMapKey(key)) > 0:
		f.Message = fmt.Sprintf("%q is no valid key of a Secret: letters, digits, dashes, dots and underscores", key)
	default:
		return nil
	}
	return []diag.Finding{f}
}

// Content makes the content of a Promise of a component.
func Content(o Options, p *Package, c Component) (scaffold.Content, []diag.Finding) {
	spec, found := Spec(p, c)
	return scaffold.Content{
		Command: "pulumi-component-promise",
		Flags: []scaffold.Flag{
			{Name: "--schema", Value: o.Schema},
			{Name: "--component", Value: o.Component},
			{Name: "--schema-bearer-token-secret", Value: string(o.SchemaToken)},
			{Name: "--stack-access-token-secret", Value: string(o.StackToken)},
			{Name: "--stage-image", Value: o.StageImage},
		},
		About:                o.about(c),
		Version:              scaffold.APIOf(spec),
		DestinationSelectors: map[string]string{"environment": "pulumi"},
		Pipelines:            []scaffold.Pipeline{o.pipeline(p, c)},
		Sample:               o.sample(),
	}, append(o.notes(c), found...)
}

// pipeline writes a program and its stack for each request.
func (o Options) pipeline(p *Package, c Component) scaffold.Pipeline {
	image := cmp.Or(o.StageImage, StageImage)
	token := corev1.EnvVar{Name: "PULUMI_COMPONENT_TOKEN", Value: literal(c.Token)}
	program := api.Container{
		Name: "pulumi-program-generator", Image: image, Command: []string{"/pulumi-program-generator"},
		Env: []corev1.EnvVar{token, {Name: "PULUMI_SCHEMA_SOURCE", Value: literal(o.Schema)}},
	}
	if name, key := o.SchemaToken.split(); name != "" {
		from := &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key}
		program.Env = append(program.Env, corev1.EnvVar{Name: "PULUMI_ACCESS_TOKEN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: from}})
	}
	stack := api.Container{
		Name: "pulumi-stack-generator", Image: image, Command: []string{"/pulumi-stack-generator"},
		Env: []corev1.EnvVar{token},
	}
	if name, key := o.StackToken.split(); name != "" {
		stack.Env = append(stack.Env,
			corev1.EnvVar{Name: "PULUMI_STACK_ACCESS_TOKEN_SECRET_NAME", Value: name},
			corev1.EnvVar{Name: "PULUMI_STACK_ACCESS_TOKEN_SECRET_KEY", Value: key})
	}
	pipeline := scaffold.InstanceConfigure(program, stack)
	if o.Local {
		carry(&pipeline, part(p, c))
	}
	return pipeline
}

// sample is the run that serves the example request. Without the Secret that has
// the token for the schema it cannot be.
func (o Options) sample() *scaffold.Sample {
	if o.SchemaToken != "" {
		return nil
	}
	return &scaffold.Sample{Network: !o.Local, Untold: []string{"program.yaml", "stack.yaml"}}
}

// literal is a text as Kubernetes takes it in env, where $(X) is the value of a
// variable and two dollar signs are one.
func literal(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// part is what the stage reads of a schema: which configuration the package has,
// and that there is the component.
func part(p *Package, c Component) string {
	schema := yamldoc.Map{{Key: "name", Value: p.Name}}
	if p.Version != "" {
		schema = append(schema, yamldoc.Entry{Key: "version", Value: p.Version})
	}
	if p.Config != nil {
		schema = append(schema, yamldoc.Entry{Key: "config", Value: p.Config})
	}
	schema = append(schema, yamldoc.Entry{Key: "resources", Value: yamldoc.Map{
		{Key: c.Token, Value: yamldoc.Map{{Key: "isComponent", Value: true}}},
	}})
	data, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		panic(err) // it came out of JSON
	}
	return string(data) + "\n"
}

// carry gives the first container of a Pipeline a schema as a file. Kratix hands
// the annotations of a Pipeline to its Pods, and those can mount them.
func carry(p *scaffold.Pipeline, schema string) {
	p.Annotations = map[string]string{annotation: schema}
	p.Volumes = []corev1.Volume{{Name: annotation, VolumeSource: corev1.VolumeSource{
		DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{{
			Path: schemaFile, FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.annotations['" + annotation + "']"},
		}}},
	}}}
	first := &p.Containers[0]
	first.VolumeMounts = []corev1.VolumeMount{{Name: annotation, MountPath: mountPath}}
	for i, env := range first.Env {
		if env.Name == "PULUMI_SCHEMA_SOURCE" {
			first.Env[i].Value = mountPath + "/" + schemaFile
		}
	}
}

// notes tell what has to be known of the source.
func (o Options) notes(c Component) []diag.Finding {
	var found []diag.Finding
	if o.Local && o.SchemaToken != "" {
		found = append(found, diag.Finding{
			Severity: diag.SeverityNote, Field: "--schema-bearer-token-secret",
			Message: "the Pipeline carries the schema of " + o.Schema + ", so nothing is fetched; it needs the Secret all the same",
		})
	}
	if c.Deprecated != "" {
		found = append(found, diag.Finding{
			Severity: diag.SeverityNote, Field: "--component", Message: c.Token + " is deprecated: " + c.Deprecated,
		})
	}
	return found
}

// about tells in the README what serves the requests, and what that needs.
func (o Options) about(c Component) string {
	paragraphs := []string{"The API has the inputs of the Pulumi component `" + c.Token + "`.\n" +
		"For each request the Pipeline `instance-configure` writes a Program with that\n" +
		"component, and a Stack that deploys it. The Pulumi Kubernetes Operator has to\n" +
		"run where they are placed: on Destinations with the label `environment: pulumi`."}
	if o.Local {
		paragraphs = append(paragraphs, "The schema is a file, which no cluster can read. What the stage needs of it is\n"+
			"in the annotation `"+annotation+"` of the Pipeline. When the configuration of the\n"+
			"package changes, generate the Promise again.")
	}
	if name, key := o.SchemaToken.split(); name != "" {
		paragraphs = append(paragraphs, "The Pipeline fetches the schema with a token. It has to be in the namespace of\neach request:\n\n"+
			"    kubectl create secret generic "+name+" --from-literal="+key+"=TOKEN -n NAMESPACE")
	}
	if name, key := o.StackToken.split(); name != "" {
		paragraphs = append(paragraphs, "The Stack takes its access token for Pulumi from a Secret. It has to be on the\nDestination, in the namespace of each request:\n\n"+
			"    kubectl create secret generic "+name+" --from-literal="+key+"=TOKEN -n NAMESPACE")
	}
	return strings.Join(paragraphs, "\n\n")
}
