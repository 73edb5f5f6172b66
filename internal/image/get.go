// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/diag"
)

// Pull says when a registry is asked for an image.
type Pull string

// The pull policies.
const (
	PullMissing Pull = "missing" // if it is not in the Store; the default
	PullAlways  Pull = "always"  // each time, for the digest; what is here is not fetched again
	PullNever   Pull = "never"   // not at all
)

// GetOptions says where an image may come from. The zero value fetches what is
// missing, for this machine.
type GetOptions struct {
	Pull Pull
	// Platform is as in "linux/arm64"; empty for Linux on this machine's
	// architecture.
	Platform string
	// Sources names an OCI image layout (directory or tar) or a docker tarball
	// for references that are taken from there and from nowhere else.
	Sources map[string]string
	// Daemons may have images of their own. They are asked before a registry
	// is, unless that is to be asked each time, and for what a registry gave
	// before: their image is the newer one to whoever builds with them.
	Daemons []Daemon
	// Progress, if set, is told how many bytes of how many have arrived. It is
	// not called by two goroutines at once.
	Progress func(done, total int64)
}

// An Image is one that a Store has: what it says about running it. That
// OS and Architecture are those of this machine is for the caller to check,
// since an image that is for one platform only does not let one choose.
type Image struct {
	Reference    string // as it was asked for
	Digest       string // of the manifest, "sha256:..."
	Config       v1.Config
	OS           string
	Architecture string

	record record
	from   GetOptions // where to get it again
	layers []layer    // lowest first
}

// Built tells that the image was stored here with [Store.Put] or
// [Store.Import], so that nobody else need have it.
func (i *Image) Built() bool { return i.record.Built }

// layer is one layer of an image, packed and unpacked.
type layer struct {
	blob   v1.Hash
	diffID v1.Hash
}

// Get gives the image that ref stands for: from its source if it has one, else
// from the Store if it was stored with [Store.Put], else from a daemon of this
// machine, else from the Store, else from its registry.
func (s *Store) Get(ctx context.Context, ref string, o GetOptions) (*Image, error) {
	parsed, err := parseReference(ref)
	if err != nil {
		return nil, err
	}
	platform, err := parsePlatform(o.Platform)
	if err != nil {
		return nil, err
	}
	if err := s.use(ctx); err != nil {
		return nil, err
	}
	img, err := s.get(ctx, parsed, platform, o)
	if err != nil {
		return nil, err
	}
	img.Reference, img.from = ref, o
	return img, nil
}

func (s *Store) get(ctx context.Context, ref name.Reference, platform v1.Platform, o GetOptions) (*Image, error) {
	rec := record{Reference: ref.Name(), Platform: platform.String()}
	if source, ok := o.Sources[ref.String()]; ok {
		return s.fromSource(ctx, ref, platform, source)
	}
	local := ref.Context().RegistryStr() == LocalHost
	var here *Image
	var missing error
	if o.Pull != PullAlways || local {
		here, missing = s.lookup(rec)
		if missing != nil || !here.record.Built {
			img, err := s.fromDaemon(ctx, ref, platform, o.Daemons)
			if err != nil || img != nil {
				return img, err
			}
		}
	}
	switch {
	case here != nil:
		return here, nil
	case local:
		return nil, diag.Hint(diag.Machinef("image %s: it exists in the image cache only, and there it %s", ref, whyMissing(missing)), "kratix build container --all")
	case o.Pull == PullNever:
		return nil, diag.Hint(diag.Machinef("image %s: in the image cache it %s, and it may not be fetched (--pull never)", ref, whyMissing(missing)),
			"leave out --pull never; "+buildHint)
	}
	return s.fetch(ctx, ref, platform, rec, newProgress(o.Progress))
}

func whyMissing(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing"
	}
	return fmt.Sprintf("cannot be used (%v)", err)
}

// lookup gives an image that is here, complete, and notes that it was used.
func (s *Store) lookup(want record) (*Image, error) {
	rec, err := s.record(want.Reference, want.Platform)
	if err != nil {
		return nil, err
	}
	img, err := s.load(want.Reference, rec)
	if err != nil {
		return nil, err
	}
	s.touch(rec)
	return img, nil
}

// progress adds up the bytes of an image's layers. A nil progress is silent.
type progress struct {
	mu          sync.Mutex
	done, total int64
	report      func(done, total int64)
}

func newProgress(report func(done, total int64)) *progress {
	if report == nil {
		return nil
	}
	return &progress{report: report}
}

func (p *progress) expect(n int64) { p.count(0, n) }
func (p *progress) add(n int64)    { p.count(n, 0) }

func (p *progress) count(done, total int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += done
	p.total += total
	p.report(p.done, p.total)
}

func (p *progress) reader(r io.ReadCloser) io.ReadCloser {
	if p == nil {
		return r
	}
	return &progressReader{r, p}
}

type progressReader struct {
	io.ReadCloser
	progress *progress
}

func (r *progressReader) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	r.progress.add(int64(n))
	return n, err
}
