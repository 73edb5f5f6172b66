// SPDX-License-Identifier: Apache-2.0

// Package manifest reads Kubernetes objects as people keep them: in files of
// several documents, in directories, in Lists, on standard input.
//
// What an object is called depends on whether its kind is namespaced, and only
// a cluster knows that for certain. [Set.DefaultNamespace] decides it for the kinds
// that come with Kubernetes and Kratix, and for those whose definition is read
// along with them. An object of any other kind keeps what its author wrote: a
// namespace that is missing can be seen, and one that is wrong cannot.
package manifest
