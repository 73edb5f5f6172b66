// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"os"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/engine"
	"github.com/kratix-tools/kratix/internal/engine/enginetest"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

func TestNativeBehaviour(t *testing.T) {
	enginetest.Run(t, func(t *testing.T, images *image.Store) workflow.Engine {
		t.Helper()
		e, err := engine.New(t.Context(), "native", engine.Config{Images: images, Dir: t.TempDir(), Getenv: os.Getenv})
		if err != nil {
			t.Fatal(err)
		}
		notes := strings.Join(e.Notes(), "\n")
		if enginetest.HasSubordinateIDs() && strings.Contains(notes, "one user") {
			t.Fatal(notes)
		}
		return e
	}, nil)
}

// TestNativeBehaviourAsOrdinaryUser runs the same as a user without any rights.
func TestNativeBehaviourAsOrdinaryUser(t *testing.T) {
	enginetest.AsOrdinaryUser(t, false, "-test.run=^TestNativeBehaviour$")
}

func TestNativeBehaviourWithSubordinateIDs(t *testing.T) {
	enginetest.AsOrdinaryUser(t, true, "-test.run=^TestNativeBehaviour$")
}
