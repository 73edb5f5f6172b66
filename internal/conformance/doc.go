// SPDX-License-Identifier: Apache-2.0

// Package conformance holds no code, only the proof that this program gives
// the same answers as Kratix: its test plays every recording below
// testdata/conformance with the packages promise, workflow, work, schedule,
// placement and platform and compares what comes out with what Kratix left
// behind. A step begins with what the simulation, not the recording, made of the
// steps before it.
//
// From outside come only the facts that Kratix leaves to chance or to others:
// the five random characters of a name, which of several matching Destinations
// was drawn, what somebody did to the cluster between two steps (the Destinations
// as they were then, the new spec of a request), whether the Job of a step was
// ended at all, and whether a state store could be written.
//
// The test also writes docs/conformance.md; run it with -update after a change.
package conformance
