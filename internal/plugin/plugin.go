// SPDX-License-Identifier: Apache-2.0

// Package plugin finds programs that add commands: kratix-foo on the PATH is
// "kratix foo", and kratix-foo-bar is "kratix foo bar".
//
// The rules are those of kubectl. The longest name that fits the words of the
// command line wins, the first directory of the PATH that has it wins, and a
// dash inside of a word is an underscore in the name of the file. Nothing that
// the program knows itself can be replaced.
package plugin

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const prefix = "kratix-"

// A Plugin is a program that is a command.
type Plugin struct {
	// Command is what to type after "kratix": "foo bar".
	Command string `json:"command"`
	Path    string `json:"path"`
	// Executable tells whether it can be run by this user.
	Executable bool `json:"executable"`
	// ShadowedBy is the path of a program of the same name that is found first.
	ShadowedBy string `json:"shadowedBy,omitempty"`
}

// Words are those of the command.
func (p Plugin) Words() []string { return strings.Split(p.Command, " ") }

// Directories are where to look for plugins, the first first.
type Directories struct {
	dirs []string
	exts []string // that programs end in; nil where they have a permission
}

// Path gives the directories of the PATH.
func Path(getenv func(string) string) Directories {
	d := Directories{dirs: filepath.SplitList(getenv("PATH"))}
	if runtime.GOOS == "windows" {
		d.exts = strings.Split(strings.ToLower(cmp.Or(getenv("PATHEXT"), ".com;.exe;.bat;.cmd")), ";")
	}
	return d
}

// Find gives the plugin for a command line, and how many of its words name it.
// Words end at the first flag.
func (d Directories) Find(args []string) (path string, words int, ok bool) {
	if flag := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") }); flag >= 0 {
		args = args[:flag]
	}
	for n := len(args); n > 0; n-- {
		if path, ok := d.look(fileName(args[:n])); ok {
			return path, n, true
		}
	}
	return "", 0, false
}

// fileName is the name of the file for some words.
func fileName(words []string) string {
	var parts []string
	for _, word := range words {
		parts = append(parts, strings.ReplaceAll(word, "-", "_"))
	}
	return prefix + strings.Join(parts, "-")
}

func (d Directories) look(name string) (string, bool) {
	if strings.ContainsAny(name, `/\`) {
		return "", false
	}
	for _, dir := range d.dirs {
		for _, ext := range d.endings() {
			file := filepath.Join(dir, name+ext)
			if dir != "" && d.executable(file) {
				return file, true
			}
		}
	}
	return "", false
}

func (d Directories) endings() []string {
	if d.exts == nil {
		return []string{""}
	}
	return d.exts
}

func (d Directories) executable(file string) bool {
	info, err := os.Stat(file)
	switch {
	case err != nil || !info.Mode().IsRegular():
		return false
	case d.exts != nil:
		return slices.Contains(d.exts, strings.ToLower(filepath.Ext(file)))
	}
	return info.Mode()&0o111 != 0
}

// List gives all plugins in the order of the PATH, those that cannot be run
// too. A directory that cannot be read has none.
func (d Directories) List() []Plugin {
	plugins := []Plugin{}
	first := map[string]string{}
	var seen []string
	for _, dir := range d.dirs {
		if dir == "" || slices.Contains(seen, dir) {
			continue
		}
		seen = append(seen, dir)
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			p, ok := d.plugin(filepath.Join(dir, entry.Name()))
			if !ok {
				continue
			}
			p.ShadowedBy = first[p.Command]
			if p.Executable && p.ShadowedBy == "" {
				first[p.Command] = p.Path
			}
			plugins = append(plugins, p)
		}
	}
	return plugins
}

// plugin tells whether a file is called like a plugin.
func (d Directories) plugin(file string) (Plugin, bool) {
	name, ok := strings.CutPrefix(filepath.Base(file), prefix)
	if info, err := os.Stat(file); !ok || name == "" || err != nil || info.IsDir() {
		return Plugin{}, false
	}
	if ext := filepath.Ext(name); d.exts != nil {
		name = strings.TrimSuffix(name, ext)
	}
	command := strings.ReplaceAll(strings.ReplaceAll(name, "-", " "), "_", "-")
	return Plugin{Command: command, Path: file, Executable: d.executable(file)}, true
}
