// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"context"
	"io"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
)

// stock is a daemon with one image.
type stock struct {
	ref   string
	image v1.Image
	saved int
}

// platformed is the configuration of an image, for this machine.
func platformed(t *testing.T, img v1.Image) *v1.ConfigFile {
	t.Helper()
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, _ = strings.Cut(image.DefaultPlatform(), "/")
	return config
}

func (d *stock) id(t *testing.T) string {
	t.Helper()
	h, err := d.image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	return h.String()
}

func (d *stock) Find(_ context.Context, ref, _ string) string {
	if d.image == nil || ref != d.ref {
		return ""
	}
	h, err := d.image.ConfigName()
	if err != nil {
		return ""
	}
	return h.String()
}

func (d *stock) Save(_ context.Context, _ string, w io.Writer) error {
	d.saved++
	return image.WriteTar(w, d.ref, d.image)
}

func TestGetFromDaemon(t *testing.T) {
	t.Parallel()
	store, err := image.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	built := func() v1.Image {
		img, err := random.Image(100, 2)
		if err != nil {
			t.Fatal(err)
		}
		img, err = mutate.ConfigFile(img, platformed(t, img))
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	daemon := &stock{ref: "acme-render:dev", image: built()}
	get := func(o image.GetOptions) (*image.Image, error) {
		o.Daemons = append(o.Daemons, daemon)
		return store.Get(t.Context(), "acme-render:dev", o)
	}
	is := func(when string, saved int, o image.GetOptions) {
		t.Helper()
		img, err := get(o)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		content, err := store.Content(img)
		if err != nil {
			t.Fatal(err)
		}
		if h, err := content.ConfigName(); err != nil || h.String() != daemon.id(t) || daemon.saved != saved {
			t.Errorf("%s: image %s, %v; copied %d times; want %s, %d", when, h, err, daemon.saved, daemon.id(t), saved)
		}
	}
	is("the first time", 1, image.GetOptions{})
	is("again", 1, image.GetOptions{Pull: image.PullNever})
	daemon.image = built()
	is("after a build", 2, image.GetOptions{})

	img := daemon.image
	daemon.image = nil
	if got, err := get(image.GetOptions{}); err != nil || got.Built() {
		t.Errorf("without the daemon: %v, %v; want what was copied", got, err)
	}
	daemon.image = built()
	if _, err := store.Put(t.Context(), "acme-render:dev", img); err != nil {
		t.Fatal(err)
	}
	if got, err := get(image.GetOptions{}); err != nil || !got.Built() {
		t.Errorf("stored with Put: %v, %v; want that", got, err)
	}
	if _, err := get(image.GetOptions{Pull: image.PullAlways}); diag.ExitCode(err) != diag.ExitMachine {
		t.Errorf("with PullAlways: %v; want that its registry is asked, and is not there", err)
	}
}
