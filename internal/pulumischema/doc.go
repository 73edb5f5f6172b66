// SPDX-License-Identifier: Apache-2.0

// Package pulumischema gets the schema of a Pulumi package from wherever it is: a
// file, or behind a URL.
//
// A token for a URL comes from the environment, as Pulumi's own programs have it.
// It is sent to the host of the URL alone, and never in the clear. Nor is it part
// of a message, and no more of a URL is than its host and path.
//
// [Source.Get] gives the bytes of the schema. An address where nothing can be is an
// input error; a server that does not answer is one of the machine.
package pulumischema
