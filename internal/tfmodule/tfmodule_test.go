// SPDX-License-Identifier: Apache-2.0

package tfmodule_test

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/tfmodule"
)

func write(t *testing.T, file, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// repository makes a Git repository with a module in a directory, tagged v1,
// that v1 has and the default branch has changed.
func repository(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	git := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	git("init", "--quiet")
	write(t, filepath.Join(dir, "modules/vpc/main.tf"), "one", 0o600)
	git("add", ".")
	git("commit", "--quiet", "-m", "one")
	git("tag", "v1")
	write(t, filepath.Join(dir, "modules/vpc/main.tf"), "two", 0o600)
	git("commit", "--quiet", "-a", "-m", "two")
	return "file://" + filepath.ToSlash(dir)
}

// get gets a module, and checks that nothing of it is left behind.
func get(t *testing.T, s tfmodule.Source) string {
	t.Helper()
	m, err := s.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(m.Files(), "main.tf")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestGitRepository(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	url := repository(t)
	for source, want := range map[string]string{
		"git::" + url + "//modules/vpc":        "two",
		"git::" + url + "//modules/vpc?ref=v1": "one",
	} {
		if got := get(t, tfmodule.Source{Address: source}); got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
	for source, want := range map[string]string{
		"git::" + url + "//modules/none": "it has no directory modules/none",
		"git::" + url + "//../..":        "it has no directory ../..",
		"git::" + url + "?ref=v7":        "v7",
		"git::ext::sh -c true":           "exit code 128",
	} {
		_, err := tfmodule.Source{Address: source}.Get(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that has %q", source, err, want)
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestDirectoryIsOnlyRead also when it is outside of the working directory.
func TestDirectoryIsOnlyRead(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mod/sub/main.tf"), "local", 0o600)
	if err := os.Mkdir(filepath.Join(dir, "work"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(dir, "work"))
	for _, s := range []tfmodule.Source{
		{Address: "../mod/sub"},
		{Address: "../mod//sub"},
		{Address: filepath.Join(dir, "mod/sub")},
		{Address: "acme/vpc/aws", Version: "1.0.0", Dir: "../mod/sub"},
	} {
		if got := get(t, s); got != "local" {
			t.Errorf("%+v: got %q", s, got)
		}
	}
	for _, address := range []string{"./none", "../mod/sub/main.tf"} {
		if _, err := (tfmodule.Source{Address: address}).Get(t.Context()); diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("%s: error of class %d: %v", address, diag.ExitCode(err), err)
		}
	}
}

// TestTerraformIsAsked puts a program in the place of terraform that notes what
// it installs as that does, and then dislikes how the module is called.
func TestTerraformIsAsked(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	bin := t.TempDir()
	write(t, filepath.Join(bin, "tofu"), "#!"+sh+`
PATH=/bin:/usr/bin
mkdir -p .terraform/modules/kratix_target/sub
cp main.tf.json .terraform/modules/kratix_target/sub/main.tf
echo '{"Modules":[{"Key":"","Dir":"."},{"Key":"kratix_target","Dir":".terraform/modules/kratix_target/sub"}]}' > .terraform/modules/modules.json
exit 1
`, 0o700)
	t.Setenv("PATH", bin)
	got := get(t, tfmodule.Source{Address: "acme/vpc/aws//sub", Version: "~> 1.0"})
	if want := `{"module":{"kratix_target":{"source":"acme/vpc/aws//sub","version":"~\u003e 1.0"}}}`; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
	write(t, filepath.Join(bin, "tofu"), "#!"+sh+"\necho no such module >&2\nexit 1\n", 0o700)
	_, err = tfmodule.Source{Address: "acme/vpc/aws"}.Get(t.Context())
	if diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(err.Error(), "no such module") || len(diag.Hints(err)) == 0 {
		t.Errorf("error of class %d: %v", diag.ExitCode(err), err)
	}
}

func TestWithoutPrograms(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for address, want := range map[string]string{
		"acme/vpc/aws":                     "needs terraform or tofu",
		"https://example.com/vpc.zip":      "needs terraform or tofu",
		"s3::https://s3.example.com/a.zip": "needs terraform or tofu",
		"github.com/acme/vpc":              "there is no git on the PATH",
		"git@example.com:acme/vpc.git":     "there is no git on the PATH",
	} {
		_, err := tfmodule.Source{Address: address}.Get(context.Background())
		if diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(err.Error(), want) || len(diag.Hints(err)) == 0 {
			t.Errorf("%s: error of class %d, hints %v: %v", address, diag.ExitCode(err), diag.Hints(err), err)
		}
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"terraform-aws-modules/vpc/aws":        true,
		"terraform-aws-modules/vpc/aws//sub":   true,
		"registry.acme.org/acme/vpc/aws":       true,
		"localhost.localdomain:8443/a/vpc/aws": true,
		"./acme/vpc/aws":                       false,
		"/acme/vpc/aws":                        false,
		"acme/vpc":                             false,
		"github.com/acme/vpc/aws":              false,
		"https://example.com/a/b/c":            false,
		"git::https://example.com/a/b/c":       false,
	} {
		if got := (tfmodule.Source{Address: address}).Registry(); got != want {
			t.Errorf("%s: %t", address, got)
		}
	}
}

func TestNotesOfCredentials(t *testing.T) {
	t.Parallel()
	for address, told := range map[string]bool{
		"git::https://me:secret@git.acme.org/vpc.git": true,
		"https://token@git.acme.org/vpc.zip":          true,
		"git::ssh://git:secret@git.acme.org/vpc.git":  true,
		"git::ssh://git@git.acme.org/vpc.git":         false,
		"git@git.acme.org:vpc.git":                    false,
		"git::https://git.acme.org/vpc.git?ref=v1":    false,
		"acme/vpc/aws": false,
		"./vpc":        false,
	} {
		if got := len(tfmodule.Source{Address: address}.Notes()) > 0; got != told {
			t.Errorf("%s: told %v, want %v", address, got, told)
		}
	}
}
