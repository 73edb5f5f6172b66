package main

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestStatus(t *testing.T) {
	tests := []struct {
		name   string
		object string
		want   map[string]any
	}{
		{
			name: "backups stay for 30 days after the deletion",
			object: `
metadata: {name: orders, deletionTimestamp: "2026-01-20T23:30:00-02:00"}
spec: {team: shop, backup: {enabled: true}}`,
			want: map[string]any{
				"message": "deleted; backups stay in s3://backups/spilo/shop-orders/ until 2026-02-20",
				"finalBackup": map[string]any{
					"location":  "s3://backups/spilo/shop-orders/",
					"keptUntil": "2026-02-20",
				},
			},
		},
		{
			name: "what was never backed up is gone",
			object: `
metadata: {name: sandbox, deletionTimestamp: "2026-01-20T00:00:00Z"}
spec: {team: shop, backup: {enabled: false}}`,
			want: map[string]any{"message": "deleted; there are no backups"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, test.object)
			if err := run(s, "backups", t.Output()); err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := readYAML(filepath.Join(s.metadata, "status.yaml"), &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got:\n%v\nwant:\n%v", got, test.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct{ name, object, bucket, want string }{
		{"a request that is not being deleted", "metadata: {name: orders}", "backups", "metadata.deletionTimestamp"},
		{"no bucket", `metadata: {deletionTimestamp: "2026-01-20T00:00:00Z"}`, "", "BACKUP_BUCKET"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := run(newStage(t, test.object), test.bucket, t.Output())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one that names %s", err, test.want)
			}
		})
	}
}

func newStage(t *testing.T, object string) stage {
	t.Helper()
	s := stageAt(t.TempDir())
	if err := writeFile(s.input, "object.yaml", []byte(object)); err != nil {
		t.Fatal(err)
	}
	return s
}
