// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/image"
)

// localTimeout is how long a daemon of this machine may take to say which image
// it has.
const localTimeout = 3 * time.Second

// Local gives the daemons whose sockets are on this machine, for the images
// that were built with them. To ask one that is not running costs nothing.
func Local(getenv func(string) string) []image.Daemon {
	var daemons []image.Daemon
	for _, find := range []func(func(string) string) (*endpoint, error){findDocker, findPodman} {
		e, err := find(getenv)
		if err != nil || !e.local() {
			continue
		}
		daemons = append(daemons, &local{newClient(e)})
	}
	return daemons
}

// local tells that the endpoint is a socket, and that there is one.
func (e *endpoint) local() bool {
	path, ok := strings.CutPrefix(e.host, "unix://")
	if !ok {
		return strings.HasPrefix(e.host, "npipe:")
	}
	_, err := os.Stat(path)
	return err == nil
}

// local is a daemon that is only asked for its images.
type local struct{ client *client }

var _ image.Daemon = (*local)(nil)

func (l *local) Find(ctx context.Context, ref, platform string) string {
	ctx, cancel := context.WithTimeout(ctx, localTimeout)
	defer cancel()
	info, err := l.client.inspectImage(ctx, ref)
	if err != nil || info.Architecture != "" && !runsOn(info, platform) {
		return ""
	}
	return info.ID
}

func (l *local) Save(ctx context.Context, id string, w io.Writer) error {
	resp, err := l.client.do(ctx, request{method: http.MethodGet, path: "/images/" + id + "/get"})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("%s: %w", l.client.endpoint, err)
	}
	return nil
}
