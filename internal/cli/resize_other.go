// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package cli

import "os"

// notifyResized does nothing: the size of a terminal is told once.
func notifyResized(chan<- os.Signal) {}
