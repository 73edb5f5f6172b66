package native

import (
	"fmt"
	"sort"
	"testing"
	"time"
	"unsafe"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sys/unix"
)

func TestProf(t *testing.T) {
	w := newWorld(t, v1.Config{})
	p := w.pod.(*pod)
	w.run(step("exit 0"))
	img, _ := w.image(t.Context(), "img")
	mem, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	ts := unsafe.Slice((*unix.Timespec)(unsafe.Pointer(&mem[0])), 4096)
	const N = 100
	agg := map[string][]float64{}
	var order []string
	for range N {
		s, _ := p.sandbox(step("exit 0"), img)
		null, _ := openNull(3)
		s.stdin, s.stdout, s.stderr = null[0], null[1], null[2]
		tb := time.Now()
		proc, err := s.process()
		if err != nil {
			t.Fatal(err)
		}
		build := time.Since(tb)
		var ops []op
		clock := func(i int) {
			ops = append(ops, op{nr: unix.SYS_CLOCK_GETTIME, args: [6]uintptr{unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&ts[i]))}})
		}
		for i, o := range proc.ops {
			clock(i)
			ops = append(ops, o)
		}
		what := proc.ops
		proc.ops = ops
		var t0, t1 unix.Timespec
		unix.ClockGettime(unix.CLOCK_MONOTONIC, &t0)
		if _, err := proc.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		unix.ClockGettime(unix.CLOCK_MONOTONIC, &t1)
		us := func(a, b unix.Timespec) float64 { return float64(b.Nano()-a.Nano()) / 1e3 }
		add := func(k string, v float64) {
			if _, ok := agg[k]; !ok {
				order = append(order, k)
			}
			agg[k] = append(agg[k], v)
		}
		sum := map[string]float64{}
		var keys []string
		for i := range len(what) - 1 {
			k := fmt.Sprintf("%s [%d]", what[i].what, what[i].nr)
			if _, ok := sum[k]; !ok {
				keys = append(keys, k)
			}
			sum[k] += us(ts[i], ts[i+1])
		}
		add("BUILD", float64(build.Microseconds()))
		add("CLONE", us(t0, ts[0]))
		for _, k := range keys {
			add(k, sum[k])
		}
		add("EXEC to END", us(ts[len(what)-1], t1))
		add("TOTAL", us(t0, t1))
	}
	for _, k := range order {
		v := agg[k]
		sort.Float64s(v)
		if v[len(v)/2] > 15 {
			fmt.Printf("%8.0f us  min %8.0f  %s\n", v[len(v)/2], v[0], k)
		}
	}
}
