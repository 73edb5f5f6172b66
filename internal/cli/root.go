// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/term"
	"github.com/kratix-tools/kratix/internal/view"
)

// Main runs the program with args and gives its exit code.
func Main(ctx context.Context, env *Env, args []string) int {
	env.colour = term.ColourAuto
	out := &answer{Writer: env.Out}
	env.Out = out
	root := newRootCmd(env)
	if env.called() == "kubectl_complete-kratix" { // kubectl asks what completes a line
		args = append([]string{cobra.ShellCompRequestCmd}, args...)
	}
	root.SetArgs(args)
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	if code, ran, err := runPlugin(env, root, args); ran {
		if err != nil {
			view.Error(env.err(), err)
			return diag.ExitCode(err)
		}
		return code
	}
	err := root.ExecuteContext(ctx)
	if err != nil && (ctx.Err() != nil || errors.Is(err, context.Canceled)) {
		fmt.Fprintln(env.Err, "interrupted")
		return diag.ExitInterrupted
	}
	unwritten := out.err
	if unwritten != nil && errors.Is(err, unwritten) {
		err = nil
	}
	var shown *shownError
	if err != nil && !errors.As(err, &shown) {
		view.Error(env.err(), err)
	}
	if unwritten != nil && !errors.Is(unwritten, syscall.EPIPE) { // else the reader has seen enough
		err = diag.Machine(fmt.Errorf("writing to standard output: %w", cause(unwritten)))
		view.Error(env.err(), err)
	}
	return diag.ExitCode(err)
}

// cause leaves out what the error of a file says of it: standard output has
// another name than the file that it goes to.
func cause(err error) error {
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return file.Err
	}
	return err
}

// A shownError carries an exit code for a result that was already shown, such
// as a report with failed tests.
type shownError struct{ error }

func (e *shownError) Unwrap() error { return e.error }

// shown marks err as told to the user.
func shown(err error) error { return &shownError{err} }

// Commands gives the command tree, for those who write about it.
func Commands(env *Env) *cobra.Command { return newRootCmd(env) }

// keepOrder has help list commands in the order in which they were added. There
// is one switch for all command trees, and several may be made at once.
var keepOrder = sync.OnceFunc(func() { cobra.EnableCommandSorting = false })

// newRootCmd assembles the command tree, in the order of help.
func newRootCmd(env *Env) *cobra.Command {
	keepOrder()
	root := &cobra.Command{
		Use:   "kratix",
		Short: "Write, run and test Kratix Promises",
		Long: `Kratix scaffolds Promises, runs their Workflows on this machine against
fixtures and golden files, and shows where Kratix would place every document.`,
		Example: `  # what is here, and what comes next
  kratix

  # test the Promise of this directory
  kratix test`,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: env.program()},
		Version:       buildVersion().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return used(cmd)
		},
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return runStart(env)
		},
	}
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 80 "))
	root.SetVersionTemplate(buildVersion().line())
	root.PersistentFlags().Var(newEnum(&env.colour, term.ColourAuto, term.ColourAlways, term.ColourNever),
		"color", "colour in the output: auto, always or never")
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(
		&cobra.Group{ID: groupAuthor, Title: "Write a Promise:"},
		&cobra.Group{ID: groupTest, Title: "Run and test it:"},
		&cobra.Group{ID: groupPlatform, Title: "Look into a platform:"},
		&cobra.Group{ID: groupProgram, Title: "This machine and this program:"},
	)
	root.SetHelpCommandGroupID(groupProgram)
	root.SetCompletionCommandGroupID(groupProgram)
	root.AddCommand(
		newInitCmd(env),
		newAddCmd(env),
		newUpdateCmd(env),
		newBuildCmd(env),
		newRunCmd(env),
		newTestCmd(env),
		newScheduleCmd(env),
		newExplainCmd(env),
		newInspectCmd(env),
		newDiffCmd(env),
		newLogsCmd(env),
		newPlatformCmd(env),
		newDoctorCmd(env),
		newCacheCmd(env),
		newPluginCmd(env),
		newVersionCmd(env),
	)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveDefault)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	strict(root)
	called(root, env.program())
	return root
}

// used refuses a flag for a path or a name that was given and is empty, as it is
// when a variable of a script is not set: what that would mean is not what was
// meant.
func used(cmd *cobra.Command) error {
	var empty error
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		what, _ := pflag.UnquoteUsage(flag)
		if !slices.Contains([]string{"FILE", "DIR", "PIPELINE", "CONTAINER", "REF"}, what) {
			return
		}
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if empty == nil && slices.Contains(values, "") {
			empty = usageError(cmd, fmt.Errorf("--%s is empty; want a %s", flag.Name, what))
		}
	})
	return empty
}

// Help groups.
const (
	groupAuthor = "author"
	groupTest   = "test"
	// groupPlatform is what reads a platform.
	groupPlatform = "platform"
	groupProgram  = "program"
)

// strict makes every command complain of what it does not know: a group
// called with an unknown word names the nearest command, and argument errors
// are usage errors.
func strict(cmd *cobra.Command) {
	completeEnums(cmd)
	if cmd.Name() == "help" {
		cmd.Run, cmd.RunE = nil, help
	} else if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		}
	} else if args := cmd.Args; args != nil {
		cmd.Args = func(cmd *cobra.Command, given []string) error {
			err := args(cmd, given)
			if err == nil || len(diag.Hints(err)) > 0 {
				return err
			}
			return usageError(cmd, arguments(cmd, args, given))
		}
	}
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
}

// help shows the help of the command that args name.
func help(cmd *cobra.Command, args []string) error {
	about, rest, err := cmd.Root().Find(args)
	switch {
	case err != nil:
		return unknownCommand(cmd.Root(), args[0])
	case len(rest) > 0:
		return unknownCommand(about, rest[0])
	}
	about.InitDefaultHelpFlag()
	about.InitDefaultVersionFlag()
	return about.Help()
}

// called writes the examples of all commands as they have to be typed where the
// program has another name.
func called(cmd *cobra.Command, program string) {
	cmd.Example = regexp.MustCompile(`(?m)(^ +|\| )kratix\b`).ReplaceAllString(cmd.Example, "${1}"+program)
	for _, sub := range cmd.Commands() {
		called(sub, program)
	}
}

// inWords rewords what the parser of numbers says of a flag.
func inWords(err error) error {
	text := regexp.MustCompile(`strconv\.Parse\w+: parsing ".*": .*`).ReplaceAllStringFunc(err.Error(), func(found string) string {
		if strings.HasPrefix(found, "strconv.ParseBool") {
			return "want true or false"
		}
		return "want a whole number"
	})
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// An enum is a flag with a closed list of values.
type enum[T ~string] struct {
	value   *T
	allowed []T
}

func newEnum[T ~string](value *T, allowed ...T) *enum[T] {
	if *value == "" {
		*value = allowed[0]
	}
	return &enum[T]{value, allowed}
}

func (e *enum[T]) String() string { return string(*e.value) }
func (e *enum[T]) Type() string   { return "string" }

func (e *enum[T]) Set(text string) error {
	for _, a := range e.allowed {
		if text == string(a) {
			*e.value = a
			return nil
		}
	}
	return fmt.Errorf("want %s", e.list())
}

// words gives the allowed values.
func (e *enum[T]) words() []string {
	words := make([]string, len(e.allowed))
	for i, a := range e.allowed {
		words[i] = string(a)
	}
	return words
}

// list gives the allowed values as words: "a, b or c".
func (e *enum[T]) list() string {
	words := e.words()
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
