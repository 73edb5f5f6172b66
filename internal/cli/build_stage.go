// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/build"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/view"
)

// A maker makes the images of stages as the flags of build container say.
type maker struct {
	*buildContainerOptions

	env     *Env
	store   *image.Store
	builder *build.Builder // nil if there is no Dockerfile to build, or
	none    error          // that there is no builder
	args    []string       // for the builder
}

// maker gets ready to make the images of some stages. A builder is looked for
// only if there is a Dockerfile for it.
func (o *buildContainerOptions) maker(ctx context.Context, env *Env, stages []stage) (*maker, error) {
	m := &maker{buildContainerOptions: o, env: env}
	var err error
	if m.args, err = splitWords(o.buildArgs); err != nil {
		return nil, diag.Inputf("--build-args: %w", err)
	}
	if m.args, err = o.takePlatform(m.args); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(stages, func(s stage) bool { return s.kind == build.KindDockerfile }) {
		if o.engine != builderAuto || o.buildx || o.buildArgs != "" {
			view.Note(env.err(), "--engine, --buildx and --build-args are for Dockerfiles; Go stages are built without")
		}
		return m, nil
	}
	m.builder, m.none = findBuilder(ctx, o.engine)
	if m.none == nil && o.buildx {
		m.builder, m.none = m.builder.WithBuildx(ctx)
	}
	return m, ctx.Err()
}

// builders lists the values of --engine for Dockerfiles.
func builders() []builderName {
	names := []builderName{builderAuto}
	for _, name := range build.Builders() {
		names = append(names, builderName(name))
	}
	return names
}

func findBuilder(ctx context.Context, name builderName) (*build.Builder, error) {
	if name == builderAuto {
		return build.FindBuilder(ctx, build.Builders()...)
	}
	return build.FindBuilder(ctx, string(name))
}

// takePlatform takes a --platform out of arguments for the builder, where
// people write it who come from a program without that flag.
func (o *buildContainerOptions) takePlatform(args []string) ([]string, error) {
	for i, arg := range args {
		value, inOne := strings.CutPrefix(arg, "--platform=")
		end := i + 1
		if arg == "--platform" && end < len(args) {
			value, end = args[end], end+1
		} else if !inOne {
			continue
		}
		if o.platform != "" && o.platform != value {
			return nil, diag.Inputf("--platform is %s, and in --build-args it is %s", o.platform, value)
		}
		o.platform = value
		return slices.Delete(slices.Clone(args), i, end), nil
	}
	return args, nil
}

// make builds one stage, and does with its image what the flags say.
func (m *maker) make(ctx context.Context, s stage) error {
	if s.kind == build.KindDockerfile && m.none != nil {
		return fmt.Errorf("building %s: %w", relative(s.dir), m.none)
	}
	if s.kind == build.KindDockerfile && strings.Contains(m.platform, ",") {
		return m.publish(ctx, s)
	}
	stored, how, err := m.image(ctx, s)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.env.Out, "built %s from %s%s (%s)\n", s.tag, relative(s.dir), how, stored.Digest)
	if m.push {
		stop := view.StartBusy(m.env.err(), "pushing "+s.tag)
		err := m.store.Push(ctx, stored)
		stop()
		if err != nil {
			return err
		}
		fmt.Fprintf(m.env.Out, "pushed %s\n", s.tag)
	}
	if m.output == "" {
		return nil
	}
	content, err := m.store.Content(stored)
	if err != nil {
		return err
	}
	return writeOutput(m.output, func(f *os.File) error { return image.WriteTar(f, s.tag, content) })
}

// image makes the image of a stage and tells what did it, if that was another
// program.
func (m *maker) image(ctx context.Context, s stage) (stored *image.Image, how string, err error) {
	if s.kind == build.KindDockerfile {
		stored, err = build.Dockerfile(ctx, m.store, s.tag, m.dockerfile(s))
		return stored, " with " + m.builder.Name, err
	}
	created, err := build.Created(m.env.Getenv)
	if err != nil {
		return nil, "", err
	}
	busy := view.NewBusy(m.env.err())
	busy.Start("building " + s.tag)
	img, err := build.Go(ctx, build.GoOptions{
		Dir: s.dir, Base: m.base, Platform: m.platform, Store: m.store, Created: created, Stderr: busy,
	})
	busy.Stop()
	if err != nil {
		return nil, "", err
	}
	stored, err = m.store.Put(ctx, s.tag, img)
	return stored, "", err
}

func (m *maker) dockerfile(s stage) build.DockerfileOptions {
	return build.DockerfileOptions{
		Dir: relative(s.dir), Builder: m.builder, Platform: m.platform, Tag: s.tag, Args: m.args, Output: m.env.Err,
	}
}

// publish builds a stage for several platforms, straight into its registry,
// and gets the image for this machine from there.
func (m *maker) publish(ctx context.Context, s stage) error {
	if !m.push || m.output != "" {
		err := diag.Inputf("--platform %s: an image for several platforms goes nowhere but to a registry", m.platform)
		return diag.Hint(err, "--buildx --push, without --output")
	}
	if err := build.Publish(ctx, m.dockerfile(s)); err != nil {
		return err
	}
	stored, err := m.store.Get(ctx, s.tag, image.GetOptions{Pull: image.PullAlways})
	if err != nil {
		return err
	}
	fmt.Fprintf(m.env.Out, "built and pushed %s from %s with %s buildx for %s (%s)\n", s.tag, relative(s.dir), m.builder.Name, m.platform, stored.Digest)
	return nil
}

// errUnclosed says that a quote has no end.
var errUnclosed = errors.New("a quote is not closed")

// splitWords splits a line into words as a shell does: blanks separate, quotes
// and backslashes keep together. Nothing is expanded.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote, escaped := false, rune(0), false
	for _, r := range line {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("\"\\$`", r) {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			inWord, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			inWord, quote = true, r
		case strings.ContainsRune(" \t\n", r):
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			inWord = true
			word.WriteRune(r)
		}
	}
	if quote != 0 || escaped {
		return nil, errUnclosed
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
