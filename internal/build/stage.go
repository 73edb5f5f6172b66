// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
)

// Kind says how the image of a stage is made.
type Kind string

// The kinds of stages.
const (
	KindGo         Kind = "go"         // compiled and packed by this package
	KindDockerfile Kind = "dockerfile" // a container engine builds it
	KindNone       Kind = "none"       // there are no sources
)

// Detect tells what kind of stage a directory holds. One with Go sources is
// built as such even if it has a Dockerfile, which other tools may use.
func Detect(dir string) Kind {
	if _, err := mainPackage(dir); err == nil {
		return KindGo
	}
	if info, err := os.Stat(filepath.Join(dir, "Dockerfile")); err == nil && info.Mode().IsRegular() {
		return KindDockerfile
	}
	return KindNone
}

// mainPackage finds the Go program of a stage: in scripts/ or in the stage's
// directory itself.
func mainPackage(stage string) (string, error) {
	for _, dir := range []string{filepath.Join(stage, "scripts"), stage} {
		if hasMain(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no Go program in %s, nor in its scripts/: %w", stage, fs.ErrNotExist)
}

func hasMain(dir string) bool {
	sources, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, source := range sources {
		if !strings.HasSuffix(source, "_test.go") && isMain(source) {
			return true
		}
	}
	return false
}

var packageMain = regexp.MustCompile(`^package\s+main\b`)

// isMain looks at the package clause only, so that a program with an error is
// still a program, and the compiler tells the error.
func isMain(source string) bool {
	f, err := os.Open(source)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if packageMain.Match(bytes.TrimSpace(lines.Bytes())) {
			return true
		}
	}
	return false
}

// A KindError says that a directory is not what was to be built.
type KindError struct {
	Dir  string
	Kind Kind
}

func (e *KindError) Error() string {
	if e.Kind == KindDockerfile {
		return e.Dir + " has a Dockerfile and no Go program"
	}
	return e.Dir + " has neither a Go program nor a Dockerfile"
}

// Ref names the image that [Stage] makes of sources with the given hash.
func Ref(container, hash string) string {
	return image.LocalHost + "/" + repository(container) + ":" + hash
}

var notInRepository = regexp.MustCompile(`[^a-z0-9]+`)

func repository(container string) string {
	if name := strings.Trim(notInRepository.ReplaceAllString(strings.ToLower(container), "-"), "-"); name != "" {
		return name
	}
	return "stage"
}

// StageOptions says how [Stage] makes an image.
type StageOptions struct {
	GoOptions
	// Container is the name of the container, for the image's reference.
	Container string
	// Always builds even if the same sources were built before.
	Always bool
	// Building, if set, is called when there is something to build.
	Building func()
	// Builder gives what builds a Dockerfile. It is called only if one is to be
	// built.
	Builder func(context.Context) (*Builder, error)
	// Output, if set, is told what the builder of a Dockerfile says.
	Output io.Writer
}

// Stage gives the image for the sources in o.Dir, from store if they were built
// before. A program that is also made of something outside of o.Dir, by a
// replace directive, a workspace or a module that begins further up, is built
// each time, since the go command alone knows whether that changed. A
// Dockerfile is not: that the image it begins with has changed is not seen.
func Stage(ctx context.Context, store *image.Store, o StageOptions) (*image.Image, error) {
	kind := Detect(o.Dir)
	if kind == KindNone {
		return nil, diag.Input(&KindError{o.Dir, kind})
	}
	hash, err := Hash(o.Dir)
	if err != nil {
		return nil, err
	}
	if kind == KindGo {
		hash = recipe(hash, o.GoOptions)
	}
	ref := Ref(o.Container, hash)
	if !o.Always && (kind == KindDockerfile || selfContained(o.Dir)) {
		found, err := store.Get(ctx, ref, image.GetOptions{Platform: o.Platform})
		if err == nil || ctx.Err() != nil {
			return found, err
		}
	}
	if kind == KindDockerfile {
		return o.dockerfile(ctx, store, ref)
	}
	o.building()
	o.Store = store
	img, err := Go(ctx, o.GoOptions)
	if err != nil {
		return nil, err
	}
	return store.Put(ctx, ref, img)
}

func (o StageOptions) dockerfile(ctx context.Context, store *image.Store, ref string) (*image.Image, error) {
	builder, err := o.Builder(ctx)
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", o.Dir, err)
	}
	o.building()
	return Dockerfile(ctx, store, ref, DockerfileOptions{Dir: o.Dir, Builder: builder, Platform: o.Platform, Output: o.Output})
}

func (o StageOptions) building() {
	if o.Building != nil {
		o.Building()
	}
}

// recipe adds to the hash of sources what else decides about the image.
func recipe(hash string, o GoOptions) string {
	if o.Base == "" && (o.Created.IsZero() || o.Created.Unix() == 0) {
		return hash
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s onto %q at %d", hash, o.Base, o.Created.Unix()))
	return hex.EncodeToString(sum[:])
}
