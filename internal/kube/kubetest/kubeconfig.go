// SPDX-License-Identifier: Apache-2.0

package kubetest

import (
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// WriteKubeconfig writes a kubeconfig with one context for the bearer of a
// token, and returns its path. The file lives as long as the server.
func (s *Server) WriteKubeconfig(user, token, namespace string) (string, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters["kubetest"] = &clientcmdapi.Cluster{Server: s.Config.Host, CertificateAuthorityData: s.certificate.pem}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["kubetest"] = &clientcmdapi.Context{Cluster: "kubetest", AuthInfo: user, Namespace: namespace}
	config.CurrentContext = "kubetest"
	file, err := os.CreateTemp(s.dir.Path, "*.kubeconfig")
	if err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	return file.Name(), clientcmd.WriteToFile(*config, file.Name())
}
