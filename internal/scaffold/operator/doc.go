// SPDX-License-Identifier: Apache-2.0

// Package operator makes the content of a Promise of an operator: one of the
// operator's CustomResourceDefinitions becomes the API, its manifests become the
// dependencies, and a stage makes an object of the operator's kind of each
// request.
//
// The schema of the API is that of the definition, so nothing of it has to be
// guessed. What cannot be taken over belongs to the definition as a whole: its
// scope (requests are in namespaces), all versions but one (the stage makes
// objects of one version), and with them the conversion, whose webhook would ask
// for objects that are not its own. Each is told, with its place in the file.
//
// The surprise is where the objects go. The stage puts all of them into the
// namespace "default", whatever the namespace of the request.
package operator
