// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"net"
	"net/url"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Address gives the host and port that the URL of a GitStateStore leads to, as
// [Options.Dial] is asked for them. An endpoint of a BucketStateStore is such an
// address already, but for the port.
func Address(gitURL string) (string, error) {
	if !strings.Contains(gitURL, "://") {
		return scpAddress(gitURL)
	}
	u, err := url.Parse(gitURL)
	if err != nil || u.Hostname() == "" {
		return "", diag.Machinef("the URL %q of the repository names no host", withoutUser(gitURL))
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "ssh": "22", "http": "80"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

// scpAddress reads [user@]host:path, where an IPv6 address stands in brackets.
func scpAddress(gitURL string) (string, error) {
	rest := gitURL[strings.LastIndex(gitURL, "@")+1:]
	host, _, ok := strings.Cut(rest, ":")
	if inner, found := strings.CutPrefix(rest, "["); found {
		host, _, ok = strings.Cut(inner, "]")
	}
	if !ok || host == "" {
		return "", diag.Machinef("the URL %q of the repository names no host", gitURL)
	}
	return net.JoinHostPort(host, "22"), nil
}

// authority splits a URL around its user, host and port.
func authority(gitURL string) (before, middle, after string) {
	if scheme, _, ok := strings.Cut(gitURL, "//"); ok && !strings.ContainsAny(scheme, "/?#@") {
		before = scheme + "//"
	}
	rest := gitURL[len(before):]
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	return before, rest[:end], rest[end:]
}

// withoutUser is a URL as it may be shown and given to git: nothing in it is a
// secret. The user of ssh stays, since it is part of the address there.
func withoutUser(gitURL string) string {
	before, middle, after := authority(gitURL)
	at := strings.LastIndex(middle, "@")
	user := middle[:max(at, 0)]
	if (before == "" || before == "ssh://") && !strings.Contains(user, ":") {
		return gitURL
	}
	return before + middle[at+1:] + after
}

// userOf gives the user information of a URL, decoded.
func userOf(gitURL string) (username, password string) {
	u, err := url.Parse(gitURL)
	if err != nil || u.User == nil {
		return "", ""
	}
	password, _ = u.User.Password()
	return u.User.Username(), password
}

// isHTTPS and isSSH are the rules for URLs of Kratix' git client.
func isHTTPS(gitURL string) bool { return strings.HasPrefix(gitURL, "https://") }

func isSSH(gitURL string) bool {
	user, host, ok := strings.Cut(strings.TrimPrefix(gitURL, "ssh://"), "@")
	return ok && host != "" && !strings.ContainsAny(user, "/:") && !strings.Contains(host, "@")
}
