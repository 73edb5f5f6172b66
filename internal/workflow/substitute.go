// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"context"
	"io"
)

// Substitute gives an engine that runs another image wherever a container asks
// for one that images has: what was just built from a step's own sources in
// place of what was published.
func Substitute(engine Engine, images map[string]string) Engine {
	return substitutes{engine, images}
}

type substitutes struct {
	Engine
	images map[string]string
}

func (s substitutes) image(ref string) string {
	if built, ok := s.images[ref]; ok {
		return built
	}
	return ref
}

func (s substitutes) Prepare(ctx context.Context, images []string) error {
	actual := make([]string, len(images))
	for i, ref := range images {
		actual[i] = s.image(ref)
	}
	return s.Engine.Prepare(ctx, actual)
}

func (s substitutes) NewPod(ctx context.Context, volumes []string) (Pod, error) {
	pod, err := s.Engine.NewPod(ctx, volumes)
	if err != nil {
		return nil, err
	}
	return substitutingPod{pod, s}, nil
}

type substitutingPod struct {
	Pod
	engine substitutes
}

func (p substitutingPod) Run(ctx context.Context, c Container, stdout, stderr io.Writer) (Exit, error) {
	c.Image = p.engine.image(c.Image)
	return p.Pod.Run(ctx, c, stdout, stderr)
}
