// SPDX-License-Identifier: Apache-2.0

// Step is the program of the containers in the tests: its arguments are
// commands, separated by ";", each of a few words.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	args := os.Args[1:]
	for len(args) > 0 {
		end := slices.Index(args, ";")
		if end < 0 {
			end = len(args)
		}
		if err := do(args[0], args[1:end]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", args[0], err)
			os.Exit(1)
		}
		args = args[min(end+1, len(args)):]
	}
}

func do(verb string, args []string) error {
	switch verb {
	case "args":
		fmt.Printf("%q\n", append([]string{os.Args[0]}, args...))
		return nil
	case "echo":
		fmt.Println(strings.Join(args, " "))
		return nil
	case "warn":
		fmt.Fprintln(os.Stderr, strings.Join(args, " "))
		return nil
	case "bytes":
		b, err := strconv.Unquote(`"` + args[0] + `"`)
		if err != nil {
			return err
		}
		_, err = os.Stdout.WriteString(b)
		return err
	case "flood":
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		line := bytes.Repeat([]byte("0123456789abcde\n"), 1<<12)
		for ; n > 0; n -= len(line) {
			if _, err := os.Stdout.Write(line[:min(n, len(line))]); err != nil {
				return err
			}
		}
		return nil
	case "exit":
		code, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		os.Exit(code)
	case "crash":
		crash()
	case "env":
		for _, e := range os.Environ() {
			fmt.Println(e)
		}
		return nil
	case "pwd":
		dir, err := os.Getwd()
		fmt.Println(dir)
		return err
	case "pid":
		fmt.Println(os.Getpid())
		return nil
	case "id":
		groups, err := os.Getgroups()
		slices.Sort(groups)
		fmt.Println(os.Getuid(), os.Getgid(), groups)
		return err
	case "hostname":
		name, err := os.Hostname()
		fmt.Println(name)
		return err
	case "umask":
		mask := syscall.Umask(0)
		syscall.Umask(mask)
		fmt.Printf("%04o\n", mask)
		return nil
	case "status": // fields of /proc/self/status
		data, err := os.ReadFile("/proc/self/status")
		for line := range strings.Lines(string(data)) {
			if name, value, _ := strings.Cut(line, ":"); slices.Contains(args, name) {
				fmt.Println(name, strings.TrimSpace(value))
			}
		}
		return err
	case "cat":
		for _, name := range args {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			if _, err := io.Copy(os.Stdout, f); err != nil {
				return err
			}
		}
		return nil
	case "ls":
		entries, err := os.ReadDir(args[0])
		for _, e := range entries {
			fmt.Println(e.Name())
		}
		return err
	case "stat":
		for _, name := range args {
			var s syscall.Stat_t
			if err := syscall.Lstat(name, &s); err != nil {
				return &os.PathError{Op: "lstat", Path: name, Err: err}
			}
			fmt.Printf("%s %o %d:%d\n", name, s.Mode, s.Uid, s.Gid)
		}
		return nil
	case "write":
		return os.WriteFile(args[0], []byte(strings.Join(args[1:], " ")+"\n"), 0o666)
	case "create": // a sparse file
		if err := os.WriteFile(args[0], nil, 0o644); err != nil {
			return err
		}
		size, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		return os.Truncate(args[0], size)
	case "mkdir":
		return os.MkdirAll(args[0], 0o777)
	case "rm":
		return os.RemoveAll(args[0])
	case "mv":
		return os.Rename(args[0], args[1])
	case "link":
		return os.Link(args[0], args[1])
	case "symlink":
		return os.Symlink(args[0], args[1])
	case "readlink":
		target, err := os.Readlink(args[0])
		fmt.Println(target)
		return err
	case "mkfifo":
		return syscall.Mkfifo(args[0], 0o640)
	case "socket":
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: args[0]})
		if err != nil {
			return err
		}
		l.SetUnlinkOnClose(false)
		return l.Close()
	case "mknod":
		return syscall.Mknod(args[0], syscall.S_IFCHR|0o666, 1<<8|3)
	case "chmod":
		mode, err := strconv.ParseUint(args[1], 8, 32)
		if err != nil {
			return err
		}
		return syscall.Chmod(args[0], uint32(mode))
	case "chown":
		uid, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return os.Lchown(args[0], uid, uid)
	case "mount":
		return syscall.Mount("x", args[0], "tmpfs", 0, "")
	case "loopback":
		return loopback()
	case "dial":
		c, err := net.Dial("tcp", args[0])
		if err == nil {
			err = c.Close()
		}
		return err
	case "interfaces":
		list, err := net.Interfaces()
		for _, i := range list {
			fmt.Println(i.Name)
		}
		return err
	case "sethostname":
		return syscall.Sethostname([]byte(args[0]))
	case "mtu":
		return setMTU(args[0], args[1])
	case "euid": // with what it can do
		data, err := os.ReadFile("/proc/self/status")
		for line := range strings.Lines(string(data)) {
			if value, ok := strings.CutPrefix(line, "CapEff:"); ok {
				fmt.Println("uid", os.Geteuid(), "CapEff", strings.TrimSpace(value))
			}
		}
		return err
	case "syscall": // by number, with numbers as arguments
		var n [7]uintptr
		for i, arg := range args {
			v, err := strconv.ParseUint(arg, 0, 64)
			if err != nil {
				return err
			}
			n[i] = uintptr(v)
		}
		_, _, errno := syscall.RawSyscall6(n[0], n[1], n[2], n[3], n[4], n[5], n[6])
		if errno != 0 {
			fmt.Println(errno)
			return nil
		}
		fmt.Println("done")
		return nil
	case "run": // another program
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		return cmd.Run()
	case "allocate": // memory, and uses it
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		b := make([]byte, n)
		for i := 0; i < n; i += os.Getpagesize() {
			b[i] = 1
		}
		fmt.Println("allocated")
		runtime.KeepAlive(b)
		return nil
	case "spin": // uses the processor for some milliseconds of the clock
		ms, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		for start := time.Now(); time.Since(start) < time.Duration(ms)*time.Millisecond; {
		}
		var used syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
			return err
		}
		fmt.Println((time.Duration(used.Utime.Nano()) + time.Duration(used.Stime.Nano())).Milliseconds())
		return nil
	case "not": // succeeds if the rest fails
		if err := do(args[0], args[1:]); err != nil {
			fmt.Println("refused:", args[0])
			return nil
		}
		return fmt.Errorf("%v succeeded", args)
	case "background": // a child that outlives us and holds our output
		cmd := exec.Command("/proc/self/exe", args...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return cmd.Start()
	case "sleep":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		time.Sleep(time.Hour)
		return nil
	}
	return fmt.Errorf("no such command")
}

// crash ends with SIGSEGV, as a program that is not written in Go would.
func crash() {
	var none [4]uint64
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGSEGV), uintptr(unsafe.Pointer(&none)), 0, 8, 0, 0)
	var nowhere *int
	*nowhere = 1
}

func loopback() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	return c.Close()
}

// setMTU changes a network interface.
func setMTU(name, mtu string) error {
	n, err := strconv.ParseUint(mtu, 10, 32)
	if err != nil {
		return err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	var request [40]byte // a struct ifreq: name, mtu
	copy(request[:], name)
	binary.NativeEndian.PutUint32(request[syscall.IFNAMSIZ:], uint32(n))
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFMTU, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return errno
	}
	return nil
}
