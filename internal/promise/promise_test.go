// SPDX-License-Identifier: Apache-2.0

package promise_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// head and definition begin a Promise for tests that are about the rest.
const head = `apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata:
  name: things
`

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.acme.org
spec:
  group: acme.org
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: string, enum: [small, large], default: small}
`

// withWorkflows is a Promise with an API; text is below spec.workflows.
func withWorkflows(text string) string {
	return head + "spec:\n  api:\n" + indented(4, definition) + "  workflows:\n" + indented(4, text)
}

func indented(n int, text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			out.WriteString(strings.Repeat(" ", n))
		}
		out.WriteString(line)
	}
	return out.String()
}

// pipelineWith is a resource configure workflow; text is the spec.
func pipelineWith(spec string) string {
	return withWorkflows("resource:\n  configure:\n  - apiVersion: platform.kratix.io/v1alpha1\n    kind: Pipeline\n" +
		"    metadata: {name: instance}\n    spec:\n" + indented(6, spec))
}

func load(t *testing.T, text string) *promise.Promise {
	t.Helper()
	p, err := loadText(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func loadText(t *testing.T, text string) (*promise.Promise, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "promise.yaml")
	writeFile(t, file, text)
	return promise.Load(file)
}

// short gives findings as "line field: message", without Kratix' words.
func short(found []diag.Finding) []string {
	var lines []string
	for _, f := range found {
		f.File, f.Column = "", 0
		message, _, _ := strings.Cut(f.Message, " (Kratix: ")
		f.Message = message
		lines = append(lines, strings.TrimPrefix(f.String(), ":"))
	}
	return lines
}

func TestLoadReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := loadText(t, `apiVersion: platform.kratix.io/v1
kind: Promise
metadata:
  name: 3
  labels: {a: yes}
spec:
  api: text
  destinationSelectors:
    matchLabels: {a: b}
  dependencies:
  - metadata: {name: x}
  - text
  workflows:
    config: {reconciliationInterval: soon}
    resource:
      configure: {}
`)
	if diag.ExitCode(err) != diag.ExitInput || !strings.HasPrefix(err.Error(), "loading Promise: ") {
		t.Fatalf("error %v of class %d", err, diag.ExitCode(err))
	}
	want := []string{
		`1: apiVersion: want "platform.kratix.io/v1alpha1", not the string "platform.kratix.io/v1"`,
		`4: metadata.name: want a string, not 3`,
		`5: metadata.labels.a: want a string, not true`,
		`7: spec.api: want an object, not the string "text"`,
		`8: spec.destinationSelectors: want a list, not an object`,
		`11: spec.dependencies[0]: kind is missing`,
		`12: spec.dependencies[1]: want an object, not the string "text"`,
		`14: spec.workflows.config.reconciliationInterval: time: invalid duration "soon"`,
		`16: spec.workflows.resource.configure: want a list, not an object`,
	}
	if diff := cmp.Diff(want, short(diag.Findings(err))); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"another kind":    {"apiVersion: v1\nkind: Service\n", `promise.yaml:2:1: kind: it is "Service", not "Promise"`},
		"several others":  {"kind: A\n---\nkind: B\n", "promise.yaml: no document of kind Promise"},
		"nothing":         {"# todo\n", "promise.yaml: no document of kind Promise"},
		"a list":          {"- a\n", "promise.yaml: no document of kind Promise"},
		"broken YAML":     {head + "spec: [\n", "promise.yaml:"},
		"a duplicate key": {head + "spec: {}\nspec: {}\n", `promise.yaml:6:1: duplicate key "spec", first used in line 5`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := loadText(t, test.text)
			if err == nil || !strings.Contains(err.Error(), test.want) || diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

func TestLoadRefusesAPathWithoutPromise(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir:                               "loading Promise: no promise.yaml in " + dir,
		filepath.Join(dir, "absent.yaml"): "loading Promise: stat " + filepath.Join(dir, "absent.yaml") + ": no such file or directory",
	} {
		_, err := promise.Load(path)
		if err == nil || err.Error() != want || diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("error %v, want %s", err, want)
		}
		if hints := diag.Hints(err); !slices.Equal(hints, []string{"kratix init promise NAME --group GROUP --kind KIND"}) {
			t.Errorf("hints %q", hints)
		}
	}
}

func TestLoadSaysWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a/promise.yaml/x"), "")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "b"), 0o700), os.Symlink("nowhere", filepath.Join(dir, "b/promise.yaml"))); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"a": "it is a directory, not a file",
		"b": "it is a link to nowhere, which does not exist",
	} {
		file := filepath.Join(dir, in, "promise.yaml")
		if found, err := promise.Find(filepath.Join(dir, in)); err != nil || found != file {
			t.Errorf("Find gives %s, %v, want %s", found, err, file)
		}
		for _, path := range []string{file, filepath.Dir(file)} {
			if _, err := promise.Load(path); err == nil || err.Error() != "loading Promise: "+file+": "+want {
				t.Errorf("error %v, want %s: %s", err, file, want)
			}
		}
	}
}

func TestLoadTakesTheFirstPromise(t *testing.T) {
	t.Parallel()
	p := load(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n---\n"+head+"---\n"+strings.Replace(head, "things", "others", 1))
	if p.Name != "things" {
		t.Errorf("name %q", p.Name)
	}
	want := []string{
		`2: this document of kind "Namespace" is not part of the Promise`,
		`11: this is a second Promise; only the first one is read`,
	}
	if diff := cmp.Diff(want, short(p.Check())); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestUnknownFieldsAreDroppedWithAWarning(t *testing.T) {
	t.Parallel()
	p := load(t, head+"spec:\n  workflow: {}\n  destinationSelectors:\n  - matchlabel: {a: b}\nstatus: {x: 1}\n")
	found := p.Check()
	want := []string{
		`6: spec.workflow: unknown field "workflow", which the API server drops without a word`,
		`8: spec.destinationSelectors[0].matchlabel: unknown field "matchlabel", which the API server drops without a word`,
	}
	if diff := cmp.Diff(want, short(found)); diff != "" {
		t.Fatalf("findings (-want +got):\n%s", diff)
	}
	if found[0].Severity != diag.SeverityWarning || found[0].Hint != "did you mean workflows?" || found[1].Hint != "did you mean matchLabels?" {
		t.Errorf("findings %+v", found)
	}
	wantSpec := any(map[string]any{"destinationSelectors": []any{map[string]any{}}})
	if diff := cmp.Diff(wantSpec, p.Object()["spec"]); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}

// The API server knows fields by the schema: in it case counts, and null is no
// value.
func TestFieldsAreThoseOfTheSchema(t *testing.T) {
	t.Parallel()
	p := load(t, head+"  Labels: {a: b}\nspec:\n  destinationSelectors:\n  - MatchLabels: {env: dev}\n  - matchLabels: {zone: null, tier: edge}\n")
	want := []string{
		`5: metadata.Labels: unknown field "Labels", which the API server drops without a word (hint: did you mean labels?)`,
		`8: spec.destinationSelectors[0].MatchLabels: unknown field "MatchLabels", which the API server drops without a word (hint: did you mean matchLabels?)`,
		`9: spec.destinationSelectors[1].matchLabels.zone: "zone" is null, which the API server drops without a word (hint: give it a value, or remove it)`,
	}
	var got []string
	for _, f := range p.Check() {
		got = append(got, short([]diag.Finding{f})[0]+" (hint: "+f.Hint+")")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	selectors := []api.PromiseSelector{{}, {MatchLabels: map[string]string{"tier": "edge"}}}
	if diff := cmp.Diff(selectors, p.Spec.DestinationSelectors); diff != "" || p.Labels != nil {
		t.Errorf("labels %v, selectors (-want +got):\n%s", p.Labels, diff)
	}
}

func TestNullIsNoItem(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"dependencies: [null]", "destinationSelectors: [null]", "requiredPromises: [null]", "workflows: {promise: {delete: [null]}}"} {
		_, err := loadText(t, head+"spec:\n  "+text+"\n")
		if err == nil || !strings.Contains(err.Error(), "[0]: want an object, not nothing") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFieldsOfOldReleasesHaveNewNames(t *testing.T) {
	t.Parallel()
	found := load(t, head+"spec:\n  workerClusterResources: []\n  xaasCrd: {}\n").Check()
	var hints []string
	for _, f := range found {
		hints = append(hints, f.Hint)
	}
	want := []string{
		"a name of older releases of Kratix: it is now spec.dependencies",
		"a name of older releases of Kratix: it is now spec.api",
	}
	if diff := cmp.Diff(want, hints); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	writeFile(t, filepath.Join(root, "flat/promise.yaml"), head)
	writeFile(t, filepath.Join(root, "flat/api.yaml"), "")
	writeFile(t, filepath.Join(root, "flat/workflows/resource/configure/x/y/Dockerfile"), "")
	writeFile(t, filepath.Join(root, "split/workflows/promise/delete/workflow.yaml"), "[]")
	writeFile(t, filepath.Join(root, "none/x"), "")
	for dir, want := range map[string]string{
		"flat":                                  "flat/promise.yaml",
		"flat/workflows/resource/configure/x/y": "flat/promise.yaml",
		"split":                                 "split",
		"split/workflows/promise":               "split",
	} {
		if got, err := promise.Find(filepath.Join(root, dir)); err != nil || got != filepath.Join(root, want) {
			t.Errorf("Find(%s) = %s, %v, want %s", dir, got, err, want)
		}
	}
	slip := filepath.Join(root, "flat", "workflow")
	if found, err := promise.Find(slip); err == nil || err.Error() != slip+": no such directory" || diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("Find of a directory that is not there gives %q, %v", found, err)
	}
	dir := filepath.Join(root, "none")
	_, err := promise.Find(dir)
	if err == nil || err.Error() != "no promise.yaml in "+dir+" or any parent" || diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("error %v", err)
	}
	if hints := diag.Hints(err); !slices.Equal(hints, []string{"kratix init promise NAME --group GROUP --kind KIND"}) {
		t.Errorf("hints %q", hints)
	}
}

func TestFindGivesAPathRelativeToTheDirectory(t *testing.T) {
	root := t.TempDir()
	writeFile(t, filepath.Join(root, "promise.yaml"), head)
	writeFile(t, filepath.Join(root, "a/b/x"), "")
	t.Chdir(filepath.Join(root, "a/b"))
	if got, err := promise.Find("."); err != nil || got != "../../promise.yaml" {
		t.Errorf("Find = %s, %v", got, err)
	}
}

// splitPromise writes a Promise in the split layout.
func splitPromise(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "things")
	writeFile(t, filepath.Join(dir, "metadata.yaml"), head+"spec:\n  workflows:\n    config: {reconciliationInterval: 1s}\n")
	writeFile(t, filepath.Join(dir, "api.yaml"), "# the API\n"+definition)
	writeFile(t, filepath.Join(dir, "dependencies.yaml"), "- apiVersion: v1\n  kind: Namespace\n  metadata: {name: n}\n")
	writeFile(t, filepath.Join(dir, "workflows/resource/configure/workflow.yaml"), `# first this
- apiVersion: platform.kratix.io/v1alpha1
  kind: Pipeline
  metadata: {name: instance}
  spec:
    containers:
    - {name: render}
`)
	return dir
}

func TestLoadSplit(t *testing.T) {
	t.Parallel()
	dir := splitPromise(t)
	p, err := promise.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Split || p.Name != "things" || len(p.Spec.Dependencies) != 1 || !p.HasAPI() {
		t.Errorf("Promise %+v", p)
	}
	for field, want := range map[string]string{
		"metadata.name": "metadata.yaml:4:3",
		"spec.workflows.config.reconciliationInterval":                  "metadata.yaml:7:14",
		"spec.api.spec.group":                                           "api.yaml:7:3",
		"spec.api.nothing":                                              "api.yaml:2:1",
		"spec.dependencies[0].kind":                                     "dependencies.yaml:2:3",
		"spec.workflows.resource.configure[0].spec.containers[0].image": "workflows/resource/configure/workflow.yaml:7:7",
		"spec.workflows.resource.delete[0]":                             "metadata.yaml:6:3",
	} {
		if got := p.Position(field).String(); got != filepath.Join(dir, want) {
			t.Errorf("Position(%s) = %s, want %s", field, got, want)
		}
	}
	var places []string
	for _, f := range p.Check() {
		name, _ := filepath.Rel(dir, f.File)
		places = append(places, name+" "+f.Field)
	}
	want := []string{
		"metadata.yaml spec.workflows.config.reconciliationInterval",
		"workflows/resource/configure/workflow.yaml spec.workflows.resource.configure[0].spec.containers[0].image",
	}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestSplitWithoutMetadataIsNamedAfterItsDirectory(t *testing.T) {
	t.Parallel()
	dir := splitPromise(t)
	if err := os.Remove(filepath.Join(dir, "metadata.yaml")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "dependencies.yaml"), "")
	p, err := promise.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "things" || p.Spec.Dependencies != nil {
		t.Errorf("name %q, dependencies %v", p.Name, p.Spec.Dependencies)
	}
}

func TestPipelines(t *testing.T) {
	t.Parallel()
	p, err := promise.Load("testdata/promises/kafka.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pipelines, err := p.Pipelines(api.WorkflowResource, api.ActionConfigure)
	if err != nil {
		t.Fatal(err)
	}
	var images []string
	for _, pipeline := range pipelines {
		for _, c := range pipeline.Spec.Containers {
			images = append(images, pipeline.Name+" "+c.Image)
		}
	}
	want := []string{"checks ghcr.io/acme/kafka-validate:v1.4.0", "render ghcr.io/acme/kafka-render:v1.4.0"}
	if diff := cmp.Diff(want, images); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	if none, err := p.Pipelines(api.WorkflowPromise, api.ActionDelete); err != nil || none != nil {
		t.Errorf("promise/delete = %v, %v", none, err)
	}
}

func TestPipelinesRefusesUnknownFieldsAnywhere(t *testing.T) {
	t.Parallel()
	p := load(t, withWorkflows(`resource:
  configure:
  - apiVersion: platform.kratix.io/v1alpha1
    kind: Pipeline
    metadata: {name: instance, label: {a: b}}
    spec:
      hostNetwork: true
      containers:
      - name: a
        Image: a
        workingDir: /
        env: [{name: A, val: b}]
        args: text
  - apiVersion: v1
    kind: Pod
`))
	_, err := p.Pipelines(api.WorkflowResource, api.ActionConfigure)
	want := []string{
		"32: spec.workflows.resource.configure[0].metadata.label: a Pipeline has no field label here",
		"34: spec.workflows.resource.configure[0].spec.hostNetwork: a Pipeline has no field hostNetwork here",
		"38: spec.workflows.resource.configure[0].spec.containers[0].workingDir: a Pipeline has no field workingDir here",
		"39: spec.workflows.resource.configure[0].spec.containers[0].env[0].val: a Pipeline has no field val here",
		`40: spec.workflows.resource.configure[0].spec.containers[0].args: want a list, not the string "text"`,
		`41: spec.workflows.resource.configure[1].apiVersion: want "platform.kratix.io/v1alpha1", not "v1"`,
		`42: spec.workflows.resource.configure[1].kind: want "Pipeline", not "Pod"`,
	}
	if diff := cmp.Diff(want, short(diag.Findings(err))); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if hint := diag.Findings(err)[0].Hint; hint != "did you mean labels?" {
		t.Errorf("hint %q", hint)
	}
}

func TestRealPromisesAreAccepted(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/promises/*.yaml")
	if len(files) == 0 {
		t.Fatal("no Promises")
	}
	for _, file := range files {
		p, err := promise.Load(file)
		if err != nil {
			t.Error(err)
			continue
		}
		if found := p.Check(); len(found) > 0 {
			t.Errorf("%s: %v", file, found)
		}
		if crd, err := p.CRD(); err != nil || (crd == nil) == p.HasAPI() {
			t.Errorf("%s: API %v, %v", file, crd, err)
		}
	}
}

func TestParseRef(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]promise.WorkflowRef{
		"resource/configure":          {Type: "resource", Action: "configure"},
		"promise/delete/clean-up":     {Type: "promise", Action: "delete", Pipeline: "clean-up"},
		"resource/configure/instance": {Type: "resource", Action: "configure", Pipeline: "instance"},
	} {
		if got, err := promise.ParseRef(text); err != nil || got != want || got.String() != text {
			t.Errorf("ParseRef(%s) = %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]struct{ err, hint string }{
		"":                        {`"" does not name a workflow: it is TYPE/ACTION or TYPE/ACTION/PIPELINE`, "for example resource/configure/instance"},
		"resource":                {`"resource" does not name a workflow: it is TYPE/ACTION or TYPE/ACTION/PIPELINE`, "for example resource/configure/instance"},
		"a/b/c/d":                 {`"a/b/c/d" does not name a workflow: it is TYPE/ACTION or TYPE/ACTION/PIPELINE`, "for example resource/configure/instance"},
		"resources/configure":     {`reading "resources/configure": the workflow type "resources" is neither promise nor resource`, "did you mean resource?"},
		"promise/install/x":       {`reading "promise/install/x": the workflow action "install" is neither configure nor delete`, ""},
		"resource/configure/":     {`reading "resource/configure/": the name of the Pipeline is empty`, ""},
		"resource/configure/My_P": {`reading "resource/configure/My_P": the Pipeline name "My_P" is not valid`, "use my-p"},
	} {
		_, err := promise.ParseRef(text)
		if err == nil || !strings.HasPrefix(err.Error(), want.err) || diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("ParseRef(%q): error %v, want %s", text, err, want.err)
		}
		if got := strings.Join(diag.Hints(err), "|"); got != want.hint {
			t.Errorf("ParseRef(%q): hint %q, want %q", text, got, want.hint)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
