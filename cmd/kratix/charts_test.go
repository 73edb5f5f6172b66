// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/rogpeppe/go-internal/testscript"
)

// "charts DIR" serves the files below DIR on loopback and sets $CHARTS, the URL:
// with an index.yaml among them it is a Helm repository. It is an OCI registry,
// too, at $OCI, and has each NAME-VERSION.tgz of DIR as charts/NAME:VERSION.
func serveCharts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: charts dir")
	}
	dir := ts.MkAbs(args[0])
	mux := http.NewServeMux()
	mux.Handle("/v2/", registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	server := httptest.NewServer(mux)
	ts.Defer(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	ts.Setenv("CHARTS", server.URL)
	ts.Setenv("OCI", "oci://"+host)
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	ts.Check(err)
	for _, archive := range archives {
		name, version, _ := strings.Cut(strings.TrimSuffix(filepath.Base(archive), ".tgz"), "-")
		ts.Check(pushChart(archive, host+"/charts/"+name+":"+version))
	}
}

// pushChart does what helm push does.
func pushChart(archive, ref string) error {
	data, err := os.ReadFile(archive)
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(data, "application/vnd.cncf.helm.chart.content.v1.tar+gzip"))
	if err != nil {
		return err
	}
	return crane.Push(image, ref)
}
