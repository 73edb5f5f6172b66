// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/view"
)

func newUpdateCmd(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Change the API, the dependencies or the Destinations of a Promise",
		Long: `Change a Promise in place. Only the lines that have to change do: comments, the
order of keys, quotes and indentation stay as they are everywhere else. What
Kratix would refuse afterwards is not written, and of several files all are
written or none.`,
		GroupID: groupAuthor,
	}
	cmd.AddCommand(newUpdateAPICmd(env), newUpdateDependenciesCmd(env), newUpdateSelectorCmd(env))
	return cmd
}

// updateFlags are those of all commands that edit a Promise.
type updateFlags struct {
	promiseFlags

	dryRun bool
	force  bool // only where there is a flag for it
}

func (f *updateFlags) register(cmd *cobra.Command) {
	f.promiseFlags.register(cmd)
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "only print what would change, as a diff")
}

// write writes an update and new files beside it, all or none, or prints them.
func (f *updateFlags) write(env *Env, p *promise.Promise, u promise.Update, files []scaffold.File) error {
	view.Findings(env.err(), once(u.Notes))
	all, err := fileEdits(p.Dir, u.Edits)
	if err != nil {
		return err
	}
	all = append(all, files...)
	if len(all) == 0 {
		view.Note(env.err(), "nothing to change")
		return nil
	}
	if !f.dryRun {
		return writeFiles(env, p.Dir, all, f.force, false)
	}
	return showEdits(env, p.Dir, all, f.force)
}

// showEdits shows what would become of the files below dir, as a diff. What
// writing them would refuse is refused here, too.
func showEdits(env *Env, dir string, files []scaffold.File, force bool) error {
	if err := scaffold.Check(dir, files, scaffold.WriteOptions{Force: force}); err != nil {
		return err
	}
	var edits []view.FileEdit
	for _, file := range files {
		before, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file.Path)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return diag.Input(err)
		}
		edits = append(edits, view.FileEdit{
			Name: shownPath(dir, file.Path), Before: before, After: file.Data, Executable: file.Mode&0o100 != 0,
		})
	}
	view.Edits(env.out(), edits)
	return nil
}

// fileEdits makes files to write below dir of edits.
func fileEdits(dir string, edits []promise.Edit) ([]scaffold.File, error) {
	var files []scaffold.File
	for _, e := range edits {
		below, err := filepath.Rel(dir, e.File)
		if err != nil {
			return nil, err
		}
		files = append(files, scaffold.File{Path: filepath.ToSlash(below), Data: e.Data, Replace: !e.Created, Before: e.Before})
	}
	return files, nil
}

// once leaves out what was noted before, for another version of an API.
func once(findings []diag.Finding) []diag.Finding {
	var unique []diag.Finding
	seen := map[diag.Finding]bool{}
	for _, f := range findings {
		if !seen[f] {
			unique = append(unique, f)
		}
		seen[f] = true
	}
	return unique
}
