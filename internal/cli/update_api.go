// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
)

type updateAPIOptions struct {
	updateFlags

	group, kind, plural, version string
	properties                   []string
}

func newUpdateAPICmd(env *Env) *cobra.Command {
	var opts updateAPIOptions
	cmd := &cobra.Command{
		Use:   "api [--property NAME:TYPE]...",
		Short: "Change what users can ask for: properties and names of the API",
		Long: `Change the API of a Promise: the properties of a request's spec, and the names
of the API.

A property is written NAME:TYPE, followed by keywords of its schema.

  size:integer                       a property; db.size is one of an object db
  size:integer,default=3,minimum=1   with keywords: enum=[a,b], description="...",
                                     format, pattern, maximum, minLength, nullable,
                                     required, optional and others
  tags:string[]                      a list; disks[].size is a property of its items
  labels:string{}                    a map; labels{} stands for its values
  size,default=5                     the type stays, a keyword changes
  size,default-                      a keyword is removed
  size-                              the property is removed

Types are string, integer, number, boolean, object, int-or-string and any. A
leading "spec." may be left out, and a name with dots is put in brackets:
[acme.org/tier]:string. A property that gets another type keeps what that type
can have; what it cannot is dropped, and told.

Properties change in all versions of the API, or in the one that --version
names. If the API has one version, and it has another name, --version gives it
that name. New names are carried into example-resource.yaml and the request.yaml
of every test case.`,
		Example: `  kratix update api --property spec.tier:string,enum=[gold,silver],default=silver --property 'spec.tags:string[]'

  # see what would change
  kratix update api --kind Database --plural databases --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runUpdateAPI(env, opts) },
	}
	opts.register(cmd)
	flags := cmd.Flags()
	flags.StringArrayVarP(&opts.properties, "property", "p", nil, "`PROPERTY` to add, change or remove, as NAME:TYPE or NAME-; can be repeated")
	flags.StringVarP(&opts.group, "group", "g", "", "new `GROUP` of the API")
	flags.StringVarP(&opts.kind, "kind", "k", "", "new `KIND` of the API")
	flags.StringVar(&opts.plural, "plural", "", "new `PLURAL` of the kind")
	flags.StringVarP(&opts.version, "version", "v", "", "the `VERSION` to change, or a new name for the only one")
	return cmd
}

func runUpdateAPI(env *Env, opts updateAPIOptions) error {
	change, err := opts.change()
	if err != nil {
		return err
	}
	p, err := opts.load()
	if err != nil {
		return err
	}
	update, err := p.UpdateAPI(change)
	if err != nil {
		return err
	}
	return opts.write(env, p, update, nil)
}

// change reads the flags. All mistakes are one error.
func (o *updateAPIOptions) change() (promise.APIChange, error) {
	change := promise.APIChange{Group: o.group, Kind: o.kind, Plural: o.plural, Version: o.version}
	if len(o.properties) == 0 && o.group+o.kind+o.plural+o.version == "" {
		return change, diag.Hint(diag.Inputf("nothing is to be changed"), "kratix update api --property NAME:TYPE")
	}
	found := diag.Findings(scaffold.CheckNames(o.group, o.kind, o.plural, o.version))
	for _, text := range o.properties {
		property, err := promise.ParseProperty(text)
		if err != nil {
			found = append(found, diag.Findings(err)...)
		}
		change.Properties = append(change.Properties, property)
	}
	return change, diag.Problems("", found)
}

type updateSelectorOptions struct {
	updateFlags

	changes []string
}

func newUpdateSelectorCmd(env *Env) *cobra.Command {
	var opts updateSelectorOptions
	cmd := &cobra.Command{
		Use:   "destination-selector KEY=VALUE | KEY- ...",
		Short: "Change which labels a Destination must have",
		Long: `Set (KEY=VALUE) or remove (KEY-) labels that a Destination must have to receive
what the Promise delivers. Kratix puts all entries of destinationSelectors
together, so a label is changed in every entry that has it.`,
		Example: `  kratix update destination-selector zone=eu
  kratix update destination-selector postgres- environment=production --dry-run`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			opts.changes = args
			return runUpdateSelector(env, opts)
		},
	}
	opts.register(cmd)
	return cmd
}

func runUpdateSelector(env *Env, opts updateSelectorOptions) error {
	changes, err := promise.ParseSelectors(opts.changes)
	if err != nil {
		return fmt.Errorf("reading the arguments: %w", err)
	}
	p, err := opts.load()
	if err != nil {
		return err
	}
	update, err := p.UpdateSelectors(changes)
	if err != nil {
		return err
	}
	return opts.write(env, p, update, nil)
}
