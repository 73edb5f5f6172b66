// SPDX-License-Identifier: Apache-2.0

// Package platform holds what a Work meets when it arrives: the Destinations
// of a platform, their state stores, and the Works and WorkPlacements that
// stand already.
//
// [Load] reads them from files as `kubectl get -o yaml` writes them or as a
// person does, and holds them to the rules of Kratix' CRDs and admission
// webhooks (ae170e22) in its words: what Kratix refuses is an error with file,
// line and field, what it accepts with a warning is a warning here. Whoever
// has the objects from elsewhere fills a [Platform] and calls
// [Platform.Complete].
package platform
