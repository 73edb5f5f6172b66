// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/kratix-tools/kratix/internal/diag"
)

// transport is how this process itself speaks HTTP: by the network and the
// proxies of the environment, or by dial alone if that is given.
func (o *Options) transport(dial dialer) (*http.Transport, error) {
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:       config,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   16,
		DisableCompression:    true, // objects come as they are stored
	}
	if dial != nil {
		t.Proxy, t.DialContext = nil, dial
	}
	return t, nil
}

func (o *Options) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.InsecureSkipTLSVerify}
	if o.CAFile == "" {
		return config, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, diag.Input(fmt.Errorf("certificate authorities: %w", err))
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, diag.Inputf("certificate authorities: %s has no certificate in PEM form", o.CAFile)
	}
	config.RootCAs = roots
	return config, nil
}
