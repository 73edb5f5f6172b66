// SPDX-License-Identifier: Apache-2.0

package terraform_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/kube/kubetest"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/scaffold/scaffoldtest"
	"github.com/kratix-tools/kratix/internal/scaffold/terraform"
)

// server is a real API server that knows Kratix.
var server = kubetest.Shared{Load: (*kubetest.Server).LoadCRDs}

func TestMain(m *testing.M) {
	defer server.Stop()
	m.Run()
}

func TestAPIServerAccepts(t *testing.T) {
	t.Parallel()
	scaffoldtest.Installs(t, server.Server(t), translate(t, false))
}

// golden compares text with a file below testdata. UPDATE_GOLDEN=1 writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func read(t *testing.T, files map[string]string) *terraform.Module {
	t.Helper()
	fs := fstest.MapFS{}
	for name, text := range files {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	m, err := terraform.Read(fs, "module")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// schemaOf is the schema of a variable x, as YAML, and what was found.
func schemaOf(t *testing.T, variable string) (schema, findings string) {
	t.Helper()
	m := read(t, map[string]string{"a.tf": variable})
	text, err := yaml.Marshal(m.Spec.Properties["x"])
	if err != nil {
		t.Fatal(err)
	}
	return string(text), string(scaffoldtest.Listed(m.Findings))
}

func TestModuleOfManyVariables(t *testing.T) {
	t.Parallel()
	m, err := terraform.Read(os.DirFS("testdata/vpc"), "vpc")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.Spec.Properties); n < 40 {
		t.Errorf("%d properties", n)
	}
	text, err := yaml.Marshal(m.Spec)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "vpc.yaml", string(text))
	golden(t, "vpc.findings", string(scaffoldtest.Listed(m.Findings)))
	if diff := cmp.Diff([]string{"arn", "region", "vpc_id"}, m.Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// TestPromiseWorks loads what is made of the module, in both layouts.
func TestPromiseWorks(t *testing.T) {
	t.Parallel()
	for _, split := range []bool{false, true} {
		files := translate(t, split)
		p := scaffoldtest.Works(t, files)
		scaffoldtest.Golden(t, map[bool]string{false: "testdata/flat", true: "testdata/split"}[split], files)
		if diff := cmp.Diff([]api.PromiseSelector{{MatchLabels: map[string]string{"environment": "terraform"}}}, p.Spec.DestinationSelectors); diff != "" {
			t.Errorf("selectors, split %t (-want +got):\n%s", split, diff)
		}
	}
}

func translate(t *testing.T, split bool) []scaffold.File {
	t.Helper()
	m, err := terraform.Read(os.DirFS("testdata/vpc"), "vpc")
	if err != nil {
		t.Fatal(err)
	}
	versions, err := os.ReadFile("testdata/vpc/versions.tf")
	if err != nil {
		t.Fatal(err)
	}
	o := terraform.Options{
		Source: "acme/vpc/aws", Version: "~> 5.0", Outputs: true,
		ProviderFiles: []terraform.ProviderFile{{Name: "versions.tf", Data: versions}},
	}
	if split {
		o.StageImage, o.DependenciesImage = "registry.acme.org/terraform-generate:v1", "registry.acme.org/vpc-dependencies:v1"
	}
	files, _, err := scaffold.Translate(scaffold.PromiseOptions{Name: "vpc", Group: "acme.org", Kind: "Network", Split: split}, m.Content(o))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, typ, condition, want string }{
		{"one of", "string", `contains(["b", "a"], var.x)`, "enum:\n- b\n- a\ntype: string\n"},
		{"one of numbers", "number", `contains([1, 2.5], var.x)`, "enum:\n- 1\n- 2.5\ntype: number\n"},
		{"one of a converted list", "string", `contains(toset(["a"]), var.x)`, "enum:\n- a\ntype: string\n"},
		{"two lists", "string", `contains(["a", "b"], var.x) && contains(["b", "c"], var.x)`, "enum:\n- b\ntype: string\n"},
		{"alternatives", "string", `var.x == "a" || "b" == var.x`, "enum:\n- a\n- b\ntype: string\n"},
		{"or null", "number", `var.x == null || (var.x > 1)`, "exclusiveMinimum: true\nminimum: 1\ntype: number\n"},
		{"or null, of several parts", "number", `var.x == null || (var.x >= 1 && var.x <= 9)`, "maximum: 9\nminimum: 1\ntype: number\n"},
		{"true if null", "number", `var.x == null ? true : var.x > 1`, "exclusiveMinimum: true\nminimum: 1\ntype: number\n"},
		{"true unless it is not null", "number", `null != var.x ? var.x > 1 : true`, "exclusiveMinimum: true\nminimum: 1\ntype: number\n"},
		{"or null, of several values", "string", `var.x == null || var.x == "a" || contains(["b"], var.x)`, "enum:\n- a\n- b\ntype: string\n"},
		{"a list or an empty text", "string", `var.x == "" || contains(["a", "b"], var.x)`, "enum:\n- \"\"\n- a\n- b\ntype: string\n"},
		{"empty or a pattern", "string", `var.x == "" || can(regex("^a|b$", var.x))`, "pattern: ^$|^a|b$\ntype: string\n"},
		{"an attribute or null", "object({a = optional(string)})", `var.x.a == null || contains(["b"], var.x.a)`, "properties:\n  a:\n    enum:\n    - b\n    type: string\ntype: object\n"},
		{"nothing but", "set(string)", `length(setsubtract(var.x, ["a", "b"])) == 0`, "items:\n  enum:\n  - a\n  - b\n  type: string\ntype: array\nx-kubernetes-list-type: set\n"},
		{"each value of a map", "map(number)", `alltrue([for v in values(var.x) : v > 0])`, "additionalProperties:\n  exclusiveMinimum: true\n  minimum: 0\n  type: number\ntype: object\n"},
		{"each of a list as a set", "list(number)", `alltrue([for v in toset(var.x) : v > 0])`, "items:\n  exclusiveMinimum: true\n  minimum: 0\n  type: number\ntype: array\n"},
		{"not null", "string", `var.x != null`, "type: string\n"},
		{"the narrower limit", "number", `var.x >= 1 && var.x > 1 && var.x >= 0`, "exclusiveMinimum: true\nminimum: 1\ntype: number\n"},
		{"whole", "number", `floor(var.x) == var.x && var.x > 0`, "exclusiveMinimum: true\nminimum: 0\ntype: integer\n"},
		{"a multiple", "number", `var.x % 5 == 0`, "multipleOf: 5\ntype: integer\n"},
		{"a text's length", "string", `length(var.x) > 2 && 8 > length(var.x)`, "maxLength: 7\nminLength: 3\ntype: string\n"},
		{"a text that is not empty", "string", `var.x != ""`, "minLength: 1\ntype: string\n"},
		{"a list's length", "list(string)", `length(var.x) == 2`, "items:\n  type: string\nmaxItems: 2\nminItems: 2\ntype: array\n"},
		{"a map's length", "map(bool)", `length(var.x) > 0`, "additionalProperties:\n  type: boolean\nminProperties: 1\ntype: object\n"},
		{"a pattern", "string", `can(regex("^a", var.x))`, "pattern: ^a\ntype: string\n"},
		{"two patterns", "string", `can(regex("^a", var.x)) && endswith(var.x, ".")`, "allOf:\n- pattern: \\.$\npattern: ^a\ntype: string\n"},
		{"a text that is not blank", "string", `length(trimspace(var.x)) > 0`, "pattern: \\S\ntype: string\n"},
		{"a text that is not blank, in other words", "string", `trimspace(var.x) != ""`, "pattern: \\S\ntype: string\n"},
		{"a text that begins so", "string", `length(var.x) > 4 && substr(var.x, 0, 4) == "ami-"`, "minLength: 5\npattern: ^ami-\ntype: string\n"},
		{"other than", "string", `var.x != "0.0.0.0/0"`, "not:\n  enum:\n  - 0.0.0.0/0\ntype: string\n"},
		{"none of", "number", `!contains([22, 25], var.x)`, "not:\n  enum:\n  - 22\n  - 25\ntype: number\n"},
		{"a network", "string", `can(cidrhost(var.x, 0))`, "format: cidr\ntype: string\n"},
		{"an attribute", "object({a = string})", `contains(["b"], var.x.a)`, "properties:\n  a:\n    enum:\n    - b\n    type: string\nrequired:\n- a\ntype: object\n"},
		{
			"each item", "set(number)", `alltrue([for v in var.x : v > 0 && v < 9])`,
			"items:\n  exclusiveMaximum: true\n  exclusiveMinimum: true\n  maximum: 9\n  minimum: 0\n  type: number\ntype: array\nx-kubernetes-list-type: set\n",
		},
		{
			"each attribute", "list(object({a = string}))", `alltrue([for v in var.x : v.a != ""])`,
			"items:\n  properties:\n    a:\n      minLength: 1\n      type: string\n  required:\n  - a\n  type: object\ntype: array\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			schema, findings := schemaOf(t, variable(test.typ, test.condition))
			if diff := cmp.Diff(test.want, schema); diff != "" || findings != "" {
				t.Errorf("%s (-want +got):\n%s%s", test.condition, diff, findings)
			}
		})
	}
}

func variable(typ, condition string) string {
	return "variable \"x\" {\n  type = " + typ + "\n  validation {\n    condition = " + condition + "\n    error_message = \"No.\"\n  }\n}\n"
}

// TestConditionsThatStayWithTerraform leaves the schema as it was.
func TestConditionsThatStayWithTerraform(t *testing.T) {
	t.Parallel()
	for condition, typ := range map[string]string{
		`contains(["a"], lower(var.x))`:                   "string",
		`contains(var.y, var.x)`:                          "string",
		`contains([], var.x)`:                             "string",
		`var.x == "a" || var.y == "b"`:                    "string",
		`var.x == "a" || length(var.x) > 3`:               "string",
		`length(trimspace(var.x)) > 1`:                    "string",
		`substr(var.x, 1, 2) == "ab"`:                     "string",
		`substr(var.x, 0, 3) == "ab"`:                     "string",
		`!can(regex("a", var.x))`:                         "string",
		`length(var.x) != 3`:                              "string",
		`can(regex(var.y, var.x))`:                        "string",
		`can(cidrhost(var.x, 5))`:                         "string",
		`can(regex("^1", var.x))`:                         "number",
		`var.y > 1`:                                       "number",
		`var.x == null || (var.x > 1 && sqrt(var.x) > 2)`: "number",
		`anytrue([for v in var.x : v == "a"])`:            "list(string)",
		`alltrue([for v in var.x : v != "" if v != "b"])`: "list(string)",
		`alltrue([for k, v in var.x : length(k) > 3])`:    "map(string)",
		`length(var.x) == length(distinct(var.x))`:        "list(string)",
		`var.x.a == null || var.x.b > 3`:                  "object({a = optional(number), b = number})",
		`var.x.a == null || var.x.b == 3`:                 "object({a = optional(number), b = number})",
		`var.x == null`:                                   "string",
		`var.x == null ? false : var.x != ""`:             "string",
		`var.x == null || var.y == "a"`:                   "string",
		`alltrue([for k in keys(var.x) : k != ""])`:       "map(string)",
		`length(setsubtract(["a"], var.x)) == 0`:          "list(string)",
		`var.x["a"] == "b"`:                               "map(string)",
		`contains(["a"], var.x)`:                          "list(string)",
		`try(length(var.x.a) > 1, true)`:                  "object({a = string})",
	} {
		t.Run(condition, func(t *testing.T) {
			t.Parallel()
			plain, _ := schemaOf(t, "variable \"x\" {\n  type = "+typ+"\n}\n")
			schema, findings := schemaOf(t, variable(typ, condition))
			if diff := cmp.Diff(plain, schema); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := "note: module/a.tf:1: spec.x: the API cannot check " + condition + ": Terraform does\n"; findings != want {
				t.Errorf("found %q, want %q", findings, want)
			}
		})
	}
}

// TestConditionsInPart says what can be said, and tells the rest.
func TestConditionsInPart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ typ, condition, want, rest string }{
		{"number", `var.x > 1 && var.x < var.y`, "exclusiveMinimum: true\nminimum: 1\ntype: number\n", `var.x < var.y`},
		{
			"map(string)", `alltrue([for k, v in var.x : can(regex("^[a-z]+$", k)) && length(v) <= 63])`,
			"additionalProperties:\n  maxLength: 63\n  type: string\ntype: object\n", `can(regex("^[a-z]+$", k))`,
		},
		{
			"list(list(number))", `alltrue([for l in var.x : alltrue([for n in l : n > 0 && sqrt(n) > 2])])`,
			"items:\n  items:\n    exclusiveMinimum: true\n    minimum: 0\n    type: number\n  type: array\ntype: array\n", `sqrt(n) > 2`,
		},
	} {
		schema, findings := schemaOf(t, variable(test.typ, test.condition))
		if diff := cmp.Diff(test.want, schema); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.condition, diff)
		}
		if want := "note: module/a.tf:1: spec.x: the API cannot check " + test.rest + ": Terraform does\n"; findings != want {
			t.Errorf("%s: found %q, want %q", test.condition, findings, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]fstest.MapFS{
		"module has no Terraform files": {"main.txt": {Data: []byte("variable \"x\" {}")}},
		`a.tf:1: "count" is no name`:    {"a.tf": {Data: []byte("variable \"count\" {}")}},
		`a.tf:1: "a.b" is no name`:      {"a.tf": {Data: []byte("variable \"a.b\" {}")}},
		"a.tf:1:":                       {"a.tf": {Data: []byte("variable \"x\" {")}},
		"a.tf:2:":                       {"a.tf": {Data: []byte("\nvariable \"x\" \"y\" {}")}},
	} {
		_, err := terraform.Read(files, "module")
		if diag.ExitCode(err) != diag.ExitInput || !strings.Contains(err.Error(), name) {
			t.Errorf("error of class %d, without %q: %v", diag.ExitCode(err), name, err)
		}
	}
}

func TestOverridesReplaceAttributes(t *testing.T) {
	t.Parallel()
	m := read(t, map[string]string{
		"z.tf":          "variable \"x\" {\n  type = number\n  default = 1\n  description = \"A.\"\n}\n",
		"override.tf":   "variable \"x\" {\n  default = 2\n}\n",
		"a_override.tf": "variable \"x\" {\n  default = 3\n}\n",
		".b.tf":         "variable \"y\" {}\n",
	})
	text, err := yaml.Marshal(m.Spec.Properties)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("x:\n  default: 2\n  description: A.\n  type: number\n", string(text)); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

// TestDeliveryWritesTheFiles runs what the Pipeline runs.
func TestDeliveryWritesTheFiles(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	want := "a = \"$${b} $(c) 'd'\"\nEND\nlast"
	m := read(t, map[string]string{"a.tf": "variable \"x\" {}\n"})
	c := m.Content(terraform.Options{Source: "./a", ProviderFiles: []terraform.ProviderFile{{Name: "it's.tf", Data: []byte(want)}}}).Pipelines[0].Containers[0]
	dir := t.TempDir()
	script := strings.ReplaceAll(strings.ReplaceAll(c.Args[0], "$$", "$"), "/kratix/output", dir) // as Kubernetes takes args
	if out, err := exec.CommandContext(t.Context(), sh, "-euc", script).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, err := os.ReadFile(filepath.Join(dir, "it's.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want+"\n", string(got)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

// FuzzRead holds the property that of whatever Terraform takes for a module a
// Promise can be made that Kratix and the API server accept.
func FuzzRead(f *testing.F) {
	vpc, err := os.ReadFile("testdata/vpc/variables.tf")
	if err != nil {
		f.Fatal(err)
	}
	for seed := range strings.SplitSeq(string(vpc), "\n}\n") {
		f.Add(seed + "\n}\n")
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := terraform.Read(fstest.MapFS{"a.tf": {Data: []byte(text)}}, "module")
		if err != nil {
			return
		}
		content := m.Content(terraform.Options{Source: "./module"})
		_, _, err = scaffold.Translate(scaffold.PromiseOptions{Name: "vpc", Group: "acme.org", Kind: "Network"}, content)
		if err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	})
}
