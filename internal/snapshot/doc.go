// SPDX-License-Identifier: Apache-2.0

// Package snapshot is a platform saved to files: what `kubectl get -o yaml` or
// `-o json` printed, as Lists, as several documents, in several files.
//
// A [Snapshot] is an [inspect.Source], so that every question that a cluster
// answers is answered from files as well, by the same code. It reads what
// people send each other: what cannot be decoded becomes a [diag.Finding] and
// the rest is read; an object that stands in several files counts once.
//
// What surprises: files cannot tell "there is none" from "it was not saved". A
// kind is known to a snapshot if it has an object of it, or its definition;
// any other is [inspect.ErrNoKind]. Printed columns are computed as the API
// server computes them, from the definition in the snapshot, from the API in a
// Promise or, for the kinds of Kratix, from what is known about those.
package snapshot
