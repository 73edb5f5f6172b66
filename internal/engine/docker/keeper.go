// SPDX-License-Identifier: Apache-2.0

package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kratix-tools/kratix/internal/image"
)

// A keeper owns the volumes of a Pod. It has them at /v/0, /v/1 and so on,
// where its image has empty directories that everybody may write to: a daemon
// gives a new volume the mode of the directory that it covers.
type keeper struct {
	id      string
	volumes []keptVolume
}

// keptVolume is a volume of the daemon.
type keptVolume struct {
	name string // the daemon's
	dir  string // where the daemon has it, on its own machine
}

func keeperPath(i int) string { return fmt.Sprintf("/v/%d", i) }

// newKeeper makes a keeper with n volumes.
func (e *Engine) newKeeper(ctx context.Context, n int) (*keeper, error) {
	size := 16
	for size < n {
		size *= 2
	}
	ref := fmt.Sprintf("%s/volumes:%d-%s", image.LocalHost, size, strings.ReplaceAll(e.status.Platform, "/", "-"))
	_, err := e.keepers.Get(ctx, ref, func(ctx context.Context, ref string) (struct{}, error) {
		return struct{}{}, e.load(ctx, ref, func() (v1.Image, error) { return keeperImage(size, e.status.Platform) })
	})
	if err != nil {
		return nil, err
	}
	return e.createKeeper(ctx, ref, n)
}

func (e *Engine) createKeeper(ctx context.Context, ref string, n int) (*keeper, error) {
	labels := e.labelled(roleKeeper)
	spec := containerSpec{
		Image: ref, Entrypoint: []string{"never-started"}, Labels: labels,
		HostConfig: hostConfig{NetworkMode: "none", LogConfig: logConfig{"none"}},
	}
	for i := range n {
		spec.HostConfig.Mounts = append(spec.HostConfig.Mounts, mount{
			Type: "volume", Target: keeperPath(i), VolumeOptions: &volumeOptions{Labels: labels},
		})
	}
	id, err := e.create(ctx, spec, "")
	if err != nil {
		return nil, e.fault("making volumes", err)
	}
	k := &keeper{id: id, volumes: make([]keptVolume, n)}
	state, err := e.client.inspectContainer(ctx, id)
	if err != nil {
		_ = e.remove(ctx, id)
		return nil, e.fault("making volumes", err)
	}
	for _, m := range state.Mounts {
		for i := range n {
			if m.Destination == keeperPath(i) {
				k.volumes[i] = keptVolume{m.Name, m.Source}
			}
		}
	}
	return k, nil
}

// keeperImage is an image of empty directories. It is never run.
func keeperImage(n int, platform string) (v1.Image, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	dirs := []string{"v/"}
	for i := range n {
		dirs = append(dirs, strings.TrimPrefix(keeperPath(i), "/")+"/")
	}
	for _, dir := range dirs {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o777}); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, static.NewLayer(layer.Bytes(), types.OCIUncompressedLayer))
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, _ = strings.Cut(platform, "/")
	return mutate.ConfigFile(img, config)
}
