// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"io/fs"
	"path"
	"strings"

	"github.com/kratix-tools/kratix/internal/tree"
)

// UID is the user of the pipeline-adapter image, and the group.
const UID = 65532

// Where Kratix' own containers have the volumes of the Pod.
const (
	InputRoot    = "/work-creator-files/input"    // /kratix/output, for the work-writer only
	MetadataRoot = "/work-creator-files/metadata" // /kratix/metadata

	// What a ConfigMap puts beside them, for the work-writer only.
	schedulingFile = "/work-creator-files/kratix-system/promise-scheduling"
)

// The files that Kratix reads in /kratix/metadata. One of any other name, be it
// .yml, is ignored without a word.
const (
	SelectorsFile = "destination-selectors.yaml"
	ControlFile   = "workflow-control.yaml"
	StatusFile    = "status.yaml"
)

// Metadata gives the path at which these containers have a file of
// /kratix/metadata.
func Metadata(name string) string { return path.Join(MetadataRoot, name) }

// Shown gives a path of these containers as the user's containers know it, such
// as "output/a.yaml".
func Shown(name string) string {
	for root, known := range map[string]string{InputRoot: "output", MetadataRoot: "metadata"} {
		if rest, ok := below(root, name); ok {
			return path.Join(known, rest)
		}
	}
	return name
}

// A Container is the file system of one of Kratix' own containers, as far as
// what a Pipeline leaves behind can lead into it.
type Container struct {
	name     string             // as its errors have it
	volumes  map[string]tree.FS // by mount point; nil is empty
	files    map[string][]byte  // beside the volumes, by path
	doubtful func(name string, info fs.FileInfo)
}

// WorkWriter is the container that makes a Work of the output. A nil tree is
// an empty directory; scheduling is what Kratix puts into the file
// promise-scheduling. Doubtful is told of each file whose mode would refuse
// the container and whose owner is not known.
func WorkWriter(output, metadata tree.FS, scheduling []byte, doubtful func(name string, info fs.FileInfo)) *Container {
	return &Container{
		name:     "work creator",
		volumes:  map[string]tree.FS{InputRoot: output, MetadataRoot: metadata},
		files:    map[string][]byte{schedulingFile: scheduling},
		doubtful: doubtful,
	}
}

// StatusWriter is the container that merges the metadata into the object; it
// has nothing else mounted. A nil tree is an empty directory.
func StatusWriter(metadata tree.FS) *Container {
	return &Container{
		name:     "status-writer",
		volumes:  map[string]tree.FS{MetadataRoot: metadata},
		doubtful: func(string, fs.FileInfo) {},
	}
}

// volume tells which volume a path without links lies in, and where.
func (c *Container) volume(name string) (fsys tree.FS, rel string, ok bool) {
	for root, fsys := range c.volumes {
		if rest, ok := below(root, name); ok {
			return fsys, rest, true
		}
	}
	return nil, "", false
}

// around gives the names in a directory that is there because something is
// mounted below it, and none for any other path.
func (c *Container) around(dir string) map[string]bool {
	names := map[string]bool{}
	add := func(name string) {
		if rest, ok := below(dir, name); ok && rest != "." {
			first, _, _ := strings.Cut(rest, "/")
			names[first] = true
		}
	}
	for root := range c.volumes {
		add(root)
	}
	for name := range c.files {
		add(name)
	}
	return names
}

// below gives a path relative to a directory that it lies in, or is.
func below(dir, name string) (rel string, ok bool) {
	if name == dir {
		return ".", true
	}
	return strings.CutPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}
