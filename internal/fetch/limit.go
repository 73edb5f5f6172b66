// SPDX-License-Identifier: Apache-2.0

package fetch

import (
	"io"

	"github.com/kratix-tools/kratix/internal/diag"
)

// ReadAll reads what has no more bytes than a limit.
func ReadAll(r io.Reader, limit int64) ([]byte, error) { return io.ReadAll(Limit(r, limit)) }

// Limit gives a reader that fails behind a limit, and says what that is.
func Limit(r io.Reader, limit int64) io.Reader { return &limited{r, limit, limit} }

type limited struct {
	io.Reader
	limit, left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, tooLarge(l.limit)
	}
	return n, err
}

// tooLarge is the limit that was passed.
type tooLarge int64

func (t tooLarge) Error() string { return "it is larger than " + diag.Size(int64(t)) }
