// SPDX-License-Identifier: Apache-2.0

//go:build unix

package docker

import (
	"context"
	"errors"
	"net"
	"syscall"
)

func dialPipe(context.Context, string) (net.Conn, error) { return nil, errors.ErrUnsupported }

// ownGroup starts a program in a process group of its own.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
