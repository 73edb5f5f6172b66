package promise_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/promise"
)

// TestRejections compares Check with what Kratix' webhook said to the same
// Promises.
func TestRejections(t *testing.T) {
	t.Parallel()
	undecidable := map[string]string{
		"missing-pipeline-namespace": "only a cluster knows its namespaces",
		"changed-kind":               "it is the difference from the installed Promise that is refused",
	}
	files, err := filepath.Glob("testdata/rejections/*/error.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		dir := filepath.Dir(file)
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorded := recordedMessage(t, file)
			refused := refusals(t, withUpdate(t, dir))
			if recorded == "" || undecidable[name] != "" {
				if refused != "" {
					t.Errorf("Check refuses what it should accept:\n%s", refused)
				}
				return
			}
			for part := range strings.SplitSeq(recorded, "\x00") {
				if !strings.Contains(refused, part) {
					t.Errorf("Kratix says\n\t%s\nCheck says\n\t%s", part, refused)
				}
			}
		})
	}
}

// withUpdate gives the Promise that the webhook judged last.
func withUpdate(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "promise.yaml")
	update, err := os.ReadFile(filepath.Join(dir, "update.yaml"))
	if err != nil {
		return file
	}
	var object map[string]any
	for _, layer := range [][]byte{readFile(t, file), update} {
		var patch map[string]any
		if err := yaml.Unmarshal(layer, &patch); err != nil {
			t.Fatal(err)
		}
		object = merge(object, patch)
	}
	data, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "promise.yaml")
	writeFile(t, file, string(data))
	return file
}

// merge applies a JSON merge patch.
func merge(object, patch map[string]any) map[string]any {
	if object == nil {
		object = map[string]any{}
	}
	for key, value := range patch {
		inner, ok := value.(map[string]any)
		switch {
		case value == nil:
			delete(object, key)
		case ok:
			old, _ := object[key].(map[string]any)
			object[key] = merge(old, inner)
		default:
			object[key] = value
		}
	}
	return object
}

// recordedMessage gives what Kratix said without the frame that the API server
// puts around it, and in two parts where the random name of a Job is between.
func recordedMessage(t *testing.T, file string) string {
	t.Helper()
	data := readFile(t, file)
	if strings.TrimSpace(string(data)) == "accepted" {
		return ""
	}
	var answer struct{ Message string }
	if err := yaml.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	_, message, ok := strings.Cut(answer.Message, "denied the request: ")
	if !ok {
		t.Fatalf("unexpected answer %q", answer.Message)
	}
	message = strings.Join(strings.Fields(message), " ")
	return regexp.MustCompile(` Job\.batch "[^"]*" is invalid: `).ReplaceAllString(message, "\x00")
}

// refusals gives the messages of all errors, one in each line.
func refusals(t *testing.T, file string) string {
	t.Helper()
	p, err := promise.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range p.Check() {
		if f.Severity == diag.SeverityError {
			lines = append(lines, strings.Join(strings.Fields(f.String()), " "))
			if f.Line == 0 || f.Field == "" {
				t.Errorf("a finding without a place: %+v", f)
			}
		}
	}
	return strings.Join(lines, "\n")
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
