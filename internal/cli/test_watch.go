// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/changed"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/view"
)

// watchTests runs the cases, and then those that a change can touch whenever
// files change, until ctx ends. Nothing that is wrong with the files ends it.
func (o *testWorkflowOptions) watchTests(ctx context.Context, env *Env) (err error) {
	dir, err := promise.Find(o.dir)
	if err != nil {
		return err
	}
	if filepath.Base(dir) == promise.FlatFile {
		dir = filepath.Dir(dir)
	}
	watcher, err := changed.Watch(dir, unwatched)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watcher.Close()) }()
	if err := o.tell(ctx, env, o.testSelected(ctx, env)); err != nil {
		return err
	}
	view.Note(env.err(), "watching "+relative(dir)+"; Ctrl-C ends")
	var files []string // changed, and not yet tested with
	for {
		more, err := watcher.Next(ctx)
		if err != nil {
			return err
		}
		files = slices.Compact(slices.Sorted(slices.Values(append(files, more...))))
		err = o.testTouched(ctx, env, files)
		if err := o.tell(ctx, env, err); err != nil {
			return err
		}
		if wasRun(err) {
			files = nil
		}
	}
}

// unwatched names what is no source of a test: what Git and this program keep,
// and what editors leave beside the files they write.
func unwatched(path string) bool {
	name := filepath.Base(path)
	return name == ".git" || name == ".kratix" || strings.HasPrefix(name, ".expected-") ||
		name == "4913" || strings.HasSuffix(name, "~") || strings.HasPrefix(name, ".#") ||
		strings.HasPrefix(name, ".") && slices.Contains([]string{".swp", ".swo", ".swx"}, filepath.Ext(name))
}

// wasRun reports whether an error, which may be nil, is that of cases which
// were run.
func wasRun(err error) bool {
	_, told := errors.AsType[*shownError](err)
	return err == nil || told
}

// tell shows why cases could not be run. It gives the error that ends the
// watch, which is that of ctx.
func (o *testWorkflowOptions) tell(ctx context.Context, env *Env, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !wasRun(err):
		view.Error(env.err(), err)
	}
	return nil
}

// testTouched runs the cases that a change of files can touch.
func (o *testWorkflowOptions) testTouched(ctx context.Context, env *Env, files []string) error {
	p, err := o.loadChecked(env)
	if err != nil {
		return err
	}
	all, err := o.selected(ctx, env, p, o.narrow)
	if err != nil {
		return err
	}
	cases := suite.Touched(p, all, files, o.update)
	if len(cases) == 0 {
		return nil // not worth a word, which might be written into a file here
	}
	var shown []string
	for _, file := range files {
		if len(suite.Touched(p, cases, []string{file}, o.update)) > 0 {
			shown = append(shown, relative(file))
		}
	}
	view.Changed(env.out(), shown, cases, len(all))
	return o.test(ctx, env, p, cases, nil)
}
