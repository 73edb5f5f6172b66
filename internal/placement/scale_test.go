// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/placement"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/work"
)

// large makes a request's Work of many groups with one document each, and a
// platform of many Destinations, all with labels of their own. Every group asks
// for something else unless the questions are equal.
func large(groups, destinations int, equal bool) (*api.Work, *platform.Platform) {
	w := redis("r")
	w.Spec.WorkloadGroups = nil
	for i := range groups {
		name := fmt.Sprint("g", i)
		asks := labels{"env": "dev", "zone": fmt.Sprint("z", i%10)}
		if !equal {
			asks["group"] = name
		}
		w.Spec.WorkloadGroups = append(w.Spec.WorkloadGroups, api.WorkloadGroup{
			ID: work.GroupID(name), Directory: name,
			DestinationSelectors: []api.WorkloadSelector{{MatchLabels: asks, Source: api.SourceResourceWorkflow}},
			Workloads:            []api.Workload{{Filepath: name + "/a.yaml", Content: work.Compress([]byte("kind: ConfigMap\nname: " + name + "\n"))}},
		})
	}
	var all []api.Destination
	for i := range destinations {
		d := on(fmt.Sprintf("d%04d", i), api.KindGitStateStore, fmt.Sprint("d", i), "")
		d.Labels = labels{"env": "dev", "zone": fmt.Sprint("z", i%10), "n": strconv.Itoa(i)}
		all = append(all, d)
	}
	return w, world("", all...)
}

func BenchmarkEach(b *testing.B) {
	for _, n := range []int{100, 1000} {
		for _, equal := range []bool{true, false} {
			b.Run(fmt.Sprintf("%dx%d/equal=%v", n, n, equal), func(b *testing.B) {
				w, p := large(n, n, equal)
				b.ReportAllocs()
				for b.Loop() {
					for _, err := range placement.Each(w, p, placement.Options{}) {
						if err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}

// TestScale holds the promise that 1,000 groups on 1,000 Destinations take no
// more than 200 MB, whatever they ask for. Time is left to the benchmark: it
// depends on who else uses the machine.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds on a busy machine")
	}
	for _, equal := range []bool{true, false} {
		w, p := large(1000, 1000, equal)
		var peak uint64
		n := 0
		for _, err := range placement.Each(w, p, placement.Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n%50 == 0 {
				peak = max(peak, heap())
			}
		}
		if peak > 200<<20 {
			t.Errorf("equal=%v: %d MB in use", equal, peak>>20)
		}
		t.Logf("equal=%v: %d MB in use", equal, peak>>20)
	}
}

// TestAllAtOnceSharesCandidates keeps all placements of groups that ask the
// same few questions: the verdicts are there once per question.
func TestAllAtOnceSharesCandidates(t *testing.T) {
	w, p := large(1000, 1000, true)
	runtime.GC()
	before := heap()
	placements, err := placement.Place(w, p, placement.Options{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	if grown := int64(heap()) - int64(before); grown > 20<<20 {
		t.Errorf("%d placements take %d MB", len(placements), grown>>20)
	}
	runtime.KeepAlive(placements)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}
