// SPDX-License-Identifier: Apache-2.0

// Package explain answers why documents are, or are not, on a Destination.
//
// Package schedule keeps a verdict with its reason for every Destination; this
// package turns one of them into a sentence, the numbered reasons behind it and
// what would change it. A [Subject] is a Work with the platform it was placed
// on, wherever both come from; [Ask] gives one [Answer] for each workload group
// that the [Question] is about.
//
// Every counter-factual is computed and never guessed: a [Remedy] that changes
// a Destination is tried on a copy of the platform, and says what Kratix would
// do then. That matters, since a label that makes a Destination match need not
// bring anything there: Kratix may draw another one, and it never moves what
// was placed before.
package explain
