// SPDX-License-Identifier: Apache-2.0

// Package docker runs containers through a daemon that speaks the Docker
// Engine API: Docker itself, Colima, OrbStack, Rancher Desktop, or Podman at
// the socket of its service.
//
// The surprise is that the daemon need not see one file of this machine. It may
// be in a virtual machine or at the other end of an ssh connection, so nothing
// is mounted from here: the volumes of a Pod are anonymous volumes of the
// daemon, and files travel to and from them as tar streams. A container that
// is made but never started, the keeper, owns the volumes. Steps mount them by
// name, and removing the keeper removes them all. So there is one thing to
// clean up per Pod, and none of the files it leaves belongs to root here.
//
//	e, err := docker.New(ctx, docker.Config{Name: docker.Name, Images: store, Getenv: os.Getenv})
//	err = e.Prepare(ctx, []string{"ghcr.io/acme/render:v1"})
//	pod, err := e.NewPod(ctx, []string{"output"})
//	exit, err := pod.Run(ctx, container, stdout, stderr)
//	files, err := pod.CopyOut(ctx, "output", dir)
//	err = pod.Close()
//
// # Which daemon
//
// The one that the docker command would talk to: DOCKER_HOST, else the context
// that DOCKER_CONTEXT or the docker configuration names, else the usual
// socket. For podman it is CONTAINER_HOST or a socket of Podman's.
//
// # Which image
//
// What the image cache of this program has is what runs, whatever the daemon
// calls by the same name: it is loaded once, under a name made of its digest.
// Other images are the daemon's, which fetches them with the credentials of
// this machine.
//
// # What an older daemon does otherwise
//
// A part of a volume (a mount's subPath) can be mounted as such with API 1.45
// (Docker 26) and later. Another daemon is told to bind the directory in which it
// keeps the volume itself, on its own machine, which takes that the volumes are
// of its local driver, as they are unless it was told otherwise. That no link
// leads out of the volume is looked up before, while nothing runs in the Pod.
//
// # What is different with Podman
//
// Podman's API is Docker's with some differences, which its tests name. Three
// can matter to a step: all files of a volume are said to belong to root when
// they are copied out; where an image has a directory at a mount point, the
// volume has its mode instead of being everybody's; and a step that was killed
// for want of memory is not told from one that was killed.
//
// # What is left behind
//
// Nothing: each container is removed when it has ended, also after a
// cancellation, and the volumes with the Pod. What a killed process left
// carries the label io.kratix.cli.owner, and the next [New] on the same machine
// removes it. Two images stay, as images do: those loaded from the cache and an
// empty one for keepers.
package docker
