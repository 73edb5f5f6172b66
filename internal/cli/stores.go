// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/yaml"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/inspect"
	"github.com/kratix-tools/kratix/internal/kube"
	"github.com/kratix-tools/kratix/internal/statestore"
	"github.com/kratix-tools/kratix/internal/term"
	"github.com/kratix-tools/kratix/internal/view"
)

// storeFlags say how to reach state stores.
type storeFlags struct {
	secrets  []string
	ca       string
	insecure bool
}

func (o *storeFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&o.secrets, "store-secret", nil,
		"`FILE` with the Secret of a state store, for one that may not be read; repeatable")
	flags.StringVar(&o.ca, "store-ca", "", "`FILE` with the certificate authorities of state stores")
	flags.BoolVar(&o.insecure, "store-insecure", false, "accept any certificate of a state store, as Kratix does of Git's")
}

// stores opens state stores and keeps them until close.
type stores struct {
	flags   *storeFlags
	source  *platformSource
	secrets []corev1.Secret // of --store-secret

	told term.Stream // standard error

	mu      sync.Mutex
	readers map[string]statestore.Reader
	tunnels []*kube.Tunnel
}

// stores fails if a file of the flags cannot be used, which is no matter of a
// store.
func (o *storeFlags) stores(env *Env, source *platformSource) (*stores, error) {
	s := &stores{told: env.err(), flags: o, source: source, readers: map[string]statestore.Reader{}}
	for _, file := range o.secrets {
		secret, err := readSecret(file)
		if err != nil {
			return nil, err
		}
		s.secrets = append(s.secrets, secret)
	}
	return s, nil
}

func readSecret(file string) (corev1.Secret, error) {
	var secret corev1.Secret
	text, err := os.ReadFile(file)
	if err != nil {
		return secret, diag.Input(fmt.Errorf("--store-secret: %w", err))
	}
	if err := yaml.UnmarshalStrict(text, &secret); err != nil || secret.Kind != "Secret" {
		return secret, diag.Hint(diag.Inputf("--store-secret %s: it is not a Secret", file),
			"kubectl get secret NAME -o yaml shows what one looks like")
	}
	return secret, nil
}

func (s *stores) close() {
	for _, r := range s.readers {
		_ = r.Close() // it was only read
	}
	for _, t := range s.tunnels {
		_ = t.Close()
	}
}

// reading tells that the stores are read, which may take long, until the
// function that it gives is called.
func (s *stores) reading() (stop func()) {
	before := s.told
	busy := view.NewBusy(before)
	s.told.Writer = busy
	busy.Start("reading the state stores")
	return func() {
		busy.Stop()
		s.told = before
	}
}

// open satisfies [inspect.OpenStore].
func (s *stores) open(ctx context.Context, kind, name string) (inspect.StoreReader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := kind + "/" + name
	if r := s.readers[key]; r != nil {
		return r, nil
	}
	r, err := s.reader(ctx, kind, name)
	if err != nil {
		return nil, fmt.Errorf("state store %s: %w", key, err)
	}
	s.readers[key] = r
	return r, nil
}

func (s *stores) reader(ctx context.Context, kind, name string) (statestore.Reader, error) {
	if kind == api.KindGitStateStore {
		var store api.GitStateStore
		if err := s.source.Get(ctx, inspect.GitStores, "", name, &store); err != nil {
			return nil, err
		}
		credentials, err := s.credentials(ctx, store.Spec.SecretRef)
		if err != nil {
			return nil, err
		}
		return statestore.OpenGit(ctx, store.Spec, credentials, s.options(hostOf(store.Spec.URL)))
	}
	var store api.BucketStateStore
	if err := s.source.Get(ctx, inspect.BucketStores, "", name, &store); err != nil {
		return nil, err
	}
	credentials, err := s.credentials(ctx, store.Spec.SecretRef)
	if err != nil {
		return nil, err
	}
	return statestore.OpenBucket(ctx, store.Spec, credentials, s.options(store.Spec.Endpoint))
}

// credentials are those of a file that was named or of the Secret in the
// cluster; nil stands for what the user has on this machine, if there is no
// Secret, or none that may be read.
func (s *stores) credentials(ctx context.Context, ref *api.SecretRef) (statestore.Credentials, error) {
	if ref == nil {
		return nil, nil
	}
	if given := s.given(ref); given != nil {
		return given, nil
	}
	var secret corev1.Secret
	err := s.source.Get(ctx, secrets, orDefault(ref.Namespace), ref.Name, &secret)
	switch {
	case err == nil:
		return data(&secret), nil
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err), errors.Is(err, inspect.ErrNoKind):
		view.Note(s.told, fmt.Sprintf("Secret %s/%s cannot be read; using your own credentials", orDefault(ref.Namespace), ref.Name))
		return nil, nil
	}
	return nil, err
}

// secrets is the kind of what holds credentials.
var secrets = inspect.Resource{Version: "v1", Plural: "secrets", Kind: "Secret", Namespaced: true}

// orDefault is the namespace of a Secret where none is given.
func orDefault(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}

// given finds the Secret among the files of --store-secret; nil if it is not
// there. A file that holds a Secret without a name is for all stores.
func (s *stores) given(ref *api.SecretRef) statestore.Credentials {
	for i := range s.secrets {
		secret := &s.secrets[i]
		if secret.Name == "" || secret.Name == ref.Name && orDefault(secret.Namespace) == orDefault(ref.Namespace) {
			return data(secret)
		}
	}
	return nil
}

func data(s *corev1.Secret) statestore.Credentials {
	all := statestore.Credentials{}
	maps.Copy(all, s.Data)
	for key, value := range s.StringData {
		all[key] = []byte(value)
	}
	return all
}

// options say how to reach a store at a host. One that is the name of a
// Service is reached through the API server.
func (s *stores) options(host string) statestore.Options {
	o := statestore.Options{CAFile: s.flags.ca, InsecureSkipTLSVerify: s.flags.insecure}
	namespace, service, inside := statestore.InCluster(host)
	if !inside || s.source.client == nil {
		return o
	}
	var mu sync.Mutex
	open := map[string]*kube.Tunnel{} // by port
	o.Dial = func(ctx context.Context, _, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		if open[port] == nil {
			number, err := strconv.Atoi(port)
			if err != nil {
				return nil, err
			}
			// The tunnel is for later connections, too.
			open[port], err = s.source.client.Forward(context.WithoutCancel(ctx), namespace, service, number)
			if err != nil {
				delete(open, port)
				return nil, err
			}
			s.tunnels = append(s.tunnels, open[port])
		}
		return open[port].Dial(ctx)
	}
	return o
}

// hostOf is the host of a repository's URL, be it in the form of scp.
func hostOf(repository string) string {
	if u, err := url.Parse(repository); err == nil && u.Host != "" {
		return u.Host
	}
	_, rest, _ := strings.Cut(repository, "@")
	host, _, _ := strings.Cut(rest, ":")
	return host
}
