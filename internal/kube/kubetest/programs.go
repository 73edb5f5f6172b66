// SPDX-License-Identifier: Apache-2.0

package kubetest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Version is that of the kube-apiserver that "make kube-apiserver" builds.
const Version = "v1.37.2"

// ErrNoPrograms says that there is no kube-apiserver to start here.
var ErrNoPrograms = errors.New("no kube-apiserver for tests here")

// Program is the path of a program that "make kube-apiserver" builds:
// kube-apiserver, etcd or kubectl. Its error is [ErrNoPrograms].
func Program(name string) (string, error) {
	dir, err := programs()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: there is no %s: make kube-apiserver builds it", ErrNoPrograms, path)
	}
	return path, nil
}

// programs is where the programs lie, if they do.
func programs() (string, error) {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoPrograms, err)
	}
	cache := cmp.Or(os.Getenv("XDG_CACHE_HOME"), filepath.Join(home, ".cache"))
	return filepath.Join(cache, "kratix-dev", "kubernetes-"+Version), nil
}
