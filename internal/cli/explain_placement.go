package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/explain"
	"github.com/kratix-tools/kratix/internal/simulate"
	"github.com/kratix-tools/kratix/internal/view"
)

func newExplainCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "explain",
		Short:   "Explain a decision of Kratix",
		GroupID: groupTest,
	}
	cmd.AddCommand(newExplainPlacementCmd(env))
	return cmd
}

type explainOptions struct {
	outputFlags

	dir       string
	question  explain.Question
	setLabels []string
	exitCode  bool
	format    view.Format
}

func newExplainPlacementCmd(env *Env) *cobra.Command {
	var opts explainOptions
	cmd := &cobra.Command{
		Use:   "placement -f CASE_DIR|OUTPUT_DIR",
		Short: "Say why documents are, or are not, on a Destination",
		Long: `Say where the documents of a test case, or of an output tree, are placed: on
which Destination, for which reasons, and what would have to change for another
answer. No container is run and no cluster is touched.`,
		Example: `  # why is this not on us-production?
  kratix explain placement -f tests/resource-configure/small --destination us-production

  # where does one document go?
  kratix explain placement -f out/instance/output --document deployment.yaml

  # what if the Destination had another label?
  kratix explain placement -f tests/resource-configure/small --destination us-production \
    --set-label us-production:region=eu`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runExplainPlacement(cmd.Context(), env, opts) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&opts.dir, "filename", "f", "", "`DIR` of a test case, or of an output tree (required)")
	flags.StringVar(&opts.question.Destination, "destination", "", "ask about the Destination `NAME`")
	flags.StringVar(&opts.question.Document, "document", "", "ask about one document, by its `PATH` in the output")
	flags.StringArrayVar(&opts.setLabels, "set-label", nil, "suppose another label, `DESTINATION:KEY=VALUE`, or none, DESTINATION:KEY-; repeatable")
	flags.BoolVar(&opts.exitCode, "exit-code", false, "exit 1 if nothing is on the Destination or, without one, something is on none")
	opts.register(cmd)
	flags.VarP(newEnum(&opts.format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

func runExplainPlacement(ctx context.Context, env *Env, opts explainOptions) error {
	if opts.dir == "" {
		return diag.Hint(diag.Inputf("nothing to explain: --filename is missing"), "kratix explain placement -f tests/resource-configure/CASE")
	}
	labels, err := parseLabels(opts.setLabels)
	if err != nil {
		return err
	}
	t, err := opts.load(env, opts.dir)
	if err != nil {
		return err
	}
	e := view.Explanation{Question: opts.question, Labels: labels}
	if e.Answers, err = opts.ask(ctx, t); err != nil {
		return err
	}
	if len(labels) > 0 {
		e.Actual = e.Answers
		if t.sim.Platform, err = explain.WithLabels(t.sim.Platform, labels); err != nil {
			return err
		}
		if e.Answers, err = opts.ask(ctx, t); err != nil {
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

// ask places the output and answers the question.
func (o *explainOptions) ask(ctx context.Context, t *outputTree) ([]explain.Answer, error) {
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
	return explain.Ask(subjects, o.question)
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
