// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/explain"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/kube"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/view"
)

type explainOptions struct {
	outputFlags
	config kube.Config

	work      string // work/NAME or KIND/NAME; empty for what is on this machine
	dir       string
	question  explain.Question
	setLabels []string
	exitCode  bool
	format    view.Format
}

func newExplainPlacementCmd(env *Env) *cobra.Command {
	var opts explainOptions
	cmd := &cobra.Command{
		Use:   "placement (work/NAME | KIND/NAME | -f CASE_DIR|OUTPUT_DIR)",
		Short: "Say why documents are, or are not, on a Destination",
		Long: `Say where documents are placed: on which Destination, for which reasons, and
what would have to change for another answer.

With work/NAME or KIND/NAME, a request, it is about the documents on a platform:
a cluster or, with -f FILE, what was saved from one. Without, it is about a test
case or an output tree on this machine: no container is run, no cluster touched.`,
		Example: `  # why is this request not on eu-development?
  kratix explain placement postgres/orders -n team-shop --destination eu-development

  # and what would a test case's output do?
  kratix explain placement -f tests/resource-configure/production-eu --destination eu-development

  # where does one document go?
  kratix run workflow -O out
  kratix explain placement -f out/instance/output --document postgresql.yaml

  # what if the Destination had another label?
  kratix explain placement -f tests/resource-configure/production-eu --destination eu-development \
    --set-label eu-development:environment=production`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.work = args[0]
			}
			return runExplainPlacement(cmd.Context(), env, opts)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&opts.dir, "filename", "f", "", "`DIR` of a test case or output tree; FILE of a saved platform if an object is named")
	flags.StringVar(&opts.question.Destination, "destination", "", "ask about the Destination `NAME`")
	flags.StringVar(&opts.question.Document, "document", "", "ask about one document, by its `PATH` in the output")
	flags.StringArrayVar(&opts.setLabels, "set-label", nil, "suppose another label, `DESTINATION:KEY=VALUE`, or none, DESTINATION:KEY-; repeatable")
	flags.BoolVar(&opts.exitCode, "exit-code", false, "exit 1 if nothing is on the Destination or, without one, something is on none")
	opts.register(cmd)
	opts.config.Register(cmd.Flags())
	flags.VarP(newEnum(&opts.format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

func runExplainPlacement(ctx context.Context, env *Env, opts explainOptions) error {
	labels, err := parseLabels(opts.setLabels)
	if err != nil {
		return err
	}
	world, err := opts.world(ctx, env)
	if err != nil {
		return err
	}
	e := view.Explanation{Question: opts.question, Labels: labels}
	if e.Answers, err = world.ask(ctx, nil, opts.question); err != nil {
		return err
	}
	if len(labels) > 0 {
		e.Actual = e.Answers
		if e.Answers, err = world.ask(ctx, labels, opts.question); err != nil {
			return err
		}
	}
	if err := view.Explain(env.out(), opts.format, e); err != nil {
		return err
	}
	if opts.exitCode && !opts.yes(e.Answers) {
		return shown(diag.Answer(errors.New("the answer is no")))
	}
	return nil
}

// yes says whether something is on the Destination that was asked about or, if
// none was, whether all has one.
func (o *explainOptions) yes(answers []explain.Answer) bool {
	on := 0
	for i := range answers {
		if answers[i].On {
			on++
		}
	}
	return on == len(answers) || on > 0 && o.question.Destination != ""
}

// A placed is documents that questions are asked about, with supposed labels of
// Destinations.
type placed interface {
	ask(ctx context.Context, labels []explain.Label, q explain.Question) ([]explain.Answer, error)
}

// world finds what the question is about.
func (o *explainOptions) world(ctx context.Context, env *Env) (placed, error) {
	switch {
	case o.work != "":
		return o.live(ctx, env)
	case o.dir == "":
		return nil, diag.Hint(diag.Inputf("nothing to explain: name a Work or a request, or a test case with -f"),
			"kratix explain placement -f tests/resource-configure/CASE")
	}
	return o.load(env, o.dir)
}

// ask places the output and answers the question.
func (t *outputTree) ask(ctx context.Context, labels []explain.Label, q explain.Question) (_ []explain.Answer, err error) {
	if t.sim.Platform, err = explain.WithLabels(t.sim.Platform, labels); err != nil {
		return nil, err
	}
	delivery, err := t.run(ctx)
	if err != nil {
		return nil, err
	}
	at := t.promise.Position("spec.destinationSelectors")
	at.File = relative(at.File)
	at.Column = 0
	var subjects []explain.Subject
	for i := range delivery.Pipelines {
		p := &delivery.Pipelines[i]
		subjects = append(subjects, explain.Subject{
			Pipeline: p.Name, Work: p.Work, Placements: p.Placements, Platform: t.sim.Platform, Failure: failure(p),
			Promise: fmt.Sprintf("%s: spec.destinationSelectors", at),
		})
	}
	return explain.Ask(subjects, q)
}

// liveWorks are Works of a platform.
type liveWorks []explain.Subject

// live reads a Work, or those of a request.
func (o *explainOptions) live(ctx context.Context, env *Env) (placed, error) {
	kind, name, err := kindAndName(o.work)
	if err != nil {
		return nil, err
	}
	source := sourceFlags{config: o.config}
	if o.dir != "" {
		source.files = []string{o.dir}
	}
	platform, err := source.open(env)
	if err != nil {
		return nil, err
	}
	in := inspect.New(platform, inspect.Options{Now: platform.now})
	if _, err := named(o.work, inspect.Works); err == nil {
		report, err := in.Work(ctx, platform.namespace, name)
		if err != nil {
			return nil, err
		}
		return liveWorks(report.Subjects()), nil
	}
	report, err := in.Request(ctx, kind, platform.namespace, name)
	if err != nil {
		return nil, err
	}
	if len(report.Works) == 0 {
		return nil, diag.Hint(diag.NotFoundf("%s has no Work: %s", o.work, report.Verdict.Sentence),
			"kratix inspect request "+o.work+" -n "+report.Namespace)
	}
	return liveWorks(report.Subjects()), nil
}

// ask answers the question; with other labels, everything is placed anew.
func (w liveWorks) ask(_ context.Context, labels []explain.Label, q explain.Question) (_ []explain.Answer, err error) {
	subjects := slices.Clone(w)
	for i := range subjects {
		s := &subjects[i]
		if len(labels) == 0 || s.Work == nil {
			continue
		}
		if s.Platform, err = explain.WithLabels(s.Platform, labels); err != nil {
			return nil, err
		}
		if s.Placements, err = placement.Place(s.Work, s.Platform, placement.Options{}); err != nil {
			s.Failure = err.Error()
		}
	}
	return explain.Ask(subjects, q)
}

// failure says why a Pipeline has no Work, or why it could not be placed.
func failure(p *simulate.Pipeline) string {
	switch {
	case p.Failure != nil && p.Failure.Container == simulate.Scheduler:
		return p.Failure.Err.Error()
	case p.Failure != nil:
		return fmt.Sprintf("the %s of Kratix fails: %s", p.Failure.Container, p.Failure.Err)
	case p.Suspension != nil:
		return fmt.Sprintf("pipeline %q suspends the workflow, so Kratix makes no Work.", p.Name)
	default:
		return ""
	}
}

// parseLabels reads the values of --set-label.
func parseLabels(flags []string) ([]explain.Label, error) {
	var labels []explain.Label
	for _, text := range flags {
		l, err := parseLabel(text)
		if err != nil {
			return nil, fmt.Errorf("--set-label %s: %w", text, err)
		}
		labels = append(labels, l)
	}
	return labels, nil
}

func parseLabel(text string) (explain.Label, error) {
	destination, label, found := strings.Cut(text, ":")
	key, value, isValue := strings.Cut(label, "=")
	removed, isRemoval := strings.CutSuffix(key, "-")
	if !found || destination == "" || !isValue && !isRemoval {
		return explain.Label{}, diag.Hint(diag.Inputf("want DESTINATION:KEY=VALUE, or DESTINATION:KEY-"), "--set-label eu-production:region=eu")
	}
	l := explain.Label{Destination: destination, Key: key, Value: value}
	if !isValue {
		l.Key, l.Remove = removed, true
	}
	for _, why := range append(validation.IsQualifiedName(l.Key), validation.IsValidLabelValue(l.Value)...) {
		return explain.Label{}, diag.Inputf("%s", why)
	}
	return l, nil
}
