// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/view"
)

// workOptions are those of a single Work.
type workOptions struct {
	inspectFlags
	storeFlags
	followFlags

	show    []string
	all     bool
	extract string
	verify  bool
}

func (o *workOptions) register(cmd *cobra.Command) {
	o.inspectFlags.register(cmd, oneFormats()...)
	o.storeFlags.register(cmd)
	o.followFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.show, "show", nil, "print the document with this `PATH` instead; repeatable")
	flags.BoolVar(&o.all, "all-documents", false, "print all documents instead")
	flags.StringVar(&o.extract, "extract", "", "write the documents into `DIR`, which is created, or empty")
	flags.BoolVar(&o.verify, "verify", false, "read the state stores and compare what lies there")
	flags.BoolVar(&o.showSecrets, "show-secrets", false, "print the values in Secrets, too")
	flags.Int64Var(&o.limit, "max-document", 0, "read documents of at most `BYTES`; 0 is 64 MiB")
}

func newInspectWorkCmd(env *Env) *cobra.Command {
	var opts workOptions
	cmd := &cobra.Command{
		Use:   "work NAME",
		Short: "Show where the documents of a Work are, and why",
		Example: `  # where is it, and is it still there?
  kratix inspect work orders-instance-19de0 --verify

  # one document as the workflow wrote it
  kratix inspect work orders-instance-19de0 --show postgresql.yaml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeNames(env, &opts.sourceFlags, inspect.Works),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInspectWork(cmd.Context(), env, opts, args[0])
		},
	}
	opts.register(cmd)
	return cmd
}

func runInspectWork(ctx context.Context, env *Env, opts workOptions, arg string) error {
	name, err := named(arg, inspect.Works)
	if err != nil {
		return err
	}
	if err := opts.oneAnswer(); err != nil {
		return err
	}
	in, source, err := opts.inspector(env)
	if err != nil {
		return err
	}
	stores, err := opts.stores(env, source)
	if err != nil {
		return err
	}
	defer stores.close()
	opts.verify = opts.verify || opts.waitFor == waitVerified
	s := scope{source.namespace, []inspect.Resource{inspect.Works, inspect.WorkPlacements, inspect.Destinations}}
	return opts.run(ctx, env, source, s, opts.output.Format, func(ctx context.Context) (progress, error) {
		report, err := in.Work(ctx, source.namespace, name)
		if err != nil {
			return progress{}, err
		}
		if opts.verify {
			stop := stores.reading()
			err := in.Verify(ctx, report, stores.open)
			stop()
			if err != nil {
				return progress{}, err
			}
		}
		return progress{
			report:  report,
			show:    func() error { return opts.showWork(env, in, report) },
			reached: report.Verdict.Reached,
			verdict: opts.judged(report.Verdict.Healthy, "Work "+name),
		}, nil
	})
}

// oneAnswer refuses flags that ask for different things.
func (o *workOptions) oneAnswer() error {
	var asked []string
	for _, flag := range []struct {
		name  string
		given bool
	}{
		{"--show", len(o.show) > 0}, {"--all-documents", o.all}, {"--extract", o.extract != ""},
	} {
		if flag.given {
			asked = append(asked, flag.name)
		}
	}
	switch format := o.output.Format; {
	case len(asked) > 1:
		return diag.Inputf("%s exclude each other", strings.Join(asked, " and "))
	case len(asked) == 1 && format != view.Text:
		return diag.Inputf("%s and -o %s exclude each other: documents are printed as they are", asked[0], format)
	case o.extract != "" && o.watch:
		return diag.Inputf("--extract and --watch exclude each other")
	}
	return nil
}

// showWork prints a Work or, if they are asked for, its documents.
func (o *workOptions) showWork(env *Env, in *inspect.Inspector, r *inspect.WorkReport) error {
	switch {
	case o.extract != "":
		return o.extractWork(env, in, r)
	case o.all || len(o.show) > 0:
		return o.showDocuments(env, in, r)
	}
	return view.Work(env.out(), &o.output, r)
}

// showDocuments prints documents as they are; several are separated as YAML
// documents are.
func (o *workOptions) showDocuments(env *Env, in *inspect.Inspector, r *inspect.WorkReport) error {
	paths := o.show
	if o.all {
		paths = nil
		for _, c := range r.Contents {
			paths = append(paths, c.Path)
		}
	}
	var unread []error
	shown := 0
	for _, path := range paths {
		content, err := in.Document(r, path)
		if err != nil {
			unread = append(unread, err)
			continue
		}
		view.Document(env.out(), r, path, content, len(paths) > 1, shown > 0)
		shown++
	}
	return errors.Join(unread...)
}

// extractWork writes the documents into an empty directory, all or none.
func (o *workOptions) extractWork(env *Env, in *inspect.Inspector, r *inspect.WorkReport) error {
	if err := checkNewDir("--extract", o.extract); err != nil {
		return err
	}
	var unread []error
	err := newDir(o.extract, func(root *os.Root) error {
		for _, c := range r.Contents {
			content, err := in.Document(r, c.Path)
			if err == nil {
				err = writeBelow(root, c.Path, "extracting "+c.Path, content)
			}
			unread = append(unread, err)
		}
		return errors.Join(unread...)
	})
	if err != nil {
		return err
	}
	view.Note(env.err(), fmt.Sprintf("%s in %s", diag.Count(len(r.Contents), "document"), o.extract))
	return nil
}
