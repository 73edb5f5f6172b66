// SPDX-License-Identifier: Apache-2.0

// Package image gets the image of a container from wherever it is and keeps
// it, unpacked, in a cache on this machine: what a container engine needs and
// no daemon has to do.
//
// A [Store] is such a cache. [Store.Get] finds an image by its reference: in a
// file the user named, among the images that [Store.Put] stored or an earlier
// Get fetched, in a container engine of this machine, or in a registry.
// [Store.Unpack] gives the directories of its layers, lowest first, ready to be
// the lower directories of an overlay mount with the option userxattr.
//
//	store, err := image.Open(dir)
//	img, err := store.Get(ctx, "ghcr.io/acme/render:v1", image.GetOptions{})
//	layers, err := store.Unpack(ctx, img, image.Owners{})
//
// # What is on disk
//
//	blobs/sha256/<digest>      manifests, configurations and layers, as in an OCI image layout
//	refs/<hash>.json           which manifest a reference and a platform stand for
//	layers/<owners>/<diff id>  unpacked layers, each complete or absent; or
//	layers/<owners>/<hash>     of the diff ids of the layer and all below it
//	grown                      there if something was added since the last Trim
//	locks/, tmp/, lock         nothing of value
//
// Everything is named by its content, checked against that name when it
// arrives, and moved to its place in one step, so several processes may share a
// cache and any of them may be killed at any time. A piece that is lost or
// damaged is fetched again.
//
// Nothing leaves the cache by itself. [Store.Trim] at the end of a run keeps it
// below a limit and [Store.Prune] removes what one wants removed; both wait
// for nobody and take nothing away from a process that has the Store in use.
//
// # What an image cannot do
//
// Layers are made by strangers. Unpacking resolves every name inside the
// layer's own directory, as a container would, so that "..", absolute names and
// links lead nowhere else; device nodes, fifos, sockets and extended attributes
// are left out; and a layer that unpacks to more than [Store.MaxLayer] bytes is
// refused.
//
// A layer may have a file in a directory, or behind a link, that only a layer
// below describes. Such a layer is not the same on top of others: it is
// unpacked once for each pile of layers below it.
package image
