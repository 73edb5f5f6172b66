// SPDX-License-Identifier: Apache-2.0

package work_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/work"
)

type files = fstest.MapFS

func file(text string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(text), Mode: 0o644}
}

func link(target string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
}

func owned(uid int, mode fs.FileMode) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("a: 1\n"), Mode: mode, Sys: &tree.Ownership{UID: uid, GID: uid}}
}

func selectors(text string) files {
	return files{"destination-selectors.yaml": file(text)}
}

func request(output, metadata files) work.Input {
	in := work.Input{
		WorkflowType: api.WorkflowResource, PromiseName: "redis", PipelineName: "instance",
		ResourceName: "example", ResourceNamespace: "team-a", Namespace: "team-a",
	}
	if output != nil {
		in.Output = output
	}
	if metadata != nil {
		in.Metadata = metadata
	}
	return in
}

// layout gives the groups as directory and file paths.
func layout(w *api.Work) map[string][]string {
	groups := map[string][]string{}
	for _, g := range w.Spec.WorkloadGroups {
		groups[g.Directory] = []string{}
		for _, f := range g.Workloads {
			groups[g.Directory] = append(groups[g.Directory], f.Filepath)
		}
	}
	return groups
}

func TestFromTreeGroups(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		output, metadata files
		want             map[string][]string
	}{
		"files are sorted by name, a directory at its place": {
			output: files{"b.yaml": file("b"), "a/z.yaml": file("z"), "a.yaml": file("a"), "a/b/c": file("c")},
			want:   map[string][]string{".": {"a/b/c", "a/z.yaml", "a.yaml", "b.yaml"}},
		},
		"dotfiles, empty files and binaries are files": {
			output: files{".hidden": file(""), "bin": file("\x00\xff")},
			want:   map[string][]string{".": {".hidden", "bin"}},
		},
		"empty directories vanish": {
			output: files{"a.yaml": file("a"), "empty": &fstest.MapFile{Mode: fs.ModeDir | 0o755}},
			want:   map[string][]string{".": {"a.yaml"}},
		},
		"no output has no groups": {want: map[string][]string{}},
		"a directory with selectors is a group, and is left out of the rest": {
			output:   files{"apps/a.yaml": file("a"), "x/apps/b.yaml": file("b"), "c.yaml": file("c")},
			metadata: selectors("- directory: apps\n  matchLabels: {a: b}\n"),
			want:     map[string][]string{"apps": {"apps/a.yaml"}, ".": {"c.yaml", "x/apps/b.yaml"}},
		},
		"without a rest there is no default group": {
			output:   files{"apps/a.yaml": file("a")},
			metadata: selectors("- directory: ./apps/\n  matchLabels: {a: b}\n"),
			want:     map[string][]string{"apps": {"apps/a.yaml"}},
		},
		"an empty directory with selectors is an empty group": {
			output:   files{"apps": &fstest.MapFile{Mode: fs.ModeDir | 0o755}, "a.yaml": file("a")},
			metadata: selectors("- directory: apps\n  matchLabels: {a: b}\n"),
			want:     map[string][]string{"apps": {}, ".": {"a.yaml"}},
		},
		"the directory / places everything twice": {
			output:   files{"a/b.yaml": file("b")},
			metadata: selectors("- directory: /\n  matchLabels: {a: b}\n"),
			want:     map[string][]string{"/": {"a/b.yaml"}, ".": {"a/b.yaml"}},
		},
		"links to files are followed, also into the metadata": {
			output:   files{"a.yaml": file("a"), "d/up": link("../a.yaml"), "meta": link("../metadata/note")},
			metadata: files{"note": file("n")},
			want:     map[string][]string{".": {"a.yaml", "d/up", "meta"}},
		},
		"a link through a linked directory is followed": {
			output: files{"d/a.yaml": file("a"), "f": link("d/../d/./a.yaml")},
			want:   map[string][]string{".": {"d/a.yaml", "f"}},
		},
		"a file of the work-writer's own user needs no other permission": {
			output: files{"a.yaml": owned(65532, 0o400)},
			want:   map[string][]string{".": {"a.yaml"}},
		},
		"a file of unknown owner is given the benefit of the doubt": {
			output: files{"a.yaml": &fstest.MapFile{Data: []byte("a"), Mode: 0o600}},
			want:   map[string][]string{".": {"a.yaml"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := work.FromTree(request(tt.output, tt.metadata))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, layout(result.Work)); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFromTreeFailsInTheWordsOfKratix(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		output, metadata files
		code             string
		want             string // after "work creator execution failed: "
	}{
		"an absolute link to the output dangles": {
			output: files{"a.yaml": file("a"), "b.yaml": link("/kratix/output/a.yaml")},
			code:   "O1", want: "open /work-creator-files/input/b.yaml: no such file or directory",
		},
		"a link to a directory": {
			output: files{"d/a.yaml": file("a"), "l": link("d")},
			code:   "O1", want: "read /work-creator-files/input/l: is a directory",
		},
		"a link to itself": {
			output: files{"l": link("l")},
			code:   "O1", want: "open /work-creator-files/input/l: too many levels of symbolic links",
		},
		"a link through a file": {
			output: files{"a": file("a"), "l": link("a/b")},
			code:   "O1", want: "open /work-creator-files/input/l: not a directory",
		},
		"a file that only its owner may read": {
			output: files{"a.yaml": owned(0, 0o600)},
			code:   "O2", want: "open /work-creator-files/input/a.yaml: permission denied",
		},
		"a directory that others may not list": {
			output: files{"d": {Mode: fs.ModeDir | 0o711, Sys: &tree.Ownership{}}, "d/a": file("a")},
			code:   "O2", want: "open /work-creator-files/input/d: permission denied",
		},
		"a directory that others may not search": {
			output: files{"d": {Mode: fs.ModeDir | 0o744, Sys: &tree.Ownership{}}, "d/a": file("a")},
			code:   "O2", want: "open /work-creator-files/input/d/a: permission denied",
		},
		"a socket": {
			output: files{"s": {Mode: fs.ModeSocket | 0o777}},
			code:   "O3", want: "open /work-creator-files/input/s: no such device or address",
		},
		"a directory with selectors that is not there": {
			metadata: selectors("- directory: apps\n  matchLabels: {a: b}\n"),
			code:     "M3", want: "open /work-creator-files/input/apps: no such file or directory",
		},
		"an entry that is a string": {
			metadata: selectors("- apps\n"),
			code:     "M2", want: "invalid destination-selectors.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type v1alpha1.WorkflowDestinationSelectors",
		},
		"an empty entry": {
			metadata: selectors("-\n"),
			code:     "M2", want: "invalid destination-selectors.yaml: entry with index 0 has no selectors",
		},
		"a bad selector file fails even a suspended pipeline": {
			metadata: files{"destination-selectors.yaml": file("- directory: a/b\n  matchLabels: {a: b}\n"), "workflow-control.yaml": file("suspend: true\n")},
			code:     "M2", want: "invalid directory in destination-selectors.yaml: a/b, sub-directories are not allowed",
		},
		"a quoted suspend": {
			metadata: files{"workflow-control.yaml": file(`suspend: "true"`)},
			code:     "M20", want: `failed to unmarshal the workflow control file: "/work-creator-files/metadata/workflow-control.yaml" with error: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field WorkflowControl.suspend of type bool`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := work.FromTree(request(tt.output, tt.metadata))
			var failure *work.Failure
			if !errors.As(err, &failure) {
				t.Fatalf("got error %v, want a Failure", err)
			}
			want := &work.Failure{Text: tt.want, Code: tt.code}
			if diff := cmp.Diff(want, failure); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
			if code := diag.ExitCode(err); code != diag.ExitAnswer {
				t.Errorf("exit code %d, want %d", code, diag.ExitAnswer)
			}
			if len(diag.Hints(err)) == 0 {
				t.Error("no hint on what to do")
			}
		})
	}
}

func TestNamedPipeNeverEnds(t *testing.T) {
	t.Parallel()
	_, err := work.FromTree(request(files{"p": {Mode: fs.ModeNamedPipe | 0o666}}, nil))
	if err == nil || !strings.Contains(err.Error(), "output/p is a named pipe") {
		t.Errorf("got %v", err)
	}
}

func TestSelectorsOfGroups(t *testing.T) {
	t.Parallel()
	promise := []api.PromiseSelector{
		{MatchLabels: map[string]string{"env": "dev"}},
		{MatchLabels: map[string]string{"env": "prod", "zone": "eu"}},
	}
	metadata := selectors("- directory: apps\n  matchLabels: {v: 3}\n- matchLabels: {env: test}\n")
	in := request(files{"apps/a": file("a"), "b": file("b")}, metadata)
	in.PromiseSelectors = promise
	result, err := work.FromTree(in)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]api.WorkloadSelector{
		"apps": {{MatchLabels: map[string]string{"v": "3"}, Source: api.SourceResourceWorkflow}},
		".": {
			{MatchLabels: map[string]string{"env": "test"}, Source: api.SourceResourceWorkflow},
			{MatchLabels: map[string]string{"env": "dev", "zone": "eu"}, Source: api.SourcePromise}, // the first item wins
		},
	}
	got := map[string][]api.WorkloadSelector{}
	for _, g := range result.Work.Spec.WorkloadGroups {
		got[g.Directory] = g.DestinationSelectors
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("selectors (-want +got):\n%s", diff)
	}
}

func TestIdentityOfWork(t *testing.T) {
	t.Parallel()
	promise := request(nil, nil)
	promise.WorkflowType, promise.ResourceName, promise.Namespace = api.WorkflowPromise, "", ""
	elsewhere := request(nil, nil)
	elsewhere.PipelineNamespaceSet, elsewhere.Namespace, elsewhere.DryRun = true, "pipelines", true
	for name, tt := range map[string]struct {
		in   work.Input
		want metav1.ObjectMeta
	}{
		"a resource workflow": {request(nil, nil), metav1.ObjectMeta{
			Name: "redis-example-instance-xxxxx", Namespace: "team-a",
			Labels: map[string]string{
				"kratix.io/promise-name": "redis", "kratix.io/work-type": "resource",
				"kratix.io/pipeline-name": "instance", "kratix.io/resource-name": "example",
			},
		}},
		"a promise workflow": {promise, metav1.ObjectMeta{
			Name: "redis-instance-xxxxx", Namespace: "kratix-platform-system",
			Labels: map[string]string{
				"kratix.io/promise-name": "redis", "kratix.io/work-type": "promise", "kratix.io/pipeline-name": "instance",
			},
		}},
		"a dry run with a pipeline namespace": {elsewhere, metav1.ObjectMeta{
			Name: "redis-example-team-a-instance-xxxxx", Namespace: "pipelines",
			Labels: map[string]string{
				"kratix.io/promise-name": "redis", "kratix.io/work-type": "resource",
				"kratix.io/pipeline-name": "instance", "kratix.io/resource-name": "example",
				"kratix.io/resource-namespace": "team-a", "kratix.io/dry-run": "true",
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result, err := work.FromTree(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, result.Work.ObjectMeta); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExistingWorkKeepsItsName(t *testing.T) {
	t.Parallel()
	first, err := work.FromTree(request(files{"a": file("a")}, nil))
	if err != nil {
		t.Fatal(err)
	}
	first.Work.Name, first.Work.Generation = "redis-example-instance-1a2b3", 4
	in := request(files{"b": file("b")}, nil)
	in.Existing = []api.Work{*first.Work}
	second, err := work.FromTree(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := second.Work; got.Name != "redis-example-instance-1a2b3" || got.Generation != 5 || !second.Updates {
		t.Errorf("got name %s, generation %d, updates %v", got.Name, got.Generation, second.Updates)
	}

	in.Existing = append(in.Existing, *first.Work)
	_, err = work.FromTree(in)
	const want = "work creator execution failed: more than 1 work exist with the matching labels: " +
		"map[kratix.io/pipeline-name:instance kratix.io/promise-name:redis kratix.io/resource-name:example kratix.io/work-type:resource]. Unable to update"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestSuspendedPipelineLeavesTheWork(t *testing.T) {
	t.Parallel()
	for _, control := range []string{"suspend: true", "suspend: yes", "retryAfter: 5m", "retryAfter: 30", "Suspend: true"} {
		result, err := work.FromTree(request(files{"a": file("a")}, files{"workflow-control.yaml": file(control)}))
		if err != nil || result.Work != nil {
			t.Errorf("%s: got Work %v, error %v", control, result.Work, err)
		}
	}
	result, err := work.FromTree(request(files{"a": file("a")}, files{"workflow-control.yaml": file("message: hi")}))
	if err != nil || result.Work == nil {
		t.Errorf("a message alone: got Work %v, error %v", result.Work, err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   func(*work.Input)
		want string // codes and positions
	}{
		"mode without owner":     {func(in *work.Input) { in.Output = files{"a": {Mode: 0o600}} }, "O2 output/a"},
		"empty directory":        {func(in *work.Input) { in.Output = files{"a": file(""), "d/e": {Mode: fs.ModeDir | 0o755}} }, "O4 output/d/e"},
		"empty directory on top": {func(in *work.Input) { in.Output = files{"a": file(""), "e": {Mode: fs.ModeDir | 0o755}} }, "O4 output/e"},
		"executable":             {func(in *work.Input) { in.Output = files{"a.sh": {Mode: 0o755}} }, "O5 output/a.sh"},
		"leftovers, once":        {func(in *work.Input) { in.Output = files{".git/a": file(""), ".git/b": file("")} }, "O6 output/.git"},
		"no output":              {func(in *work.Input) { in.Output = nil }, "O7 output"},
		"wrong extension":        {func(in *work.Input) { in.Metadata = files{"status.yml": file("")} }, "M1 metadata/status.yml"},
		"underscore":             {func(in *work.Input) { in.Metadata = files{"destination_selectors.yaml": file("")} }, "M1 metadata/destination_selectors.yaml"},
		"another extension":      {func(in *work.Input) { in.Metadata = files{"status.yam": file("")} }, "M1 metadata/status.yam"},
		"a slip in the name":     {func(in *work.Input) { in.Metadata = files{"desination-selectors.yaml": file("")} }, "M1 metadata/desination-selectors.yaml"},
		"deep sub-directory":     {func(in *work.Input) { in.Metadata = files{"x/y/status.yaml": file("")} }, "M1 metadata/x/y/status.yaml"},
		"unknown key of control": {func(in *work.Input) { in.Metadata = files{"workflow-control.yaml": file("supend: true\n")} }, "M13 metadata/workflow-control.yaml:1:1"},
		"negative time":          {func(in *work.Input) { in.Metadata = files{"workflow-control.yaml": file("retryAfter: -5s\n")} }, "M20 metadata/workflow-control.yaml, M23 metadata/workflow-control.yaml"},
		"sub-directory":          {func(in *work.Input) { in.Metadata = files{"x/status.yaml": file("")} }, "M1 metadata/x/status.yaml"},
		"directory without files": {func(in *work.Input) {
			in.Output = files{"e": {Mode: fs.ModeDir | 0o755}}
			in.Metadata = selectors("- matchLabels: {a: b}\n  directory: e\n")
		}, "M4 output/e"},
		"unknown key":               {func(in *work.Input) { in.Metadata = selectors("- matchLabels: {a: b}\n  directories: x\n") }, "M13 metadata/destination-selectors.yaml:2:3"},
		"key twice":                 {func(in *work.Input) { in.Metadata = files{"status.yaml": file("a: 1\nb: 2\na: 3\n")} }, "M13 metadata/status.yaml:3:1"},
		"second document":           {func(in *work.Input) { in.Metadata = files{"status.yaml": file("a: 1\n---\nb: 2\n")} }, "M13 metadata/status.yaml:2"},
		"Promise selectors lost":    {func(in *work.Input) { in.Metadata = selectors("- matchLabels: {a: b}\n  directory: d\n"); promised(in) }, "M5 metadata/destination-selectors.yaml"},
		"Promise wins":              {func(in *work.Input) { in.Metadata = selectors("- matchLabels: {env: b}\n"); promised(in) }, "M6 metadata/destination-selectors.yaml"},
		"both must match":           {func(in *work.Input) { in.Metadata = selectors("- matchLabels: {a: b}\n"); promised(in) }, "M7 metadata/destination-selectors.yaml"},
		"invalid label value":       {func(in *work.Input) { in.Metadata = selectors("- matchLabels: {a: b c}\n") }, "M12 metadata/destination-selectors.yaml"},
		"parent directory":          {func(in *work.Input) { in.Metadata = selectors("- matchLabels: {a: b}\n  directory: ..\n") }, "M14 metadata/destination-selectors.yaml"},
		"kratix in status":          {func(in *work.Input) { in.Metadata = files{"status.yaml": file("kratix: {}\n")} }, "M15 metadata/status.yaml"},
		"status is a list":          {func(in *work.Input) { in.Metadata = files{"status.yaml": file("[a]\n")} }, "M15 metadata/status.yaml"},
		"message is a number":       {func(in *work.Input) { in.Metadata = files{"status.yaml": file("message: 3\n")} }, "M15 metadata/status.yaml"},
		"counter is a string":       {func(in *work.Input) { in.Metadata = files{"status.yaml": file("workflows: x\n")} }, "M15 metadata/status.yaml"},
		"Promise status is closed":  {func(in *work.Input) { in.Metadata = files{"status.yaml": file("a: 1\n")}; in.WorkflowType = "promise" }, "M17 metadata/status.yaml"},
		"condition without type":    {func(in *work.Input) { in.Metadata = files{"status.yaml": file("conditions: [{status: x}]\n")} }, "M19 metadata/status.yaml"},
		"duration without unit":     {func(in *work.Input) { in.Metadata = files{"workflow-control.yaml": file("retryAfter: 30\n")} }, "M20 metadata/workflow-control.yaml, M23 metadata/workflow-control.yaml"},
		"message without effect":    {func(in *work.Input) { in.Metadata = files{"workflow-control.yaml": file("message: x\n")} }, "M22 metadata/workflow-control.yaml"},
		"suspended":                 {func(in *work.Input) { in.Metadata = files{"workflow-control.yaml": file("suspend: true\n")} }, "M23 metadata/workflow-control.yaml"},
		"nothing to say":            {func(*work.Input) {}, ""},
		"other metadata is allowed": {func(in *work.Input) { in.Metadata = files{"notes.txt": file("x")} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := request(files{"a.yaml": file("a: 1\n"), "d/b.yaml": file("b: 1\n")}, nil)
			tt.in(&in)
			result, err := work.FromTree(in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range result.Warnings {
				got = append(got, w.Code+" "+w.Position.String())
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func promised(in *work.Input) {
	in.PromiseSelectors = []api.PromiseSelector{{MatchLabels: map[string]string{"env": "dev"}}}
}
