// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// WriteTar writes an image as one tar that is an OCI image layout and a docker
// tarball at once, as current versions of docker save write it: docker load,
// podman load, ctr image import, kind load image-archive and skopeo's
// oci-archive: all take it. The same image gives the same bytes.
func WriteTar(w io.Writer, ref string, img v1.Image) error {
	parsed, err := parseReference(ref)
	if err != nil {
		return err
	}
	out := &layoutWriter{tar: tar.NewWriter(w), done: map[string]bool{}}
	if err := out.image(parsed, img); err != nil {
		return fmt.Errorf("writing image %s: %w", ref, err)
	}
	return out.tar.Close()
}

// layoutWriter writes the files of an OCI image layout, each once.
type layoutWriter struct {
	tar  *tar.Writer
	done map[string]bool
}

func (w *layoutWriter) image(ref name.Reference, img v1.Image) error {
	for _, dir := range []string{"blobs/", "blobs/sha256/"} {
		header := &tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755, ModTime: time.Unix(0, 0)}
		if err := w.tar.WriteHeader(header); err != nil {
			return err
		}
	}
	files, err := w.blobs(img)
	if err != nil {
		return err
	}
	desc, err := partial.Descriptor(img)
	if err != nil {
		return err
	}
	desc.Annotations = map[string]string{
		"io.containerd.image.name": ref.Name(),
		refNameAnnotation:          ref.Identifier(),
	}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{*desc}}
	if _, ok := ref.(name.Tag); ok {
		files.RepoTags = []string{ref.Name()}
	}
	if err := w.json("index.json", index); err != nil {
		return err
	}
	if err := w.json("manifest.json", tarball.Manifest{files}); err != nil {
		return err
	}
	return w.json("oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"})
}

// blobs writes all that an image consists of and gives the list that docker
// wants of it.
func (w *layoutWriter) blobs(img v1.Image) (files tarball.Descriptor, err error) {
	layers, err := img.Layers()
	if err != nil {
		return files, err
	}
	for _, layer := range layers {
		name, err := w.layer(layer)
		if err != nil {
			return files, err
		}
		files.Layers = append(files.Layers, name)
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return files, err
	}
	configName, err := img.ConfigName()
	if err != nil {
		return files, err
	}
	files.Config = blobName(configName)
	if err := w.bytes(files.Config, config); err != nil {
		return files, err
	}
	manifest, err := img.RawManifest()
	if err != nil {
		return files, err
	}
	digest, err := img.Digest()
	if err != nil {
		return files, err
	}
	return files, w.bytes(blobName(digest), manifest)
}

func (w *layoutWriter) layer(layer v1.Layer) (name string, err error) {
	digest, err := layer.Digest()
	if err != nil {
		return "", err
	}
	size, err := layer.Size()
	if err != nil {
		return "", err
	}
	r, err := layer.Compressed()
	if err != nil {
		return "", err
	}
	defer func() { _ = r.Close() }()
	return blobName(digest), w.file(blobName(digest), size, r)
}

func blobName(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

func (w *layoutWriter) json(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.bytes(name, data)
}

func (w *layoutWriter) bytes(name string, data []byte) error {
	return w.file(name, int64(len(data)), bytes.NewReader(data))
}

func (w *layoutWriter) file(name string, size int64, r io.Reader) error {
	if w.done[name] {
		return nil
	}
	w.done[name] = true
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size, ModTime: time.Unix(0, 0)}
	if err := w.tar.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(w.tar, r)
	return err
}
