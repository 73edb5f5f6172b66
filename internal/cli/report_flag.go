// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/scaffold"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/view"
)

// A reportFlag lists what a test run writes beside its text. What cannot be
// written is refused before anything runs.
type reportFlag []reportFile

type reportFile struct{ format, file string }

// The formats of reports; all but github go to a file.
const (
	reportJUnit  = "junit"
	reportJSON   = "json"
	reportGitHub = "github"
)

func (r *reportFlag) String() string {
	words := make([]string, len(*r))
	for i, report := range *r {
		words[i] = strings.TrimSuffix(report.format+"="+report.file, "=")
	}
	return strings.Join(words, ",")
}

func (r *reportFlag) Type() string { return "string" }

func (r *reportFlag) Set(value string) error {
	format, file, hasFile := strings.Cut(value, "=")
	switch {
	case format == reportGitHub && !hasFile:
	case format == reportGitHub:
		return errors.New("github is for standard output and takes no file")
	case format != reportJUnit && format != reportJSON:
		return errors.New("want junit=FILE, json=FILE or github")
	case file == "" || file == "-":
		return fmt.Errorf("want %s=FILE: standard output has the text", format)
	default:
		file = filepath.Clean(file)
		if err := r.check(file); err != nil {
			return err
		}
	}
	if report := (reportFile{format, file}); !slices.Contains(*r, report) {
		*r = append(*r, report)
	}
	return nil
}

// check looks for reasons why a report cannot be written to a file.
func (r *reportFlag) check(file string) error {
	dir := filepath.Dir(file)
	if err := isDirectory(dir); err != nil {
		return err
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", file)
	}
	return nil
}

// checked refuses reports that would be written over each other or into the
// answer.
func (r *reportFlag) checked(format view.Format) error {
	files := map[string]string{}
	for _, report := range *r {
		other, twice := files[report.file]
		switch {
		case report.format == reportGitHub && format != view.Text:
			return diag.Inputf("--report github writes to standard output, which has -o %s", format)
		case report.file != "" && twice:
			return diag.Inputf("--report: %s and %s both go to %s", other, report.format, report.file)
		}
		files[report.file] = report.format
	}
	return nil
}

// write writes the reports. In a job of GitHub Actions, annotations go below
// the text without being asked for.
func (r *reportFlag) write(env *Env, format view.Format, report *suite.Report) error {
	asked := slices.Contains(*r, reportFile{format: reportGitHub})
	if asked || format == view.Text && env.Getenv("GITHUB_ACTIONS") == "true" {
		if err := view.GitHub(env.Out, report, env.anchor); err != nil {
			return err
		}
	}
	for _, f := range *r {
		if f.file == "" {
			continue
		}
		if err := f.write(report); err != nil {
			return fmt.Errorf("--report %s=%s: %w", f.format, f.file, err)
		}
	}
	return nil
}

func (f reportFile) write(report *suite.Report) error {
	var b bytes.Buffer
	var err error
	if f.format == reportJUnit {
		err = view.JUnit(&b, report)
	} else {
		err = view.Encode(&b, view.JSON, report)
	}
	if err != nil {
		return err
	}
	file := scaffold.File{Path: filepath.Base(f.file), Data: b.Bytes(), Replace: true}
	return scaffold.Write(filepath.Dir(f.file), []scaffold.File{file}, scaffold.WriteOptions{})
}

// anchor gives the place of a file in the repository that GitHub Actions has
// checked out; for the directory of a case, that of its request.yaml or
// case.yaml.
func (e *Env) anchor(path string) string {
	for _, name := range []string{"request.yaml", "case.yaml"} {
		if _, err := os.Stat(filepath.Join(path, name)); err == nil {
			path = filepath.Join(path, name)
			break
		}
	}
	absolute, err := filepath.Abs(path)
	if root := e.Getenv("GITHUB_WORKSPACE"); err == nil && root != "" {
		if below, err := filepath.Rel(root, absolute); err == nil && filepath.IsLocal(below) {
			path = below
		}
	}
	return filepath.ToSlash(path)
}

// stream runs the cases and writes events while they run.
func stream(ctx context.Context, env *Env, s *suite.Suite) (*suite.Report, error) {
	events := view.NewEvents(env.Out, s.Promise.Name, s.Environment, s.Cases)
	s.Observer, s.Done = events.Observe(s.Observer), events.Done
	report, err := s.Run(ctx)
	if err != nil {
		return nil, err
	}
	return report, events.Sum(report)
}
