// SPDX-License-Identifier: Apache-2.0

package view

import (
	"path/filepath"

	"github.com/kratix-tools/kratix/internal/plugin"
	"github.com/kratix-tools/kratix/internal/term"
)

// A pluginList is a public document: fields are only ever added.
type pluginList struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Plugins    []plugin.Plugin `json:"plugins"`
}

// Plugins lists plugins, one a line.
func Plugins(w term.Stream, format Format, plugins []plugin.Plugin) error {
	if format != Text {
		return Encode(w, format, pluginList{apiVersion, "PluginList", plugins})
	}
	var t table
	for _, p := range plugins {
		t.row("kratix "+name(p.Command), name(filepath.Dir(p.Path)))
	}
	t.print(w)
	return nil
}
