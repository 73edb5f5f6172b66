// SPDX-License-Identifier: Apache-2.0

package promise_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// apiHead and apiTail are around the schema of spec in the tests below.
const apiHead = head + `spec:
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.acme.org} # both names
    spec:
      group: acme.org
      scope: Namespaced
      names: {kind: Thing, plural: things, singular: thing}
      versions:
      - name: v1
        served: true
        storage: true
        schema:
          openAPIV3Schema:
            type: object
            properties:
              spec: # what people ask for
`

const apiTail = "  # no workflows\n"

func TestUpdateAPIProperties(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		properties, spec, want string
		notes                  []string
	}{
		"the first property": {
			"size:string", "type: object\ndefault: {}\n",
			"type: object\ndefault: {}\nproperties:\n  size:\n    type: string\n", nil,
		},
		"a nested one": {
			"db.size:integer", "type: object\nproperties:\n  # the name\n  name: {type: string} # short\n",
			"type: object\nproperties:\n  # the name\n  name: {type: string} # short\n  db:\n    type: object\n    properties:\n      size:\n        type: integer\n", nil,
		},
		"a nested one, with spec in front": {
			"spec.db.size:integer", "type: object\nproperties:\n  db:\n    type: object\n    description: d\n",
			"type: object\nproperties:\n  db:\n    type: object\n    description: d\n    properties:\n      size:\n        type: integer\n", nil,
		},
		"between braces": {
			"size:boolean", "{type: object, properties: {name: {type: string}}} # short\n",
			"{type: object, properties: {name: {type: string}, size: {type: boolean}}} # short\n", nil,
		},
		"lists and maps": {
			"tags:string[] labels:string{} ports:int-or-string[] rest:any", "type: object\n",
			"type: object\nproperties:\n  tags:\n    type: array\n    items:\n      type: string\n  labels:\n    type: object\n    additionalProperties:\n      type: string\n" +
				"  ports:\n    type: array\n    items:\n      x-kubernetes-int-or-string: true\n  rest:\n    x-kubernetes-preserve-unknown-fields: true\n", nil,
		},
		"a property of items": {
			"disks[].size:string disks[].kind:string", "type: object\n",
			"type: object\nproperties:\n  disks:\n    type: array\n    items:\n      type: object\n      properties:\n        size:\n          type: string\n        kind:\n          type: string\n", nil,
		},
		"keywords": {
			`size:string,enum=[small,large],default=small,description="How-big,-roughly" count:integer,minimum=1,default=3,nullable`, "type: object\n",
			"type: object\nproperties:\n  size:\n    type: string\n    enum:\n    - small\n    - large\n    default: small\n    description: How-big,-roughly\n" +
				"  count:\n    type: integer\n    minimum: 1\n    default: 3\n    nullable: true\n", nil,
		},
		"enum with bars": {
			"size:integer,enum=1|2", "type: object\n",
			"type: object\nproperties:\n  size:\n    type: integer\n    enum:\n    - 1\n    - 2\n", nil,
		},
		"one keyword of a property": {
			"size,default=5 size,description-", "type: object\nproperties:\n  size: # how big\n    type: integer\n    description: x\n    default: 3 # three\n",
			"type: object\nproperties:\n  size: # how big\n    type: integer\n    default: 5 # three\n", nil,
		},
		"the type that it has": {
			"size:string", "type: object\nproperties:\n  size: {type: string, default: a, enum: [a]}\n",
			"type: object\nproperties:\n  size: {type: string, default: a, enum: [a]}\n", nil,
		},
		"another type": {
			"size:integer", "type: object\nproperties:\n  size:\n    description: how big\n    type: string # text\n    default: a\n    pattern: ^a\n    nullable: true\n",
			"type: object\nproperties:\n  size:\n    description: how big\n    type: integer # text\n    nullable: true\n",
			[]string{"spec.size: dropped default, pattern, which an integer cannot have as it was"},
		},
		"a wider type": {
			"size:number", "type: object\nproperties:\n  size: {type: integer, default: 3, minimum: 1}\n",
			"type: object\nproperties:\n  size: {type: number, default: 3, minimum: 1}\n", nil,
		},
		"required, with a default for spec": {
			"size:string,required", "type: object\ndefault: {} # none\nproperties: {}\n",
			"type: object\nproperties:\n  size:\n    type: string\nrequired:\n- size\n",
			[]string{"spec: dropped its default, which has no size"},
		},
		"optional again": {
			"size,optional", "type: object\nrequired: [size, name]\nproperties: {size: {type: string}, name: {type: string}}\n",
			"type: object\nrequired: [name]\nproperties: {size: {type: string}, name: {type: string}}\n", nil,
		},
		"removed": {
			"size-", "type: object\nrequired:\n- size\n- name # always\nproperties:\n  # how big\n  size:\n    type: string\n  name: {type: string}\n",
			"type: object\nrequired:\n- name # always\nproperties:\n  name: {type: string}\n", nil,
		},
		"the last one removed": {
			"size-", "type: object\nrequired: [size]\nproperties:\n  size:\n    type: string\n", "type: object\n", nil,
		},
		"removed from a default": {
			"db.size-", "type: object\nproperties:\n  db:\n    type: object\n    default: {size: 1, n: 2}\n    properties: {size: {type: integer}, n: {type: integer}}\n",
			"type: object\nproperties:\n  db:\n    type: object\n    default: {n: 2}\n    properties: {n: {type: integer}}\n", nil,
		},
		"removed though it is not there": {
			"siz-", "type: object\nproperties: {size: {type: string}}\n", "type: object\nproperties: {size: {type: string}}\n",
			[]string{"there is no spec.siz to remove", "hint: did you mean size?"},
		},
		"a name with dots": {
			"[a.b/c]:string [a.b/c],default=x", "type: object\n",
			"type: object\nproperties:\n  a.b/c:\n    type: string\n    default: x\n", nil,
		},
		"a list of another type": {
			"tags:integer[]", "type: object\nproperties:\n  tags: {type: array, minItems: 1, items: {type: string, pattern: a}}\n",
			"type: object\nproperties:\n  tags: {type: array, minItems: 1, items: {type: integer}}\n",
			[]string{"spec.tags[]: dropped pattern, which an integer cannot have as it was"},
		},
		"an open object stays open": {
			"db.size:string", "type: object\nproperties:\n  db: {type: object, x-kubernetes-preserve-unknown-fields: true}\n",
			"type: object\nproperties:\n  db: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {size: {type: string}}}\n", nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := apiHead + indented(16, test.spec) + apiTail
			if strings.HasPrefix(test.spec, "{") {
				text = strings.Replace(apiHead, "spec: # what people ask for\n", "spec: ", 1) + test.spec + apiTail
			}
			u, err := load(t, text).UpdateAPI(promise.APIChange{Properties: parseProperties(t, test.properties)})
			if err != nil {
				t.Fatalf("%v\nhints: %q", err, diag.Hints(err))
			}
			want := apiHead + indented(16, test.want) + apiTail
			if strings.HasPrefix(test.spec, "{") {
				want = strings.Replace(apiHead, "spec: # what people ask for\n", "spec: ", 1) + test.want + apiTail
			}
			if name == "required, with a default for spec" {
				want = strings.Replace(want, apiTail, "            required:\n            - spec\n"+apiTail, 1)
			}
			got := text
			if len(u.Edits) > 0 {
				got = string(u.Edits[0].Data)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("promise.yaml (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.notes, notesOf(u)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func parseProperties(t *testing.T, texts string) []promise.PropertyChange {
	t.Helper()
	var changes []promise.PropertyChange
	for text := range strings.FieldsSeq(texts) {
		c, err := promise.ParseProperty(text)
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, c)
	}
	return changes
}

func notesOf(u promise.Update) []string {
	var notes []string
	for _, f := range u.Notes {
		notes = append(notes, f.Message)
		if f.Hint != "" {
			notes = append(notes, "hint: "+f.Hint)
		}
	}
	return notes
}

func TestUpdateAPIRefuses(t *testing.T) {
	t.Parallel()
	const spec = "type: object\nproperties:\n  size: {type: string}\n  tags: {type: array, items: {type: string}}\n  labels: {type: object, additionalProperties: {type: string}}\n"
	for text, want := range map[string]string{
		"size.sub:string":             `spec.size is a string, so it has no property "sub"`,
		"tags.name:string":            `spec.tags is a list, so it has no property "name"`,
		"labels.a:string":             `spec.labels is a map, so it has no property "a" of its own`,
		"size[]:string":               "spec.size is a string, so it has no items",
		"sise,default=a":              "there is no spec.sise to change",
		"tags,pattern=a":              "pattern is nothing that an array has",
		"size,minimum=1":              "minimum is nothing that a string has",
		"n:integer,default=x":         "x is no integer",
		"tags[]-":                     "spec.tags[] is no property",
		"tags[],required":             "spec.tags[] is no property, so it cannot be required",
		"p:string,pattern=(":          "nothing is written, since Kratix would refuse the edited Promise",
		"x:string,enum=[a],default=b": "nothing is written, since Kratix would refuse the edited Promise",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			u, err := load(t, apiHead+indented(16, spec)+apiTail).UpdateAPI(promise.APIChange{Properties: parseProperties(t, text)})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s\n%v", err, want, u.Edits)
			}
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("exit code %d", diag.ExitCode(err))
			}
		})
	}
}

func TestParsePropertyRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "a name in it is empty",
		":string":               "a name in it is empty",
		".:string":              "a name in it is empty",
		"a..b:string":           "a name in it is empty",
		"-":                     "a name in it is empty",
		"[]:string":             "a name in it is empty",
		"a":                     "there is no type",
		"a:array":               `"array" is no type`,
		"a:strng":               `"strng" is no type`,
		"a:string:b":            `"string:b" is no type`,
		"a b:string":            `"a b" is no name of a property`,
		"a:string,defalt=x":     `"defalt" is no keyword that can be set`,
		"a:string,default":      "default needs a value, as default=VALUE",
		"a:string,required=yes": "required takes no value",
		"a:string,minLength=-1": "minLength=-1: want a whole number of at least 0",
		"a:integer,minimum=low": "minimum=low: want a number",
		"a:string,enum=[b":      "a quote or a bracket in it is not closed",
		"[a.b:string":           "a quote or a bracket in it is not closed",
		"a]:string":             "a quote or a bracket in it is not closed",
	} {
		c, err := promise.ParseProperty(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseProperty(%q) gives %+v and the error %v, want %s", text, c, err, want)
		}
	}
}

func FuzzParseProperty(f *testing.F) {
	for _, seed := range []string{"a:string", "a.b[].c{}:integer[],enum=[1,2],default=1,required", "[a.b]-", `a,description="x,y"`, "", "-", "[]", "{}", "a{"} {
		f.Add(seed)
	}
	p, err := promise.Load("testdata/promises/redis.yaml")
	if err != nil {
		f.Fatal(err)
	}
	before, err := os.ReadFile("testdata/promises/redis.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := promise.ParseProperty(text)
		if err != nil {
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("error of class %d: %v", diag.ExitCode(err), err)
			}
			return
		}
		u, err := p.UpdateAPI(promise.APIChange{Properties: []promise.PropertyChange{c}})
		if err != nil {
			if diag.ExitCode(err) != diag.ExitInput {
				t.Errorf("error of class %d: %v", diag.ExitCode(err), err)
			}
			return
		}
		if len(u.Edits) == 0 {
			return
		}
		after, err := p.With(u.Edits)
		if err != nil {
			t.Fatalf("%v\n%s", err, u.Edits[0].Data)
		}
		if _, err := after.CRD(); err != nil {
			t.Errorf("%v\nbefore:\n%s\nafter:\n%s", err, before, u.Edits[0].Data)
		}
	})
}

func TestUpdateAPINames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := strings.Replace(apiHead, "singular: thing", "singular: thing, listKind: ThingList", 1) + indented(16, "type: object\n") +
		"              kind: {type: string, enum: [Thing]}\n              apiVersion: {type: string, enum: [acme.org/v1]}\n"
	writeFile(t, filepath.Join(dir, "promise.yaml"), text)
	writeFile(t, filepath.Join(dir, "example-resource.yaml"), "# example\napiVersion:  acme.org/v1 # group\nkind: Thing\nmetadata: {name: a}\n")
	writeFile(t, filepath.Join(dir, "tests/resource-configure/small/request.yaml"), "kind: \"Thing\"\napiVersion: acme.org/v2\n---\nkind: Other\n---\nkind: Thing\napiVersion: acme.org/v1\n")
	writeFile(t, filepath.Join(dir, "tests/resource-configure/other/request.yaml"), "kind: Thing\napiVersion: other.org/v1\n")
	p, err := promise.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	u, err := p.UpdateAPI(promise.APIChange{Group: "example.com", Kind: "Gadget", Version: "v1beta1"})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(
		"things.acme.org", "things.example.com", "group: acme.org", "group: example.com", "kind: Thing,", "kind: Gadget,",
		"singular: thing", "singular: gadget", "ThingList", "GadgetList", "- name: v1\n", "- name: v1beta1\n", "[Thing]", "[Gadget]", "[acme.org/v1]", "[example.com/v1beta1]",
	).Replace(text)
	got := map[string]string{}
	for _, e := range u.Edits {
		name, _ := filepath.Rel(dir, e.File)
		got[filepath.ToSlash(name)] = string(e.Data)
	}
	if diff := cmp.Diff(map[string]string{
		"promise.yaml":          want,
		"example-resource.yaml": "# example\napiVersion:  example.com/v1beta1 # group\nkind: Gadget\nmetadata: {name: a}\n",
		"tests/resource-configure/small/request.yaml": "kind: \"Gadget\"\napiVersion: example.com/v2\n---\nkind: Other\n---\nkind: Gadget\napiVersion: example.com/v1beta1\n",
	}, got); diff != "" {
		t.Errorf("edits (-want +got):\n%s", diff)
	}
}

func TestUpdateSelectors(t *testing.T) {
	t.Parallel()
	const rest = "  workflows: {}\n"
	tests := map[string]struct{ changes, text, want string }{
		"the first":         {"environment=dev", "spec:\n" + rest, "spec:\n" + rest + "  destinationSelectors:\n  - matchLabels:\n      environment: dev\n"},
		"another":           {"zone=1", "spec:\n  destinationSelectors:\n  - matchLabels: {a: b} # c\n" + rest, "spec:\n  destinationSelectors:\n  - matchLabels: {a: b, zone: \"1\"} # c\n" + rest},
		"where it is":       {"b=3", "spec:\n  destinationSelectors:\n  - matchLabels: {a: b}\n  - matchLabels:\n      b: c # d\n", "spec:\n  destinationSelectors:\n  - matchLabels: {a: b}\n  - matchLabels:\n      b: \"3\" # d\n"},
		"removed":           {"a-", "spec:\n  destinationSelectors:\n  - matchLabels: {a: b, c: d}\n  - matchLabels: {a: x}\n", "spec:\n  destinationSelectors:\n  - matchLabels: {c: d}\n"},
		"the last removed":  {"a-", "spec:\n  destinationSelectors:\n  - matchLabels: {a: b}\n" + rest, "spec:\n" + rest},
		"in empty brackets": {"a=b", "spec:\n  destinationSelectors: []\n", "spec:\n  destinationSelectors:\n  - matchLabels:\n      a: b\n"},
		"with a slash":      {"acme.org/a=b", "spec:\n  destinationSelectors:\n  - matchLabels: {acme.org/a: c}\n", "spec:\n  destinationSelectors:\n  - matchLabels: {acme.org/a: b}\n"},
		"an empty entry":    {"a=b", "spec:\n  destinationSelectors:\n  - {}\n", "spec:\n  destinationSelectors:\n  - matchLabels:\n      a: b\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes, err := promise.ParseSelectors(strings.Fields(test.changes))
			if err != nil {
				t.Fatal(err)
			}
			u, err := load(t, head+test.text).UpdateSelectors(changes)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(head+test.want, string(u.Edits[0].Data)); diff != "" {
				t.Errorf("promise.yaml (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUpdateThereAndBack edits every Promise of testdata and takes the edit
// back: what is left is the same file, byte for byte.
func TestUpdateThereAndBack(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/promises/*.yaml")
	edits := map[string][2]func(*promise.Promise) (promise.Update, error){
		"a property": {
			func(p *promise.Promise) (promise.Update, error) {
				return p.UpdateAPI(promise.APIChange{Properties: parseProperties(t, "brandNew:string,default=a,description=x")})
			},
			func(p *promise.Promise) (promise.Update, error) {
				return p.UpdateAPI(promise.APIChange{Properties: parseProperties(t, "brandNew-")})
			},
		},
		"a selector": {
			func(p *promise.Promise) (promise.Update, error) {
				return p.UpdateSelectors([]promise.SelectorChange{{Key: "acme.org/new", Value: "1"}})
			},
			func(p *promise.Promise) (promise.Update, error) {
				return p.UpdateSelectors([]promise.SelectorChange{{Key: "acme.org/new", Remove: true}})
			},
		},
	}
	for _, file := range files {
		for name, edit := range edits {
			t.Run(filepath.Base(file)+" "+name, func(t *testing.T) {
				t.Parallel()
				p, err := promise.Load(file)
				if err != nil {
					t.Fatal(err)
				}
				if name == "a property" && !p.HasAPI() {
					t.Skip("it has no API")
				}
				var last []byte
				for _, step := range edit {
					u, err := step(p)
					if err != nil {
						t.Fatalf("%v\nhints: %q", err, diag.Hints(err))
					}
					if p, err = p.With(u.Edits); err != nil {
						t.Fatal(err)
					}
					last = u.Edits[0].Data
				}
				if name == "a property" && strings.HasSuffix(file, "redis.yaml") {
					t.Skip("it describes no spec, and does afterwards")
				}
				if diff := cmp.Diff(string(readFile(t, file)), string(last)); diff != "" {
					t.Errorf("there and back (-want +got):\n%s", diff)
				}
			})
		}
	}
}
