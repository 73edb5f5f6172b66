// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/doctor"
	"github.com/kratix-tools/kratix/internal/engine/docker"
	"github.com/kratix-tools/kratix/internal/engine/native"
)

// Check tries every engine without running a step, and gives their states, the
// best engine first. It fails only if ctx ends.
func Check(ctx context.Context, config Config) ([]doctor.Engine, error) {
	states := make([]doctor.Engine, 0, len(names()))
	chosen := false
	for _, name := range names() {
		s := check(ctx, name, config)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.Chosen = s.Works && !chosen
		chosen = chosen || s.Works
		states = append(states, s)
	}
	return states, nil
}

func check(ctx context.Context, name string, config Config) doctor.Engine {
	s := doctor.Engine{Name: name}
	var err error
	if name == native.Name {
		err = checkNative(ctx, config, &s)
	} else {
		var d docker.Status
		d, err = docker.Probe(ctx, config.docker(name))
		s.Where, s.Detail = d.Endpoint, fmt.Sprintf("version %s, API %s, %s", d.Version, d.API, d.Platform)
	}
	s.Works = err == nil
	if err != nil {
		s.Detail, s.Hints = docker.Reason(err), diag.Hints(err)
	}
	return s
}

func checkNative(ctx context.Context, config Config, s *doctor.Engine) error {
	mode, lacks, err := native.Probe(ctx, config.Dir)
	switch mode {
	case native.ModeRange:
		s.Detail = "steps have all users of their image, none of them the machine's"
	case native.ModeSubordinate:
		s.Detail = "steps have the users of their image: root is the caller, others are subordinate ids"
	default:
		s.Detail = "steps have one user, which is the caller"
	}
	if lacks != nil {
		s.Detail += fmt.Sprintf(" (%v)", lacks)
		s.Hints = diag.Hints(lacks)
	}
	return err
}
