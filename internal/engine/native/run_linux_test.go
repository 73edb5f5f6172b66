// SPDX-License-Identifier: Apache-2.0

package native

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/sync/errgroup"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/image"
	"github.com/kratix-tools/kratix/internal/workflow"
)

func TestExit(t *testing.T) {
	w := newWorld(t, v1.Config{Env: []string{"PATH=/nowhere:/data"}}, layer(t,
		file{name: "data/"}, file{name: "data/text", content: "no program", mode: 0o644}, file{name: "data/garbage", content: "\x7fnot ELF"},
		file{name: "data/script", content: "#!/no/such/interpreter\n"}))
	for _, tt := range []struct {
		name    string
		command []string
		want    result
	}{
		{"success", []string{"/bin/step"}, result{}},
		{"a code of its own", []string{"/bin/step", "warn", "bad request", ";", "exit", "7"}, result{Code: 7, Stderr: "bad request\n"}},
		{"a signal counts from 128", []string{"/bin/step", "echo", "before", ";", "crash"}, result{Code: 139, Stdout: "before\n"}},
		{"no such path", []string{"/no/step"}, result{127, "", "exec: \"/no/step\": no such file, or the interpreter that it names is missing\n"}},
		{"no such interpreter", []string{"script"}, result{127, "", "exec: \"script\": executable file not found in $PATH\n"}},
		{"nowhere in PATH", []string{"render.sh"}, result{127, "", "exec: \"render.sh\": executable file not found in $PATH\n"}},
		{"in PATH, but not executable", []string{"text"}, result{126, "", "exec: \"text\": permission denied\n"}},
		{"a directory", []string{"/data"}, result{126, "", "exec: \"/data\": permission denied\n"}},
		{"no program at all", []string{"garbage"}, result{126, "", "exec: \"garbage\": exec format error\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := step()
			c.Command, c.Args = tt.command, nil
			if diff := cmp.Diff(tt.want, w.run(c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestStepSeesWhatAPodWouldGive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{WorkingDir: "/work/deep", Env: []string{"A=image", "B=image"}})
	c := step("pid", "hostname", "umask", "pwd", "env", "status CapInh CapEff CapBnd CapAmb NoNewPrivs SigBlk SigIgn", "ls /dev", "loopback", "interfaces", "cat /etc/hosts")
	c.Env = []workflow.EnvVar{{Name: "C", Value: "1"}, {Name: "A", Value: "step"}, {Name: "C", Value: "2"}}
	want := `1
step-host
0022
/work/deep
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOSTNAME=step-host
A=step
B=image
C=2
HOME=/
SigBlk 0000000000000000
SigIgn 0000000000000000
CapInh 0000000000000000
CapEff 00000000a80425fb
CapBnd 00000000a80425fb
CapAmb 0000000000000000
NoNewPrivs 0
fd
full
mqueue
null
ptmx
pts
random
shm
stderr
stdin
stdout
tty
urandom
zero
lo
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
127.0.0.1	step-host
`
	if diff := cmp.Diff(result{Stdout: want}, w.run(c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	id := func(n int64) *int64 { return &n }
	users := layer(t, file{name: "etc/"},
		file{name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n", mode: 0o644},
		file{name: "etc/group", content: "app:x:1001:\nextra:x:2000:other,app\n", mode: 0o644},
		file{name: "own", content: "secret of app", mode: 0o400, uid: 1000, gid: 1001})
	for _, tt := range []struct {
		name     string
		user     string
		security workflow.Security
		ids      string // with a range of ids
		single   string // with one
		home     string
	}{
		{"the image's default is root", "", workflow.Security{}, "0 0 [0]", "0 0 []", "/root"},
		{"by name", "app", workflow.Security{}, "1000 1001 [1001 2000]", "1000 1001 []", "/home/app"},
		{"by number", "1000", workflow.Security{}, "1000 1001 [1001 2000]", "1000 1001 []", "/home/app"},
		{"Kubernetes ignores the group of USER", "1000:5", workflow.Security{}, "1000 1001 [1001 2000]", "1000 1001 []", "/home/app"},
		{"a number that the image does not know", "65532", workflow.Security{}, "65532 0 [0]", "65532 0 []", "/"},
		{"runAsUser", "app", workflow.Security{RunAsUser: id(7)}, "7 0 [0]", "7 0 []", "/"},
		{"runAsGroup", "app", workflow.Security{RunAsGroup: id(8), RunAsNonRoot: false}, "1000 8 [8 2000]", "1000 8 []", "/home/app"},
		{"an id beyond the range", "", workflow.Security{RunAsUser: id(1000620000)}, "1000620000 0 [0]", "1000620000 0 []", "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v1.Config{User: tt.user}, users)
			c := step("id", "status CapEff CapPrm", "write /v/f x", "write /dev/stdout again")
			c.Security = tt.security
			ids := tt.ids
			if w.mode == ModeSingle {
				ids = tt.single
			}
			caps := "0000000000000000"
			if strings.HasPrefix(ids, "0 ") {
				caps = "00000000a80425fb"
			}
			want := fmt.Sprintf("%s\nCapPrm %s\nCapEff %s\nagain\n", ids, caps, caps)
			if diff := cmp.Diff(result{Stdout: want}, w.run(c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			uid, _ := strconv.Atoi(strings.Fields(ids)[0])
			files, err := w.pod.CopyOut(t.Context(), "v", t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if got := owner(t, files, "f").UID; got != uid {
				t.Errorf("the file that uid %d wrote belongs to %d", uid, got)
			}
			c = step("env")
			c.Security = tt.security
			if !strings.Contains(w.run(c).Stdout, "HOME="+tt.home+"\n") {
				t.Errorf("HOME is not %s", tt.home)
			}
			if c = step("cat /own"); w.mode == ModeRange && tt.user == "app" {
				if got := w.run(c); got.Stdout != "secret of app" {
					t.Errorf("the user's own file: %+v", got)
				}
			}
		})
	}
}

func TestIsolation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	probe := filepath.Join(t.TempDir(), "of-the-machine")
	if err := os.WriteFile(probe, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := w.run(step(
		"not cat /etc/shadow", "not cat "+probe, "not cat /../../.."+probe, "not cat /proc/1/root"+probe,
		"not mount /tmp", "not mknod /tmp/null", "not write /proc/sys/kernel/hostname x", "not write /proc/sysrq-trigger x",
		"not cat /proc/kcore", "not write /sys/x y", "not dial 192.0.2.1:80", "not chown /dev/null 5",
		"cat /proc/self/mountinfo"))
	if got.Code != 0 {
		t.Fatalf("%+v", got)
	}
	for line := range strings.Lines(got.Stdout) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[0] == "refused:" {
			continue
		}
		if at := fields[4]; at != "/" && at != "/v" && !strings.HasPrefix(at, "/dev") && !strings.HasPrefix(at, "/proc") && !strings.HasPrefix(at, "/sys") {
			t.Errorf("a mount that is not the container's: %s", line)
		}
	}
	for _, device := range append(w.kernel.devices, "stdin") {
		var stat syscall.Stat_t
		if err := syscall.Stat("/dev/"+device, &stat); err == nil && stat.Uid >= firstID {
			t.Errorf("the machine's /dev/%s belongs to %d", device, stat.Uid)
		}
	}
}

func TestReadOnlyMountsAndRoot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	c := step("not write /kratix/input/x y", "not rm /kratix/input/object.yaml", "not write /bin/x y", "write /kratix/output/x y", "write /dev/shm/x y")
	c.Security.ReadOnlyRootFilesystem = true
	c.Mounts = []workflow.Mount{{Volume: "v", Target: "/kratix/input", ReadOnly: true}, {Volume: "v", Target: "/kratix/output"}}
	w.run(step("write /v/object.yaml hello"))
	want := "refused: write\nrefused: rm\nrefused: write\n"
	if diff := cmp.Diff(result{Stdout: want}, w.run(c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLinksInAnImageLeadOnlyIntoIt(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	if err := os.Chmod(outside, 0o777); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, v1.Config{WorkingDir: "/dir/work"}, layer(t,
		file{name: "kratix", link: outside}, file{name: "proc", link: "/../../../.." + outside}, file{name: "sys", link: "tmp"},
		file{name: "dev", link: "/"}, file{name: "dir", link: outside}, file{name: "etc", link: ".." + outside},
		file{name: strings.TrimPrefix(outside, "/") + "/inside/"}))
	c := step("write /kratix/output/file x", "write /dir/work/file x", "write file x", "write /etc/file x", "ls "+outside)
	c.Mounts = []workflow.Mount{{Volume: "v", Target: "/kratix/output"}}
	r, err := w.try(t.Context(), c)
	t.Logf("%+v, %v", r, err)
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("in the machine's directory: %v", left)
	}
	if err == nil && r.Code == 0 {
		if _, err := os.Stat(filepath.Join(w.temp, "file")); err == nil {
			t.Error("written outside")
		}
	}
}

func TestAMountTargetThatIsAFileIsTheImagesFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{}, layer(t, file{name: "kratix", content: "a file"}))
	c := step("pid")
	c.Mounts = []workflow.Mount{{Volume: "v", Target: "/kratix/output"}}
	_, err := w.try(t.Context(), c)
	if want := `container "step": making directory /kratix/output: not a directory`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if diag.ExitCode(err) != diag.ExitInput {
		t.Errorf("exit code %d", diag.ExitCode(err))
	}
}

func TestOutputIsExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	c := step("bytes")
	c.Args = append(c.Args, `\xff\xfe\x00\n\r\x80`)
	if got, want := w.run(c).Stdout, "\xff\xfe\x00\n\r\x80"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutputAndErrorsOfOneWriterAreInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	var both bytes.Buffer
	c := step("echo 1", "warn 2", "echo 3", "warn 4")
	if _, err := w.pod.Run(t.Context(), c, &both, &both); err != nil {
		t.Fatal(err)
	}
	if got := both.String(); got != "1\n2\n3\n4\n" {
		t.Errorf("got %q", got)
	}
}

// An error message says what went wrong after what was printed before it.
func TestTheLastErrorComesLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	for range 40 {
		var all strings.Builder // two writers, but one goroutine
		c := step("flood 150000", "echo before", "warn broken", "exit 1")
		exit, err := w.pod.Run(t.Context(), c, &all, &prefixed{&all})
		if err != nil || exit.Code != 1 {
			t.Fatalf("%+v, %v", exit, err)
		}
		if got := all.String(); !strings.HasSuffix(got, "before\n! broken\n") {
			t.Fatalf("the end is %q", got[max(0, len(got)-60):])
		}
	}
}

// prefixed marks what is written to it.
type prefixed struct{ w io.Writer }

func (p *prefixed) Write(b []byte) (int, error) {
	if _, err := io.WriteString(p.w, "! "); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}

// counter counts what it is given.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

func TestMuchOutputTakesLittleMemory(t *testing.T) {
	w := newWorld(t, v1.Config{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const size = 100 << 20
	var n counter
	if _, err := w.pod.Run(t.Context(), step("flood "+strconv.Itoa(size)), &n, io.Discard); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n != size {
		t.Errorf("%d bytes arrived", n)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d bytes were allocated for it", grown)
	}
}

// broken is a writer that does not write.
type broken struct{}

var errBroken = errors.New("disk full")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestAWriterThatFailsEndsTheContainer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	_, err := w.pod.Run(t.Context(), step("flood 10000000", "sleep"), broken{}, io.Discard)
	if !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

func TestABackgroundChildDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	if diff := cmp.Diff(result{Code: 3, Stdout: "x\n"}, w.run(step("background sleep", "echo x", "exit 3"))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// processes lists the machine's processes with a word on their command line.
func processes(t *testing.T, word string) []int {
	t.Helper()
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range dirs {
		line, err := os.ReadFile(name)
		if err == nil && strings.HasPrefix(string(line), "/bin/step\x00") && strings.Contains(string(line), word) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// notify closes itself at the first write.
type notify chan struct{}

func (n notify) Write(b []byte) (int, error) {
	close(n)
	return len(b), nil
}

func TestCancellationLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	word := "cancel-" + strconv.Itoa(os.Getpid())
	ctx, cancel := context.WithCancel(t.Context())
	started := make(notify)
	done := make(chan error)
	go func() {
		c := step("background sleep "+word, "background background sleep "+word, "echo "+word, "sleep")
		c.Limits = workflow.Limits{Memory: 1 << 30, MilliCPU: 1000}
		_, err := w.pod.Run(ctx, c, started, io.Discard)
		done <- err
	}()
	<-started
	if len(processes(t, word)) == 0 {
		t.Error("nothing runs before the cancellation")
	}
	start := time.Now()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if left := processes(t, word); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || strings.Contains(string(mounts), w.temp) {
		t.Errorf("mounts left: %v\n%s", err, mounts)
	}
}

func TestTimeoutIsTheContextsError(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.try(ctx, step("sleep")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestKilledFromOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	word := "killed-" + strconv.Itoa(os.Getpid())
	started := make(notify)
	done := make(chan workflow.Exit)
	go func() {
		exit, err := w.pod.Run(t.Context(), step("echo "+word, "sleep"), started, io.Discard)
		if err != nil {
			t.Error(err)
		}
		done <- exit
	}()
	<-started
	for _, pid := range processes(t, word) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	if exit := <-done; exit.Code != 137 {
		t.Errorf("exit code %d", exit.Code)
	}
}

func TestTwentyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	group, ctx := errgroup.WithContext(t.Context())
	for i := range 20 {
		group.Go(func() error {
			pod, err := w.NewPod(ctx, []string{"v"})
			if err != nil {
				return err
			}
			defer func() { _ = pod.Close() }()
			for range 5 {
				var out bytes.Buffer
				exit, err := pod.Run(ctx, step(fmt.Sprintf("echo %d", i), "loopback", fmt.Sprintf("exit %d", i)), &out, &out)
				if err != nil {
					return err
				}
				if exit.Code != i || out.String() != fmt.Sprintf("%d\n", i) {
					return fmt.Errorf("container %d: %+v, %q", i, exit, out.String())
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func TestHostNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	c := step("cat /etc/resolv.conf")
	c.Network = workflow.NetworkHost
	want, err := os.ReadFile("/etc/resolv.conf")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(result{Stdout: string(want)}, w.run(c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	namespace, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for network, same := range map[workflow.Network]bool{workflow.NetworkHost: true, workflow.NetworkNone: false} {
		c = step("readlink /proc/self/ns/net")
		c.Network = network
		if got := w.run(c).Stdout; (got == namespace+"\n") != same {
			t.Errorf("network %s is %s, the machine's %s", network, got, namespace)
		}
	}
}

func TestDigestIsTheImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	exit, err := w.pod.Run(t.Context(), step(), io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	img, err := w.image(t.Context(), "img")
	if err != nil {
		t.Fatal(err)
	}
	if exit.Digest != img.Digest || exit.Duration <= 0 {
		t.Errorf("got %+v", exit)
	}
}

func TestForeignArchitecture(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{})
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "s390x"})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "foreign.tar")
	if err := tarball.WriteToFile(file, name.MustParseReference("foreign"), img); err != nil {
		t.Fatal(err)
	}
	w.config.Options = func(ref string) image.GetOptions {
		return image.GetOptions{Sources: map[string]string{ref: file}}
	}
	err = w.Prepare(t.Context(), []string{"foreign"})
	if err == nil || !strings.Contains(err.Error(), "linux/s390x") || !strings.Contains(err.Error(), "linux/"+runtime.GOARCH) {
		t.Errorf("got %v", err)
	}
}
