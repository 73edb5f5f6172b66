// SPDX-License-Identifier: Apache-2.0

// Package compare tells what came out of a workflow from what was expected.
//
// Files are compared by meaning where they have one that this program knows:
// in YAML and JSON neither the order of keys nor that of documents, neither
// quoting nor comments count, since no cluster would notice them. All other
// files, and YAML that cannot be read, are compared byte by byte. What is
// random in a file is taken out of both sides by [Rules] before anything is
// compared, and so before anything is shown.
//
// The surprise is in the placements: Kratix draws one of the Destinations that
// match a request, so what is expected of a one-of group is the whole set of
// those that match ([Golden]), and a run never fails by an unlucky draw.
//
// [Case] compares all that the Pipelines of a case left; [Judge] says whether
// the case passed, given how its workflow ended; [Report] is the result as one
// value, for people and for machines. The package reads nothing but the trees
// it is given and knows neither clock nor disk.
package compare
