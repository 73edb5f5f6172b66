// SPDX-License-Identifier: Apache-2.0

// Package terraform makes the API of a Promise of a Terraform module.
//
// The variables of a module are its API already: each has a type, a default, a
// description and conditions that its values have to meet. [Read] says the same
// in the words of a structural OpenAPI schema, so that what Terraform would
// refuse in a plan, the API server refuses when the request is made.
//
// The surprise is how much of HCL is data. Conditions are code, but nearly all
// of those that people write are one of a few sentences: one of these, at least
// so many, like this pattern. Those are read from the syntax tree and become
// enum, minimum or pattern; the others stay with Terraform, which checks all of
// them again. Nothing is lost without a word: what a schema cannot say is a
// finding, with the file and the line of the variable.
//
// Terraform has one kind of number. A property is an integer only where a
// condition says so, for a default that happens to be whole says nothing about
// other values. And null means "as if it were not there" for a variable, which
// is why null is allowed where it is the default, and nowhere else.
//
// Nothing is run and nothing is fetched: a module is the files of one directory.
package terraform
