// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// An artifact is one of GoReleaser's, as it lists them in artifacts.json.
type artifact struct {
	Path string `json:"path"`
	Type string `json:"type"`
	OS   string `json:"goos"`
	Arch string `json:"goarch"`
}

// makeImage writes the image of the Linux programs in a directory of GoReleaser
// as an OCI layout in DIST/image, and pushes it if wanted. It is built from
// nothing: the program, certificate authorities and /tmp.
func makeImage(ctx context.Context, out io.Writer, dist, tag string, push bool) error {
	programs, err := linuxPrograms(dist)
	if err != nil {
		return err
	}
	index, err := indexOf(programs)
	if err != nil {
		return err
	}
	dir := filepath.Join(dist, "image")
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendIndex(index); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s  %s\n", digest, dir)
	if !push {
		return nil
	}
	ref, err := name.ParseReference(tag)
	if err != nil {
		return err
	}
	if err := remote.WriteIndex(ref, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return err
	}
	fmt.Fprintf(out, "pushed %s@%s\n", ref.Context(), digest)
	return nil
}

// linuxPrograms finds the programs, by architecture.
func linuxPrograms(dist string) (map[string]string, error) {
	data, err := os.ReadFile(filepath.Join(dist, "artifacts.json"))
	if err != nil {
		return nil, err
	}
	var artifacts []artifact
	if err := json.Unmarshal(data, &artifacts); err != nil {
		return nil, err
	}
	programs := map[string]string{}
	for _, a := range artifacts {
		if a.Type == "Binary" && a.OS == "linux" {
			// The path is relative to the directory that GoReleaser ran in.
			programs[a.Arch] = filepath.Join(filepath.Dir(dist), a.Path)
		}
	}
	if len(programs) == 0 {
		return nil, errors.New("there is no program for Linux in " + dist)
	}
	return programs, nil
}

// indexOf makes an image for each architecture, and the index of them.
func indexOf(programs map[string]string) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range []string{"amd64", "arm64"} {
		program, ok := programs[arch]
		if !ok {
			continue
		}
		img, err := imageOf(program, arch)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	return index, nil
}

// imageOf makes the image of one program. All that it has of time and version is
// what the program says of itself.
func imageOf(program, arch string) (v1.Image, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	created, err := time.Parse(time.RFC3339, settings["vcs.time"])
	if err != nil {
		return nil, fmt.Errorf("%s does not know its commit: %w", program, err)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	files, err := files(content, created)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: created}, CreatedBy: "kratix"}})
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", arch, v1.Time{Time: created}
	config.Config = v1.Config{
		Entrypoint: []string{"/usr/bin/kratix"},
		Env:        []string{"PATH=/usr/bin", "HOME=/tmp", "LC_ALL=C.UTF-8"},
		User:       "65532:65532",
		WorkingDir: "/work",
		Labels: map[string]string{
			"org.opencontainers.image.title":    "kratix",
			"org.opencontainers.image.source":   "https://github.com/kratix-tools/kratix",
			"org.opencontainers.image.licenses": "Apache-2.0",
			"org.opencontainers.image.version":  info.Main.Version,
			"org.opencontainers.image.revision": settings["vcs.revision"],
		},
	}
	return mutate.ConfigFile(img, config)
}

// files makes the layer.
func files(program []byte, created time.Time) ([]byte, error) {
	var authorities bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue // a file of certificates cannot say this
		}
		if err := pem.Encode(&authorities, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		name    string
		mode    int64
		content []byte
	}{
		{"etc/", 0o755, nil},
		{"etc/ssl/", 0o755, nil},
		{"etc/ssl/certs/", 0o755, nil},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, authorities.Bytes()},
		{"tmp/", 0o1777, nil},
		{"usr/", 0o755, nil},
		{"usr/bin/", 0o755, nil},
		{"usr/bin/kratix", 0o755, program},
		{"work/", 0o1777, nil},
	} {
		header := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: created, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
		if f.content == nil {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
