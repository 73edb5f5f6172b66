// SPDX-License-Identifier: Apache-2.0

// Package tfmodule gets the files of a Terraform module from wherever its source
// says that they are.
//
// The text after "source =" of a module is a small language of its own. A
// directory is read where it is, and a Git repository is fetched by git; for all
// other sources, registries and archives and buckets, the terraform or tofu of
// this machine is asked, which knows them all, with the credentials that it
// has. Neither a provider nor a backend is needed for that.
//
// [Source.Get] gives a [Module], whose files are in a directory: the user's own,
// which is only read, or a temporary one that [Module.Close] removes.
package tfmodule
