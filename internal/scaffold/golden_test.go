// SPDX-License-Identifier: Apache-2.0

package scaffold_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/scaffold"
)

// checkGolden compares files with a tree below testdata. UPDATE_GOLDEN=1 writes
// the tree. Names end in .golden, so that no tool takes the files for sources.
func checkGolden(t *testing.T, tree string, files []scaffold.File) {
	t.Helper()
	dir := filepath.Join("testdata", tree)
	got := map[string]string{}
	for _, f := range files {
		got[f.Path+".golden"] = string(f.Data)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		updateGolden(t, dir, got)
	}
	if diff := cmp.Diff(readTree(t, dir), got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func updateGolden(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	var out []scaffold.File
	for path, text := range files {
		out = append(out, scaffold.File{Path: path, Data: []byte(text)})
	}
	write(t, dir, out)
}

func write(t *testing.T, dir string, files []scaffold.File) {
	t.Helper()
	if err := scaffold.Write(dir, files, scaffold.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// readTree reads all files below dir.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		tree[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func paths(files []scaffold.File) string {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	return strings.Join(paths, " ")
}
