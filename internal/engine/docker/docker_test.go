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

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

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
	return func(name string) string { return map[string]string{"DOCKER_HOST": host}[name] }
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
	enginetest.Run(t, newEngine)
	for _, what := range []string{"containers/json?all=1", "volumes"} {
		if left := get(t, what); strings.Contains(left, `"Name`) {
			t.Errorf("%s left behind: %s", what, left)
		}
	}
}

// get asks the daemon directly.
func get(tb testing.TB, path string) string {
	tb.Helper()
	socket := strings.TrimPrefix(getenv(tb)("DOCKER_HOST"), "unix://")
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) },
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
