// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// Main is what this program does when it is called with [Command]: it is a
// shell. Args are those behind that. It gives the exit code.
func Main(args []string, stdin *os.File, stdout, stderr io.Writer) int {
	script := ""
	switch {
	case len(args) == 2 && args[0] == "-c":
		script = args[1]
	case len(args) > 0:
		fmt.Fprintln(stderr, "usage: kratix", Command, "[-c SCRIPT]")
		return 2
	}
	// Ctrl-C ends what the shell runs (see statement) and never the shell.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	code, err := Interpret(context.Background(), script, stdin, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "sh:", err)
	}
	return code
}

// Interpret is a shell until its input ends or it is told to exit, and gives its
// exit code. Commands that no program in PATH has are its own. With a script it
// runs that and reads no other. Its input is a terminal, or a script too.
func Interpret(ctx context.Context, script string, stdin *os.File, stdout, stderr io.Writer) (code int, err error) {
	r, err := interp.New(
		interp.Interactive(true), interp.StdIO(stdin, stdout, stderr),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return execute }),
	)
	if err != nil {
		return 1, err
	}
	s := &session{runner: r, stderr: stderr, parser: syntax.NewParser()}
	switch {
	case script != "":
		return s.run(ctx, strings.NewReader(script)), nil
	case term.IsTerminal(int(stdin.Fd())):
		return s.talk(ctx, stdin, stdout), nil
	}
	// All of it at once: what it runs could read the rest of it otherwise.
	text, err := io.ReadAll(stdin)
	if err != nil {
		return 1, err
	}
	return s.run(ctx, strings.NewReader(string(text))), nil
}

// A session is one shell.
type session struct {
	runner *interp.Runner
	parser *syntax.Parser
	stderr io.Writer
	code   int
}

// run runs a script.
func (s *session) run(ctx context.Context, script io.Reader) int {
	for stmt, err := range s.parser.StmtsSeq(script) {
		if err != nil {
			fmt.Fprintln(s.stderr, "sh:", err)
			return 2
		}
		if s.statement(ctx, stmt) {
			break
		}
	}
	return s.code
}

// talk runs what is typed on a terminal, line by line.
func (s *session) talk(ctx context.Context, terminal *os.File, stdout io.Writer) int {
	l := &lines{terminal: terminal, editor: term.NewTerminal(screen{terminal, stdout}, ""), prompt: s.prompt}
	for {
		over := true
		for stmts, err := range s.parser.InteractiveSeq(l) {
			if err != nil {
				if over = l.ended; !over {
					fmt.Fprintln(s.stderr, "sh:", err)
				}
				break
			}
			if s.parser.Incomplete() {
				continue
			}
			for _, stmt := range stmts {
				if s.statement(ctx, stmt) {
					return s.code
				}
			}
		}
		if over {
			fmt.Fprintln(stdout)
			return s.code
		}
		l.rest, s.parser = nil, syntax.NewParser() // after a mistake, with the next line
	}
}

// prompt tells where the next command runs, or that the last one has not ended.
func (s *session) prompt() string {
	if s.parser.Incomplete() {
		return "> "
	}
	return s.runner.Dir + " $ "
}

// statement runs one command, which Ctrl-C ends, and tells whether it was the
// last.
func (s *session) statement(ctx context.Context, stmt *syntax.Stmt) (last bool) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	err := s.runner.Run(ctx, stmt)
	var status interp.ExitStatus
	switch {
	case err == nil:
		s.code = 0
	case errors.As(err, &status):
		s.code = int(status)
	case ctx.Err() != nil:
		s.code = 128 + int(syscall.SIGINT)
		fmt.Fprintln(s.stderr)
	default:
		s.code = 1
		fmt.Fprintln(s.stderr, "sh:", err)
	}
	return s.runner.Exited()
}

// execute runs a program of the container, or a command of our own where there
// is none.
func execute(ctx context.Context, args []string) error {
	h := interp.HandlerCtx(ctx)
	own, known := commands()[args[0]]
	if _, err := interp.LookPathDir(h.Dir, h.Env, args[0]); err == nil || !known {
		return interp.DefaultExecHandler(2*time.Second)(ctx, args)
	}
	if code := own.run(ctx, h, args); code != 0 {
		return interp.ExitStatus(code) //nolint:gosec // a small one of our own
	}
	return nil
}

// lines reads a terminal line by line, with editing and a history. The terminal
// is raw only meanwhile.
type lines struct {
	terminal *os.File
	editor   *term.Terminal
	prompt   func() string
	rest     []byte
	ended    bool
}

func (l *lines) Read(b []byte) (int, error) {
	if len(l.rest) == 0 {
		line, err := l.line()
		if err != nil {
			l.ended = true
			return 0, err
		}
		l.rest = []byte(line + "\n")
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

func (l *lines) line() (line string, err error) {
	fd := int(l.terminal.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, term.Restore(fd, state)) }()
	if width, height, err := term.GetSize(fd); err == nil && width > 0 {
		_ = l.editor.SetSize(width, height)
	}
	l.editor.SetPrompt(l.prompt())
	line, err = l.editor.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

// A screen is a terminal on which Ctrl-C takes back the line instead of ending
// the input.
type screen struct {
	io.Reader
	io.Writer
}

func (s screen) Read(b []byte) (int, error) {
	const ctrlC, ctrlU = 3, 21
	n, err := s.Reader.Read(b)
	for i := range b[:n] {
		if b[i] == ctrlC {
			b[i] = ctrlU
		}
	}
	return n, err
}
