// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// A guarded source refuses some kinds, as an API server does to a user who may
// not read them, and counts what is read.
type guarded struct {
	inspect.Source
	forbidden     []string // "list works", or "works" for both verbs
	absent        []string
	gets, objects atomic.Int32
}

func (g *guarded) refuse(verb string, r inspect.Resource) error {
	if slices.Contains(g.absent, r.Plural) {
		return inspect.ErrNoKind
	}
	if slices.Contains(g.forbidden, r.Plural) || slices.Contains(g.forbidden, verb+" "+r.Plural) {
		return apierrors.NewForbidden(schema.GroupResource{Group: r.Group, Resource: r.Plural}, "", errors.New("no"))
	}
	return nil
}

func (g *guarded) Get(ctx context.Context, r inspect.Resource, namespace, name string, into any) error {
	g.gets.Add(1)
	if err := g.refuse("get", r); err != nil {
		return err
	}
	return g.Source.Get(ctx, r, namespace, name, into)
}

func (g *guarded) List(ctx context.Context, r inspect.Resource, q inspect.Query, each func([]byte) error) error {
	if err := g.refuse("list", r); err != nil {
		return err
	}
	return g.Source.List(ctx, r, q, func(object []byte) error {
		if r == inspect.Works || r == inspect.WorkPlacements {
			g.objects.Add(1)
		}
		return each(object)
	})
}

func (g *guarded) Rows(ctx context.Context, r inspect.Resource, q inspect.Query, each func(inspect.Row) error) error {
	if err := g.refuse("list", r); err != nil {
		return err
	}
	return g.Source.Rows(ctx, r, q, each)
}

func texts(unknown []inspect.Unknown) []string {
	list := []string{}
	for _, u := range unknown {
		list = append(list, u.Text)
	}
	return list
}

// Whoever may read some kinds only gets an answer about those, and is told
// what is missing.
func TestPartialPermissions(t *testing.T) {
	t.Parallel()
	live := livePlatform(t)
	for _, test := range []struct {
		forbidden []string
		sentence  string
		reasons   []schedule.Reason // of the candidates of the default group, each once
		documents []string
		unknown   []string
	}{
		{
			[]string{"destinations"},
			"Unplaced: 1 of 2 groups has no Destination",
			[]schedule.Reason{schedule.ReasonUnknown},
			[]string{"Written app.yaml"},
			[]string{"unknown (forbidden: list destinations.platform.kratix.io)"},
		},
		{
			[]string{"workplacements"},
			"Unknown: WorkPlacements could not be read",
			[]schedule.Reason{schedule.ReasonLabelMissing, schedule.ReasonLabelMismatch, schedule.ReasonNotDrawn},
			[]string{"Unverified app.yaml"},
			[]string{"unknown (forbidden: list workplacements.platform.kratix.io in namespace team-a)"},
		},
		{
			[]string{"bucketstatestores", "gitstatestores"},
			"Unplaced: 1 of 2 groups has no Destination",
			[]schedule.Reason{schedule.ReasonLabelMissing, schedule.ReasonLabelMismatch, schedule.ReasonChosen},
			[]string{"Written app.yaml"},
			[]string{"unknown (forbidden: list bucketstatestores.platform.kratix.io)", "unknown (forbidden: list gitstatestores.platform.kratix.io)"},
		},
		{
			[]string{"promises", "events"},
			"Unplaced: 1 of 2 groups has no Destination",
			[]schedule.Reason{schedule.ReasonLabelMissing, schedule.ReasonLabelMismatch, schedule.ReasonChosen},
			[]string{"Written app.yaml"},
			[]string{
				"unknown (forbidden: list events in namespace team-a)", "unknown (forbidden: list events.events.k8s.io in namespace team-a)",
				"unknown (forbidden: get promises.platform.kratix.io)",
			},
		},
	} {
		t.Run(strings.Join(test.forbidden, "-"), func(t *testing.T) {
			t.Parallel()
			in := inspector(&guarded{Source: live, forbidden: test.forbidden})
			r, err := in.Work(t.Context(), "team-a", "webapp-blog-instance-configure-294f2")
			if err != nil {
				t.Fatal(err)
			}
			group := r.Groups[1]
			var reasons []schedule.Reason
			for _, c := range group.Candidates {
				if !slices.Contains(reasons, c.Reason) {
					reasons = append(reasons, c.Reason)
				}
			}
			var documents []string
			for _, d := range group.Documents {
				documents = append(documents, string(d.State)+" "+d.Path)
			}
			if diff := cmp.Diff([]any{test.sentence, test.reasons, test.documents, test.unknown}, []any{r.Verdict.Sentence, reasons, documents, texts(r.Unknown)}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPartialPermissionsOfLists(t *testing.T) {
	t.Parallel()
	live := livePlatform(t)
	ask := map[string]func(context.Context, *inspect.Inspector) ([]inspect.Unknown, error){
		"works": func(ctx context.Context, in *inspect.Inspector) ([]inspect.Unknown, error) {
			l, err := in.Works(ctx, inspect.WorksQuery{AllNamespaces: true})
			if l == nil {
				return nil, err
			}
			if len(l.Items) != 14 {
				t.Errorf("%d Works", len(l.Items))
			}
			return l.Unknown, err
		},
		"destinations": func(ctx context.Context, in *inspect.Inspector) ([]inspect.Unknown, error) {
			l, err := in.Destinations(ctx)
			if l == nil {
				return nil, err
			}
			return l.Unknown, err
		},
		"request": func(ctx context.Context, in *inspect.Inspector) ([]inspect.Unknown, error) {
			r, err := in.Request(ctx, "webapp", "default", "shop")
			if r == nil {
				return nil, err
			}
			return r.Unknown, err
		},
		"promise": func(ctx context.Context, in *inspect.Inspector) ([]inspect.Unknown, error) {
			r, err := in.Promise(ctx, "webapp")
			if r == nil {
				return nil, err
			}
			return r.Unknown, err
		},
	}
	for _, test := range []struct {
		ask, forbidden string
		want           []string // nil for an error
	}{
		{"works", "workplacements", []string{"unknown (forbidden: list workplacements.platform.kratix.io)"}},
		{"works", "destinations", []string{"unknown (forbidden: list destinations.platform.kratix.io)"}},
		{"works", "promises", []string{"unknown (forbidden: list promises.platform.kratix.io)"}},
		{"works", "works", nil},
		{"destinations", "workplacements", []string{"unknown (forbidden: list workplacements.platform.kratix.io)"}},
		{"destinations", "destinations", nil},
		{"request", "works", []string{"unknown (forbidden: list works.platform.kratix.io in namespace default)"}},
		{"request", "webapps", nil},
		{"request", "resourcebindings", []string{"unknown (forbidden: list resourcebindings.platform.kratix.io in namespace default)"}},
		{"request", "promises", []string{"unknown (forbidden: get promises.platform.kratix.io)"}}, // found by its definition
		{"promise", "webapps", []string{"unknown (forbidden: list webapps.apps.acme.example)"}},
		{"promise", "promiserevisions", []string{"unknown (forbidden: list promiserevisions.platform.kratix.io)"}},
		{"promise", "promises", nil},
	} {
		t.Run(test.ask+" without "+test.forbidden, func(t *testing.T) {
			t.Parallel()
			unknown, err := ask[test.ask](t.Context(), inspector(&guarded{Source: live, forbidden: []string{test.forbidden}}))
			if test.want == nil {
				if !apierrors.IsForbidden(err) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, texts(unknown)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	live := livePlatform(t)
	in := inspector(live)
	for _, test := range []struct {
		name string
		ask  func() error
		want string
		hint string
	}{
		{
			"a Work by a slip", func() error {
				_, err := in.Work(t.Context(), "team-a", "webapp-blog-instance-configure-294f")
				return err
			}, `there is no Work "webapp-blog-instance-configure-294f" in namespace team-a`, "did you mean webapp-blog-instance-configure-294f2?",
		},
		{
			"a Work elsewhere", func() error { _, err := in.Work(t.Context(), "team-b", "kafka-setup-5f974"); return err },
			`there is no Work "kafka-setup-5f974" in namespace team-b`, "there is one in namespace kratix-platform-system: -n kratix-platform-system",
		},
		{
			"a Destination", func() error { _, err := in.Destination(t.Context(), "worker-de"); return err },
			`there is no Destination "worker-de"`, "did you mean worker-dev?",
		},
		{
			"a Promise", func() error { _, err := in.Promise(t.Context(), "mysql"); return err }, `there is no Promise "mysql"`,
			"there are: archive, base, env, kafka, legacy-postgres, postgres, redis, sealed, stack, tf-bucket and 3 more",
		},
		{"a kind", func() error { _, err := in.Request(t.Context(), "postgre", "default", "orders-db"); return err }, `no Promise has the kind "postgre"`, "did you mean postgres?"},
		{
			"the kind of a Promise without an API", func() error { _, err := in.Request(t.Context(), "base", "default", "x"); return err },
			`the Promise "base" has no API, so there are no requests of it`, "",
		},
		{
			"a request", func() error { _, err := in.Request(t.Context(), "redis", "default", "cash"); return err },
			`there is no Redis "cash" in namespace default`, "did you mean cache?",
		},
		{
			"a document", func() error {
				r, err := in.Work(t.Context(), "team-a", "webapp-blog-instance-configure-294f2")
				if err != nil {
					return err
				}
				_, err = in.Document(r, "ap.yaml")
				return err
			}, `there is no document "ap.yaml" in Work team-a/webapp-blog-instance-configure-294f2`, "did you mean app.yaml?",
		},
	} {
		err := test.ask()
		hint := strings.Join(diag.Hints(err), "\n")
		if err == nil || diag.ExitCode(err) != diag.ExitNotFound {
			t.Errorf("%s: error %v, exit code %d", test.name, err, diag.ExitCode(err))
			continue
		}
		if diff := cmp.Diff([]string{test.want, test.hint}, []string{err.Error(), hint}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestKratixIsNotInstalled(t *testing.T) {
	t.Parallel()
	in := inspector(&guarded{Source: livePlatform(t), absent: []string{"works", "promises", "destinations"}})
	for name, ask := range map[string]func() error{
		"works":        func() error { _, err := in.Works(t.Context(), inspect.WorksQuery{}); return err },
		"work":         func() error { _, err := in.Work(t.Context(), "a", "b"); return err },
		"promises":     func() error { _, err := in.Promises(t.Context()); return err },
		"destinations": func() error { _, err := in.Destinations(t.Context()); return err },
		"request":      func() error { _, err := in.Request(t.Context(), "a", "b", "c"); return err },
	} {
		err := ask()
		if diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(strings.Join(diag.Hints(err), ""), "is Kratix installed?") {
			t.Errorf("%s: error %v, exit code %d, hints %v", name, err, diag.ExitCode(err), diag.Hints(err))
		}
	}
}

// Of many Works only the few that are not fine are read.
func TestOnlyWhatIsNotFineIsRead(t *testing.T) {
	t.Parallel()
	const works, unwell = 1000, 7
	p := &platform.Platform{
		Destinations: []api.Destination{destination("prod", api.FilepathNested, map[string]string{"env": "prod"})},
		BucketStores: []api.BucketStateStore{bucket()},
	}
	one := delivered(t, p, new(aWork("orders", ".")))
	all := *one
	all.Works, all.WorkPlacements = nil, nil
	for i := range works {
		w, wp := one.Works[0], one.WorkPlacements[0]
		w.Name += "-" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		wp.Name = w.Name + ".prod-5058f"
		wp.Labels = map[string]string{api.LabelWork: w.Name, api.LabelWorkloadGroupID: wp.Spec.ID, api.LabelTargetDestinationName: "prod"}
		wp.Status.Conditions = slices.Clone(wp.Status.Conditions)
		w.Status.Conditions = slices.Clone(w.Status.Conditions)
		for j := range w.Status.Conditions {
			w.Status.Conditions[j].Message = "Ready"
		}
		for j := range wp.Status.Conditions {
			wp.Status.Conditions[j].Message = "Ready"
			if i < unwell && wp.Status.Conditions[j].Type != "ScheduleSucceeded" {
				wp.Status.Conditions[j].Status, wp.Status.Conditions[j].Message = "False", "Failing"
			}
		}
		all.Works, all.WorkPlacements = append(all.Works, w), append(all.WorkPlacements, wp)
	}
	source := &guarded{Source: saved(t, &all)}
	for _, test := range []struct{ most, explained, unexplained int }{{0, unwell, 0}, {3, 3, unwell - 3}} {
		source.gets.Store(0)
		source.objects.Store(0)
		l, err := inspect.New(source, inspect.Options{Now: now, MaxExplained: test.most}).Works(t.Context(), inspect.WorksQuery{AllNamespaces: true})
		if err != nil {
			t.Fatal(err)
		}
		got := []int{l.Total, l.Healthy, l.Unexplained, int(source.gets.Load()), int(source.objects.Load())}
		if diff := cmp.Diff([]int{works, works - unwell, test.unexplained, test.explained, test.explained}, got); diff != "" {
			t.Errorf("total, healthy, unexplained, Works read, WorkPlacements read (-want +got):\n%s", diff)
		}
		for _, w := range l.Items {
			if want := inspect.StateWriteFailed; !w.Verdict.Healthy && w.Verdict.State != want {
				t.Errorf("%s is %s, want %s, explained %t", w.Name, w.Verdict.State, want, w.Explained)
			}
		}
	}
}

//go:fix inline
