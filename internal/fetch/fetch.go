// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
)

// ErrUnauthorized is within the error of a server that wants somebody else to
// ask, or anybody.
var ErrUnauthorized = errors.New("not authorized")

// A Request says what to get.
type Request struct {
	// URL is that of http or https. A user and a password in it are sent along.
	URL string
	// Token is sent as a bearer token, unless it is empty. It goes to the host of
	// the URL alone.
	Token string
	// Limit is how many bytes an answer may have.
	Limit int64
	// Timeout is for the whole of an answer; 0 is none.
	Timeout time.Duration
	// Transport talks to servers, as net/http usually does when nil.
	Transport http.RoundTripper
}

// Get gets what is there.
func (r Request) Get(ctx context.Context) ([]byte, error) {
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.Timeout, fmt.Errorf("no answer within %s", r.Timeout))
		defer cancel()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return nil, diag.Inputf("it is no URL")
	}
	if r.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.Token)
	}
	client := http.Client{Transport: r.Transport, CheckRedirect: stayEncrypted}
	response, err := client.Do(request)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := answered(response); err != nil {
		return nil, err
	}
	data, err := ReadAll(response.Body, r.Limit)
	if _, ok := errors.AsType[tooLarge](err); ok {
		return nil, diag.Input(err)
	}
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	return data, nil
}

// errPlain is what becomes of a redirect that would take something along in the
// clear, or bring something that anybody may have changed.
var errPlain = errors.New("the server answers with a plain http:// URL, to which nothing is sent")

// stayEncrypted follows redirects, but not out of https. The Authorization header
// goes to no other host: that is the rule of net/http.
func stayEncrypted(request *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return errors.New("it redirects 10 times")
	case via[0].URL.Scheme == "https" && request.URL.Scheme != "https":
		return errPlain
	}
	return nil
}

// unreachable says why there is no answer, without the URL.
func unreachable(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return diag.Machine(context.Cause(ctx))
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return diag.Machine(err)
}

// answered says what is wrong with an answer that is none.
func answered(response *http.Response) error {
	err := errors.New(response.Status)
	switch response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusNotFound, http.StatusGone:
		return diag.Input(err)
	case http.StatusUnauthorized, http.StatusForbidden:
		return diag.Machine(&unauthorized{err})
	default:
		return diag.Machine(err)
	}
}

// An unauthorized error is [ErrUnauthorized] in the words of the server.
type unauthorized struct{ error }

func (unauthorized) Is(target error) bool { return target == ErrUnauthorized }
