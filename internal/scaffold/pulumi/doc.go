// SPDX-License-Identifier: Apache-2.0

// Package pulumi makes the content of a Promise of a Pulumi component: the inputs
// of the component become the spec of requests, and a stage writes a program with
// the component for each of them, and the stack that deploys it.
//
// Pulumi's types are not far from those of Kubernetes, with one exception that is
// in nearly every package: a value may be one of several types, and a structural
// schema has one type in each place. [Spec] makes of such a union the narrowest
// schema that accepts all that the union accepts: a text or one of some known
// texts is a text, objects are one object with the properties of all of them, and
// what has nothing in common may be anything. Where the API accepts more than the
// component, that is a finding with the path of the field; Pulumi still refuses
// what is wrong, only later.
//
// Types may contain themselves, and a few that contain each other many times make
// an API without end. Both are cut where they have to be, and told.
//
// The surprise is the schema itself: the stage needs it at run time, and the file
// of an author is not in a cluster. So the Pipeline carries what the stage reads of
// a file, in an annotation that is mounted as a file again.
package pulumi
