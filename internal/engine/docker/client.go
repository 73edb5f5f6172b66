// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// apiVersion is the oldest that has all that is asked for here: Docker 20.10
// and Podman 3 speak it, and so does everything newer.
const apiVersion = "1.41"

// A client speaks the Docker Engine API to one daemon. It knows the few
// requests that an engine makes, and nothing of what they are for.
type client struct {
	endpoint *endpoint
	http     *http.Client
	version  string
}

func newClient(e *endpoint) *client {
	return &client{
		endpoint: e, version: apiVersion,
		http: &http.Client{Transport: &http.Transport{
			DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return e.dialer(ctx) },
			DisableCompression:  true,
			MaxIdleConnsPerHost: 8,
		}},
	}
}

// apiError is a refusal by the daemon, in its own words.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

// isStatus tells that the daemon answered with this status.
func isStatus(err error, status int) bool {
	var api *apiError
	return errors.As(err, &api) && api.status == status
}

// request is one call of the API.
type request struct {
	method, path string
	query        url.Values
	header       http.Header
	body         io.Reader
}

func (c *client) new(ctx context.Context, r request) (*http.Request, error) {
	u := url.URL{Scheme: "http", Host: "docker", Path: "/v" + c.version + r.path, RawQuery: r.query.Encode()}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), r.body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, r.header)
	return req, nil
}

// do makes a request and gives an answer that is no error. The caller closes
// its body.
func (c *client) do(ctx context.Context, r request) (*http.Response, error) {
	req, err := c.new(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the URL is none that means anything to a user
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, c.endpoint.unreachable(err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	return nil, refusal(resp)
}

func refusal(resp *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	var answer struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(data, &answer) != nil || answer.Message == "" {
		answer.Message = strings.TrimSpace(string(data))
	}
	if answer.Message == "" {
		answer.Message = "the daemon answers " + resp.Status
	}
	return &apiError{resp.StatusCode, answer.Message}
}

// call makes a request whose answer is JSON, and reads it into result unless
// that is nil.
func (c *client) call(ctx context.Context, method, path string, query url.Values, body, result any) error {
	r := request{method: method, path: path, query: query}
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r.body, r.header = bytes.NewReader(data), http.Header{"Content-Type": {"application/json"}}
	}
	resp, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if result == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	if err := json.NewDecoder(resp.Body).Decode(result); err != nil {
		return fmt.Errorf("answer of the daemon to %s: %w", path, err)
	}
	return nil
}

// hello finds out who answers, and speaks the newest version that both know.
func (c *client) hello(ctx context.Context) (daemon, error) {
	var d daemon
	if err := c.call(ctx, http.MethodGet, "/version", nil, nil, &d); err != nil {
		return d, err
	}
	if newer(d.API, subpathVersion) {
		c.version = subpathVersion
	}
	return d, nil
}

// newer tells that an API version is b or later.
func newer(a, b string) bool {
	x, y := minor(a), minor(b)
	return x >= y
}

func minor(version string) int {
	_, digits, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

// attach gives the stream of what a container writes, from before its start,
// and with stdin also what it reads. The caller closes it.
func (c *client) attach(ctx context.Context, id string, stdin bool) (*stream, error) {
	query := url.Values{"stream": {"1"}, "stdout": {"1"}, "stderr": {"1"}}
	if stdin {
		query.Set("stdin", "1")
	}
	req, err := c.new(ctx, request{
		method: http.MethodPost, path: "/containers/" + id + "/attach",
		query:  query,
		header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"tcp"}},
	})
	if err != nil {
		return nil, err
	}
	conn, err := c.endpoint.dialer(ctx)
	if err != nil {
		return nil, c.endpoint.unreachable(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	stream, err := upgrade(conn, req)
	if err != nil {
		stop()
		_ = conn.Close()
		return nil, err
	}
	stream.stop = stop
	return stream, nil
}

// upgrade makes of a connection the stream that the request asks for.
func upgrade(conn net.Conn, req *http.Request) (*stream, error) {
	if err := req.Write(conn); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(conn, 32<<10)
	resp, err := http.ReadResponse(r, req) //nolint:bodyclose // what follows is no body but the stream, closed with conn
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, refusal(resp)
	}
	return &stream{Reader: r, conn: conn}, nil
}

// stream is an upgraded connection.
type stream struct {
	io.Reader
	conn net.Conn
	stop func() bool
}

func (s *stream) Write(b []byte) (int, error) { return s.conn.Write(b) }

// CloseWrite tells the container that there is no more to read, if the
// connection can.
func (s *stream) CloseWrite() error {
	if half, ok := s.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (s *stream) Close() error {
	s.stop()
	return s.conn.Close()
}
