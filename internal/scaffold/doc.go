// SPDX-License-Identifier: Apache-2.0

// Package scaffold makes new files for authors: a Promise, the sources of a
// container, a test case.
//
// What it makes is values: [Promise], [Container] and [Case] give [File]s and
// write nothing, so that a command can show them, and a test can compare them.
// [Write] puts them on disk, all or none: it looks for every reason to fail
// before it writes, and takes back what it has written if one comes up later.
//
// What is generated has to work as it is. A Promise passes its own check, the
// example request is valid, and a Go stage builds, with its tests green, before
// anybody has edited it. A Promise that is made of something else ([Translate])
// comes with test cases that pass, as far as it is known what its stages write.
package scaffold
