// SPDX-License-Identifier: Apache-2.0

// Package work holds the output of one Pipeline, or the static dependencies of
// a Promise, as a Work: groups of files that travel together.
//
// A Work is born on a laptop ([FromTree], [FromDependencies]) or is read from
// a cluster; either way it is an [api.Work], and nothing later can tell which
// it was. Its files are held compressed, exactly as Kratix holds them;
// [Documents] tells their names, sizes and sums, [Decompress] their bytes.
//
// [FromTree] does what Kratix' work-writer container does (ae170e22), down to
// the words of its failures. Three things surprise most authors: a directory
// named in destination-selectors.yaml becomes a group of its own to which the
// Promise's selectors do not apply; the rest of the output becomes the last
// group; and links are followed as that container sees them (package adapter),
// with /kratix/output mounted elsewhere, so that an absolute link dangles.
// What Kratix would do silently comes back as [diag.Finding] values whose
// codes are O1, O2, … for the output and M1, M2, … for the metadata.
//
// The package is pure: files come in as [tree.FS], and nothing depends on the
// clock or on chance. Where Kratix draws five characters at random, the caller
// gives them.
package work
