// SPDX-License-Identifier: Apache-2.0

// Package placement says where in its state store every document of a Work
// lies.
//
// A decision of package schedule names Destinations; a Destination has a path
// in a state store and one of three layouts. In nestedByMetadata every
// WorkPlacement owns a directory; in none the documents lie bare, next to those
// of all other Works, with a state file that remembers whose they are; in
// aggregatedYAML one file holds everything on the Destination. What surprises:
// two Works may write one path without an error, and a document whose path
// leaves a Git repository is reported as written and never is.
//
// [Each] and [Place] tell the places of a Work's documents, [Warnings] what is
// surprising about them. [Deliver] goes on to the [WorkPlacements] that Kratix
// makes and to a [Tree], the state stores as its writers leave them. All rules are those of Kratix at ae170e22.
package placement
