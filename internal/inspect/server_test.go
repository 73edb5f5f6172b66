// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/kube"
	"github.com/kratix-tools/kratix/internal/kube/kubetest"
)

// server is a real API server with the recorded platform in it.
var server = kubetest.Shared{Load: (*kubetest.Server).LoadPlatform}

func TestMain(m *testing.M) {
	defer server.Stop()
	m.Run()
}

func cluster(t *testing.T) *kube.Client {
	t.Helper()
	config := kube.Config{Kubeconfig: server.Server(t).Kubeconfig}
	client, err := config.Connect()
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A cluster gives the answers that its files give.
func TestRequestsOfCluster(t *testing.T) {
	t.Parallel()
	checkRequests(t, inspector(cluster(t)))
}

func TestClusterAndFilesAgree(t *testing.T) {
	t.Parallel()
	live, files := inspector(cluster(t)), inspector(livePlatform(t))
	for name, ask := range map[string]func(context.Context, *inspect.Inspector) (any, error){
		"works": func(ctx context.Context, in *inspect.Inspector) (any, error) {
			return in.Works(ctx, inspect.WorksQuery{AllNamespaces: true})
		},
		"workplacements": func(ctx context.Context, in *inspect.Inspector) (any, error) {
			return in.WorkPlacements(ctx, inspect.WorksQuery{AllNamespaces: true})
		},
		"destinations": func(ctx context.Context, in *inspect.Inspector) (any, error) { return in.Destinations(ctx) },
		"destination": func(ctx context.Context, in *inspect.Inspector) (any, error) {
			return in.Destination(ctx, "worker-dev")
		},
		"promises": func(ctx context.Context, in *inspect.Inspector) (any, error) { return in.Promises(ctx) },
		"promise":  func(ctx context.Context, in *inspect.Inspector) (any, error) { return in.Promise(ctx, "webapp") },
		"work": func(ctx context.Context, in *inspect.Inspector) (any, error) {
			return in.Work(ctx, "team-a", "webapp-blog-instance-configure-294f2")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := ask(t.Context(), files)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ask(t.Context(), live)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(lasting(t, want), lasting(t, got)); diff != "" {
				t.Errorf("(-files +cluster):\n%s", diff)
			}
		})
	}
}

// lasting gives a report without what an API server sets anew when objects
// are created.
func lasting(t *testing.T, report any) any {
	t.Helper()
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	drop(value)
	return value
}

func drop(value any) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "createdAt")
		delete(v, "generation")
		for _, inner := range v {
			drop(inner)
		}
	case []any:
		for _, inner := range v {
			drop(inner)
		}
	}
}
