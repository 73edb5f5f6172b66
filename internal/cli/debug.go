// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/shell"
	"github.com/kratix-tools/kratix/internal/view"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// debugFlags ask for a shell in a step.
type debugFlags struct {
	debug bool
	image string // with a shell; "" for the step's own
}

func (f *debugFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.debug, "debug", false, "open a shell in the step that fails, or in that of --until or --container")
	flags.StringVar(&f.image, "debug-image", "", "`IMAGE` with the shell that --debug opens, where the step's own has none")
}

// consistent refuses flags that a shell contradicts; format is that of the
// answer.
func (f *debugFlags) consistent(format view.Format) error {
	switch {
	case !f.debug && f.image != "":
		return diag.Inputf("--debug-image says which shell --debug opens: give it with --debug")
	case f.debug && format != view.Text:
		return diag.Inputf("--debug talks to somebody, and -o %s is for programs: give one of them", format)
	}
	return nil
}

// one refuses to open shells in several cases.
func (f *debugFlags) one(cases []*fixture.Case) error {
	if !f.debug || len(cases) == 1 {
		return nil
	}
	var names []string
	for _, c := range cases {
		names = append(names, c.Name)
	}
	err := diag.Inputf("--debug opens a shell in one case, and %d are selected: %s", len(cases), strings.Join(names, ", "))
	return diag.Hint(err, "name one: kratix test workflow "+shellQuote(names[0])+" --debug")
}

// debugger gives what opens shells; nil if none is wanted.
func (f *debugFlags) debugger(env *Env) (*debugger, error) {
	if !f.debug {
		return nil, nil //nolint:nilnil // no debugger is one that is not asked for
	}
	d := &debugger{env: env, options: shell.Options{Image: f.image}, typed: make(chan []byte)}
	if runtime.GOOS == "linux" { // else the program runs in no container
		d.options.Program = os.Executable
	}
	in, ok := env.In.(*os.File)
	switch {
	case !ok:
	case isTerminal(in):
		d.in, d.out = in, in
		// Standard output may go to a file: what is typed and what the shell
		// answers belong to the same terminal.
		if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
			d.out = tty
		}
	case isDevice(in):
		err := diag.Inputf("--debug opens a shell, and standard input is neither a terminal nor a script")
		return nil, diag.Hint(err, "to run a script in the step: echo 'ls -la /kratix/output' | kratix ... --debug")
	}
	return d, nil
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// isDevice tells that nobody typed or piped anything, as with /dev/null.
func isDevice(f *os.File) bool {
	info, err := f.Stat()
	return err != nil || info.Mode()&os.ModeCharDevice != 0
}

// A debugger opens shells, one after the other, in the steps at which
// pipelines end.
type debugger struct {
	env     *Env
	options shell.Options
	in, out *os.File // a terminal; nil for a script
	told    bool     // what steps print was shown while they ran
	opened  int

	progress *view.Progress // nil for none

	typed   chan []byte // what standard input has; see reader
	reading bool
}

// over lets shells follow on what shows progress.
func (d *debugger) over(p *view.Progress) {
	if d != nil {
		d.progress = p
	}
}

// prepare makes the image ready that the shells are taken from.
func (d *debugger) prepare(ctx context.Context, m *machine) error {
	if d == nil || d.options.Image == "" || m.Engine == nil {
		return nil
	}
	return m.Prepare(ctx, []string{d.options.Image})
}

// halt opens a shell in a step, as [workflow.PipelineRun] asks for it.
func (d *debugger) halt(ctx context.Context, at workflow.Halted) (err error) {
	d.progress.Clear()
	d.opened++
	found, err := shell.Find(ctx, at, d.options)
	if err != nil {
		return err
	}
	view.DebugShell(d.env.err(), at.Step, view.Shell{Path: found.Name, Image: d.options.Image, BuiltIn: found.BuiltIn}, d.told)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	streams := shell.Streams{In: d.reader(ctx), Out: d.env.Out, Err: d.env.Err}
	if d.in == nil {
		return found.Open(ctx, streams)
	}
	restore, err := raw(d.in)
	if err != nil {
		return diag.Machine(fmt.Errorf("preparing the terminal: %w", err))
	}
	defer func() { err = errors.Join(err, restore()) }()
	streams.Terminal = &workflow.Terminal{Size: sizeOf(d.out), Resized: resized(ctx, d.out)}
	streams.Out, streams.Type = d.out, d.env.Getenv("TERM")
	return found.Open(ctx, streams)
}

// raw lets all that is typed through to the shell, Ctrl-C as well. A signal
// that would end this program at once waits until restore was called.
func raw(terminal *os.File) (restore func() error, err error) {
	held := make(chan os.Signal, 1)
	signal.Notify(held, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	state, err := term.MakeRaw(int(terminal.Fd()))
	if err != nil {
		signal.Stop(held)
		return nil, err
	}
	return func() error {
		defer signal.Stop(held)
		return term.Restore(int(terminal.Fd()), state)
	}, nil
}

func sizeOf(terminal *os.File) workflow.Size {
	columns, rows, err := term.GetSize(int(terminal.Fd()))
	if err != nil {
		return workflow.Size{}
	}
	return workflow.Size{Columns: uint16(columns), Rows: uint16(rows)} //nolint:gosec // a terminal's own
}

// resized tells of the sizes that a terminal gets, until ctx ends.
func resized(ctx context.Context, terminal *os.File) <-chan workflow.Size {
	changes, sizes := make(chan os.Signal, 1), make(chan workflow.Size)
	notifyResized(changes)
	go func() {
		defer signal.Stop(changes)
		for {
			select {
			case <-changes:
			case <-ctx.Done():
				return
			}
			select {
			case sizes <- sizeOf(terminal):
			case <-ctx.Done():
				return
			}
		}
	}()
	return sizes
}

// reader is standard input for one shell. A read that waits cannot be taken
// back when the shell ends: what it gets is for the next one.
func (d *debugger) reader(ctx context.Context) io.Reader {
	if !d.reading {
		d.reading = true
		go d.read()
	}
	return &typing{ctx: ctx, typed: d.typed}
}

func (d *debugger) read() {
	defer close(d.typed)
	for {
		b := make([]byte, 4096)
		n, err := d.env.In.Read(b)
		if n > 0 {
			d.typed <- b[:n]
		}
		if err != nil {
			return
		}
	}
}

// typing reads what is typed, until ctx ends.
type typing struct {
	ctx   context.Context //nolint:containedctx // the reader is one shell's
	typed <-chan []byte
	rest  []byte
}

func (t *typing) Read(b []byte) (int, error) {
	for len(t.rest) == 0 {
		var more bool
		select {
		case t.rest, more = <-t.typed:
			if !more {
				return 0, io.EOF
			}
		case <-t.ctx.Done():
			return 0, io.EOF
		}
	}
	n := copy(b, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// done tells that no shell was opened, if so.
func (d *debugger) done() {
	if d != nil && d.opened == 0 {
		view.Note(d.env.err(), "no step failed, so there is no shell; --debug --until CONTAINER opens one behind that step")
	}
}
