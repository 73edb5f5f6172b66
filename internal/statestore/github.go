// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// tokenUser is the user whose password is a token.
const tokenUser = "x-access-token"

// githubApp gets a token for an installation of a GitHub App, in Kratix' steps
// and words.
func (a *access) githubApp(ctx context.Context, spec *api.GitStateStoreSpec, credentials Credentials, o *Options) error {
	if err := a.checkHTTPS(); err != nil || credentials == nil {
		return err
	}
	for _, key := range []string{"appID", "installationID", "privateKey"} {
		if _, ok := credentials[key]; !ok {
			return missing(key, spec.SecretRef)
		}
	}
	jwt, err := appToken(string(credentials["appID"]), credentials["privateKey"], time.Now())
	if err != nil {
		return diag.Machinef("failed to generate GitHub App JWT: %w", err)
	}
	installation := string(credentials["installationID"])
	for _, id := range []string{string(credentials["appID"]), installation} {
		if _, err := strconv.Atoi(id); err != nil {
			return diag.Machinef("could not convert installation ID to int: %w", err)
		}
	}
	token, err := installationToken(ctx, o, installation, jwt)
	if err != nil {
		return githubError(ctx, err)
	}
	a.username, a.password = tokenUser, token
	a.secrets = append(a.secrets, token, jwt)
	return nil
}

func githubError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return diag.Hint(diag.Machinef("failed to get GitHub installation token: %w", err),
		"check appID, installationID and privateKey of the Secret, and that this machine reaches the API of GitHub")
}

// appToken is a JSON Web Token that says who the App is, signed by its key and
// good for ten minutes. It is a minute old already, for clocks that are behind.
func appToken(appID string, key []byte, now time.Time) (string, error) {
	signer, err := parseRSAKey(key)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"iat": now.Unix() - 60, "exp": now.Add(10 * time.Minute).Unix(), "iss": appID})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, signer, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

func parseRSAKey(key []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("invalid private key: failed to parse PEM block")
	}
	if parsed, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return parsed, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("failed to parse RSA private key: %w", err)
	}
	if rsaKey, ok := parsed.(*rsa.PrivateKey); ok {
		return rsaKey, nil
	}
	return nil, errors.New("private key is not RSA")
}

// installationToken exchanges the App's token for one of an installation.
func installationToken(ctx context.Context, o *Options, installation, jwt string) (string, error) {
	base := strings.TrimSuffix(cmp.Or(o.GitHubAPI, "https://api.github.com"), "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/app/installations/"+installation+"/access_tokens", nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+jwt)
	request.Header.Set("Accept", "application/vnd.github+json")
	verified := *o
	verified.InsecureSkipTLSVerify = false // that is for the store
	transport, err := verified.transport(nil)
	if err != nil {
		return "", err
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Token, Message string }
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer)
	switch {
	case response.StatusCode != http.StatusCreated:
		return "", fmt.Errorf("GitHub API error: status=%d, message=%s", response.StatusCode, answer.Message)
	case err != nil:
		return "", fmt.Errorf("failed to decode response: %w", err)
	case answer.Token == "":
		return "", errors.New("empty installation token received")
	}
	return answer.Token, nil
}
