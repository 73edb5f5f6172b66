// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/scratch"
)

// GoOptions says what [Go] builds.
type GoOptions struct {
	Dir string // of the stage

	// Platform is as in "linux/arm64"; empty for Linux on this machine's
	// architecture.
	Platform string
	// Base is the reference of an image to build onto; empty for none. It is
	// taken from Store as Get says.
	Base  string
	Store *image.Store
	Get   image.GetOptions

	// Created is the time of all that is in the image; zero for that of
	// 1 January 1970. See [Created].
	Created time.Time
	// Stderr, if set, is told which modules the go command downloads.
	Stderr io.Writer
}

// Go makes the image of a stage written in Go. The program becomes
// /usr/local/bin/pipeline and is what the image runs, as a user without
// rights; resources/ becomes /resources. Errors of the compiler are findings
// ([diag.Findings]), with file names relative to the working directory.
func Go(ctx context.Context, o GoOptions) (v1.Image, error) {
	dir, err := mainPackage(o.Dir)
	if err != nil {
		return nil, diag.Input(&KindError{o.Dir, Detect(o.Dir)})
	}
	platform, err := parsePlatform(o.Platform)
	if err != nil {
		return nil, err
	}
	base, err := o.base(ctx, platform)
	if err != nil {
		return nil, err
	}
	tmp, err := scratch.New("kratix-build-")
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", o.Dir, err)
	}
	defer func() { _ = tmp.Remove() }()
	program, err := o.compile(ctx, dir, tmp.Path, platform)
	if err != nil {
		return nil, err
	}
	img, err := o.pack(program, base, platform)
	if err != nil {
		return nil, diag.Input(fmt.Errorf("building %s: %w", o.Dir, err))
	}
	return img, nil
}

func parsePlatform(s string) (v1.Platform, error) {
	if s == "" {
		s = image.DefaultPlatform()
	}
	p, err := v1.ParsePlatform(s)
	if err != nil || p.OS != "linux" || p.Architecture == "" {
		return v1.Platform{}, diag.Hint(diag.Inputf("platform %q is not of the form linux/ARCHITECTURE", s), "--platform "+image.DefaultPlatform())
	}
	return *p, nil
}

// compile runs go build in the directory of the main package and gives the
// program that it makes in tmp, where it also keeps all that is temporary.
func (o GoOptions) compile(ctx context.Context, dir, tmp string, platform v1.Platform) (program string, err error) {
	program = filepath.Join(tmp, "pipeline")
	cmd := o.command(ctx, dir, platform, "-o", program, ".")
	cmd.Env = append(cmd.Env, "GOTMPDIR="+tmp)
	output := &downloads{w: o.Stderr}
	cmd.Stdout, cmd.Stderr = output, output
	err = runGroup(cmd)
	switch {
	case err == nil:
		return program, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return "", diag.Hint(diag.Machinef("building %s: there is no go command in PATH", o.Dir), "install Go (https://go.dev/dl), or use published images: --build never")
	}
	return "", o.explain(dir, output.String(), err)
}

// command is go build, with all that tells where and when it ran kept out of
// the program.
func (o GoOptions) command(ctx context.Context, dir string, platform v1.Platform, args ...string) *exec.Cmd {
	args = append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}, args...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOOS="+platform.OS, "GOARCH="+platform.Architecture)
	if variant, ok := strings.CutPrefix(platform.Variant, "v"); ok && platform.Architecture == "arm" {
		cmd.Env = append(cmd.Env, "GOARM="+variant)
	}
	if os.Getenv("GOWORK") == "" {
		// A stage is a module of its own; a workspace that happens to be
		// above it would give another program than other people's builds.
		cmd.Env = append(cmd.Env, "GOWORK=off")
	}
	return cmd
}

// downloads keeps what the go command says and passes on, line by line, which
// modules it downloads.
type downloads struct {
	bytes.Buffer
	w    io.Writer
	told int
}

func (d *downloads) Write(p []byte) (int, error) {
	n, err := d.Buffer.Write(p)
	for d.w != nil {
		line, _, whole := bytes.Cut(d.Bytes()[d.told:], []byte("\n"))
		if !whole {
			break
		}
		d.told += len(line) + 1
		if bytes.HasPrefix(line, []byte("go: downloading ")) {
			_, _ = fmt.Fprintf(d.w, "%s\n", line)
		}
	}
	return n, err
}

// complaint matches a line of the compiler: file, line, perhaps column, text.
var complaint = regexp.MustCompile(`^([^\s:]+\.go|[^\s:]*go\.(?:mod|sum)):(\d+)(?::(\d+))?: (.*)$`)

// network matches what the go command says when the fault is not the user's,
// full when it is the disk's.
var (
	network = regexp.MustCompile(`dial tcp|i/o timeout|TLS handshake`)
	full    = regexp.MustCompile(`(?m)^.*no space left on device`)
)

// explain makes an error of what the go command said.
func (o GoOptions) explain(dir, output string, failed error) error {
	what := "building " + o.Dir
	findings, rest := complaints(dir, output)
	switch {
	case full.MatchString(output):
		return diag.Hint(diag.Machinef("%s: %s", what, strings.TrimSpace(full.FindString(output))),
			fmt.Sprintf("make room, or name another directory: df -h %s $(go env GOCACHE GOMODCACHE)  (TMPDIR, GOCACHE, GOMODCACHE)", os.TempDir()))
	case network.MatchString(output):
		return diag.Hint(diag.Machinef("%s: %s", what, strings.TrimSpace(output)), "check the network, or GOPROXY (go env GOPROXY)")
	case len(findings) > 0:
		return hintTidy(diag.Problems("go build", findings), dir, output)
	case strings.Contains(rest, "go.mod file not found"):
		return diag.Hint(diag.Inputf("%s: %s", what, rest), "cd "+dir+" && go mod init pipeline && go mod tidy")
	case rest == "":
		return diag.Machine(fmt.Errorf("%s: go build: %w", what, failed))
	}
	return hintTidy(diag.Inputf("%s: %s", what, rest), dir, rest)
}

// complaints gives what the go command, run in dir, said of lines in the
// sources, and the rest of what it said.
func complaints(dir, output string) (findings []diag.Finding, rest string) {
	var others []string
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		m := complaint.FindStringSubmatch(line)
		switch {
		case m != nil:
			findings = append(findings, finding(dir, m))
		case strings.HasPrefix(line, "\t") && len(findings) > 0:
			findings[len(findings)-1].Message += " " + strings.TrimSpace(line)
		case !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "go: downloading "):
			others = append(others, line)
		}
	}
	return findings, strings.Join(others, "\n")
}

// hintTidy says what to do if go.mod or go.sum lack something.
func hintTidy(err error, dir, output string) error {
	if strings.Contains(output, "go mod tidy") || strings.Contains(output, "go.sum entry") || strings.Contains(output, "no required module provides") {
		return diag.Hint(err, "cd "+dir+" && go mod tidy")
	}
	return err
}

func finding(dir string, m []string) diag.Finding {
	line, _ := strconv.Atoi(m[2])   // digits, by the expression
	column, _ := strconv.Atoi(m[3]) // or empty: unknown
	file := m[1]
	if !filepath.IsAbs(file) {
		file = fromHere(filepath.Join(dir, file))
	}
	return diag.Finding{
		Severity: diag.SeverityError,
		Position: diag.Position{File: file, Line: line, Column: column},
		Message:  m[4],
	}
}

// fromHere gives a path as one would write it in the working directory, if
// that is shorter.
func fromHere(file string) string {
	here, err := os.Getwd()
	if err != nil || !filepath.IsAbs(file) {
		return file
	}
	if below, err := filepath.Rel(here, file); err == nil && len(below) < len(file) {
		return below
	}
	return file
}
