package engine

import (
	"runtime"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
)

func TestNewKnowsItsNames(t *testing.T) {
	t.Parallel()
	for _, name := range append(Names(), "") {
		e, err := New(t.Context(), name, Config{Dir: t.TempDir()})
		switch {
		case runtime.GOOS != "linux":
			if diag.ExitCode(err) != diag.ExitMachine || e != nil {
				t.Errorf("%q: %v, %v", name, e, err)
			}
		case err != nil:
			t.Errorf("%q: %v", name, err)
		case e.Name() != "native":
			t.Errorf("%q gives engine %q", name, e.Name())
		}
	}
}

func TestNewRefusesOtherNames(t *testing.T) {
	t.Parallel()
	_, err := New(t.Context(), "lxc", Config{})
	if diag.ExitCode(err) != diag.ExitInput || !strings.Contains(err.Error(), "auto, native") {
		t.Errorf("got %v", err)
	}
}
