// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/cli"
)

// share fills a directory with what is installed beside the program.
func share(ctx context.Context, dir string) error {
	modules, err := linkedModules(ctx)
	if err != nil {
		return err
	}
	texts, err := licenseTexts(modules)
	if err != nil {
		return err
	}
	date, err := commitTime(ctx)
	if err != nil {
		return err
	}
	root := cli.Commands(&cli.Env{Getenv: func(string) string { return "" }, Name: "kratix"})
	page, err := zipped(manual(root, date))
	if err != nil {
		return err
	}
	files := map[string][]byte{"man/kratix.1.gz": page, "THIRD_PARTY_LICENSES": texts}
	for name, generate := range map[string]func(*bytes.Buffer) error{
		"kratix.bash": func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) },
		"_kratix":     func(b *bytes.Buffer) error { return root.GenZshCompletion(b) },
		"kratix.fish": func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) },
		"kratix.ps1":  func(b *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(b) },
	} {
		var script bytes.Buffer
		if err := generate(&script); err != nil {
			return err
		}
		files["completions/"+name] = script.Bytes()
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // for everybody
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil { //nolint:gosec // for everybody
			return err
		}
	}
	return nil
}

// commitTime is when the commit was made that is checked out here.
func commitTime(ctx context.Context) (time.Time, error) {
	out, err := exec.CommandContext(ctx, "git", "log", "-1", "--format=%cI").Output()
	if err != nil {
		return time.Time{}, err
	}
	date, err := time.Parse(time.RFC3339, strings.TrimSpace(string(out)))
	return date.UTC(), err
}

// zipped compresses without a name and a time.
func zipped(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
