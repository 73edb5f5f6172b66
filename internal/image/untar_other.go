// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package image

import (
	"errors"
	"io"
	"runtime"
)

// untar fails: only Linux has the whiteouts that an overlay of layers needs.
func untar(string, io.Reader, Owners, int64, below) ([]Given, error) {
	return nil, errors.New("layers of Linux images cannot be unpacked on " + runtime.GOOS)
}

// below is what lies below a layer.
type below struct {
	dirs  []string
	known bool
}

func isOpaque(string) bool { return false }
