// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/doctor"
	"github.com/kratix-tools/kratix/internal/engine"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/kube"
	"github.com/kratix-tools/kratix/internal/view"
)

func newDoctorCmd(env *Env) *cobra.Command {
	var format view.Format
	var config kube.Config
	cmd := &cobra.Command{
		Use:     "doctor",
		GroupID: groupProgram,
		Short:   "Show what works on this machine and its cluster, and what to do about the rest",
		Long: `Try every container engine without running anything, and show which of them
works, which one --engine auto takes, and what to do about the others. Then ask
the cluster of the kubeconfig, if there is one, whether it has Kratix and what
of it you may read.

It exits 0 if an engine works and 3 if none does, or if there is no room for
images, so that a CI job can ask before it begins. A cluster that is named by a
flag has to answer, too.`,
		Example: `  kratix doctor

  # in CI, before anything else
  kratix doctor -o json | jq '.engines[] | select(.works) | .name'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			named := cmd.Flags().Changed("kubeconfig") || cmd.Flags().Changed("context")
			return runDoctor(cmd.Context(), env, format, config, named)
		},
	}
	config.Register(cmd.Flags())
	cmd.Flags().VarP(newEnum(&format, view.Text, view.JSON, view.YAML), "output", "o", "format: text, json or yaml")
	return cmd
}

func runDoctor(ctx context.Context, env *Env, format view.Format, config kube.Config, named bool) error {
	states, err := engine.Check(ctx, engine.Config{Getenv: env.Getenv})
	if err != nil {
		return err
	}
	d := doctor.Diagnosis{Engines: states, Machine: engine.ThisMachine(), Cache: checkCache(env), Cluster: checkCluster(ctx, env, config)}
	if err := view.Doctor(env.out(), format, d); err != nil {
		return err
	}
	if !slices.ContainsFunc(states, func(s doctor.Engine) bool { return s.Works }) {
		return shown(diag.Machine(errors.New("no container engine works here")))
	}
	if d.Cache.Error != "" {
		return shown(diag.Machine(errors.New("the image cache cannot be used")))
	}
	if named && !d.Cluster.Reachable {
		return shown(diag.Machine(errors.New("the cluster does not answer")))
	}
	return nil
}

// clusterTime is how long a cluster may take to answer all that is asked.
const clusterTime = 10 * time.Second

// checkCluster asks the cluster, if one is configured.
func checkCluster(ctx context.Context, env *Env, config kube.Config) doctor.Cluster {
	config.Getenv = env.Getenv
	client, err := config.Connect()
	if err != nil {
		return doctor.Cluster{Detail: err.Error(), Kinds: []doctor.Kind{}, Rights: []doctor.Right{}, Old: []string{}}
	}
	ctx, cancel := context.WithTimeout(ctx, clusterTime)
	defer cancel()
	return client.Diagnose(ctx)
}

// checkCache looks at the image cache. That it cannot be used is a finding like
// any other.
func checkCache(env *Env) doctor.Cache {
	dir, err := image.DefaultDir(env.Getenv)
	if err != nil {
		return doctor.Cache{Error: err.Error(), Hints: diag.Hints(err)}
	}
	c := doctor.Cache{Dir: filepath.Join(dir, "images")}
	store, err := image.Open(dir)
	if err != nil {
		c.Error, c.Hints = err.Error(), diag.Hints(err)
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
