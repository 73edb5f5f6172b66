// SPDX-License-Identifier: Apache-2.0

package docker_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/engine/docker"
	"github.com/kratix-tools/kratix/internal/engine/enginetest"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// The variables by which TestMain tells the tests of the daemon that it has
// started, or why there is none.
const (
	daemonHost = "KRATIX_TEST_DOCKER_HOST"
	noDaemon   = "KRATIX_TEST_NO_DOCKER"
)

func TestMain(m *testing.M) {
	if socket := os.Getenv(proxyTo); socket != "" {
		os.Exit(proxy(socket))
	}
	if host := os.Getenv(dieWith); host != "" {
		os.Exit(leaveBehind(host))
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "docker-test-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	host, stop, err := enginetest.StartDocker(dir)
	if err != nil {
		_ = os.Setenv(noDaemon, err.Error())
		return m.Run()
	}
	defer stop()
	_ = os.Setenv(daemonHost, host)
	return m.Run()
}

// getenv is the environment of a program that is to find the daemon of the
// tests.
func getenv(tb testing.TB) func(string) string {
	tb.Helper()
	host := os.Getenv(daemonHost)
	if host == "" {
		tb.Skip(os.Getenv(noDaemon))
	}
	return vars("DOCKER_HOST", host)
}

// vars is an environment of one variable.
func vars(name, value string) func(string) string {
	return func(n string) string { return map[string]string{name: value}[n] }
}

func newEngine(t *testing.T, images *image.Store) workflow.Engine {
	t.Helper()
	e, err := docker.New(t.Context(), docker.Config{Images: images, Getenv: getenv(t)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestBehaviour(t *testing.T) {
	enginetest.Run(t, newEngine, nil)
	wantNothing(t, getenv(t)("DOCKER_HOST"))
}

func TestPodmanBehaviour(t *testing.T) {
	dir := t.TempDir()
	host, stop, err := enginetest.StartPodman(dir)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(stop)
	enginetest.Run(t, func(t *testing.T, images *image.Store) workflow.Engine {
		t.Helper()
		e, err := docker.New(t.Context(), docker.Config{Name: docker.Podman, Images: images, Getenv: vars("CONTAINER_HOST", host)})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}, map[string]string{
		"the environment has the image's order and the last values":          "Podman adds variables, in any order",
		"the user is the image's or the securityContext's":                   "Podman does not tell the owners of a volume's files",
		"files of any owner and mode come back readable":                     "Podman does not tell the owners of a volume's files",
		"volumes are empty and everybody's, and outlive a step":              "Podman gives a volume the mode of the image's directory at its place",
		"a subPath shows a part of a volume":                                 "Podman does not tell the mode of a volume's top directory",
		"a step cannot gain privileges":                                      "an ordinary user's bounding set is empty with Podman",
		"system calls are filtered, unless a step is Unconfined":             "Podman's filter allows to make user namespaces",
		"a step that needs more than its memory is killed, and that is told": "Podman does not tell why a step was killed",
		"an image that cannot be had is the machine's fault":                 "Podman asks no registry on loopback without TLS",
		"an image comes from its registry":                                   "Podman asks no registry on loopback without TLS",
	})
	wantNothing(t, host)
}

// wantNothing wants a daemon without containers and volumes.
func wantNothing(tb testing.TB, host string) {
	tb.Helper()
	for _, what := range []string{"containers/json?all=1", "volumes"} {
		if left := get(tb, host, what); strings.Contains(left, `"Name`) {
			tb.Errorf("%s left behind: %s", what, left)
		}
	}
}

// get asks a daemon directly.
func get(tb testing.TB, host, path string) string {
	tb.Helper()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("unix", strings.TrimPrefix(host, "unix://"))
		},
	}}
	resp, err := client.Get("http://docker/" + path)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		tb.Fatal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
