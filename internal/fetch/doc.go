// SPDX-License-Identifier: Apache-2.0

// Package fetch gets what is at a URL, for those who make a Promise of something
// that is published: charts, schemas.
//
// What it says of a failure is fit to be shown: a URL may hold a password or a
// signature, so that no message has one, and the caller names the source as far
// as that is public. A redirect out of https is not followed, and an answer cannot
// fill memory.
//
// [Request.Get] gives the bytes. That nothing is there is an input error; a server
// that does not answer, or wants to know who asks ([ErrUnauthorized]), is one of
// the machine.
package fetch
