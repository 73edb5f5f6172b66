// SPDX-License-Identifier: Apache-2.0

package work

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A compressor writes file contents as Kratix holds them: base64 of gzip. It
// is used again for every file, since the tables of one are larger than most
// files.
type compressor struct {
	gzip *gzip.Writer
}

func newCompressor() *compressor { return &compressor{gzip.NewWriter(io.Discard)} }

// compress reads all of r, and tells how much that was.
func (c *compressor) compress(r io.Reader) (content string, size int64, err error) {
	var text strings.Builder
	encoder := base64.NewEncoder(base64.StdEncoding, &text)
	c.gzip.Reset(encoder)
	if size, err = io.Copy(c.gzip, r); err != nil {
		return "", size, err
	}
	if err := errors.Join(c.gzip.Close(), encoder.Close()); err != nil {
		return "", size, err
	}
	return text.String(), size, nil
}

// Compress gives the content of a [api.Workload] for the bytes of a file. The
// same bytes always give the same content.
func Compress(data []byte) string {
	content, _, _ := newCompressor().compress(bytes.NewReader(data)) // memory does not fail
	return content
}

// ErrTooLarge says that a document is larger than the reader wants to hold.
var ErrTooLarge = errors.New("document is too large")

// Decompress gives the bytes of a file from the content of a [api.Workload].
// A document of more than limit bytes is an error, so that a small Work cannot
// fill the memory; a limit of 0 is none.
//
// Works written before 2024-09-26 hold plain text: content that is not base64
// of gzip is given as it is.
func Decompress(content string, limit int64) ([]byte, error) {
	r, err := Open(content, limit)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// Open is [Decompress] for one pass over a document of any size.
func Open(content string, limit int64) (io.Reader, error) {
	decoded := bufio.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(content)))
	// What is too short or no base64 has no magic number.
	if magic, _ := decoded.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return limited(strings.NewReader(content), limit), nil
	}
	unzipped, err := gzip.NewReader(decoded)
	if err != nil {
		return nil, fmt.Errorf("decompressing: %w", err)
	}
	return limited(unzipped, limit), nil
}

func limited(r io.Reader, limit int64) io.Reader {
	if limit <= 0 {
		return r
	}
	return &limitedReader{r, limit}
}

// limitedReader fails once more than left bytes were read.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	// One byte more than allowed tells the end from too much.
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
