// SPDX-License-Identifier: Apache-2.0

package terraform

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-config-inspect/tfconfig"
	"github.com/zclconf/go-cty/cty"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A Module is what a Terraform module says of itself.
type Module struct {
	// Spec is the schema of what the module asks for: a property for each
	// variable.
	Spec apiextensionsv1.JSONSchemaProps
	// Outputs are the names of what it gives, sorted.
	Outputs []string
	// Providers are the names of the providers that it configures itself. A
	// module that is called by others should have none.
	Providers []string
	// Findings tell what the schema cannot say, in file order.
	Findings []diag.Finding
}

// Read reads the module in the root of files: all *.tf and *.tf.json, overrides
// last, as Terraform does. Dir is what its files are called in findings. A module
// that Terraform would not load is an input error.
func Read(files fs.FS, dir string) (*Module, error) {
	source := tfconfig.WrapFS(files)
	if !tfconfig.IsModuleDirOnFilesystem(source, ".") {
		err := diag.Inputf("%s has no Terraform files", cmp.Or(dir, "the module"))
		return nil, diag.Hint(err, "name the directory that has the module's *.tf files; //DIR at the end of a source is a directory in it")
	}
	inspected, problems := tfconfig.LoadModuleFromFilesystem(source, ".")
	if problems.HasErrors() {
		return nil, diag.Problems("reading the Terraform module", asFindings(problems, dir))
	}
	blocks, err := readBlocks(files)
	if err != nil {
		return nil, diag.Inputf("%s: %w", dir, err)
	}
	if err := checkNames(blocks, dir); err != nil {
		return nil, err
	}
	m := &Module{Spec: apiextensionsv1.JSONSchemaProps{Type: "object"}, Outputs: slices.Sorted(maps.Keys(inspected.Outputs))}
	for _, p := range inspected.ProviderConfigs {
		m.Providers = append(m.Providers, p.Name)
	}
	slices.Sort(m.Providers)
	m.Providers = slices.Compact(m.Providers) // one may have several, by alias
	for _, name := range slices.Sorted(maps.Keys(blocks)) {
		v := variable{name: name, block: *blocks[name]}
		v.at.File = filepath.Join(dir, v.at.File)
		m.add(v)
	}
	slices.SortStableFunc(m.Findings, diag.ByPosition)
	return m, nil
}

// checkNames refuses the names that Terraform has for no variable: a call of the
// module could not give it a value.
func checkNames(blocks map[string]*block, dir string) error {
	reserved := []string{"source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"}
	var found []diag.Finding
	for _, name := range slices.Sorted(maps.Keys(blocks)) {
		if hclsyntax.ValidIdentifier(name) && !slices.Contains(reserved, name) {
			continue
		}
		at := blocks[name].at
		at.File = filepath.Join(dir, at.File)
		found = append(found, diag.Finding{Severity: diag.SeverityError, Position: at, Message: fmt.Sprintf("%q is no name that Terraform takes for a variable", name)})
	}
	return diag.Problems("reading the Terraform module", found)
}

// add makes a property of a variable.
func (m *Module) add(v variable) {
	schema, required := v.schema()
	if m.Spec.Properties == nil {
		m.Spec.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
	}
	m.Spec.Properties[v.name] = *schema
	if required {
		m.Spec.Required = append(m.Spec.Required, v.name)
	}
	m.Findings = append(m.Findings, v.findings...)
}

func asFindings(problems tfconfig.Diagnostics, dir string) []diag.Finding {
	var found []diag.Finding
	for _, p := range problems {
		if p.Severity != tfconfig.DiagError {
			continue
		}
		f := diag.Finding{Severity: diag.SeverityError, Message: p.Summary, Position: diag.Position{File: dir}}
		if p.Detail != "" {
			f.Message += ": " + p.Detail
		}
		if p.Pos != nil {
			f.Position = diag.Position{File: filepath.Join(dir, p.Pos.Filename), Line: p.Pos.Line}
		}
		found = append(found, f)
	}
	return found
}

// A block is all that the files of a module say of one variable.
type block struct {
	at         diag.Position // where it is declared first
	typ        string        // as it is written
	attributes map[string]hcl.Expression
	conditions []condition
}

// readBlocks reads the variables of all files, by name.
func readBlocks(files fs.FS) (map[string]*block, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	blocks, parser := map[string]*block{}, hclparse.NewParser()
	for _, name := range inOrder(entries) {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		parse := parser.ParseHCL
		if filepath.Ext(name) == ".json" {
			parse = parser.ParseJSON
		}
		file, problems := parse(data, name)
		if problems.HasErrors() {
			return nil, problems
		}
		if err := collect(file, blocks); err != nil {
			return nil, err
		}
	}
	return blocks, nil
}

// collect reads the variables of one file. What it says replaces what files
// before it said, attribute by attribute, as overrides do.
func collect(file *hcl.File, blocks map[string]*block) error {
	content, _, problems := file.Body.PartialContent(&hcl.BodySchema{
		Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}},
	})
	if problems.HasErrors() {
		return problems
	}
	for _, found := range content.Blocks {
		name, at := found.Labels[0], found.DefRange
		if blocks[name] == nil {
			blocks[name] = &block{
				at:         diag.Position{File: at.Filename, Line: at.Start.Line},
				attributes: map[string]hcl.Expression{},
			}
		}
		if err := blocks[name].merge(found.Body, file); err != nil {
			return err
		}
	}
	return nil
}

// merge adds what one declaration says.
func (b *block) merge(body hcl.Body, file *hcl.File) error {
	schema := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "validation"}}}
	for _, name := range []string{"type", "description", "default", "nullable", "sensitive", "deprecated"} {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	content, _, problems := body.PartialContent(schema)
	if problems.HasErrors() {
		return problems
	}
	for name, a := range content.Attributes {
		b.attributes[name] = a.Expr
	}
	if a, ok := content.Attributes["type"]; ok {
		b.typ = typeText(a.Expr, file.Bytes)
	}
	if conditions := conditionsOf(content.Blocks, file); len(conditions) > 0 {
		b.conditions = conditions
	}
	return nil
}

// typeText is a type as it is written; in JSON, and in HCL before Terraform 0.12,
// it is in quotes.
func typeText(e hcl.Expression, source []byte) string {
	if value, problems := e.Value(nil); !problems.HasErrors() && value.Type() == cty.String && value.IsKnown() && !value.IsNull() {
		return strings.TrimSpace(value.AsString())
	}
	return strings.TrimSpace(string(e.Range().SliceBytes(source)))
}

func conditionsOf(validations hcl.Blocks, file *hcl.File) []condition {
	var conditions []condition
	for _, v := range validations {
		attributes, _ := v.Body.JustAttributes() // what else it has is Terraform's to refuse
		if a, ok := attributes["condition"]; ok {
			conditions = append(conditions, newCondition(a.Expr, file.Bytes))
		}
	}
	return conditions
}
