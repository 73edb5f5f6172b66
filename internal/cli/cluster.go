// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/kube"
	"github.com/kratix-tools/kratix/internal/snapshot"
	"github.com/kratix-tools/kratix/internal/view"
)

// sourceFlags say where a platform is read from: a cluster, or files saved
// from one.
type sourceFlags struct {
	config kube.Config
	files  []string
}

func (o *sourceFlags) register(cmd *cobra.Command) {
	o.config.Register(cmd.Flags())
	cmd.Flags().StringArrayVarP(&o.files, "filename", "f", nil,
		"read `FILE`, a directory or - instead of a cluster: what kubectl get -o yaml saved")
}

// A platformSource is a Source with what goes with it.
type platformSource struct {
	inspect.Source

	client    *kube.Client // nil for a snapshot
	namespace string       // of the flag or the context
	now       func() time.Time
}

// open gives the Source. What cannot be read of a snapshot is told.
func (o *sourceFlags) open(env *Env) (*platformSource, error) {
	o.config.Getenv = env.Getenv
	if len(o.files) == 0 {
		client, err := o.config.Connect()
		if err != nil {
			return nil, err
		}
		return &platformSource{Source: client, client: client, namespace: client.Namespace}, nil
	}
	s, err := snapshot.Load(env.In, o.files...)
	if err != nil {
		return nil, err
	}
	view.Findings(env.err(), s.Findings())
	return &platformSource{Source: s, namespace: o.snapshotNamespace(), now: sync.OnceValue(s.Taken)}, nil
}

// again are the flags that read the same files once more; standard input is
// gone by then.
func (o *sourceFlags) again() string {
	var words []string
	for _, file := range o.files {
		if file != "-" {
			words = append(words, "-f "+view.ShellQuote(file))
		}
	}
	return strings.Join(words, " ")
}

// snapshotNamespace is the one of the flag; a file has no context.
func (o *sourceFlags) snapshotNamespace() string {
	if n := o.config.Overrides.Context.Namespace; n != "" {
		return n
	}
	return "default"
}
