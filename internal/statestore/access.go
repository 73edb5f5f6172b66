// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// An access is how git reaches one repository.
type access struct {
	url       string // without anything secret
	address   string // host:port of it
	protocols string // that git may speak, as in GIT_ALLOW_PROTOCOL
	own       bool   // the user's own git: no Secret is there

	username, password string // of the user that git is; over https

	files   map[string][]byte // what ssh reads; nil for the user's own ssh
	secrets []string          // what no message may show
}

// The files that ssh reads.
const (
	keyFile        = "id"
	knownHostsFile = "known_hosts"
)

// String names the repository in messages.
func (a *access) String() string { return "git repository " + a.url }

// asked tells whether git gets the password from the helper, when a server
// wants one.
func (a *access) asked() bool { return a.username != "" }

// unasked tells whether the password goes with every request, as it does in
// Kratix: git asks nobody for the password of a user without a name.
func (a *access) unasked() bool { return a.username == "" && a.password != "" }

// header is what goes with every request then.
func (a *access) header() string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(a.username+":"+a.password))
}

// newAccess checks the URL and the credentials as Kratix' git client does.
func newAccess(ctx context.Context, spec *api.GitStateStoreSpec, credentials Credentials, o *Options) (*access, error) {
	method := cmp.Or(spec.AuthMethod, "basicAuth")
	a := &access{url: withoutUser(spec.URL), protocols: "https"}
	var err error
	switch method {
	case "basicAuth":
		err = a.basicAuth(spec, credentials)
	case "ssh":
		err = a.ssh(spec, credentials)
	case "githubApp":
		err = a.githubApp(ctx, spec, credentials, o)
	default:
		err = diag.Machinef("unknown authMethod: %s", method)
	}
	if err != nil {
		return nil, err
	}
	if a.address, err = Address(spec.URL); err != nil {
		return nil, err
	}
	if credentials == nil {
		a.beOwn(spec)
	}
	return a, nil
}

// beOwn leaves git to the user, whose configuration may well lead from https to
// ssh. A password that the URL has is used, but not shown.
func (a *access) beOwn(spec *api.GitStateStoreSpec) {
	a.own, a.protocols = true, "https:ssh"
	if isHTTPS(spec.URL) {
		a.username, a.password = userOf(spec.URL)
		a.secrets = append(a.secrets, a.password)
	}
}

func (a *access) basicAuth(spec *api.GitStateStoreSpec, credentials Credentials) error {
	if err := a.checkHTTPS(); err != nil || credentials == nil {
		return err
	}
	if _, ok := credentials["password"]; !ok {
		return missing("password", spec.SecretRef)
	}
	a.username, a.password = string(credentials["username"]), string(credentials["password"])
	if a.username == "" && strings.Contains(a.url, "github") {
		a.username = tokenUser
	}
	a.secrets = append(a.secrets, a.password)
	for key, value := range map[string]string{"username": a.username, "password": a.password} {
		if strings.ContainsAny(value, "\n\r\x00") {
			return diag.Hint(diag.Machinef("%s in %s has a line break, and no server takes one", key, secretName(spec.SecretRef)),
				"store it without: kubectl create secret generic --from-literal, or printf in place of echo")
		}
	}
	return nil
}

func (a *access) checkHTTPS() error {
	if isHTTPS(a.url) {
		return nil
	}
	return diag.Hint(diag.Machinef("invalid URL for HTTPS auth method: %s", a.url),
		"Kratix wants https://, or USER@HOST:PATH with authMethod ssh")
}

func (a *access) ssh(spec *api.GitStateStoreSpec, credentials Credentials) error {
	a.protocols = "ssh"
	if !isSSH(spec.URL) {
		return diag.Hint(diag.Machinef("invalid URL for SSH auth method: %s", a.url), "Kratix wants USER@HOST:PATH or ssh://USER@HOST/PATH")
	}
	if credentials == nil {
		return nil
	}
	for _, key := range []string{"sshPrivateKey", "knownHosts"} {
		if _, ok := credentials[key]; !ok {
			return missing(key, spec.SecretRef)
		}
	}
	key := credentials["sshPrivateKey"]
	if _, err := ssh.ParsePrivateKey(key); err != nil {
		return diag.Hint(diag.Machinef("error parsing ssh private key: %w", err), "Kratix wants a private key without a passphrase")
	}
	a.files = map[string][]byte{keyFile: append(slices.Clip(key), '\n'), knownHostsFile: credentials["knownHosts"]}
	return nil
}

// missing says in Kratix' words that a Secret has no such key.
func missing(key string, ref *api.SecretRef) error {
	return diag.Machinef("%s not found in %s", key, secretName(ref))
}

func secretName(ref *api.SecretRef) string {
	if ref == nil {
		return "the credentials"
	}
	return fmt.Sprintf("secret %s/%s", cmp.Or(ref.Namespace, "default"), ref.Name)
}
