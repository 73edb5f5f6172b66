// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/work"
)

// A storeOf holds what is in a state store.
type storeOf map[string]string

func (s storeOf) Version() string { return "77ab01e" }

func (s storeOf) Read(_ context.Context, path string) ([]byte, error) {
	text, ok := s[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if text == "unreadable" {
		return nil, errors.New("access denied")
	}
	return []byte(text), nil
}

func (s storeOf) List(_ context.Context, prefix string) ([]string, error) {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s)), func(path string) bool { return !strings.HasPrefix(path, prefix) }), nil
}

// written gives the store as Kratix leaves it.
func written(t *testing.T, p *platform.Platform) storeOf {
	t.Helper()
	var tree placement.Tree
	if err := tree.Replay(p); err != nil {
		t.Fatal(err)
	}
	store := storeOf{}
	for file := range tree.Files() {
		text, err := file.Content(0)
		if err != nil {
			t.Fatal(err)
		}
		store[string(file.Path)] = string(text)
	}
	return store
}

func opening(s storeOf) inspect.OpenStore {
	return func(context.Context, string, string) (inspect.StoreReader, error) { return s, nil }
}

// verified is what verification finds, in short.
type verified struct {
	Sentence  string
	Healthy   bool
	Documents []string // state and path
	Files     []string // state and path in the store
	Extra     []string
	Problem   string
}

func verify(t *testing.T, p *platform.Platform, open inspect.OpenStore) (verified, *inspect.WorkReport) {
	t.Helper()
	in := inspector(saved(t, p))
	r, err := in.Work(t.Context(), "team", "db-work")
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Verify(t.Context(), r, open); err != nil {
		t.Fatal(err)
	}
	v := verified{Sentence: r.Verdict.Sentence, Healthy: r.Verdict.Healthy}
	for _, g := range r.Groups {
		for _, d := range g.Documents {
			v.Documents = append(v.Documents, string(d.State)+" "+d.Path)
		}
	}
	for _, c := range r.Verification {
		for _, f := range c.Files {
			v.Files = append(v.Files, string(f.State)+" "+f.Path)
		}
		v.Extra = append(v.Extra, c.Extra...)
		v.Problem += c.Problem
	}
	return v, r
}

// on gives a platform with one Destination of a layout, where a Work is placed
// beside that of somebody else.
func on(t *testing.T, mode api.FilepathMode) *platform.Platform {
	t.Helper()
	p := &platform.Platform{
		Destinations: []api.Destination{destination("prod", mode, map[string]string{"env": "prod"})},
		BucketStores: []api.BucketStateStore{bucket()},
	}
	other := aWork("other", "other-files")
	other.Name, other.Namespace = "a-work", "neighbours"
	w := aWork("orders", ".", "more")
	return delivered(t, delivered(t, p, &other), &w)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const dir = "store/prod/resources/team/db/orders/instance/"
	short := work.ShortID(work.GroupID("more"))
	for _, test := range []struct {
		name   string
		mode   api.FilepathMode
		change func(*platform.Platform, storeOf)
		want   verified
	}{
		{
			"nested, as it should be", api.FilepathNested, nil,
			verified{
				"Verified: 2 documents on prod", true,
				[]string{"Verified db.yaml", "Verified more/db.yaml"},
				[]string{"Verified " + dir + "5058f/db.yaml", "Verified " + dir + short + "/more/db.yaml"},
				nil, "",
			},
		},
		{
			"nested, one is different and one is missing", api.FilepathNested,
			func(_ *platform.Platform, s storeOf) {
				s[dir+"5058f/db.yaml"] = "edited: by hand\n"
				delete(s, dir+short+"/more/db.yaml")
			},
			verified{
				"Missing: 2 documents on prod", false,
				[]string{"Drifted db.yaml", "Missing more/db.yaml"},
				[]string{"Drifted " + dir + "5058f/db.yaml", "Missing " + dir + short + "/more/db.yaml"},
				nil, "",
			},
		},
		{
			"nested, somebody else wrote there", api.FilepathNested,
			func(_ *platform.Platform, s storeOf) {
				s[dir+"5058f/extra.yaml"] = "kind: Intruder\n"
				s[dir+"5058f-not/mine.yaml"] = "of somebody else\n"
			},
			verified{
				"Drifted: 2 documents on prod", false,
				[]string{"Verified db.yaml", "Verified more/db.yaml"},
				[]string{"Verified " + dir + "5058f/db.yaml", "Verified " + dir + short + "/more/db.yaml"},
				[]string{dir + "5058f/extra.yaml"},
				"",
			},
		},
		{
			"nested, one cannot be read", api.FilepathNested, func(_ *platform.Platform, s storeOf) { s[dir+"5058f/db.yaml"] = "unreadable" },
			verified{
				"Unverified: 2 documents on prod", false,
				[]string{"Unverified db.yaml", "Verified more/db.yaml"},
				[]string{"Unverified " + dir + "5058f/db.yaml", "Verified " + dir + short + "/more/db.yaml"},
				nil, "",
			},
		},
		{
			"not written yet, so nothing is missing", api.FilepathNested,
			func(p *platform.Platform, s storeOf) {
				for i := range p.WorkPlacements {
					p.WorkPlacements[i].Status.Conditions = conditions("ScheduleSucceeded=True/ScheduledToDestination")
				}
				clear(s)
			},
			verified{
				"Placed: 2 of 2 WorkPlacements not written yet", false,
				[]string{"Placed db.yaml", "Placed more/db.yaml"},
				[]string{"Missing " + dir + "5058f/db.yaml", "Missing " + dir + short + "/more/db.yaml"},
				nil, "",
			},
		},
		{
			"an old release that does not tell, but everything is there", api.FilepathNested,
			func(p *platform.Platform, _ storeOf) {
				for i := range p.WorkPlacements {
					p.WorkPlacements[i].Status.Conditions = nil
				}
				for i := range p.Works {
					p.Works[i].Status = api.WorkStatus{Conditions: conditions("Scheduled=True/ScheduledToDestinations")}
				}
			},
			verified{
				"Verified: 2 documents on prod", true,
				[]string{"Verified db.yaml", "Verified more/db.yaml"},
				[]string{"Verified " + dir + "5058f/db.yaml", "Verified " + dir + short + "/more/db.yaml"},
				nil, "",
			},
		},
		{
			"none, with the state files", api.FilepathNone, nil,
			verified{
				"Verified: 2 documents on prod", true,
				[]string{"Verified db.yaml", "Verified more/db.yaml"},
				[]string{
					"Verified store/prod/.kratix/team-db-work.prod-5058f.yaml", "Verified store/prod/.kratix/team-db-work.prod-" + short + ".yaml",
					"Verified store/prod/db.yaml", "Verified store/prod/more/db.yaml",
				},
				nil, "",
			},
		},
		{
			"none, a state file is wrong", api.FilepathNone,
			func(_ *platform.Platform, s storeOf) {
				s["store/prod/.kratix/team-db-work.prod-5058f.yaml"] = "files: []\n"
			},
			verified{
				"Drifted: 2 documents on prod", false,
				[]string{"Verified db.yaml", "Verified more/db.yaml"},
				[]string{
					"Drifted store/prod/.kratix/team-db-work.prod-5058f.yaml", "Verified store/prod/.kratix/team-db-work.prod-" + short + ".yaml",
					"Verified store/prod/db.yaml", "Verified store/prod/more/db.yaml",
				},
				nil, "",
			},
		},
		{
			"aggregated, with the documents of others", api.FilepathAggregated, nil,
			verified{
				"Verified: 2 documents on prod", true,
				[]string{"Verified db.yaml", "Verified more/db.yaml"},
				[]string{"Verified store/prod/aggregated.yaml"},
				nil, "",
			},
		},
		{
			"aggregated, one of the documents is not in it", api.FilepathAggregated,
			func(_ *platform.Platform, s storeOf) {
				s["store/prod/aggregated.yaml"] = strings.Replace(s["store/prod/aggregated.yaml"], "db-more", "db-less", 1)
			},
			verified{
				"Missing: 2 documents on prod", false,
				[]string{"Verified db.yaml", "Missing more/db.yaml"},
				[]string{"Drifted store/prod/aggregated.yaml"},
				nil, "",
			},
		},
		{
			"a document whose path leaves the store", api.FilepathNested,
			func(p *platform.Platform, _ storeOf) {
				for i := range p.Works {
					if p.Works[i].Namespace == "team" {
						p.Works[i].Spec.WorkloadGroups[0].Workloads[0].Filepath = "../../../../../../../../../out.yaml"
					}
				}
			},
			verified{
				"Missing: 2 documents on prod", false,
				[]string{"Missing ../../../../../../../../../out.yaml", "Verified more/db.yaml"},
				[]string{"Missing ../out.yaml", "Verified " + dir + short + "/more/db.yaml"},
				[]string{dir + "5058f/db.yaml"},
				"",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := on(t, test.mode)
			store := written(t, p)
			if test.change != nil {
				test.change(p, store)
			}
			got, r := verify(t, p, opening(store))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if r.Verification[0].Version != "77ab01e" {
				t.Errorf("version %q", r.Verification[0].Version)
			}
		})
	}
}

func TestStoreThatCannotBeRead(t *testing.T) {
	t.Parallel()
	got, r := verify(t, on(t, api.FilepathNested), func(context.Context, string, string) (inspect.StoreReader, error) {
		return nil, errors.New("authentication failed")
	})
	want := verified{"Unverified: 2 documents on prod", false, []string{"Unverified db.yaml", "Unverified more/db.yaml"}, nil, nil, "authentication failed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(r.Verdict.Reasons) != 2 || r.Verdict.Reasons[0].Text != "authentication failed" {
		t.Errorf("reasons %+v", r.Verdict.Reasons)
	}
}

func TestReached(t *testing.T) {
	t.Parallel()
	states := []inspect.State{inspect.StatePlaced, inspect.StateWritten, inspect.StateVerified}
	for state, want := range map[inspect.State][]bool{
		inspect.StateUnknown: {false, false, false}, inspect.StateUnplaced: {false, false, false}, inspect.StateWriteFailed: {true, false, false},
		inspect.StatePlaced: {true, false, false}, inspect.StateWritten: {true, true, false}, inspect.StateDrifted: {true, true, false},
		inspect.StateMissing: {true, true, false}, inspect.StateUnverified: {true, true, false}, inspect.StateVerified: {true, true, true},
		inspect.StateEmpty: {true, true, true},
	} {
		v := inspect.Verdict{State: state}
		for i, s := range states {
			if v.Reached(s) != want[i] {
				t.Errorf("%s has reached %s: %t, want %t", state, s, v.Reached(s), want[i])
			}
		}
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	const dir = "store/prod/resources/team/db/orders/instance/5058f/"
	p := on(t, api.FilepathNested)
	store := written(t, p)
	store[dir+"db.yaml"] = "edited: by hand\n"
	store[dir+"extra.yaml"] = "kind: Intruder\n"
	in := inspector(saved(t, p))
	r, err := in.Work(t.Context(), "team", "db-work")
	if err != nil {
		t.Fatal(err)
	}
	got, err := in.Diff(t.Context(), r, opening(store))
	if err != nil {
		t.Fatal(err)
	}
	want := []inspect.FileDiff{
		{
			Kind: api.KindBucketStateStore, Store: "bucket", Destination: "prod", Path: dir + "db.yaml", State: inspect.StateDrifted,
			Expected: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: db-.\n"), Stored: []byte("edited: by hand\n"),
		},
		{
			Kind: api.KindBucketStateStore, Store: "bucket", Destination: "prod", Path: dir + "extra.yaml", State: inspect.StateDrifted,
			Why: "Kratix did not write it", Stored: []byte("kind: Intruder\n"),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A difference in a Secret is seen, its values are not.
func TestDiffOfSecret(t *testing.T) {
	t.Parallel()
	const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {user: admin, password: %}\n"
	w := aWork("orders", ".")
	w.Spec.WorkloadGroups[0].Workloads[0].Content = work.Compress([]byte(strings.Replace(secret, "%", "hunter2", 1)))
	p := prod(t, w)
	store := written(t, p)
	for path := range store {
		store[path] = strings.Replace(secret, "%", "hunter3", 1)
	}
	s := saved(t, p)
	for show, want := range map[bool]string{true: "password: hunter2", false: "password: '*** (7 bytes, value 1)'"} {
		in := inspect.New(s, inspect.Options{Now: now, ShowSecrets: show})
		r, err := in.Work(t.Context(), "team", "db-work")
		if err != nil {
			t.Fatal(err)
		}
		diffs, err := in.Diff(t.Context(), r, opening(store))
		if err != nil || len(diffs) != 1 {
			t.Fatal(diffs, err)
		}
		expected, stored := string(diffs[0].Expected), string(diffs[0].Stored)
		if !strings.Contains(expected, want) || expected == stored {
			t.Errorf("show %t: expected\n%s\nstored\n%s", show, expected, stored)
		}
		if !show && strings.Contains(expected+stored, "hunter") {
			t.Errorf("a value is shown:\n%s%s", expected, stored)
		}
	}
}
