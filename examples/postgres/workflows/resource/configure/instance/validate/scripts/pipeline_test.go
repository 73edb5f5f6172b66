package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	tests := []struct {
		name     string
		metadata string
		spec     string
		want     []string // fields of the refusal, in order
		waits    bool
	}{
		{
			name: "development needs no backup",
			spec: "{team: shop, environment: development, size: small, storageGiB: 10}",
		},
		{
			name: "production without backup is refused",
			spec: "{team: shop, environment: production, size: small, storageGiB: 10}",
			want: []string{"spec.backup.enabled"},
		},
		{
			name: "large is refused in development",
			spec: "{team: shop, environment: development, size: large, storageGiB: 10}",
			want: []string{"spec.size"},
		},
		{
			name: "a team may use its quota up",
			spec: "{team: shop, environment: development, size: small, storageGiB: 500}",
		},
		{
			name: "more than the quota is refused",
			spec: "{team: shop, environment: development, size: small, storageGiB: 501}",
			want: []string{"spec.storageGiB"},
		},
		{
			name: "a team can have a quota of its own",
			spec: "{team: analytics, environment: development, size: small, storageGiB: 2000}",
		},
		{
			name: "all problems are told at once",
			spec: "{team: shop, environment: production, size: large, storageGiB: 900}",
			want: []string{"spec.backup.enabled", "spec.storageGiB"},
		},
		{
			name:  "large in production waits for approval",
			spec:  "{team: shop, environment: production, size: large, storageGiB: 10, backup: {enabled: true}}",
			waits: true,
		},
		{
			name:     "large in production goes on when it is approved",
			metadata: "{name: orders, annotations: {acme.org/approved-by: ada}}",
			spec:     "{team: shop, environment: production, size: large, storageGiB: 10, backup: {enabled: true}}",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, "metadata: "+test.metadata+"\nspec: "+test.spec+"\n")
			err := run(s, t.Output())

			var got refusal
			if err != nil && !errors.As(err, &got) {
				t.Fatal(err)
			}
			if fields := fieldsOf(got); strings.Join(fields, " ") != strings.Join(test.want, " ") {
				t.Errorf("refused for %q, want %q", fields, test.want)
			}
			if waits := suspended(t, s); waits != test.waits {
				t.Errorf("waits for approval: %t, want %t", waits, test.waits)
			}
		})
	}
}

func TestRefusalSaysWhatToWrite(t *testing.T) {
	r := refusal{{field: "spec.size", why: "large is for production only", write: "size: medium"}}
	want := "this request cannot be granted:\n" +
		"  spec.size: large is for production only\n" +
		"    write size: medium"
	if got := r.Error(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func newStage(t *testing.T, object string) stage {
	t.Helper()
	s := stageAt(t.TempDir())
	for dir, file := range map[string][2]string{
		s.input:     {"object.yaml", object},
		s.resources: {"quotas.yaml", "{default: 500, teams: {analytics: 2000}}"},
	} {
		if err := writeFile(dir, file[0], []byte(file[1])); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func fieldsOf(r refusal) []string {
	var fields []string
	for _, p := range r {
		fields = append(fields, p.field)
	}
	return fields
}

// suspended reads the control file as Kratix does.
func suspended(t *testing.T, s stage) bool {
	t.Helper()
	file := filepath.Join(s.metadata, "workflow-control.yaml")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return false
	}
	var control struct {
		Suspend bool   `json:"suspend"`
		Message string `json:"message"`
	}
	if err := readYAML(file, &control); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(control.Message, approval) {
		t.Errorf("message %q does not say which annotation is needed", control.Message)
	}
	var status struct {
		Message string `json:"message"`
	}
	if err := readYAML(filepath.Join(s.metadata, "status.yaml"), &status); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(status.Message, "waiting for approval") {
		t.Errorf("the team reads %q, which does not say that the request waits", status.Message)
	}
	return control.Suspend
}
