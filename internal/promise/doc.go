// SPDX-License-Identifier: Apache-2.0

// Package promise is a Promise as its author wrote it.
//
// Kratix learns of a Promise through the API server, which prunes, defaults
// and refuses; an author has files. So a [Promise] here keeps both: the value
// that Kratix would see, and for each of its fields the file, line and column
// that it came from. [Promise.Check] is Kratix' admission webhook without a
// cluster: all that it would refuse, at once, each with its place and with
// Kratix' own words, which are what people search for.
//
// A Promise is written in one of two layouts. Flat is one promise.yaml. Split
// is a directory with api.yaml, dependencies.yaml and one workflow.yaml for
// each workflow; what those files have no place for, such as the name and the
// labels, is in metadata.yaml. Where both are present promise.yaml counts.
//
// A file may hold more than the Promise, as kubectl apply takes several
// documents. The first document of kind Promise is the Promise; [Promise.Check]
// notes the others.
//
// [Find] and [Load] read a Promise, [Promise.Pipelines] decodes its Pipelines as
// strictly as Kratix does, [Promise.CRD] is the API that Kratix would serve and
// [CRD.Admit] what that API makes of a request. [Promise.AddContainer],
// [Promise.UpdateAPI], [Promise.SetDependencies] and [Promise.UpdateSelectors]
// edit the files, in both layouts, and leave every byte alone that they need not
// touch; [Promise.With] is the Promise as it will be then, and [Promise.Write]
// writes it as one document.
package promise
