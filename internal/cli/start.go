// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kratix-tools/kratix/internal/build"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/kube"
	"github.com/kratix-tools/kratix/internal/promise"
	"github.com/kratix-tools/kratix/internal/view"
)

// A start finds out what there is to go on with. It reads files only: no
// container is run and no cluster is asked.
type start struct {
	view.Start

	context string // of the kubeconfig; "" without one
}

// runStart shows what there is here and which commands come next. A Promise
// that Kratix would refuse is shown as any other, and is an input error, too.
func runStart(env *Env) error {
	s := start{Start: view.Start{Program: env.program()}}
	config := kube.Config{Getenv: env.Getenv}
	var server string
	s.context, server = config.Target()
	file, err := promise.Find(".")
	if err != nil {
		s.nowhere()
	} else {
		err = s.promise(file)
	}
	if s.context != "" {
		s.fact("Cluster", "context "+s.context+", "+server)
	}
	if file == "" {
		err = nil
	}
	view.ShowStart(env.out(), s.Start)
	if err != nil {
		return shown(err)
	}
	return nil
}

func (s *start) fact(name string, lines ...string) {
	if len(lines) > 0 {
		s.Facts = append(s.Facts, view.Fact{Name: name, Lines: lines})
	}
}

// next adds a command: the rest of one of this program, or a whole one.
func (s *start) next(command, purpose string) {
	if rest, ok := strings.CutPrefix(command, "kratix "); ok {
		command = s.Program + " " + rest
	}
	command = strings.ReplaceAll(command, "&& kratix", "&& "+s.Program)
	s.Next = append(s.Next, view.NextCommand{Command: command, For: purpose})
}

// nowhere is a directory that belongs to no Promise.
func (s *start) nowhere() {
	s.Missing = "There is no Promise here: no " + promise.FlatFile + " in . or any parent."
	for _, dir := range promisesBelow() {
		s.next("cd "+shellQuote(dir)+" && kratix", "a Promise")
	}
	s.next("kratix init promise NAME --group GROUP --kind KIND", "start a Promise")
	if len(s.Next) == 1 {
		s.next("git clone https://github.com/kratix-tools/kratix && cd kratix/examples/postgres && kratix", "look at a Promise with tests")
	}
	s.next("kratix doctor", "what can run containers here")
	if s.context != "" {
		s.next("kratix inspect works -A", "what landed where on the cluster")
	}
}

// promisesBelow lists the Promises in directories of the working directory and
// in those of its directories, at most five.
func promisesBelow() []string {
	var found []string
	for _, pattern := range []string{"[^.]*", filepath.Join("[^.]*", "[^.]*")} {
		dirs, _ := filepath.Glob(pattern) // the patterns are good
		for _, dir := range dirs {
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				continue
			}
			file, err := promise.Find(dir)
			if err == nil && (file == dir || filepath.Dir(file) == dir) {
				found = append(found, dir)
			}
		}
	}
	return found[:min(len(found), 5)]
}

// promise is a directory of one. The error is what Kratix would refuse it for.
func (s *start) promise(file string) error {
	p, err := promise.Load(file)
	if err != nil {
		s.fact("Promise", relative(file))
		s.Found = diag.Findings(err)
		if len(s.Found) == 0 {
			s.Found = []diag.Finding{{Severity: diag.SeverityError, Message: err.Error(), Hint: strings.Join(diag.Hints(err), "\n")}}
		}
		s.next("kratix build promise", "check it again")
		return err
	}
	s.fact("Promise", p.Name+" "+versionOf(p)+"in "+relative(file))
	if crd, err := p.CRD(); err == nil && crd != nil {
		s.fact("API", crd.Kind+" in "+crd.Group+", "+strings.Join(crd.Versions, ", "))
	}
	stages := s.workflows(p)
	var problems []diag.Finding
	for _, f := range p.Check() {
		if f.Severity == diag.SeverityError {
			problems = append(problems, f)
		}
	}
	if err := diag.Problems("Kratix would refuse this Promise", problems); err != nil {
		s.Found = problems
		s.next("kratix build promise", "check it again")
		return err
	}
	return s.steps(p, stages)
}

// versionOf is the version of a Promise with a blank behind it, if it has one.
func versionOf(p *promise.Promise) string {
	if v := p.Labels["kratix.io/promise-version"]; v != "" {
		return v + " "
	}
	return ""
}

// workflows tells of the Pipelines, and gives all containers.
func (s *start) workflows(p *promise.Promise) []stage {
	var all []stage
	var lines []string
	for _, ref := range promise.Workflows() {
		stages, err := pipelineStages(p, ref)
		if err != nil || len(stages) == 0 {
			continue // what is wrong with it is told by Check
		}
		all = append(all, stages...)
		lines = append(lines, ref.String()+"  "+pipelineSteps(stages))
	}
	s.fact("Workflows", aligned(lines)...)
	return all
}

// aligned puts what follows the first word of each line in a column.
func aligned(lines []string) []string {
	width := 0
	for _, line := range lines {
		width = max(width, strings.IndexByte(line, ' '))
	}
	for i, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		lines[i] = word + strings.Repeat(" ", width-len(word)+1) + rest
	}
	return lines
}

// pipelineSteps names containers by Pipeline: "instance: validate, render".
func pipelineSteps(stages []stage) string {
	var text strings.Builder
	pipeline := ""
	for _, s := range stages {
		switch {
		case s.ref.Pipeline == pipeline:
			text.WriteString(", ")
		case pipeline != "":
			text.WriteString("; ")
		}
		if s.ref.Pipeline != pipeline {
			pipeline = s.ref.Pipeline
			text.WriteString(pipeline + ": ")
		}
		text.WriteString(s.name)
	}
	return text.String()
}

// steps adds what comes next for a Promise that Kratix would take.
func (s *start) steps(p *promise.Promise, stages []stage) error {
	if len(stages) == 0 {
		s.next("kratix add container resource/configure/instance --image ghcr.io/YOU/"+p.Name+"-instance:v0.1.0 --language go",
			"add a step, with sources in Go")
	} else if err := s.cases(p, stages); err != nil {
		return err
	}
	sources := slices.ContainsFunc(stages, func(s stage) bool { return s.kind != build.KindNone })
	if sources {
		s.next("kratix build container --all --push", "build and push its images")
	}
	if len(stages) > 0 || len(p.Spec.Dependencies) > 0 {
		s.next("kratix build promise | kubectl apply -f -", "install it")
	}
	if s.context != "" {
		s.next("kratix inspect promise "+p.Name, "what became of it on the cluster")
	}
	return nil
}

// cases tells of the test cases, and what to do with them.
func (s *start) cases(p *promise.Promise, stages []stage) error {
	suite, err := fixture.Discover(p.Dir)
	if diag.ExitCode(err) == diag.ExitNotFound {
		s.fact("Tests", "none yet")
		ref := stages[len(stages)-1].ref // a resource's, if there is one
		if i := slices.IndexFunc(stages, func(s stage) bool { return s.ref.String() == "resource/configure" }); i >= 0 {
			ref = stages[i].ref
		}
		workflow := string(ref.Type) + "/" + string(ref.Action)
		s.next("kratix run workflow "+workflow, "run it, see what comes out")
		s.next("kratix add test "+workflow+" NAME", "make a test case")
		return nil
	}
	if err == nil {
		err = errors.Join(caseErrors(suite.Cases)...)
	}
	if err != nil {
		s.Found = diag.Findings(err)
		s.next("kratix test workflow", "try the test cases again")
		return err
	}
	count := diag.Count(len(suite.Cases), "case")
	without := len(slices.DeleteFunc(slices.Clone(suite.Cases), hasGolden))
	if without > 0 {
		s.fact("Tests", count+", "+strconv.Itoa(without)+" without golden files")
		s.next("kratix test workflow --update", "run them, keep what comes out")
		return nil
	}
	s.fact("Tests", count+" in "+relative(suite.Dir))
	s.next("kratix test workflow", "run the "+count)
	s.next("kratix test workflow --watch", "on every save, run what it can touch")
	return nil
}

func caseErrors(cases []*fixture.Case) []error {
	errs := make([]error, len(cases))
	for i, c := range cases {
		errs[i] = c.Err()
	}
	return errs
}

// hasGolden says whether a case has something to be compared with.
func hasGolden(c *fixture.Case) bool {
	_, err := os.Stat(filepath.Join(c.Dir, "expected"))
	return err == nil || c.Expect != nil
}
