// SPDX-License-Identifier: Apache-2.0

package terraform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
	"github.com/kratix-tools/kratix/internal/scaffold/scaffoldtest"
	"github.com/kratix-tools/kratix/internal/scaffold/terraform"
)

// TestTerraformAgrees gives the same values to the API and to Terraform. What
// Terraform takes the API has to take too, and what Terraform refuses the API
// has to refuse, unless a finding says that it cannot.
func TestTerraformAgrees(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip(err)
	}
	questions := []struct{ typ, condition, values string }{
		{"string", `contains(["b", "a"], var.x)`, `"a" "c" ""`},
		{"number", `contains([1, 2.5], var.x)`, `1 2.5 2`},
		{"string", `var.x == "a" || "b" == var.x`, `"a" "b" "c"`},
		{"string", `var.x == "" || contains(["a"], var.x)`, `"a" "" "c"`},
		{"number", `var.x >= 1 && var.x > 1 && var.x <= 5`, `1 1.5 5 5.1`},
		{"number", `floor(var.x) == var.x`, `1 1.5 -1`},
		{"number", `var.x % 5 == 0`, `10 -5 0 4 2.5`},
		{"number", `var.x % 0.5 == 0`, `1.5 1.2`},
		{"number", `var.x == null ? true : var.x > 1`, `1 2`},
		{"string", `length(var.x) > 2 && 5 > length(var.x)`, `"äö" "äöü" "abcd" "abcde"`},
		{"string", `var.x != ""`, `"" "a"`},
		{"list(string)", `length(var.x) == 2`, `["a"] ["a","b"]`},
		{"map(bool)", `length(var.x) > 0`, `{} {"a":true}`},
		{"string", `can(regex("^[a-z]+$", var.x))`, `"abc" "aBc" ""`},
		{"string", `can(regex("b", var.x))`, `"abc" "ac"`},
		{"string", `can(regex("^\\d{2}(a|b)?$", var.x))`, `"12" "12a" "1"`},
		{"string", `length(regexall("b", var.x)) > 0`, `"abc" "ac"`},
		{"string", `var.x == "" || can(regex("^a|b$", var.x))`, `"" "ac" "cb" "c"`},
		{"string", `startswith(var.x, "a.") && endswith(var.x, ".b")`, `"a.b" "a..b" "a-.b"`},
		{"string", `can(cidrhost(var.x, 0))`, `"10.0.0.0/8" "10.0.0.1/32" "fd00::/8" "10.0.0.0" "10.0.0.0/33"`},
		{"string", `length(trimspace(var.x)) > 0`, `"a" "\t" "" "\ta\n"`},
		{"string", `trimspace(var.x) != ""`, `"a" "\t" ""`},
		{"string", `substr(var.x, 0, 3) == "a.b"`, `"a.b" "a.bc" "acb" "a."`},
		{"string", `var.x != "a"`, `"a" "b"`},
		{"number", `!contains([22, 0.5], var.x)`, `22 23 0.5`},
		{"string", `can(cidrnetmask(var.x))`, `"10.0.0.0/8" "fd00::/8"`},
		{"object({a = string})", `contains(["b"], var.x.a)`, `{"a":"b"} {"a":"c"}`},
		{"object({a = optional(string), b = number})", `var.x.a == null ? true : contains(["b"], var.x.a)`, `{"b":1} {"a":"b","b":1} {"a":"c","b":1}`},
		{"object({a = optional(number), b = number})", `var.x.a == null || var.x.b > 3`, `{"b":1} {"a":1,"b":1}`},
		{"list(object({a = string}))", `alltrue([for v in var.x : v.a != ""])`, `[] [{"a":"b"}] [{"a":"b"},{"a":""}]`},
		{"map(number)", `alltrue([for v in values(var.x) : v > 0 && v < 9])`, `{} {"a":8} {"a":9}`},
		{"set(string)", `length(setsubtract(var.x, ["a", "b"])) == 0`, `[] ["a"] ["a","c"]`},
		{"tuple([number, number])", ``, `[1,2] [1] [1,2,3] ["a",1]`},
		{"map(list(number))", ``, `{"a":[1]} {"a":1} []`},
		{"object({a = object({b = optional(list(string), [])})})", ``, `{"a":{}} {} {"a":{"b":["c"]}} {"a":{"b":"c"}}`},
	}
	dir := t.TempDir()
	save := func(file, text string) {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var calls strings.Builder
	var asked []string
	var api []answer
	for i, q := range questions {
		text := "variable \"x\" {\n  type = " + q.typ + "\n}\n"
		if q.condition != "" {
			text = variable(q.typ, q.condition)
		}
		m, module := read(t, map[string]string{"a.tf": text}), fmt.Sprintf("m%d", i)
		if err := os.Mkdir(filepath.Join(dir, module), 0o700); err != nil {
			t.Fatal(err)
		}
		save(module+"/a.tf", text)
		schema := m.Spec.Properties["x"]
		for value := range strings.FieldsSeq(q.values) {
			fmt.Fprintf(&calls, "module \"c%d\" {\n  source = \"./%s\"\n  x = %s\n}\n", len(asked), module, value)
			asked = append(asked, q.typ+" "+q.condition+": "+value)
			api = append(api, answer{
				takes:  openapi.Accepts(&schema, apiextensionsv1.JSON{Raw: []byte(value)}) == nil,
				unsure: len(m.Findings) > 0,
			})
		}
	}
	save("main.tf", calls.String())
	refused := refusedByTerraform(t, program, dir)
	for i, question := range asked {
		switch takes := !refused[i]; {
		case takes && !api[i].takes:
			t.Errorf("%s\nTerraform takes it, and the API does not", question)
		case !takes && api[i].takes && !api[i].unsure:
			t.Errorf("%s\nTerraform refuses it, and the API does not", question)
		}
	}
}

// TestTerraformTakesTheExample calls a module with what the API server keeps of
// the example request: with all its defaults.
func TestTerraformTakesTheExample(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"variables.tf", "more.tf.json"} { // that need no provider
		data, err := os.ReadFile(filepath.Join("testdata", "vpc", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := scaffold.Write(dir, []scaffold.File{{Path: "vpc/" + name, Data: data}}, scaffold.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := terraform.Read(os.DirFS(filepath.Join(dir, "vpc")), "vpc")
	if err != nil {
		t.Fatal(err)
	}
	files, _, err := scaffold.Translate(scaffold.PromiseOptions{Name: "vpc", Group: "acme.org", Kind: "Network"}, m.Content(terraform.Options{Source: "./vpc"}))
	if err != nil {
		t.Fatal(err)
	}
	p := scaffoldtest.Works(t, files)
	request, err := promise.LoadRequest(filepath.Join(p.Dir, "example-resource.yaml"), p)
	if err != nil {
		t.Fatal(err)
	}
	call, _ := request.Admitted["spec"].(map[string]any)
	if len(call) < 30 {
		t.Errorf("%d arguments", len(call))
	}
	call["source"] = "./vpc"
	data, err := json.Marshal(map[string]any{"module": map[string]any{"vpc": call}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	refusedByTerraform(t, program, dir) // all that is not in main.tf is an error
}

// An answer is that of an API, which may be unsure of what it takes.
type answer struct{ takes, unsure bool }

// refusedByTerraform plans a configuration of calls of four lines each, and tells
// which of them Terraform refuses.
func refusedByTerraform(t *testing.T, program, dir string) map[int]bool {
	t.Helper()
	run := func(args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_DATA_DIR=", "TF_CLI_ARGS=")
		out, _ := cmd.Output() // that it refuses is an answer
		return out
	}
	planned := false
	run("init", "-backend=false", "-input=false", "-no-color")
	refused := map[int]bool{}
	for line := range bytes.Lines(run("plan", "-json", "-input=false", "-lock=false", "-refresh=false")) {
		var said struct {
			Type       string
			Diagnostic *struct {
				Severity, Summary, Detail string
				Range                     *struct {
					Filename string
					Start    struct{ Line int }
				}
			}
		}
		if err := json.Unmarshal(line, &said); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		d := said.Diagnostic
		planned = planned || d != nil || said.Type == "change_summary"
		switch {
		case d == nil || d.Severity != "error":
		case d.Range != nil && d.Range.Filename == "main.tf":
			refused[(d.Range.Start.Line-1)/4] = true
		default:
			t.Errorf("terraform: %s: %s", d.Summary, d.Detail)
		}
	}
	if !planned {
		t.Error("terraform has made no plan")
	}
	return refused
}
