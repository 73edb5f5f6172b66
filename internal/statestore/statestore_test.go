// SPDX-License-Identifier: Apache-2.0

package statestore_test

import (
	"testing"

	"github.com/kratix-tools/kratix/internal/statestore"
)

func TestInCluster(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][2]string{
		"minio.kratix-platform-system.svc":        {"kratix-platform-system", "minio"},
		"minio.kratix-platform-system.svc:9000":   {"kratix-platform-system", "minio"},
		"gitea-http.gitea.svc.cluster.local":      {"gitea", "gitea-http"},
		"gitea-http.gitea.svc.cluster.local.:443": {"gitea", "gitea-http"},
		"minio":                           {},
		"minio.default":                   {},
		"github.com":                      {},
		"svc":                             {},
		".svc":                            {},
		"a..svc":                          {},
		"minio-0.minio.default.svc":       {},
		"minio.default.svc.example.com":   {},
		"localhost:19000":                 {},
		"[::1]:9000":                      {},
		"s3.eu-west-1.amazonaws.com":      {},
		"git.svc.example.com:22":          {},
		"minio.default.pod.cluster.local": {},
	} {
		namespace, service, ok := statestore.InCluster(host)
		if got := [2]string{namespace, service}; got != want || ok != (want != [2]string{}) {
			t.Errorf("%s: %q, %v; want %q", host, got, ok, want)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://github.com/acme/store.git": "github.com:443",
		"https://u:p@git.example:8443/a@b":  "git.example:8443",
		"https://[::1]:8443/store":          "[::1]:8443",
		"ssh://git@git.example/store":       "git.example:22",
		"ssh://git@git.example:2222/store":  "git.example:2222",
		"git@github.com:acme/store.git":     "github.com:22",
		"git@[::1]:acme/store.git":          "[::1]:22",
		"git@github.com":                    "",
		"https://":                          "",
		"":                                  "",
		"https://u:hunter2@%zz/":            "",
	} {
		got, err := statestore.Address(url)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v; want %q", url, got, err, want)
		}
		if want == "" {
			checkFault(t, err, err.Error(), "")
		}
	}
}
