// SPDX-License-Identifier: Apache-2.0

// Package permissions is what the Job of a Pipeline may do on a platform, and
// what its containers are held to.
//
// Kratix runs every Pipeline under an account and makes roles for it: one for
// Kratix' own containers, and those that the Pipeline asks for in spec.rbac.
// Nobody is told if one of them cannot be made: Kratix writes a line to its log
// and starts the Job all the same, which then is refused what it was promised.
// So [Explain] gives not only the objects that Kratix would send to the API
// server but also what they come to, as [Grant]s, and a finding for every rule
// that comes to nothing.
//
// The surprise is how far a permission reaches. One without a resourceNamespace
// holds in the namespace of the Job, which is that of the request: another one
// for each team. One with a resourceNamespace becomes a ClusterRole, which is
// the same object for the requests of all namespaces. And Pipelines that name
// the same service account have the permissions of each other.
//
// What containers get is decided for securityContext and resources as a whole:
// what a container says is never completed by what the platform says.
package permissions
