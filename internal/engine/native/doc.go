// SPDX-License-Identifier: Apache-2.0

// Package native runs containers on Linux with nothing but the kernel: no
// daemon, no helper program, no root needed.
//
// The surprise is that no program of ours starts in the container. Starting
// our own large binary again, only to let it mount a few file systems, would
// take several times as long as all the rest. So what happens between clone
// and execve is prepared beforehand as data: a [program] is a list of system
// calls, and the child does nothing but make them one after the other (see
// [program.execute] for what makes that safe in Go). A call that fails is told
// to the parent by its number, so that errors say what was being done.
//
//	engine, err := native.New(native.Config{Images: store})
//	err = engine.Prepare(ctx, []string{"ghcr.io/acme/render:v1"})
//	pod, err := engine.NewPod(ctx, []string{"output"})
//	exit, err := pod.Run(ctx, container, stdout, stderr)
//	files, err := pod.CopyOut(ctx, "output", dir)
//	err = pod.Close()
//
// # Three modes
//
// A step is never the machine's root, and its ids come from one of three maps.
// In [ModeRange], for root, the ids 0 and up are a range of their own that no
// user of the machine has; layers are unpacked with owners shifted likewise,
// and the step finds all owners as its image says. In [ModeSubordinate], for a
// user to whom /etc/subuid and /etc/subgid leave ids, the container's root is
// the caller and its other users are those ids. In [ModeSingle], for everybody
// else, one id is all there is: the step's user is the caller, and every file
// of the image and of the volumes belongs to that user. [Probe] finds out which
// of them this machine allows, by trying.
//
// Subordinate ids exist in a user namespace only that newuidmap and newgidmap
// have set up. An engine has that done once and keeps the namespace; a child
// enters it and then splits, since a process that enters a user namespace
// cannot be the first of a PID namespace at the same time. What the caller may
// not do with files of these ids, children do there: change owners, which is
// all that it takes.
//
// # What a step is kept from
//
// It has user, mount, PID, IPC, UTS and (unless told otherwise) network
// namespaces of its own, the root file system of its image under a writable
// layer in memory, the seccomp filter of container runtimes and, of the
// capabilities, those that its Pod would have, valid inside its user namespace
// only. That is the boundary of a rootless container, not that of a virtual
// machine. Mounts are attached by descriptor once the old root is gone, so a
// link in an image can lead nowhere but into that image.
//
// Where a Pod may have more, the step has it inside that boundary. A setuid
// program works as in the Pod, and makes nobody more than the container's
// root. Added capabilities, and a privileged container, are good for the
// step's own namespaces; the machine's devices are never there. One thing is
// stricter than in most clusters: a container without a seccompProfile has the
// filter, as with a kubelet that has seccompDefault on. What works with it
// works without it, and the other way round nobody would notice before the
// cluster does.
//
// # Limits
//
// A container with a limit of memory or CPU runs in a cgroup of its own, if
// this process may make one: as root, or where systemd has left a part of the
// hierarchy to the user. Otherwise it runs without, and [Engine.Notes] says so.
// What a step writes outside of its volumes lies in memory and counts as such.
package native
