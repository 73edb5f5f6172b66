// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kratix-tools/kratix/internal/diag"
)

// unknownCommand is the error for a word that no command below cmd has. It
// names the nearest one there or, since people remember the noun, the one of
// that name anywhere in the tree.
func unknownCommand(cmd *cobra.Command, word string) error {
	err := diag.Inputf("unknown command %q for %q", word, cmd.CommandPath())
	if near := nearCommand(cmd, word); near != nil {
		return diag.Hint(err, "did you mean: "+near.CommandPath())
	}
	if deeper := namesake(cmd.Root(), word); deeper != nil {
		return diag.Hint(err, "did you mean: "+deeper.CommandPath())
	}
	return diag.Hint(err, cmd.CommandPath()+" --help lists the commands")
}

// nearCommand gives the command below cmd that word is a slip of, or the
// beginning; nil if there is none.
func nearCommand(cmd *cobra.Command, word string) *cobra.Command {
	names, byName := namesBelow(cmd, false)
	if near := diag.Nearest(word, names); near != "" {
		return byName[near]
	}
	for _, name := range names {
		if strings.HasPrefix(name, strings.ToLower(word)) {
			return byName[name]
		}
	}
	return nil
}

// namesake gives a command of the tree below cmd that has this name, or one
// that word is a slip of.
func namesake(cmd *cobra.Command, word string) *cobra.Command {
	names, byName := namesBelow(cmd, true)
	return byName[diag.Nearest(word, names)]
}

// namesBelow lists the names of the commands below cmd, of all or of those
// right below it. Of two of one name the first counts.
func namesBelow(cmd *cobra.Command, all bool) (names []string, byName map[string]*cobra.Command) {
	byName = map[string]*cobra.Command{}
	for _, sub := range cmd.Commands() {
		if sub.Hidden {
			continue
		}
		for _, name := range append([]string{sub.Name()}, sub.Aliases...) {
			if byName[name] == nil {
				names, byName[name] = append(names, name), sub
			}
		}
		if !all {
			continue
		}
		deeper, commands := namesBelow(sub, true)
		for _, name := range deeper {
			if byName[name] == nil {
				names, byName[name] = append(names, name), commands[name]
			}
		}
	}
	return names, byName
}

// flagError is a mistake in a flag; of one that does not exist it names the
// nearest that does.
func flagError(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usageError(cmd, err)
	}
	if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 && !strings.Contains(cmd.Use, " ") {
		return unknownCommand(cmd, words[0]) // whose flag it may be
	}
	word := unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		word = short // of a long flag with one dash
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	err = usageError(cmd, err)
	if near := diag.Nearest("--"+word, names); near != "" && len(word) > 1 {
		return diag.Hint(err, "did you mean "+near+"?")
	}
	return diag.Hint(err, cmd.CommandPath()+" --help lists the flags")
}

// arguments says which argument of a command is one too many, or which is
// missing, by the name that its usage has for it. allowed is what has refused
// those that are given.
func arguments(cmd *cobra.Command, allowed cobra.PositionalArgs, given []string) error {
	for n, last := range slices.Backward(given) {
		if allowed(cmd, given[:n]) == nil {
			return fmt.Errorf("%q is one argument too many", last)
		}
	}
	names := strings.Fields(cmd.Use)[1:]
	return fmt.Errorf("%s is missing", strings.TrimSuffix(names[len(given)], "..."))
}

// usageError is a mistake on the command line.
func usageError(cmd *cobra.Command, err error) error {
	return diag.Hint(diag.Input(inWords(err)), "usage: "+strings.TrimSpace(cmd.UseLine()))
}
