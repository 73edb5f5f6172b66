// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
)

// helmKeychain has the credentials that helm registry login keeps in a file of
// its own, in the form of Docker's.
type helmKeychain struct{}

// Resolve gives the credentials of a registry, or none.
func (helmKeychain) Resolve(resource authn.Resource) (authn.Authenticator, error) {
	data, err := os.ReadFile(helmCredentials())
	if err != nil {
		return authn.Anonymous, nil //nolint:nilerr // nobody has logged in with helm
	}
	var config struct {
		Auths map[string]struct {
			Auth string `json:"auth"`
		} `json:"auths"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, err
	}
	decoded, err := base64.StdEncoding.DecodeString(config.Auths[resource.RegistryStr()].Auth)
	user, password, ok := strings.Cut(string(decoded), ":")
	if err != nil || !ok {
		return authn.Anonymous, nil //nolint:nilerr // Docker's keychain is asked next
	}
	return authn.FromConfig(authn.AuthConfig{Username: user, Password: password}), nil
}

// helmCredentials is where Helm keeps them.
func helmCredentials() string {
	if file := os.Getenv("HELM_REGISTRY_CONFIG"); file != "" {
		return file
	}
	dir := os.Getenv("HELM_CONFIG_HOME")
	if dir == "" {
		config, err := os.UserConfigDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(config, "helm")
	}
	return filepath.Join(dir, "registry", "config.json")
}
