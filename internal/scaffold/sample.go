// SPDX-License-Identifier: Apache-2.0

package scaffold

import (
	"path"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// A Sample is what a translator knows of the run that serves the example
// request. It becomes a test case, which passes wherever the stage can run.
type Sample struct {
	// Network tells that the stage fetches what it works with.
	Network bool
	// Output gives the files that the stage leaves for a request as the API admits
	// it, with its defaults. Their paths are below /kratix/output. It is nil if
	// none of them can be told. Of those without data only the names are known.
	Output func(request map[string]any) []File
	// Untold are further files there: that they come out is known, and what they
	// hold is not.
	Untold []string
}

// cases makes the test cases whose results are known, and the platform that they
// share.
func (c Content) cases(request map[string]any, data []byte) []File {
	files := slices.Concat(c.deliveryCase(), c.sampleCase(request, data))
	if files == nil {
		return nil
	}
	selectors := []api.PromiseSelector{{MatchLabels: c.DestinationSelectors}}
	return append(files,
		File{Path: "tests/destinations/dev.yaml", Data: render("case/destination.yaml", destinationView{labels(selectors)})},
		File{Path: "tests/.gitignore", Data: render("case/gitignore", nil)},
	)
}

// deliveryCase is the test case of the promise workflow.
func (c Content) deliveryCase() []File {
	if len(c.Delivered) == 0 {
		return nil
	}
	const dir = "tests/promise-configure/dependencies"
	file := File{Path: dir + "/case.yaml", Data: render("case/case.yaml", caseView{"what all requests share"})}
	return append([]File{file}, c.expected(dir, "all-of", c.Delivered, nil)...)
}

// sampleCase is the test case of the example request.
func (c Content) sampleCase(request map[string]any, data []byte) []File {
	if c.Sample == nil {
		return nil
	}
	const dir = "tests/resource-configure/example"
	sample := *c.Sample
	var output []File
	if sample.Output != nil {
		output, sample.Untold = told(sample.Output(request), sample.Untold)
	}
	files := []File{
		{Path: dir + "/case.yaml", Data: render("translated/case.yaml", sample)},
		{Path: dir + "/request.yaml", Data: data},
	}
	return append(files, c.expected(dir, "one-of", output, sample.Untold)...)
}

// told are the files that have data; the names of the others are added to those
// of files that are untold anyway.
func told(files []File, others []string) (output []File, untold []string) {
	untold = slices.Clone(others)
	for _, f := range files {
		if f.Data == nil {
			untold = append(untold, f.Path)
		} else {
			output = append(output, f)
		}
	}
	return output, untold
}

// expected are the golden files of a case in dir, of which some are untold.
func (c Content) expected(dir, rule string, output []File, untold []string) []File {
	v := expectedView{Selectors: c.DestinationSelectors, Rule: rule, Documents: slices.Clone(untold)}
	var files []File
	for _, f := range output {
		v.Documents = append(v.Documents, f.Path)
		files = append(files, File{Path: dir + "/expected/output/" + f.Path, Data: f.Data, Mode: f.Mode})
	}
	slices.Sort(v.Documents)
	return append(files, File{Path: dir + "/expected/placements.yaml", Data: render("case/placements.yaml", v)})
}

// expectedView is where Kratix places what a workflow writes without selectors
// of its own: wherever those of the Promise match.
type expectedView struct {
	Selectors map[string]string
	Rule      string
	Documents []string
}

// HandedOn is the sample of a container that makes of each request of a Promise
// one object of another kind, with the same name, labels and spec, in the
// namespace "default". It is nil if the container has an image of another name
// than itself: that is neither the usual one nor a copy in another registry.
func HandedOn(promise string, c api.Container, apiVersion, kind string) *Sample {
	if lastName(c.Image) != c.Name {
		return nil
	}
	return &Sample{Output: func(request map[string]any) []File {
		metadata, _ := request["metadata"].(map[string]any)
		spec, ok := request["spec"]
		if !ok {
			spec = map[string]any{}
		}
		object := yamldoc.Map{
			{Key: "apiVersion", Value: apiVersion},
			{Key: "kind", Value: kind},
			{Key: "metadata", Value: yamldoc.Map{
				{Key: "labels", Value: map[string]any{api.LabelPromiseName: promise}}, // of every request
				{Key: "name", Value: metadata["name"]},
				{Key: "namespace", Value: "default"},
			}},
			{Key: "spec", Value: spec},
		}
		return []File{{Path: "object.yaml", Data: []byte(yamlText(object))}}
	}}
}

// lastName is the last part of the name of an image's repository.
func lastName(image string) string {
	repository, _, _ := strings.Cut(image, "@")
	name, _, _ := strings.Cut(path.Base(repository), ":")
	return name
}
