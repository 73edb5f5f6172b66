// SPDX-License-Identifier: Apache-2.0

// Package inspect answers where documents are on a live platform, and why:
// for one Work, a request, a Promise, a Destination, or for ten thousand Works
// at once.
//
// Facts come from a [Source], which is a cluster or a file saved from one;
// package inspect knows neither. The verdict is computed and not copied: the
// decision about every workload group is made again by the scheduler's rules
// (package schedule), from the selectors in the Work and the labels that
// Destinations have now, with the WorkPlacements that exist. What surprises is
// how often the conditions of Kratix say something else: a Work is Ready as
// soon as it is scheduled, whether or not anything was written, the label
// kratix.io/misplaced is never taken from a request's WorkPlacement, and two
// controllers overwrite each other's conditions. Where the computed answer and
// the stored one differ, the difference is an answer of its own, a
// [Disagreement].
//
// An [Inspector] gives the reports; each is a public JSON object whose fields
// are only ever added and whose lists are never null. What may not be read is
// in the list of [Unknown] facts, and the rest is answered. [Inspector.Verify]
// goes on to the state stores, which it reads through a [StoreReader].
package inspect
