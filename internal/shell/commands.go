// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
)

// A command is one of our own, for images that have no such program: enough to
// look around, and not all that POSIX wants.
type command struct {
	usage   string
	letters string // the options that it knows
	value   string // those of them that take a value
	do      func(*call) error
}

// commands lists them by name.
func commands() map[string]command {
	return map[string]command{
		"cat":      {"cat [FILE...]", "", "", cat},
		"commands": {"commands", "", "", listCommands},
		"cp":       {"cp [-r] FROM... TO", "raR", "", copyFiles},
		"env":      {"env", "", "", env},
		"find":     {"find [DIR...] [-name PATTERN] [-type f|d|l]", "", "", find},
		"grep":     {"grep [-cilnrv] REGEX [FILE...]", "ciEnrRvl", "", grep},
		"head":     {"head [-n N] [FILE...]", "n", "n", head},
		"id":       {"id", "", "", id},
		"ls":       {"ls [-1alR] [FILE...]", "al1R", "", list},
		"mkdir":    {"mkdir [-p] DIR...", "p", "", makeDirs},
		"rm":       {"rm [-rf] FILE...", "rRf", "", remove},
		"tail":     {"tail [-n N] [FILE...]", "n", "n", tail},
		"wc":       {"wc [-cl] [FILE...]", "lc", "", wordCount},
	}
}

// A call is a command that is run.
type call struct {
	context.Context //nolint:containedctx // the call is the command's whole life
	interp.HandlerContext

	name    string
	options map[byte]string
	args    []string
}

// errNo is an answer and no fault: nothing was found.
var errNo = errors.New("no")

// run gives the exit code of a call.
func (c command) run(ctx context.Context, h interp.HandlerContext, args []string) int {
	call := &call{Context: ctx, HandlerContext: h, name: args[0], options: map[byte]string{}, args: args[1:]}
	if args[0] != "find" {
		if err := call.parse(c); err != nil {
			fmt.Fprintf(h.Stderr, "%s: %v; usage: %s\n", args[0], err, c.usage)
			return 2
		}
	}
	err := c.do(call)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe):
		return 128 + int(syscall.SIGPIPE) // who reads has seen enough
	case errors.Is(err, errNo):
		return 1
	}
	for line := range strings.SplitSeq(err.Error(), "\n") { // one for each file
		fmt.Fprintf(h.Stderr, "%s: %s\n", args[0], line)
	}
	return 1
}

// parse takes the options from the arguments.
func (c *call) parse(known command) error {
	for len(c.args) > 0 && len(c.args[0]) > 1 && c.args[0][0] == '-' {
		word := c.args[0][1:]
		c.args = c.args[1:]
		if word == "-" {
			return nil
		}
		if known.value != "" && word[0] >= '0' && word[0] <= '9' { // head -5
			word = known.value + word
		}
		for i := range len(word) {
			letter := word[i]
			switch {
			case !strings.Contains(known.letters, string(letter)):
				return fmt.Errorf("unknown option -%c", letter)
			case !strings.Contains(known.value, string(letter)):
				c.options[letter] = ""
				continue
			case i+1 < len(word):
				c.options[letter] = word[i+1:]
			case len(c.args) > 0:
				c.options[letter], c.args = c.args[0], c.args[1:]
			default:
				return fmt.Errorf("option -%c wants a value", letter)
			}
			break
		}
	}
	return nil
}

func (c *call) has(letters string) bool {
	for letter := range c.options {
		if strings.ContainsRune(letters, rune(letter)) {
			return true
		}
	}
	return false
}

// path finds a file as the shell's working directory has it.
func (c *call) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.Dir, name)
}

// each reads the files of the arguments or, without any, standard input.
func (c *call) each(use func(name string, r io.Reader) error) error {
	if len(c.args) == 0 {
		if c.Stdin == nil {
			return nil
		}
		return use("", c.Stdin)
	}
	var errs []error
	for _, name := range c.args {
		if c.Err() != nil {
			return c.Err()
		}
		f, err := os.Open(c.path(name))
		if err == nil {
			err = errors.Join(use(name, f), f.Close())
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *call) print(words ...any) { fmt.Fprintln(c.Stdout, words...) }

func cat(c *call) error {
	return c.each(func(_ string, r io.Reader) error {
		_, err := io.Copy(c.Stdout, r)
		return err
	})
}

func env(c *call) error {
	c.Env.Each(func(name string, v expand.Variable) bool {
		if v.Exported {
			c.print(name + "=" + v.String())
		}
		return true
	})
	return nil
}

// listCommands is no help, which is the shell's own for its own.
func listCommands(c *call) error {
	c.print("beside what a shell has (help lists it) and what the image has:")
	var lines []string
	for _, known := range commands() {
		lines = append(lines, "  "+known.usage)
	}
	slices.Sort(lines)
	c.print(strings.Join(lines, "\n"))
	return nil
}

func id(c *call) error {
	groups, err := os.Getgroups()
	var names []string
	for _, g := range groups {
		names = append(names, strconv.Itoa(g))
	}
	c.print(fmt.Sprintf("uid=%d gid=%d groups=%s", os.Getuid(), os.Getgid(), strings.Join(names, ",")))
	return err
}

// number is the value of -n.
func (c *call) number() (int, error) {
	text, given := c.options['n']
	if !given {
		return 10, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("-n %s: want a number", text)
	}
	return n, nil
}

func head(c *call) error {
	n, err := c.number()
	if err != nil {
		return err
	}
	return c.each(func(_ string, r io.Reader) error {
		lines := bufio.NewReader(r)
		for range n {
			line, err := lines.ReadString('\n')
			if _, failed := io.WriteString(c.Stdout, line); failed != nil || err != nil {
				return errors.Join(failed, unlessEOF(err))
			}
		}
		return nil
	})
}

func unlessEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func tail(c *call) error {
	n, err := c.number()
	if err != nil {
		return err
	}
	return c.each(func(_ string, r io.Reader) error {
		var last []string
		lines := bufio.NewReader(r)
		for {
			line, err := lines.ReadString('\n')
			if line != "" {
				last = append(last, line)
			}
			last = last[max(0, len(last)-n):]
			if err != nil {
				_, failed := io.WriteString(c.Stdout, strings.Join(last, ""))
				return errors.Join(failed, unlessEOF(err))
			}
		}
	})
}

func wordCount(c *call) error {
	return c.each(func(name string, r io.Reader) error {
		content, err := io.ReadAll(r)
		lines, size := strings.Count(string(content), "\n"), len(content)
		switch {
		case c.has("l"):
			c.print(strings.TrimSpace(fmt.Sprint(lines, " ", name)))
		case c.has("c"):
			c.print(strings.TrimSpace(fmt.Sprint(size, " ", name)))
		default:
			c.print(strings.TrimSpace(fmt.Sprint(lines, " ", len(strings.Fields(string(content))), " ", size, " ", name)))
		}
		return err
	})
}

// grep looks for a regular expression of Go.
func grep(c *call) error {
	if len(c.args) == 0 {
		return errors.New("want a regular expression")
	}
	pattern := c.args[0]
	if c.has("i") {
		pattern = "(?i)" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	c.args = c.args[1:]
	if c.has("rR") {
		if c.args, err = c.filesBelow(); err != nil {
			return err
		}
	}
	found, many := false, len(c.args) > 1 || c.has("rR")
	err = c.each(func(name string, r io.Reader) error {
		prefix := ""
		if many {
			prefix = name + ":"
		}
		matches, err := c.matches(re, prefix, r)
		found = found || matches > 0
		switch {
		case c.has("l") && matches > 0:
			c.print(name)
		case c.has("c"):
			c.print(prefix + strconv.Itoa(matches))
		}
		return err
	})
	if err == nil && !found {
		return errNo
	}
	return err
}

// matches counts the lines that match, and prints them unless names or numbers
// are wanted.
func (c *call) matches(re *regexp.Regexp, prefix string, r io.Reader) (n int, err error) {
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := lines.ReadString('\n')
		if line == "" && err != nil {
			return n, unlessEOF(err)
		}
		line = strings.TrimSuffix(line, "\n")
		if re.MatchString(line) == c.has("v") {
			continue
		}
		n++
		switch {
		case c.has("lc"):
		case c.has("n"):
			c.print(prefix + strconv.Itoa(number) + ":" + line)
		default:
			c.print(prefix + line)
		}
	}
}

// filesBelow lists the regular files in the directories of the arguments.
func (c *call) filesBelow() (files []string, err error) {
	roots := c.args
	if len(roots) == 0 {
		roots = []string{"."}
	}
	for _, root := range roots {
		err := c.walk(root, func(name string, entry fs.DirEntry) {
			if entry.Type().IsRegular() {
				files = append(files, name)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// walk visits what lies below a file of the working directory, by the names
// that the user would call it.
func (c *call) walk(root string, visit func(name string, entry fs.DirEntry)) error {
	top := c.path(root)
	return filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err := errors.Join(err, c.Err()); err != nil {
			return err
		}
		rel, err := filepath.Rel(top, path)
		name := strings.TrimSuffix(root, "/") + "/" + rel
		if rel == "." {
			name = root
		}
		visit(name, entry)
		return err
	})
}

func find(c *call) error {
	var roots []string
	for len(c.args) > 0 && !strings.HasPrefix(c.args[0], "-") {
		roots, c.args = append(roots, c.args[0]), c.args[1:]
	}
	name, kind := "*", ""
	for ; len(c.args) > 1; c.args = c.args[2:] {
		switch c.args[0] {
		case "-name":
			name = c.args[1]
		case "-type":
			kind = c.args[1]
		default:
			return fmt.Errorf("unknown test %s; usage: %s", c.args[0], commands()["find"].usage)
		}
	}
	if len(c.args) > 0 {
		return fmt.Errorf("%s: usage: %s", c.args[0], commands()["find"].usage)
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	var errs []error
	for _, root := range roots {
		errs = append(errs, c.walk(root, func(path string, entry fs.DirEntry) {
			matches, err := filepath.Match(name, filepath.Base(path))
			if err == nil && matches && (kind == "" || kind == typeLetter(entry.Type())) {
				c.print(path)
			}
		}))
	}
	return errors.Join(errs...)
}

func typeLetter(mode fs.FileMode) string {
	switch mode.Type() {
	case 0:
		return "f"
	case fs.ModeDir:
		return "d"
	case fs.ModeSymlink:
		return "l"
	default:
		return "?"
	}
}

func makeDirs(c *call) error {
	var errs []error
	for _, name := range c.args {
		if c.has("p") {
			errs = append(errs, os.MkdirAll(c.path(name), 0o777)) //nolint:gosec // as mkdir does
			continue
		}
		errs = append(errs, os.Mkdir(c.path(name), 0o777)) //nolint:gosec // as mkdir does
	}
	return errors.Join(errs...)
}

func remove(c *call) error {
	var errs []error
	for _, name := range c.args {
		path := c.path(name)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && c.has("f"):
			continue
		case err != nil:
		case c.has("rR"):
			err = os.RemoveAll(path)
		case info.IsDir():
			err = fmt.Errorf("%s is a directory", name)
		default:
			err = os.Remove(path)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func copyFiles(c *call) error {
	if len(c.args) < 2 {
		return errors.New("want a file, and where to copy it")
	}
	last := len(c.args) - 1
	to := c.path(c.args[last])
	info, err := os.Stat(to)
	into := err == nil && info.IsDir()
	if last > 1 && !into {
		return fmt.Errorf("%s is no directory", c.args[last])
	}
	var errs []error
	for _, name := range c.args[:last] {
		target := to
		if into {
			target = filepath.Join(to, filepath.Base(c.path(name)))
		}
		errs = append(errs, c.copyTo(c.path(name), target))
	}
	return errors.Join(errs...)
}

func (c *call) copyTo(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return copyFile(from, to, info.Mode())
	}
	if !c.has("raR") {
		return fmt.Errorf("%s is a directory: cp -r", from)
	}
	return os.CopyFS(to, os.DirFS(from))
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
