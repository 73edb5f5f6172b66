// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Config says which cluster is meant, in the words of kubectl. The zero value
// is the current context of the usual kubeconfig or, inside a Pod, the cluster
// around it.
type Config struct {
	Kubeconfig string
	Overrides  clientcmd.ConfigOverrides
	// Getenv reads KUBECONFIG; nil reads the process' environment.
	Getenv func(string) string
}

// Register adds the connection flags of kubectl by their usual names.
func (c *Config) Register(flags *pflag.FlagSet) {
	flags.StringVar(&c.Kubeconfig, "kubeconfig", "", "`FILE` that says how to reach the cluster")
	names := clientcmd.RecommendedConfigOverrideFlags("")
	names.ClusterOverrideFlags.ProxyURL.LongName = "proxy-url"
	names.ClusterOverrideFlags.APIServer.ShortName = "s"
	clientcmd.BindOverrideFlags(&c.Overrides, flags, names)
	flags.String("cache-dir", "", "not used: nothing is cached")
	for name, usage := range usages {
		if flag := flags.Lookup(name); flag != nil {
			flag.Usage = usage
		}
	}
	for _, name := range rare {
		_ = flags.MarkHidden(name) // they are there: kubectl's manual describes them
	}
}

// usages are shorter than kubectl's.
var usages = map[string]string{
	"context":         "`NAME` of the kubeconfig's context",
	"namespace":       "`NAMESPACE` to look in (default: the context's)",
	"as":              "`USER` to act as",
	"request-timeout": "how long one request may take, such as 30s (default: no limit)",
	"server":          "`URL` of the API server",
	"token":           "bearer `TOKEN` for the API server",
}

// rare flags work and are not listed in help.
var rare = []string{
	"as-uid", "as-group", "as-user-extra", "cache-dir", "certificate-authority", "client-certificate", "client-key", "cluster",
	"disable-compression", "insecure-skip-tls-verify", "password", "proxy-url", "tls-server-name", "user", "username",
}

// Connect makes a Client. Nothing is sent yet: whether the cluster answers is
// seen by the first request.
func (c *Config) Connect() (*Client, error) {
	loader := c.loader()
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, c.refused(err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, c.refused(err)
	}
	config.QPS = -1 // the server has fairness of its own
	config.UserAgent = "kratix"
	config.WarningHandler = rest.NoWarnings{}
	config.NegotiatedSerializer = serializer.NewCodecFactory(statusScheme()).WithoutConversion()
	config.GroupVersion = &schema.GroupVersion{}
	client, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, c.refused(err)
	}
	return &Client{rest: client, config: config, Namespace: namespace}, nil
}

// Target names the cluster that Connect would reach: the context of the
// kubeconfig and the URL of its API server. Both are empty if no kubeconfig
// names one. Nothing is sent.
func (c *Config) Target() (context, server string) {
	config, err := c.loader().RawConfig()
	if err != nil {
		return "", ""
	}
	context = cmp.Or(c.Overrides.CurrentContext, config.CurrentContext)
	if known := config.Contexts[context]; known != nil && config.Clusters[known.Cluster] != nil {
		return context, config.Clusters[known.Cluster].Server
	}
	return "", ""
}

func (c *Config) loader() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if c.Getenv != nil {
		rules.Precedence = precedence(c.Getenv)
	}
	rules.WarnIfAllMissing = false
	rules.ExplicitPath = c.Kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &c.Overrides)
}

// precedence lists the kubeconfig files as kubectl finds them.
func precedence(getenv func(string) string) []string {
	if list := filepath.SplitList(getenv("KUBECONFIG")); len(list) > 0 {
		return list
	}
	home := getenv("HOME")
	if home == "" {
		home, _ = os.UserHomeDir()
	}
	return []string{filepath.Join(home, ".kube", "config")}
}

// refused words an error of a kubeconfig.
func (c *Config) refused(err error) error {
	_, missing := os.Stat(c.Kubeconfig)
	_, timeout := clientcmd.ParseTimeout(c.Overrides.Timeout)
	switch {
	case timeout != nil:
		return diag.Inputf("--request-timeout %s: want a number with a unit, such as 30s", c.Overrides.Timeout)
	case clientcmd.IsEmptyConfig(err):
		return diag.Hint(diag.Machinef("no cluster: there is no kubeconfig, and this is not a Pod"),
			"export KUBECONFIG=FILE, or --kubeconfig FILE; a saved platform is read with -f FILE")
	case errors.Is(missing, fs.ErrNotExist) && c.Kubeconfig != "": // err may be about a file that it names
		return diag.Inputf("--kubeconfig %s: no such file", c.Kubeconfig)
	case clientcmd.IsContextNotFound(err):
		return diag.Hint(diag.Input(err), "kubectl config get-contexts")
	}
	return diag.Hint(diag.Input(fmt.Errorf("reading the kubeconfig: %w", err)), "kubectl config view")
}

// statusScheme knows what an API server says when it refuses.
func statusScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	return scheme
}
