// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kratix-tools/kratix/internal/engine/enginetest"
)

// A dockerDaemon is one for all scripts, started when the first asks for it.
type dockerDaemon struct {
	once sync.Once
	dir  string
	host string
	stop func()
	err  error
}

// condition is "[docker]": there is a Docker daemon that scripts may use.
func (d *dockerDaemon) condition(name string) (bool, error) {
	if name != "docker" {
		return condition(name)
	}
	d.once.Do(func() {
		if d.dir, d.err = os.MkdirTemp("", "script-docker-"); d.err == nil {
			d.host, d.stop, d.err = enginetest.StartDocker(d.dir)
		}
	})
	return d.err == nil, nil
}

// "docker" sets $DOCKER_HOST to the daemon of [docker].
func (d *dockerDaemon) use(ts *testscript.TestScript, _ bool, _ []string) {
	if d.host == "" {
		ts.Fatalf("a script that uses docker begins with: [!docker] skip")
	}
	ts.Setenv("DOCKER_HOST", d.host)
}

// end ends the daemon, if it was ever started.
func (d *dockerDaemon) end() {
	if d.stop != nil {
		d.stop()
	}
	_ = os.RemoveAll(d.dir)
}
