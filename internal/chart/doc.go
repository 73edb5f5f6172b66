// SPDX-License-Identifier: Apache-2.0

// Package chart gets Helm charts from wherever Helm gets them: a directory, an
// archive, the URL of an archive, a Helm repository, an OCI registry.
//
// Nothing is rendered here, so of a chart only a few files are read: Chart.yaml,
// values.yaml and values.schema.json. An archive is never unpacked to disk, and
// neither its size nor that of one of its files can fill memory.
//
// [Source.Get] gives a [Chart]. A chart that is named in the wrong way is an
// input error; a server that does not answer is one of the machine.
package chart
