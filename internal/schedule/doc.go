// SPDX-License-Identifier: Apache-2.0

// Package schedule decides which Destinations a workload group may reach, and
// keeps the reasons.
//
// The rule of Kratix' scheduler (ae170e22) is small: join the selectors of the
// group, the Promise's own winning over those that a workflow wrote; a
// Destination matches if its labels satisfy all of them. Promise-level Work
// goes to every match, a resource request to one, drawn at random and kept for
// life. What surprises: a group that asks for nothing goes anywhere except to
// a strict Destination with labels; whether a Destination is ready does not
// count; and a placement is never moved, only marked misplaced.
//
// [Among] prepares the Destinations once, [Destinations.Decide] is asked group
// by group. A [Decision] has a verdict for every Destination, and what Kratix
// leaves to chance stays a set: all matches have the verdict [Matched], one of
// them is marked chosen.
package schedule
