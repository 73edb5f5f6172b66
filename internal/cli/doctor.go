package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/doctor"
	"github.com/kratix-tools/kratix/internal/engine"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/view"
)

func newDoctorCmd(env *Env) *cobra.Command {
	var format view.Format
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Show what this machine can run containers with, and what to do about the rest",
		Long: `Try every container engine without running anything, and show which of them
works, which one --engine auto takes, and what to do about the others.

It exits 0 if an engine works and 3 if none does, so that a CI job can ask
before it begins.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDoctor(cmd.Context(), env, format)
		},
	}
	cmd.Flags().VarP(newEnum(&format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

func runDoctor(ctx context.Context, env *Env, format view.Format) error {
	states, err := engine.Check(ctx, engine.Config{Getenv: env.Getenv})
	if err != nil {
		return err
	}
	d := doctor.Diagnosis{Engines: states, Machine: engine.ThisMachine(), Cache: checkCache(env)}
	if err := view.Doctor(env.out(), format, d); err != nil {
		return err
	}
	if !slices.ContainsFunc(states, func(s doctor.Engine) bool { return s.Works }) {
		return shown(diag.Machine(errors.New("no container engine works here")))
	}
	return nil
}

// checkCache looks at the image cache. That it cannot be used is a finding like
// any other.
func checkCache(env *Env) doctor.Cache {
	dir, err := image.DefaultDir(env.Getenv)
	if err != nil {
		return doctor.Cache{Error: err.Error()}
	}
	c := doctor.Cache{Dir: filepath.Join(dir, "images")}
	store, err := image.Open(dir)
	if err != nil {
		c.Error = err.Error()
		return c
	}
	defer store.Close() //nolint:errcheck // it was only read
	entries, err := store.List()
	if err == nil {
		c.Images = len(entries)
		c.Size, err = store.Size()
	}
	if err != nil {
		c.Error = err.Error()
	}
	return c
}
