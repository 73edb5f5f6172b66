// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a value is, git reads back what was written.
func TestGitReadsOurConfiguration(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	for _, value := range []string{helper, "", " spaces ", `back\slash\n`, "line\nbreak", "# no; comment", `"quoted"`, "tab\t", "https://h/a]b?c=d"} {
		var c config
		c.set("section", "", "plain", value)
		c.set("section", value+"x", "key", value)
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(c.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"section.plain", "section." + value + "x.key"} {
			if strings.Contains(key, "\n") {
				continue // git itself takes no such key, and a URL has none
			}
			out, err := exec.Command("git", "config", "--file", file, "--null", "--get", key).Output()
			if want := value + "\x00"; string(out) != want || err != nil {
				t.Errorf("%s is %q, want %q; %v", key, out, want, err)
			}
		}
	}
}

// No URL is shown with a password, and none is taken apart twice.
func FuzzWithoutUser(f *testing.F) {
	for _, seed := range []string{
		"https://u:p@h/r", "https://u:p@w@h:1/r@x", "ssh://git@h/r", "ssh://git:p@h/r", "git@h:r", "https://h", "://@", "a://b@c?d@e", "https://u:p@h#f@g", "", "//u:p@h", "u:p@h:r", "git@h//x:y@z",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, gitURL string) {
		shown := withoutUser(gitURL)
		if again := withoutUser(shown); again != shown {
			t.Errorf("%q becomes %q and then %q", gitURL, shown, again)
		}
		if u, err := url.Parse(shown); err == nil && u.Host != "" && u.User != nil {
			if _, secret := u.User.Password(); secret || u.Scheme != "ssh" {
				t.Errorf("%q is shown as %q", gitURL, shown)
			}
		}
	})
}

func TestRedacted(t *testing.T) {
	t.Parallel()
	got := redacted("token ghs_1\x1b[31m of \"p w\"\r\nend", []string{"ghs_1", "p w\n", "", " "})
	if want := `token *** [31m of "***"  end`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
