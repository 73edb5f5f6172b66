// SPDX-License-Identifier: Apache-2.0

// Package helm makes the content of a Promise of a Helm chart: the values of the
// chart become the spec of requests, and a stage renders the chart with them.
//
// A chart says what its values are in two ways. values.schema.json is a promise
// to its users, and is translated ([JSON Schema] has words for which Kubernetes
// has none: each is told, with the path of the value). values.yaml is only an
// example, and what it does not show has to stay possible: objects are open,
// lists without items take any, and null takes anything. Where a chart has both,
// the schema decides, and values.yaml fills in what it leaves out.
//
// The surprise is what is required. A chart's schema is for the values of a
// request on top of those of values.yaml, so a request need not say what
// values.yaml says already. For the same reason no default is set: those of the
// chart apply, also those of the next version, and descriptions tell them.
//
// [JSON Schema]: https://json-schema.org/draft-07
package helm
