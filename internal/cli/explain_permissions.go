// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/permissions"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/view"
	"github.com/kratix-tools/kratix/internal/workflow"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

type explainPermissionsOptions struct {
	promiseFlags

	ref       string
	namespace string
	config    string
	format    view.Format
}

func newExplainPermissionsCmd(env *Env) *cobra.Command {
	var opts explainPermissionsOptions
	cmd := &cobra.Command{
		Use:   "permissions [TYPE/ACTION[/PIPELINE]]",
		Short: "Say what pipelines may do on a platform, and how their containers run",
		Long: `Say what the pipelines of a Promise may do: the account and the roles that
Kratix makes for each, what they come to, and what does not come to anything.
Kratix does not tell of roles that it cannot make. Then, for each container, the
securityContext and the resources that it runs with, and who set them.

No cluster is touched: what a platform sets for all containers is in its
ConfigMap kratix in namespace kratix-platform-system, which --kratix-config takes.`,
		Example: `  kratix explain permissions resource/configure/instance

  # for a request in another namespace, on a platform with defaults of its own
  kubectl get configmap kratix -n kratix-platform-system -o yaml > kratix-config.yaml
  kratix explain permissions -n team-a --kratix-config kratix-config.yaml

  # the objects themselves
  kratix explain permissions -o json | jq '.pipelines[].objects[]'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.ref = args[0]
			}
			return runExplainPermissions(env, opts)
		},
	}
	opts.register(cmd)
	cmd.ValidArgsFunction = opts.completePipelines
	flags := cmd.Flags()
	flags.StringVarP(&opts.namespace, "namespace", "n", "default", "`NAMESPACE` of the request")
	flags.StringVar(&opts.config, "kratix-config", "", "`FILE` with the ConfigMap kratix of a platform")
	flags.VarP(newEnum(&opts.format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

func runExplainPermissions(env *Env, opts explainPermissionsOptions) error {
	var ref promise.WorkflowRef
	if opts.ref != "" {
		var err error
		if ref, err = promise.ParseRef(opts.ref); err != nil {
			return err
		}
	}
	if wrong := validation.IsDNS1123Label(opts.namespace); len(wrong) > 0 {
		return diag.Inputf("--namespace %q: %s", opts.namespace, promise.LabelRule)
	}
	platform, err := opts.platform()
	if err != nil {
		return err
	}
	p, err := opts.loadChecked(env)
	if err != nil {
		return err
	}
	subjects, err := opts.subjects(p)
	if err != nil {
		return err
	}
	var chosen []permissions.Pipeline
	for i, pipeline := range permissions.Explain(subjects, platform) {
		if covers(ref, subjects[i].Identity) {
			chosen = append(chosen, pipeline)
		}
	}
	if len(chosen) == 0 {
		return noneRuns(p, ref, subjects)
	}
	for i := range chosen {
		view.Findings(env.err(), view.Untold(opts.format, chosen[i].Findings))
	}
	return view.Permissions(env.out(), opts.format, view.PermissionsReport{
		Promise: p.Name, RequestNamespace: opts.namespace, Pipelines: chosen,
	})
}

// platform reads what the platform sets for all containers.
func (o *explainPermissionsOptions) platform() (permissions.Platform, error) {
	if o.config == "" {
		return permissions.Platform{}, nil
	}
	data, err := yamldoc.ReadFile(o.config)
	if err != nil {
		return permissions.Platform{}, err
	}
	platform, err := permissions.ParsePlatform(data)
	if err != nil {
		return platform, fmt.Errorf("--kratix-config %s: %w", o.config, err)
	}
	return platform, nil
}

// subjects are all Pipelines of the Promise that Kratix runs: of those of a
// delete workflow, the first.
func (o *explainPermissionsOptions) subjects(p *promise.Promise) ([]permissions.Subject, error) {
	var subjects []permissions.Subject
	for _, ref := range promise.Workflows() {
		pipelines, err := p.Pipelines(ref.Type, ref.Action)
		if err != nil {
			return nil, err
		}
		if ref.Action == api.ActionDelete {
			pipelines = pipelines[:min(1, len(pipelines))]
		}
		for i, pipeline := range pipelines {
			id := workflow.Identity{
				Type: ref.Type, Action: ref.Action, Promise: p.Name, Pipeline: pipeline.Name,
				PipelineNamespace: p.Spec.Workflows.Config.PipelineNamespace,
			}
			if ref.Type == api.WorkflowResource {
				crd, err := p.CRD()
				if err != nil {
					return nil, err
				}
				id.Group, id.Plural, id.Namespace = crd.Group, crd.Plural, o.namespace
			}
			subjects = append(subjects, permissions.Subject{
				Identity: id, Pipeline: pipeline, Field: yamldoc.Index(ref.Field(), i), Locate: place(p),
			})
		}
	}
	return subjects, nil
}

// place tells where a field of a Promise is, as seen from here.
func place(p *promise.Promise) func(string) diag.Position {
	return func(field string) diag.Position {
		at := p.Position(field)
		at.File, at.Column = relative(at.File), 0
		return at
	}
}

// covers says whether a reference names a Pipeline or its workflow; the empty
// one names all.
func covers(ref promise.WorkflowRef, id workflow.Identity) bool {
	return ref.Type == "" || ref.Type == id.Type && ref.Action == id.Action && (ref.Pipeline == "" || ref.Pipeline == id.Pipeline)
}

// noneRuns is the error for a reference to nothing that runs.
func noneRuns(p *promise.Promise, ref promise.WorkflowRef, subjects []permissions.Subject) error {
	if len(subjects) == 0 {
		err := diag.NotFoundf("%s: Promise %q has no workflows", relative(p.File), p.Name)
		return diag.Hint(err, "kratix add container resource/configure/PIPELINE --image IMAGE")
	}
	var names []string
	for i := range subjects {
		names = append(names, subjects[i].Workflow())
	}
	err := diag.NotFoundf("the Promise %q runs no pipeline %s", p.Name, ref)
	return diag.Hint(err, cmp.Or(diag.DidYouMean(ref.String(), names), "it runs "+strings.Join(names, ", ")))
}
