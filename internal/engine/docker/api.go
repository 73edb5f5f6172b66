// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The API's own words for what is asked for here; the API's reference explains
// them. Fields that stay at their zero value are left out.

// daemon is what answers.
type daemon struct {
	Version string
	API     string `json:"ApiVersion"`
	OS      string `json:"Os"`
	Arch    string
}

// abilities are what a daemon says of the machine that it runs on.
type abilities struct {
	MemoryLimit     bool
	CPUQuota        bool `json:"CpuCfsQuota"`
	NCPU            int
	SecurityOptions []string
}

// containerSpec is a container to be made.
type containerSpec struct {
	Image        string
	Entrypoint   []string
	Cmd          []string
	Env          []string          `json:",omitempty"`
	User         string            `json:",omitempty"`
	WorkingDir   string            `json:",omitempty"`
	Hostname     string            `json:",omitempty"`
	Labels       map[string]string `json:",omitempty"`
	AttachStdin  bool              `json:",omitempty"`
	AttachStdout bool
	AttachStderr bool
	OpenStdin    bool `json:",omitempty"`
	StdinOnce    bool `json:",omitempty"` // it ends when who is attached ends it
	Tty          bool `json:",omitempty"` // one terminal in place of three streams
	HostConfig   hostConfig
}

type hostConfig struct {
	ConsoleSize    [2]uint16 `json:",omitzero"` // rows and columns; not all daemons know it
	NetworkMode    string    `json:",omitempty"`
	Binds          []string  `json:",omitempty"`
	ReadonlyRootfs bool      `json:",omitempty"`
	CapAdd         []string  `json:",omitempty"`
	CapDrop        []string  `json:",omitempty"`
	SecurityOpt    []string  `json:",omitempty"`
	Memory         int64     `json:",omitempty"`
	MemorySwap     int64     `json:",omitempty"`          // with Memory in it
	CPUPeriod      int64     `json:"CpuPeriod,omitempty"` // microseconds
	CPUQuota       int64     `json:"CpuQuota,omitempty"`  // of each period
	GroupAdd       []string  `json:",omitempty"`
	ExtraHosts     []string  `json:",omitempty"`
	Mounts         []mount   `json:",omitempty"`
	Ulimits        []ulimit  `json:",omitempty"`
	LogConfig      logConfig
}

type logConfig struct{ Type string }

type ulimit struct {
	Name       string
	Soft, Hard int64
}

type mount struct {
	Type          string
	Source        string `json:",omitempty"`
	Target        string
	ReadOnly      bool           `json:",omitempty"`
	VolumeOptions *volumeOptions `json:",omitempty"`
}

type volumeOptions struct {
	NoCopy  bool              `json:",omitempty"`
	Labels  map[string]string `json:",omitempty"`
	Subpath string            `json:",omitempty"`
}

// containerState is what inspecting a container tells.
type containerState struct {
	State struct {
		ExitCode              int
		OOMKilled             bool
		Error                 string
		StartedAt, FinishedAt time.Time
	}
	Mounts []struct {
		Name, Source, Destination string
	}
}

// imageInfo is what inspecting an image tells.
type imageInfo struct {
	ID           string `json:"Id"`
	RepoDigests  []string
	OS           string `json:"Os"`
	Architecture string
	Config       v1.Config
}

func (c *client) createContainer(ctx context.Context, spec containerSpec, platform string) (string, error) {
	var query url.Values
	if platform != "" {
		query = url.Values{"platform": {platform}}
	}
	var created struct {
		ID string `json:"Id"`
	}
	err := c.call(ctx, http.MethodPost, "/containers/create", query, spec, &created)
	return created.ID, err
}

func (c *client) startContainer(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodPost, "/containers/"+id+"/start", nil, nil, nil)
}

// resizeContainer sets the size of a running container's terminal.
func (c *client) resizeContainer(ctx context.Context, id string, columns, rows uint16) error {
	query := url.Values{"w": {strconv.Itoa(int(columns))}, "h": {strconv.Itoa(int(rows))}}
	return c.call(ctx, http.MethodPost, "/containers/"+id+"/resize", query, nil, nil)
}

// waitContainer waits until a container that was started does not run.
func (c *client) waitContainer(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodPost, "/containers/"+id+"/wait", url.Values{"condition": {"not-running"}}, nil, nil)
}

func (c *client) inspectContainer(ctx context.Context, id string) (containerState, error) {
	var state containerState
	err := c.call(ctx, http.MethodGet, "/containers/"+id+"/json", nil, nil, &state)
	return state, err
}

// removeContainer kills and removes a container and its anonymous volumes. One
// that is gone is well removed.
func (c *client) removeContainer(ctx context.Context, id string) error {
	err := c.call(ctx, http.MethodDelete, "/containers/"+id, url.Values{"force": {"1"}, "v": {"1"}}, nil, nil)
	if isStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// listed is a container in a list.
type listed struct {
	ID     string `json:"Id"`
	Labels map[string]string
}

// listContainers lists all containers with a label, running or not.
func (c *client) listContainers(ctx context.Context, label string) ([]listed, error) {
	filters, err := json.Marshal(map[string][]string{"label": {label}})
	if err != nil {
		return nil, err
	}
	var list []listed
	err = c.call(ctx, http.MethodGet, "/containers/json", url.Values{"all": {"1"}, "filters": {string(filters)}}, nil, &list)
	return list, err
}

func archivePath(id string) string { return "/containers/" + id + "/archive" }

// putArchive unpacks a tar stream in a directory of a container.
func (c *client) putArchive(ctx context.Context, id, dir string, content io.Reader) error {
	resp, err := c.do(ctx, request{
		method: http.MethodPut, path: archivePath(id), query: url.Values{"path": {dir}},
		header: http.Header{"Content-Type": {"application/x-tar"}}, body: content,
	})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// getArchive gives a file or directory of a container as a tar stream. The
// caller closes it.
func (c *client) getArchive(ctx context.Context, id, path string) (io.ReadCloser, error) {
	resp, err := c.do(ctx, request{method: http.MethodGet, path: archivePath(id), query: url.Values{"path": {path}}})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// hasPath tells whether a container has a file.
func (c *client) hasPath(ctx context.Context, id, path string) (bool, error) {
	resp, err := c.do(ctx, request{method: http.MethodHead, path: archivePath(id), query: url.Values{"path": {path}}})
	if isStatus(err, http.StatusNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, resp.Body.Close()
}

func (c *client) info(ctx context.Context) (abilities, error) {
	var a abilities
	err := c.call(ctx, http.MethodGet, "/info", nil, nil, &a)
	return a, err
}

func (c *client) inspectImage(ctx context.Context, ref string) (imageInfo, error) {
	var info imageInfo
	err := c.call(ctx, http.MethodGet, "/images/"+ref+"/json", nil, nil, &info)
	return info, err
}

// loadImage adds the images of a tar file to those of the daemon.
func (c *client) loadImage(ctx context.Context, content io.Reader) error {
	resp, err := c.do(ctx, request{
		method: http.MethodPost, path: "/images/load", query: url.Values{"quiet": {"1"}},
		header: http.Header{"Content-Type": {"application/x-tar"}}, body: content,
	})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return readProgress(resp.Body, nil)
}

// pullImage has the daemon fetch the image that the query names. Auth is the value of the header
// X-Registry-Auth.
func (c *client) pullImage(ctx context.Context, query url.Values, auth string, progress func(done, total int64)) error {
	r := request{method: http.MethodPost, path: "/images/create", query: query, header: http.Header{}}
	if auth != "" {
		r.header.Set("X-Registry-Auth", auth)
	}
	resp, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return readProgress(resp.Body, progress)
}

// readProgress reads the messages of a daemon at work until their end. An
// error among them is one of the daemon.
func readProgress(r io.Reader, progress func(done, total int64)) error {
	type amounts struct{ done, total int64 }
	layers := map[string]amounts{}
	for decoder := json.NewDecoder(r); ; {
		var message struct {
			ID       string `json:"id"`
			Status   string `json:"status"`
			Error    string `json:"error"`
			Progress struct {
				Current, Total int64
			} `json:"progressDetail"`
		}
		switch err := decoder.Decode(&message); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case message.Error != "":
			return &apiError{http.StatusInternalServerError, message.Error}
		}
		if progress == nil || message.Status != "Downloading" {
			continue
		}
		layers[message.ID] = amounts{message.Progress.Current, message.Progress.Total}
		var sum amounts
		for _, l := range layers {
			sum.done, sum.total = sum.done+l.done, sum.total+l.total
		}
		progress(sum.done, sum.total)
	}
}
