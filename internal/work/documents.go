// SPDX-License-Identifier: Apache-2.0

package work

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/kratix-tools/kratix/internal/api"
)

// A Document is one file of a workload group.
type Document struct {
	Path   string // relative to /kratix/output, with the group's directory
	Size   int64  // bytes, uncompressed
	SHA256 string // of the uncompressed bytes
	// Err says why the content cannot be read; Size and SHA256 are then zero.
	Err error
}

// Documents lists the files of a group in their order. No document larger than
// limit is read; a limit of 0 is none.
func Documents(g *api.WorkloadGroup, limit int64) []Document {
	documents := make([]Document, len(g.Workloads))
	for i, w := range g.Workloads {
		documents[i] = describe(w, limit)
	}
	return documents
}

func describe(w api.Workload, limit int64) Document {
	r, err := Open(w.Content, limit)
	if err != nil {
		return Document{Path: w.Filepath, Err: fmt.Errorf("%s: %w", w.Filepath, err)}
	}
	sum := sha256.New()
	size, err := io.Copy(sum, r)
	if err != nil {
		return Document{Path: w.Filepath, Err: fmt.Errorf("%s: decompressing: %w", w.Filepath, err)}
	}
	return Document{Path: w.Filepath, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))}
}
