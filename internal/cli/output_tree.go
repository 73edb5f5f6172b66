// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/view"
)

// outputFlags say what Kratix knows about an output tree: whose it is, what
// stands beside it and where it can go.
type outputFlags struct {
	promise, request             string
	workflow, pipeline, metadata string
	destinations, existing       []string
	choose                       []string
}

func (f *outputFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.promise, "promise", "", "`FILE` or directory of the Promise (default the one here, or around the output)")
	flags.StringVar(&f.request, "request", "", "`FILE` with the resource request, - for stdin (default example-resource.yaml, or that of the case)")
	flags.StringVar(&f.workflow, "workflow", "", "resource/configure or promise/configure (default the first, or that of the case)")
	flags.StringVar(&f.pipeline, "pipeline", "", "`NAME` of the pipeline that wrote the output (default the only one)")
	flags.StringVar(&f.metadata, "metadata", "", "`DIR` with destination-selectors.yaml and the like (default metadata/ beside output/)")
	flags.StringArrayVar(&f.destinations, "destinations", nil, "`FILE` or directory with Destinations and state stores, - for stdin; repeatable (default tests/destinations)")
	flags.StringArrayVar(&f.existing, "existing", nil, "`FILE` or directory with Works and WorkPlacements that exist already; repeatable")
	flags.StringArrayVar(&f.choose, "choose", nil, "draw this Destination where Kratix draws one at random, `[DIRECTORY=]DESTINATION`; repeatable")
}

// An outputTree is the output of one or more Pipelines with all that is known
// about it.
type outputTree struct {
	promise   *promise.Promise
	request   *promise.Request // nil in a promise workflow
	ref       promise.WorkflowRef
	pipelines []string
	sim       simulate.Simulation
	// dependencies says that it is about the static dependencies of the Promise,
	// and no workflow.
	dependencies bool
}

// load finds out what there is to know about the output in dir, which may be a
// test case with its golden output instead.
func (f *outputFlags) load(env *Env, dir string) (*outputTree, error) {
	if err := isDirectory(dir); err != nil {
		return nil, diag.Hint(err, "kratix run workflow -O out leaves the output of each pipeline in out/PIPELINE/output")
	}
	p, err := f.loadPromise(env, dir)
	if err != nil {
		return nil, err
	}
	c, err := caseAround(p, dir)
	if err != nil {
		return nil, err
	}
	if c == nil {
		c = &fixture.Case{Type: api.WorkflowResource, Action: api.ActionConfigure}
	}
	if c.Dependencies {
		return f.dependencies(env, p, c)
	}
	t := &outputTree{promise: p}
	if err := f.prepare(env, t, c); err != nil {
		return nil, err
	}
	if c.Dir != "" && same(dir, c.Dir) {
		return t, f.golden(t, c)
	}
	return t, f.recorded(t, dir)
}

// dependencies takes the static dependencies of the Promise, which a case is
// about.
func (f *outputFlags) dependencies(env *Env, p *promise.Promise, c *fixture.Case) (*outputTree, error) {
	if err := f.checkDependencies("the case " + c.Name); err != nil {
		return nil, err
	}
	t := &outputTree{promise: p, dependencies: true, pipelines: []string{simulate.StaticDependencies}}
	return t, f.place(env, t, c)
}

// checkDependencies refuses what is about the output of a workflow; what is
// about static dependencies.
func (f *outputFlags) checkDependencies(what string) error {
	for _, flag := range []struct{ name, value string }{
		{"request", f.request},
		{"workflow", f.workflow},
		{"pipeline", f.pipeline},
		{"metadata", f.metadata},
		{"choose", strings.Join(f.choose, ",")},
	} {
		if flag.value != "" {
			err := diag.Inputf("--%s %s: %s is about static dependencies, which no workflow makes", flag.name, flag.value, what)
			return diag.Hint(err, "kratix schedule OUTPUT_DIR")
		}
	}
	return nil
}

// loadPromise reads the Promise that was named, or that of this directory, or
// the one around the output.
func (f *outputFlags) loadPromise(env *Env, dir string) (*promise.Promise, error) {
	file := f.promise
	if file == "" {
		var err error
		if file, err = promise.Find("."); err != nil {
			if file, err = promise.Find(dir); err != nil {
				return nil, diag.Hint(err, "name the Promise with --promise FILE: its name and selectors decide about places")
			}
		}
	}
	p, err := promise.Load(file)
	if err != nil {
		return nil, err
	}
	return p, checkPromise(env, p)
}

// caseAround finds the test case that dir is, or whose golden output it is; nil
// if there is none.
func caseAround(p *promise.Promise, dir string) (*fixture.Case, error) {
	if tests := filepath.Join(p.Dir, "tests"); !within(dir, tests) {
		return nil, nil
	}
	suite, err := fixture.Discover(p.Dir)
	if err != nil {
		return nil, err
	}
	for _, c := range suite.Cases {
		if same(dir, c.Dir) || within(dir, c.ExpectedDir()) {
			return c, c.Err()
		}
	}
	return nil, nil
}

// prepare gathers what does not depend on where the output lies. Flags win
// over the case.
func (f *outputFlags) prepare(env *Env, t *outputTree, c *fixture.Case) error {
	t.ref = promise.WorkflowRef{Type: c.Type, Action: c.Action}
	if f.workflow != "" {
		var err error
		if t.ref, err = promise.ParseRef(f.workflow); err != nil {
			return fmt.Errorf("--workflow: %w", err)
		}
	}
	if t.ref.Action != api.ActionConfigure || t.ref.Pipeline != "" {
		return diag.Hint(diag.Inputf("workflow %s: only a configure workflow makes a Work", t.ref), "--workflow resource/configure or --workflow promise/configure")
	}
	if err := onceFromStdin([]string{f.request}, f.destinations, f.existing); err != nil {
		return err
	}
	if err := f.loadRequest(env, t, c); err != nil {
		return err
	}
	var err error
	if t.sim, err = simulate.New(t.promise, t.ref, t.request); err != nil {
		return err
	}
	if t.sim.Choose, err = choices(f.choose); err != nil {
		return err
	}
	if c.Objects != nil {
		t.sim.Fixtures.Secrets = c.Objects.Secrets // not to be seen
	}
	return f.place(env, t, c)
}

// place reads the platform that documents are placed on.
func (f *outputFlags) place(env *Env, t *outputTree, c *fixture.Case) (err error) {
	destinations, existing := f.destinations, f.existing
	if len(destinations) == 0 {
		destinations = c.Destinations
	}
	if len(existing) == 0 {
		existing = c.Existing
	}
	t.sim.Platform, err = loadPlatform(env, t.promise, destinations, existing)
	if err == nil {
		err = checkDestinations(t.sim.Platform, f.destinations)
	}
	return err
}

func (f *outputFlags) loadRequest(env *Env, t *outputTree, c *fixture.Case) error {
	if t.ref.Type == api.WorkflowPromise {
		if f.request != "" {
			return diag.Inputf("--request %s: a %s workflow is about the Promise itself and takes no request", f.request, t.ref)
		}
		return nil
	}
	file := f.request
	if file == "" {
		file = c.Request
	}
	if file == "" {
		file = t.promise.Example()
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return diag.Hint(diag.Inputf("no request: there is no %s", relative(file)), "name one with --request FILE: its name and namespace are part of every place")
		}
	}
	var err error
	if t.request, err = promise.LoadRequest(requestFile(file), t.promise); err != nil {
		return err
	}
	view.Findings(env.err(), t.request.Findings)
	return nil
}

// choices reads the values of --choose.
func choices(flags []string) (map[string]string, error) {
	chosen := map[string]string{}
	for _, text := range flags {
		directory, name := "", text
		if i := strings.LastIndex(text, "="); i >= 0 {
			directory, name = text[:i], text[i+1:]
			if directory == "" {
				name = ""
			}
		}
		if name == "" {
			return nil, diag.Hint(diag.Inputf("--choose %s: want [DIRECTORY=]DESTINATION", text), "--choose eu-production, or --choose catalog=portal for the group of a directory")
		}
		if before, twice := chosen[directory]; twice && before != name {
			return nil, diag.Inputf("--choose %s: %s was chosen already", text, before)
		}
		chosen[directory] = name
	}
	return chosen, nil
}

// golden takes the recorded output of a case.
func (f *outputFlags) golden(t *outputTree, c *fixture.Case) error {
	switch {
	case f.metadata != "":
		return diag.Inputf("--metadata %s: the case %s has metadata of its own in %s", f.metadata, c.Name, relative(c.ExpectedDir()))
	case !c.HasGolden() && !c.Expect.NeedsGolden():
		return diag.Inputf("the case %s is expected to fail, so there is no Work", c.Name)
	case !c.HasGolden():
		return diag.Hint(diag.Inputf("the case %s has no expected/ yet", c.Name), "kratix test workflow "+c.Name+" --update")
	}
	names, err := c.SelectPipelines(pipelineNames(t.sim))
	if err != nil {
		return err
	}
	t.pipelines = names
	if f.pipeline != "" {
		t.pipelines = []string{f.pipeline}
	}
	t.sim.Only, t.sim.Recorded = t.pipelines, c.Recorded(names)
	return nil
}

// recorded takes the output of one Pipeline from a directory, and the metadata
// from the one that was named or stands beside it.
func (f *outputFlags) recorded(t *outputTree, dir string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return diag.Machine(err)
	}
	metadata := f.metadata
	if metadata == "" && filepath.Base(absolute) == "output" {
		if beside := filepath.Join(filepath.Dir(absolute), "metadata"); isDirectory(beside) == nil {
			metadata = beside
		}
	} else if metadata != "" {
		if err := isDirectory(metadata); err != nil {
			return fmt.Errorf("--metadata: %w", err)
		}
	}
	pipeline, err := f.pipelineOf(t, absolute)
	if err != nil {
		return err
	}
	t.pipelines, t.sim.Only = []string{pipeline}, []string{pipeline}
	t.sim.Recorded = func(string) (string, string) { return dir, metadata }
	return nil
}

// pipelineOf names the Pipeline that wrote the output: the one that was named,
// the only one, or the one after which the directory around output/ is named.
func (f *outputFlags) pipelineOf(t *outputTree, output string) (string, error) {
	all := pipelineNames(t.sim)
	around := filepath.Base(filepath.Dir(output))
	switch {
	case f.pipeline != "":
		return f.pipeline, nil
	case len(all) == 1:
		return all[0], nil
	case filepath.Base(output) == "output" && slices.Contains(all, around):
		return around, nil
	}
	err := diag.Inputf("%s of Promise %q has %d pipelines: which of them wrote this output?", t.ref, t.promise.Name, len(all))
	return "", diag.Hint(err, "--pipeline "+strings.Join(all, " or --pipeline "))
}

func pipelineNames(sim simulate.Simulation) []string {
	var all []string
	for i := range sim.Workflow.Pipelines {
		all = append(all, sim.Workflow.Pipelines[i].Name)
	}
	return all
}

// run makes the Works and places them.
func (t *outputTree) run(ctx context.Context) (*simulate.Delivery, error) {
	if t.dependencies {
		return simulate.DeliverDependencies(t.promise, t.sim.Platform)
	}
	return simulate.Run(ctx, t.sim)
}

func isDirectory(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return diag.Inputf("%s: no such directory", path)
	case err != nil:
		return diag.Input(err)
	case !info.IsDir():
		return diag.Inputf("%s: not a directory", path)
	}
	return nil
}

// same says whether two paths are of one file.
func same(a, b string) bool {
	ia, err1 := os.Stat(a)
	ib, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(ia, ib)
}

// within says whether a path lies in a directory.
func within(path, dir string) bool {
	from, err1 := filepath.Abs(dir)
	to, err2 := filepath.Abs(path)
	rel, err3 := filepath.Rel(from, to)
	return errors.Join(err1, err2, err3) == nil && filepath.IsLocal(rel)
}
