// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scratch"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/view"
	"github.com/kratix-tools/kratix/internal/workflow"
)

func newRunCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "run",
		Short:   "Run a workflow once and show what came out",
		GroupID: groupTest,
	}
	cmd.AddCommand(newRunWorkflowCmd(env))
	return cmd
}

type runWorkflowOptions struct {
	promiseFlags
	containerFlags
	objectFlags
	debugFlags

	ref          string
	request      string
	destinations []string
	outputDir    string
	until        string
	container    string
	format       view.Format
}

func newRunWorkflowCmd(env *Env) *cobra.Command {
	var opts runWorkflowOptions
	cmd := &cobra.Command{
		Use:   "workflow [TYPE/ACTION[/PIPELINE]]",
		Short: "Run the pipelines of a workflow and show what they leave",
		Long: `Run the pipelines of a workflow, resource/configure unless another is named,
in containers on this machine, and show what they leave behind and where
Kratix would place it. Nothing is compared and no cluster is touched.

The request is example-resource.yaml of the Promise unless --filename names
another. Destinations are those in tests/destinations.

--debug opens a shell in the step that fails, or behind that of --until or
--container, as "kratix test workflow --help" tells.`,
		Example: `  # what would this request give?
  kratix run workflow -f example-resource.yaml

  # one pipeline, its output and logs kept in out/
  kratix run workflow resource/configure/instance -O out`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ref = "resource/configure"
			if len(args) == 1 {
				opts.ref = args[0]
			}
			return runRunWorkflow(cmd.Context(), env, opts)
		},
	}
	opts.promiseFlags.register(cmd)
	cmd.ValidArgsFunction = opts.completePipelines
	opts.containerFlags.register(cmd)
	opts.objectFlags.register(cmd)
	opts.debugFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&opts.request, "filename", "f", "", "`FILE` with the resource request, - for stdin (default example-resource.yaml)")
	flags.StringArrayVar(&opts.destinations, "destinations", nil, "`FILE` or directory with Destinations and state stores; repeatable (default tests/destinations)")
	flags.StringVarP(&opts.outputDir, "output-dir", "O", "", "`DIR` for output, metadata and logs; created, or empty")
	flags.StringVar(&opts.until, "until", "", "`CONTAINER` after which each pipeline ends")
	flags.StringVar(&opts.container, "container", "", "run `CONTAINER` only, on empty directories")
	flags.VarP(newEnum(&opts.format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

func runRunWorkflow(ctx context.Context, env *Env, opts runWorkflowOptions) (err error) {
	ref, err := promise.ParseRef(opts.ref)
	if err != nil {
		return err
	}
	p, err := opts.loadChecked(env)
	if err != nil {
		return err
	}
	d, err := opts.shells(env)
	if err != nil {
		return err
	}
	sim, err := opts.simulation(env, p, ref)
	if err != nil {
		return err
	}
	containers, err := opts.containers(p, ref)
	if err != nil {
		return err
	}
	dir, remove, err := opts.directory()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	m, err := opts.prepare(ctx, env, p, containers)
	if err != nil {
		return err
	}
	defer m.close()
	if err := d.prepare(ctx, m); err != nil {
		return err
	}
	sim.Engine, sim.Dir = m, dir
	delivery, err := opts.observed(ctx, env, sim, d)
	if err != nil {
		return err
	}
	d.done()
	for _, pipeline := range delivery.Pipelines {
		view.Findings(env.err(), view.Untold(opts.format, pipeline.Findings))
	}
	if err := view.Run(env.out(), opts.format, p.Name, ref.String(), delivery, opts.verbose > 0); err != nil {
		return err
	}
	if failed, ok := delivery.Failed(); ok {
		return shown(diag.Answer(failed.Failure.Err))
	}
	return nil
}

// shells gives what opens shells, if any are asked for.
func (o *runWorkflowOptions) shells(env *Env) (*debugger, error) {
	if err := o.consistent(o.format); err != nil {
		return nil, err
	}
	if o.debug && slices.Contains(append(o.destinations, o.request), "-") {
		return nil, diag.Inputf("--debug and - both read standard input: give the object in a file")
	}
	return o.debugger(env)
}

// containers lists what is run. That a container is named that no Pipeline has
// is told before anything is fetched for the others.
func (o *runWorkflowOptions) containers(p *promise.Promise, ref promise.WorkflowRef) ([]stepContainer, error) {
	all, err := containersOf(p, []promise.WorkflowRef{ref}, o.until)
	if err != nil {
		return nil, err
	}
	for flag, name := range map[string]string{"until": o.until, "container": o.container} {
		if err := hasContainer(all, flag, name, ref); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(c stepContainer) bool { return o.container != "" && c.Name != o.container }), nil
}

// hasContainer refuses the value of a flag that names none of the containers.
func hasContainer(all []stepContainer, flag, name string, ref promise.WorkflowRef) error {
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	err := diag.NotFoundf("--%s %s: no container of %s has this name", flag, name, ref)
	return diag.Hint(err, cmp.Or(diag.DidYouMean(name, names), "there are: "+strings.Join(names, ", ")))
}

// observed runs the simulation and tells of its progress.
func (o *runWorkflowOptions) observed(ctx context.Context, env *Env, sim simulate.Simulation, d *debugger) (*simulate.Delivery, error) {
	if d != nil {
		sim.Halt, d.told = d.halt, o.verbose > 0
	}
	if o.verbose > 0 {
		sim.Observer = func(pipeline string) workflow.Observer { return view.StepLog(env.err(), pipeline+"/") }
		return simulate.Run(ctx, sim)
	}
	progress := view.NewProgress(o.stderr(env))
	defer progress.Stop()
	d.over(progress)
	sim.Observer = progress.Observer
	return simulate.Run(ctx, sim)
}

// simulation gathers what the workflow is about.
func (o *runWorkflowOptions) simulation(env *Env, p *promise.Promise, ref promise.WorkflowRef) (simulate.Simulation, error) {
	var request *promise.Request
	if ref.Type == api.WorkflowResource {
		file := o.request
		if file == "" {
			file = p.Example()
		}
		var err error
		if request, err = promise.LoadRequest(requestFile(file), p); err != nil {
			return simulate.Simulation{}, err
		}
		view.Findings(env.err(), request.Findings)
	} else if o.request != "" {
		return simulate.Simulation{}, diag.Inputf("--filename %s: a %s workflow is about the Promise itself and takes no request", o.request, ref)
	}
	sim, err := simulate.New(p, ref, request)
	if err != nil {
		return sim, err
	}
	if err := onceFromStdin([]string{o.request}, o.destinations); err != nil {
		return sim, err
	}
	sim.Platform, err = loadPlatform(env, p, o.destinations, nil)
	if err == nil {
		err = checkDestinations(sim.Platform, o.destinations)
	}
	if err == nil {
		sim.Fixtures, err = o.fixtures(env, p)
	}
	sim.Network, sim.Timeout, sim.Until, sim.Alone = o.network, o.timeout, o.until, o.container
	return sim, err
}

// directory gives the directory for what the workflow leaves, and what to do
// with it in the end: nothing if the user wants it.
func (o *runWorkflowOptions) directory() (dir string, remove func() error, err error) {
	if o.outputDir == "" {
		temp, err := scratch.New("kratix-run-workflow-")
		if err != nil {
			return "", nil, err
		}
		return temp.Path, temp.Remove, nil
	}
	if info, err := os.Stat(o.outputDir); err == nil && !info.IsDir() {
		return "", nil, diag.Hint(diag.Inputf("--output-dir %s: it is a file", o.outputDir), "name a new directory; for the format of the answer it is -o")
	}
	if entries, err := os.ReadDir(o.outputDir); err == nil && len(entries) > 0 {
		err := diag.Inputf("--output-dir %s: it is not empty", o.outputDir)
		return "", nil, diag.Hint(err, "name a new directory, or remove that one")
	}
	return o.outputDir, func() error { return nil }, machineError(os.MkdirAll(o.outputDir, 0o755)) //nolint:gosec // for people to look into
}

func machineError(err error) error {
	if err == nil {
		return nil
	}
	return diag.Machine(err)
}
