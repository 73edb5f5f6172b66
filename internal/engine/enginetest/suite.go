// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/tree"
	"github.com/kratix-tools/kratix/internal/workflow"
)

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

// Run tests the engine that newEngine makes, which takes its images from the
// given cache and otherwise fetches what is missing. Exceptions are the names of
// tests that it is known to fail, with the reason.
func Run(t *testing.T, newEngine func(t *testing.T, images *image.Store) workflow.Engine, exceptions map[string]string) {
	t.Helper()
	w := newWorld(t, newEngine)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"command and args replace entrypoint and cmd", testCommand},
		{"the environment has the image's order and the last values", testEnvironment},
		{"a step starts in the image's working directory", testWorkingDir},
		{"the user is the image's or the securityContext's", testUser},
		{"runAsNonRoot refuses what a kubelet refuses", testNonRoot},
		{"a container without a command is a mistake in the input", testNoCommand},
		{"the root file system is writable, unless it is to be read-only", testReadOnlyRoot},
		{"a read-only mount is read-only", testReadOnlyMount},
		{"a subPath shows a part of a volume", testSubPath},
		{"a subPath never leads out of its volume", testSubPathOutside},
		{"a Pipeline's variables and volumes are as in its Pod", testPipeline},
		{"exit codes and signals are told", testExit},
		{"a program that a fault ends is told of by its signal", testFault},
		{"output arrives byte by byte, each stream by itself", testOutput},
		{"much output takes little memory", testMuchOutput},
		{"a container reads what it is given", testStdin},
		{"a container has a terminal, if it is to have one", testTerminal},
		{"a writer that fails ends the container", testBrokenWriter},
		{"a child in the background does not hold up the end", testBackground},
		{"volumes are empty and everybody's, and outlive a step", testVolumes},
		{"files copied in belong to root and have their modes", testCopyIn},
		{"files of any owner and mode come back readable", testCopyOut},
		{"without network there is loopback only", testNetwork},
		{"a step cannot gain privileges", testPrivileges},
		{"system calls are filtered, unless a step is Unconfined", testSeccomp},
		{"a step that needs more than its memory is killed, and that is told", testMemoryLimit},
		{"a step has no more than its share of the CPU", testCPULimit},
		{"the digest is that of the image", testDigest},
		{"an image that cannot be had is the machine's fault", testNoImage},
		{"an image comes from its registry", testRegistry},
		{"a cancelled step is over at once", testCancel},
		{"a timeout is the context's error", testTimeout},
		{"twenty Pods at once do not disturb each other", testMany},
		{"a volume that the Pod lacks is a mistake in the input", testNoVolume},
	} {
		t.Run(test.name, func(t *testing.T) {
			if why, ok := exceptions[test.name]; ok {
				t.Skip(why)
			}
			test.run(t, w)
		})
	}
}

func testCommand(t *testing.T, w *world) {
	both := v1.Config{Entrypoint: []string{"/bin/echo", "entrypoint"}, Cmd: []string{"cmd"}}
	for _, tt := range []struct {
		name          string
		config        v1.Config
		command, args []string
		want          string
	}{
		{"entrypoint and cmd", both, nil, nil, "entrypoint cmd\n"},
		{"args replace cmd", both, nil, []string{"a", "b"}, "entrypoint a b\n"},
		{"command replaces both", both, []string{"/bin/echo", "command"}, nil, "command\n"},
		{"command and args", both, []string{"/bin/echo", "command"}, []string{"a"}, "command a\n"},
		{"entrypoint alone", v1.Config{Entrypoint: []string{"/bin/echo", "e"}}, nil, nil, "e\n"},
		{"cmd alone", v1.Config{Cmd: []string{"/bin/echo", "c"}}, nil, nil, "c\n"},
		{"args without an entrypoint", v1.Config{Cmd: []string{"/bin/false"}}, nil, []string{"/bin/echo", "a"}, "a\n"},
		{"a program found in PATH", v1.Config{Env: []string{"PATH=/none:/bin"}}, []string{"echo", "found"}, nil, "found\n"},
		{"words are not split or expanded", both, []string{"/bin/echo"}, []string{"a  b", "$HOME", "*", ""}, "a  b $HOME * \n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := w.sh(w.image(t, tt.config))
			c.Command, c.Args = tt.command, tt.args
			if diff := cmp.Diff(result{Stdout: tt.want}, w.run(t, w.pod(t), c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func testEnvironment(t *testing.T, w *world) {
	for _, tt := range []struct {
		name  string
		image []string
		env   []workflow.EnvVar
		want  string
	}{
		{
			"the image's PATH is the first",
			[]string{"A=image", "PATH=/bin", "B=image"},
			[]workflow.EnvVar{{Name: "C", Value: "1"}, {Name: "A", Value: "step"}, {Name: "C", Value: "2"}, {Name: "EMPTY"}},
			"PATH=/bin\nHOSTNAME=step-host\nA=step\nB=image\nC=2\nEMPTY=\nHOME=/\n",
		},
		{
			"without a PATH there is the usual one",
			[]string{"A=a=b c"},
			nil,
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHOSTNAME=step-host\nA=a=b c\nHOME=/\n",
		},
		{
			"a HOME of its own",
			[]string{"PATH=/bin", "HOME=/home/image"},
			[]workflow.EnvVar{{Name: "HOME", Value: "/tmp"}},
			"PATH=/bin\nHOSTNAME=step-host\nHOME=/tmp\n",
		},
		{
			"values are any bytes",
			[]string{"PATH=/bin"},
			[]workflow.EnvVar{{Name: "TEXT", Value: "two\nlines, \u00fcber"}},
			"PATH=/bin\nHOSTNAME=step-host\nTEXT=two\nlines, \u00fcber\nHOME=/\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := w.sh(w.image(t, v1.Config{Env: tt.image}))
			c.Command, c.Env = []string{"/bin/env"}, tt.env
			if diff := cmp.Diff(result{Stdout: tt.want}, w.run(t, w.pod(t), c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func testWorkingDir(t *testing.T, w *world) {
	for dir, want := range map[string]string{"": "/\n", "/tmp": "/tmp\n", "/made/for/it": "/made/for/it\n"} {
		c := w.sh(w.image(t, v1.Config{WorkingDir: dir}), "pwd")
		if got := w.run(t, w.pod(t), c); got.Stdout != want {
			t.Errorf("WORKDIR %q: %+v, want %q", dir, got, want)
		}
	}
}

// users are an image's.
func users() []file {
	return []file{
		{name: "etc/"},
		{name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n", mode: 0o644},
		{name: "etc/group", content: "root:x:0:\napp:x:1001:\nextra:x:2000:other,app\n", mode: 0o644},
	}
}

func testUser(t *testing.T, w *world) {
	for _, tt := range []struct {
		name     string
		user     string
		security workflow.Security
		want     string // uid and gid
		groups   string
		home     string
	}{
		{"the default is root", "", workflow.Security{}, "0 0", "0", "/root"},
		{"by name", "app", workflow.Security{}, "1000 1001", "1001 2000", "/home/app"},
		{"by number", "1000", workflow.Security{}, "1000 1001", "1001 2000", "/home/app"},
		{"Kubernetes ignores the group of USER", "1000:5", workflow.Security{}, "1000 1001", "1001 2000", "/home/app"},
		{"a number that the image does not know", "65532", workflow.Security{}, "65532 0", "0", "/"},
		{"runAsUser", "app", workflow.Security{RunAsUser: new(int64(7))}, "7 0", "0", "/"},
		{"runAsUser that the image knows", "", workflow.Security{RunAsUser: new(int64(1000))}, "1000 1001", "1001 2000", "/home/app"},
		{"runAsGroup", "app", workflow.Security{RunAsGroup: new(int64(8))}, "1000 8", "8 2000", "/home/app"},
		{"runAsUser and runAsGroup", "app", workflow.Security{RunAsUser: new(int64(7)), RunAsGroup: new(int64(8))}, "7 8", "8", "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := w.sh(w.image(t, v1.Config{User: tt.user}, users()...), `echo $(id -u) $(id -g)`, `echo $HOME`, `echo > /v/f`)
			c.Security = tt.security
			pod := w.pod(t)
			if diff := cmp.Diff(result{Stdout: tt.want + "\n" + tt.home + "\n"}, w.run(t, pod, c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			c = w.sh(c.Image, `grep Groups: /proc/self/status | { read _ list; for g in $list; do echo $g; done | sort -n; }`)
			c.Security = tt.security
			if got := strings.Join(strings.Fields(w.run(t, pod, c).Stdout), " "); !w.oneUser && got != tt.groups {
				t.Errorf("groups %q, want %q", got, tt.groups)
			}
			info, err := copyOut(t, pod, "v").Lstat("f")
			if err != nil {
				t.Fatal(err)
			}
			owner, _ := tree.Owner(info)
			if got := fmt.Sprint(owner.UID, " ", owner.GID); got != tt.want {
				t.Errorf("its file belongs to %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("a name that the image does not know", func(t *testing.T) {
		_, err := try(t.Context(), w.pod(t), w.sh(w.image(t, v1.Config{User: "nobody"}, users()...), "id"))
		if want := `container "step": user "nobody" is not in /etc/passwd of the image`; err == nil || err.Error() != want || diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

func testNonRoot(t *testing.T, w *world) {
	for _, tt := range []struct {
		user      string
		runAsUser *int64
		want      string
	}{
		{"", nil, "container has runAsNonRoot and image will run as root"},
		{"0", nil, "container has runAsNonRoot and image will run as root"},
		{"app", nil, "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root"},
		{"1000", new(int64(0)), "container's runAsUser breaks non-root policy"},
		{"", new(int64(1000)), ""},
		{"1000", nil, ""},
	} {
		c := w.sh(w.image(t, v1.Config{User: tt.user}, users()...), "exit 0")
		c.Security = workflow.Security{RunAsNonRoot: true, RunAsUser: tt.runAsUser}
		_, err := try(t.Context(), w.pod(t), c)
		switch {
		case tt.want == "":
			if err != nil {
				t.Errorf("user %q: %v", tt.user, err)
			}
		case err == nil || !strings.HasSuffix(err.Error(), tt.want) || diag.ExitCode(err) != diag.ExitInput:
			t.Errorf("user %q: got %v, want %s", tt.user, err, tt.want)
		}
	}
}

func testNoCommand(t *testing.T, w *world) {
	c := w.sh(w.image(t, v1.Config{}))
	c.Command = nil
	_, err := try(t.Context(), w.pod(t), c)
	if diag.ExitCode(err) != diag.ExitInput || !strings.Contains(err.Error(), "has neither entrypoint nor cmd") || len(diag.Hints(err)) == 0 {
		t.Errorf("got %v", err)
	}
}

func testReadOnlyRoot(t *testing.T, w *world) {
	ref := w.image(t, v1.Config{}, file{name: "data/"})
	for _, readOnly := range []bool{false, true} {
		want := "root\nvolume\nshm\n"
		if readOnly {
			want = "volume\nshm\n"
		}
		c := w.sh(ref, `{ echo > /data/f; } 2>/dev/null && echo root`, `echo > /v/f && echo volume`, `echo > /dev/shm/f && echo shm`)
		c.Security.ReadOnlyRootFilesystem = readOnly
		if diff := cmp.Diff(result{Stdout: want}, w.run(t, w.pod(t), c)); diff != "" {
			t.Errorf("read-only %v (-want +got)\n%s", readOnly, diff)
		}
	}
}

func testReadOnlyMount(t *testing.T, w *world) {
	pod := w.pod(t)
	c := w.sh(w.image(t, v1.Config{}), `cat /kratix/input/object.yaml`,
		`{ echo > /kratix/input/x; } 2>/dev/null || echo refused`,
		`rm /kratix/input/object.yaml 2>/dev/null || echo refused`,
		`mkdir -p /kratix/output/sub && echo yes > /kratix/output/sub/x`)
	if err := pod.CopyIn(t.Context(), "v", fstest.MapFS{"object.yaml": {Data: []byte("kind: X\n"), Mode: 0o644}}); err != nil {
		t.Fatal(err)
	}
	c.Mounts = []workflow.Mount{{Volume: "v", Target: "/kratix/output"}, {Volume: "v", Target: "/kratix/input", ReadOnly: true}}
	if diff := cmp.Diff(result{Stdout: "kind: X\nrefused\nrefused\n"}, w.run(t, pod, c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c = w.sh(c.Image, `cat /kratix/input/sub/x`)
	c.Mounts = []workflow.Mount{{Volume: "v", Target: "/kratix/input", ReadOnly: true}, {Volume: "v", Target: "/kratix"}}
	if diff := cmp.Diff(result{Stdout: "yes\n"}, w.run(t, pod, c)); diff != "" {
		t.Errorf("a mount inside a mount (-want +got)\n%s", diff)
	}
}

func testSubPath(t *testing.T, w *world) {
	ref := w.image(t, v1.Config{})
	pod := w.pod(t)
	w.run(t, pod, w.sh(ref, `mkdir -p /v/dir/deep && echo one > /v/dir/deep/f && echo key > /v/file && ln -s dir/deep /v/link`))
	c := w.sh(ref, `cat /deep/f /single /linked/f`,
		`{ echo > /single; } 2>/dev/null || echo refused`,
		`echo two > /deep/g && rm /deep/f`, `echo made > /new/f`)
	c.Mounts = []workflow.Mount{
		{Volume: "v", SubPath: "dir/deep", Target: "/deep"},
		{Volume: "v", SubPath: "file", Target: "/single", ReadOnly: true},
		{Volume: "v", SubPath: "link", Target: "/linked", ReadOnly: true},
		{Volume: "v", SubPath: "new/dir", Target: "/new"},
	}
	if diff := cmp.Diff(result{Stdout: "one\nkey\none\nrefused\n"}, w.run(t, pod, c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	want := `drwxrwxrwx "."
drwxr-xr-x "dir"
drwxr-xr-x "dir/deep"
-rw-r--r-- "dir/deep/g" "two\n"
-rw-r--r-- "file" "key\n"
L--------- "link" -> dir/deep
drwxr-x--- "new"
drwxr-x--- "new/dir"
-rw-r--r-- "new/dir/f" "made\n"
`
	if diff := cmp.Diff(want, strings.ReplaceAll(listing(t, copyOut(t, pod, "v"), false), "dtrwx", "drwx")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func testSubPathOutside(t *testing.T, w *world) {
	ref := w.image(t, v1.Config{})
	for _, tt := range []struct{ script, sub string }{
		{"true", "../x"},
		{"true", "/etc"},
		{"true", "a/../../x"},
		{"ln -s / /v/out", "out/etc"},
		{"ln -s ../.. /v/up", "up/etc"},
		{"mkdir /v/d && ln -s /etc /v/d/e", "d/e"},
	} {
		pod := w.pod(t)
		w.run(t, pod, w.sh(ref, tt.script))
		c := w.sh(ref, `ls /part`)
		c.Mounts = []workflow.Mount{{Volume: "v", SubPath: tt.sub, Target: "/part"}}
		got, err := try(t.Context(), pod, c)
		if err == nil && got.Stdout != "" {
			t.Errorf("subPath %s after %q shows %q", tt.sub, tt.script, got.Stdout)
		}
		if err != nil && diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("subPath %s after %q: %v, which is no mistake in the input", tt.sub, tt.script, err)
		}
	}
}

func testExit(t *testing.T, w *world) {
	ref := w.image(t, v1.Config{}, file{name: "data/"}, file{name: "data/text", content: "no program", mode: 0o644})
	for _, tt := range []struct {
		name    string
		command []string
		want    result
	}{
		{"success", []string{"/bin/true"}, result{}},
		{"a code of its own", []string{"/bin/sh", "-c", "echo bad request >&2; exit 7"}, result{7, "", "bad request\n"}},
		{"the highest code", []string{"/bin/sh", "-c", "exit 255"}, result{255, "", ""}},
		{"the shell tells of a signal", []string{"/bin/sh", "-c", "sh -c 'kill -KILL $$'; exit $?"}, result{137, "", "Killed\n"}},
		{"no such path", []string{"/no/step"}, result{127, "", "exec: \"/no/step\": no such file, or the interpreter that it names is missing\n"}},
		{"nowhere in PATH", []string{"render.sh"}, result{127, "", "exec: \"render.sh\": executable file not found in $PATH\n"}},
		{"not executable", []string{"/data/text"}, result{126, "", "exec: \"/data/text\": permission denied\n"}},
		{"a directory", []string{"/data"}, result{126, "", "exec: \"/data\": permission denied\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := w.sh(ref)
			c.Command = tt.command
			if diff := cmp.Diff(tt.want, w.run(t, w.pod(t), c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func testOutput(t *testing.T, w *world) {
	ref := w.image(t, v1.Config{})
	got := w.run(t, w.pod(t), w.sh(ref, `printf '\377\376\0\n\r\200'`, `printf 'err\351' >&2`, `printf out`))
	if diff := cmp.Diff(result{Stdout: "\xff\xfe\x00\n\r\x80out", Stderr: "err\xe9"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := w.run(t, w.pod(t), w.sh(ref, `cat`)); got.Code != 0 || got.Stdout != "" {
		t.Errorf("standard input is not empty: %+v", got)
	}
}

// counter counts what it is given.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

func testMuchOutput(t *testing.T, w *world) {
	const size = 100 << 20
	c := w.sh(w.image(t, v1.Config{}), fmt.Sprintf(`yes 0123456789 | head -c %d`, size))
	pod := w.pod(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var n counter
	if _, err := pod.Run(t.Context(), c, &n, io.Discard); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n != size {
		t.Errorf("%d bytes arrived of %d", n, size)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("%d bytes were allocated for it", grown)
	}
}

// broken is a writer that does not write.
type broken struct{}

var errBroken = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func testStdin(t *testing.T, w *world) {
	c := w.sh(w.image(t, v1.Config{}))
	c.Command, c.Stdin = []string{"/bin/sh"}, strings.NewReader("echo one; echo two >&2\nexit 3\n")
	if diff := cmp.Diff(result{Code: 3, Stdout: "one\n", Stderr: "two\n"}, w.run(t, w.pod(t), c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c.Command, c.Stdin = []string{"/bin/cat"}, strings.NewReader("until its end\n")
	if diff := cmp.Diff(result{Stdout: "until its end\n"}, w.run(t, w.pod(t), c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Somebody who types nothing is not waited for.
	silent, typing := io.Pipe()
	defer func() { _ = typing.Close() }()
	c.Command, c.Stdin = []string{"/bin/echo", "done"}, silent
	if diff := cmp.Diff(result{Stdout: "done\n"}, w.run(t, w.pod(t), c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func testTerminal(t *testing.T, w *world) {
	c := w.sh(w.image(t, v1.Config{User: "65532"}),
		`stty -echo`, `test -t 0 -a -t 1 -a -t 2 && echo three`, `echo tty > /dev/tty`,
		`echo ready`, `read line`, `echo "got $line" >&2`,
		`until [ "$(stty size 2>/dev/null)" = "22 99" ]; do sleep 0.01; done`, `echo resized`,
		`while read line; do echo "$line"; done`,
		`trap 'echo interrupted; exit 3' INT`, `echo again`, `while :; do sleep 1; done`)
	resized := make(chan workflow.Size)
	typed, typing := io.Pipe()
	c.Stdin, c.Terminal = typed, &workflow.Terminal{Size: workflow.Size{Columns: 77, Rows: 11}, Resized: resized}
	talk := &dialogue{turns: []turn{
		{"ready", func() { _, _ = io.WriteString(typing, "hello\n") }},
		{"got", func() { resized <- workflow.Size{Columns: 99, Rows: 22} }},
		{"resized", func() { _, _ = io.WriteString(typing, "x\n\x04") }}, // Ctrl-D ends the input
		{"again", func() { _, _ = io.WriteString(typing, "\x03") }},      // and Ctrl-C interrupts
	}}
	exit, err := w.pod(t).Run(t.Context(), c, talk, io.Discard)
	_ = typing.Close()
	if err != nil || exit.Code != 3 {
		t.Errorf("%+v, %v", exit, err)
	}
	want := "three\ntty\nready\ngot hello\nresized\nx\nagain\ninterrupted\n"
	if diff := cmp.Diff(want, strings.ReplaceAll(strings.ReplaceAll(talk.shown.String(), "^C", ""), "\r\n", "\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A dialogue answers what is shown on a terminal.
type dialogue struct {
	shown bytes.Buffer
	turns []turn
}

// A turn is taken once the text has been shown.
type turn struct {
	shown string
	then  func()
}

func (d *dialogue) Write(b []byte) (int, error) {
	n, err := d.shown.Write(b)
	for len(d.turns) > 0 && strings.Contains(d.shown.String(), d.turns[0].shown) {
		go d.turns[0].then()
		d.turns = d.turns[1:]
	}
	return n, err
}

func testBrokenWriter(t *testing.T, w *world) {
	c := w.sh(w.image(t, v1.Config{}), `yes | head -c 10000000`, `sleep 3600`)
	_, err := w.pod(t).Run(t.Context(), c, broken{}, io.Discard)
	if !errors.Is(err, errBroken) || diag.ExitCode(err) != diag.ExitMachine {
		t.Errorf("got %v", err)
	}
}

func testBackground(t *testing.T, w *world) {
	got := w.run(t, w.pod(t), w.sh(w.image(t, v1.Config{}), `sleep 3600 &`, `echo started`, `exit 3`))
	if diff := cmp.Diff(result{Code: 3, Stdout: "started\n"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func testVolumes(t *testing.T, w *world) {
	// What an image has at a mount point is not seen.
	ref := w.image(t, v1.Config{User: "65532"}, file{name: "v/"}, file{name: "v/of-the-image", mode: 0o644})
	pod := w.pod(t, "w")
	c := w.sh(ref, `ls -A /v /w`, `echo 1 > /v/a; echo 2 > /w/b`)
	c.Mounts = append(c.Mounts, workflow.Mount{Volume: "w", Target: "/w"})
	if diff := cmp.Diff(result{Stdout: "/v:\n\n/w:\n"}, w.run(t, pod, c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c.Security.RunAsUser = new(int64(7))
	c.Command = []string{"/bin/sh", "-c", `cat /v/a /w/b; echo 3 > /v/c; { echo > /v/a; } 2>/dev/null || echo refused`}
	want := "1\n2\nrefused\n"
	if w.oneUser {
		want = "1\n2\n" // both users are one
	}
	if diff := cmp.Diff(result{Stdout: want}, w.run(t, pod, c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func testCopyIn(t *testing.T, w *world) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"dir": 0o755, "dir/empty": 0o700} {
		defer func() { _ = os.Chmod(filepath.Join(dir, name), 0o700) }()
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]os.FileMode{"script": 0o755, "dir/secret": 0o400, "dir/\u00fcber": 0o666} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("dir/secret", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	pod := w.pod(t)
	if err := pod.CopyIn(t.Context(), "v", tree.Dir(dir)); err != nil {
		t.Fatal(err)
	}
	want := `drwxr-xr-x 0:0 "dir"
drwx------ 0:0 "dir/empty"
-r-------- 0:0 "dir/secret" "dir/secret"
-rw-rw-rw- 0:0 "dir/über" "dir/über"
L--------- 0:0 "link" -> dir/secret
-rwxr-xr-x 0:0 "script" "script"
`
	_, got, _ := strings.Cut(listing(t, copyOut(t, pod, "v"), true), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Once more: files take the place of others, directories stay as they are.
	ref := w.image(t, v1.Config{})
	w.run(t, pod, w.sh(ref, `chmod 711 /v/dir; echo mine > /v/own; rm /v/script; mkdir /v/script`))
	again := fstest.MapFS{"dir/secret": {Data: []byte("new"), Mode: 0o600}, "script": {Data: []byte("#!"), Mode: 0o755}}
	if err := pod.CopyIn(t.Context(), "v", again); err != nil {
		t.Fatal(err)
	}
	got = w.run(t, pod, w.sh(ref, `stat -c '%n %a %u' /v/dir /v/dir/secret /v/script; cat /v/dir/secret /v/script /v/own`)).Stdout
	if diff := cmp.Diff("/v/dir 711 0\n/v/dir/secret 600 0\n/v/script 755 0\nnew#!mine\n", got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func testCopyOut(t *testing.T, w *world) {
	ref := w.image(t, v1.Config{})
	pod := w.pod(t)
	lines := []string{
		`cd /v && umask 0`, `mkdir empty closed && echo text > closed/secret && chmod 000 closed/secret closed`,
		`printf 'a\0b\377' > bytes && chmod 0640 bytes`, `: > zero`, `echo > setuid && chmod 6755 setuid`, `mkdir sticky && chmod 1777 sticky`,
		`ln -s closed/secret link && ln -s /etc/passwd absolute && ln -s none dangling`,
		`echo twice > first && ln first second`, `mkfifo -m 600 fifo`, `echo > ' odd "name" '`,
	}
	if !w.oneUser {
		lines = append(lines, `chown 65532:7 bytes && chown -h 5:6 link && chown 1000 closed`)
	}
	if got := w.run(t, pod, w.sh(ref, lines...)); got != (result{}) {
		t.Fatalf("%+v", got)
	}
	want := `-rw-rw-rw- 0:0 " odd \"name\" " "\n"
L--------- 0:0 "absolute" -> /etc/passwd
-rw-r----- 65532:7 "bytes" "a\x00b\xff"
d--------- 1000:0 "closed"
---------- 0:0 "closed/secret" "text\n"
L--------- 0:0 "dangling" -> none
drwxrwxrwx 0:0 "empty"
prw------- 0:0 "fifo"
-rw-rw-rw- 0:0 "first" "twice\n"
L--------- 5:6 "link" -> closed/secret
-rw-rw-rw- 0:0 "second" "twice\n"
ugrwxr-xr-x 0:0 "setuid" "\n"
dtrwxrwxrwx 0:0 "sticky"
-rw-rw-rw- 0:0 "zero" ""
`
	if w.oneUser {
		want = strings.NewReplacer("65532:7", "0:0", "1000:0", "0:0", "5:6", "0:0").Replace(want)
	}
	_, got, _ := strings.Cut(listing(t, copyOut(t, pod, "v"), true), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func testNetwork(t *testing.T, w *world) {
	c := w.sh(w.image(t, v1.Config{}), `ls /sys/class/net 2>/dev/null || echo lo`, `hostname`, `echo $(cat /etc/hostname)`, `grep -c step-host /etc/hosts`)
	if diff := cmp.Diff(result{Stdout: "lo\nstep-host\nstep-host\n1\n"}, w.run(t, w.pod(t), c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c.Command = []string{"/bin/sh", "-c", `grep -v 'lo:' /proc/net/dev | grep -c :`}
	if got := w.run(t, w.pod(t), c).Stdout; got != "0\n" {
		t.Errorf("%s interfaces beside loopback", got)
	}
	c.Network = workflow.NetworkHost
	if got, want := w.run(t, w.pod(t), c).Stdout, hostInterfaces(t); got != want {
		t.Errorf("with the machine's network: %q interfaces beside loopback, want %q", got, want)
	}
}

// hostInterfaces counts the interfaces of this machine, as the step does.
func hostInterfaces(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintln(strings.Count(string(data), ":") - 1)
}

func testPrivileges(t *testing.T, w *world) {
	const granted = "a80425fb" // what container runtimes give
	for _, tt := range []struct {
		name       string
		security   workflow.Security
		has, bound string
		noNew      string
	}{
		{"root has what runtimes give", workflow.Security{}, granted, granted, "0"},
		{"another user has nothing", workflow.Security{RunAsUser: new(int64(65532))}, "00000000", granted, "0"},
		{"capabilities can be dropped", workflow.Security{DropCapabilities: []string{"ALL"}}, "00000000", "00000000", "0"},
		{"and added", workflow.Security{DropCapabilities: []string{"ALL"}, AddCapabilities: []string{"CHOWN"}}, "00000001", "00000001", "0"},
		{"allowPrivilegeEscalation false", workflow.Security{NoNewPrivileges: true}, granted, granted, "1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := w.sh(w.image(t, v1.Config{}), `grep -E '^(NoNewPrivs|CapEff|CapBnd)' /proc/self/status`, `umask`)
			c.Security = tt.security
			want := fmt.Sprintf("CapEff:\t00000000%s\nCapBnd:\t00000000%s\nNoNewPrivs:\t%s\n0022\n", tt.has, tt.bound, tt.noNew)
			if diff := cmp.Diff(result{Stdout: want}, w.run(t, w.pod(t), c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func testDigest(t *testing.T, w *world) {
	ref := w.image(t, v1.Config{})
	img, err := w.images.Get(t.Context(), ref, image.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	exit, err := w.pod(t).Run(t.Context(), w.sh(ref, "true"), io.Discard, io.Discard)
	if err != nil || exit.Digest != img.Digest || exit.Duration <= 0 {
		t.Errorf("%+v, %v; want digest %s", exit, err, img.Digest)
	}
}

func testNoImage(t *testing.T, w *world) {
	server := httptest.NewServer(registry.New(registry.Logger(discard())))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	for _, ref := range []string{host + "/acme/none:v1", image.LocalHost + "/none:v1"} {
		err := w.Prepare(t.Context(), []string{ref})
		if diag.ExitCode(err) != diag.ExitMachine || !strings.Contains(fmt.Sprint(err), ref) ||
			!strings.Contains(strings.Join(diag.Hints(err), "\n"), "kratix build container") {
			t.Errorf("%s: %v, %q", ref, err, diag.Hints(err))
		}
	}
	if err := w.Prepare(t.Context(), []string{"Not A Reference"}); diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("got %v", err)
	}
}

func testRegistry(t *testing.T, w *world) {
	server := httptest.NewServer(registry.New(registry.Logger(discard())))
	t.Cleanup(server.Close)
	ref := strings.TrimPrefix(server.URL, "http://") + "/acme/render:v1"
	img, err := w.images.V1(w.image(t, v1.Config{Cmd: []string{"/bin/echo", "from afar"}}))
	if err != nil {
		t.Fatal(err)
	}
	if err := crane.Push(img, ref); err != nil {
		t.Fatal(err)
	}
	if err := w.Prepare(t.Context(), []string{ref, ref}); err != nil {
		t.Fatal(err)
	}
	server.Close() // what is ready is ready
	c := w.sh(ref)
	c.Command = nil
	var stdout bytes.Buffer
	exit, err := w.pod(t).Run(t.Context(), c, &stdout, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil || exit.Digest != digest.String() || stdout.String() != "from afar\n" {
		t.Errorf("%+v, %q, %v; want digest %s", exit, stdout.String(), err, digest)
	}
}

// notify closes itself at the first write.
type notify chan struct{}

func (n notify) Write(b []byte) (int, error) {
	close(n)
	return len(b), nil
}

func testCancel(t *testing.T, w *world) {
	pod := w.pod(t)
	ctx, cancel := context.WithCancel(t.Context())
	started, done := make(notify), make(chan error, 1)
	c := w.sh(w.image(t, v1.Config{}), `trap '' TERM INT HUP`, `sleep 3600 &`, `echo started`, `sleep 3600`)
	go func() {
		_, err := pod.Run(ctx, c, started, io.Discard)
		done <- err
	}()
	select {
	case <-started:
	case err := <-done:
		t.Fatal(err)
	}
	start := time.Now()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if err := w.Prepare(ctx, []string{c.Image}); !errors.Is(err, context.Canceled) {
		t.Errorf("preparing after the cancellation: %v", err)
	}
	if _, err := w.NewPod(ctx, []string{"v"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a Pod after the cancellation: %v", err)
	}
}

func testTimeout(t *testing.T, w *world) {
	pod, c := w.pod(t), w.sh(w.image(t, v1.Config{}), `sleep 3600`)
	if err := w.Prepare(t.Context(), []string{c.Image}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := try(ctx, pod, c); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func testMany(t *testing.T, w *world) {
	ref := w.image(t, v1.Config{})
	group, ctx := errgroup.WithContext(t.Context())
	for i := range 20 {
		group.Go(func() (err error) {
			pod, err := w.NewPod(ctx, []string{"v"})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, pod.Close()) }()
			for n := range 2 {
				want := strings.Repeat(fmt.Sprintln(i), n+1)
				got, err := try(ctx, pod, w.sh(ref, fmt.Sprintf(`echo %d >> /v/f; cat /v/f; exit %d`, i, i)))
				if err != nil {
					return err
				}
				if got != (result{i, want, ""}) {
					return fmt.Errorf("container %d: %+v", i, got)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func testNoVolume(t *testing.T, w *world) {
	pod := w.pod(t)
	c := w.sh(w.image(t, v1.Config{}), "true")
	c.Mounts = []workflow.Mount{{Volume: "none", Target: "/x"}}
	_, ran := try(t.Context(), pod, c)
	_, out := pod.CopyOut(t.Context(), "none", t.TempDir())
	c.Mounts = []workflow.Mount{{Volume: "v", Target: "relative"}}
	_, relative := try(t.Context(), pod, c)
	_, twice := w.NewPod(t.Context(), []string{"v", "v"})
	for i, err := range []error{ran, out, pod.CopyIn(t.Context(), "none", fstest.MapFS{}), relative, twice} {
		if diag.ExitCode(err) != diag.ExitInput {
			t.Errorf("%d: %v", i, err)
		}
	}
}
