// SPDX-License-Identifier: Apache-2.0

package internal_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "add the licence header where it is missing")

// Every Go file says on its first line what licence it is under; "-update" adds
// the line. The stages of examples look as their authors' do, without one.
func TestLicenceHeaders(t *testing.T) {
	t.Parallel()
	const header = "// SPDX-License-Identifier: Apache-2.0\n"
	for _, root := range []string{"../cmd", "../internal"} {
		err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".go" {
				return err
			}
			content, err := os.ReadFile(name)
			if err != nil || bytes.HasPrefix(content, []byte(header+"\n")) {
				return err
			}
			if !*update {
				t.Errorf("%s does not begin with %q: make fmt", name, header)
				return nil
			}
			return os.WriteFile(name, append([]byte(header+"\n"), content...), 0o644) //nolint:gosec // nothing secret
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
