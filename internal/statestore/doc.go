// SPDX-License-Identifier: Apache-2.0

// Package statestore reads what lies in a state store now: the last step of a
// document's way that can be seen, and the only one of which Kratix keeps no
// record. A status says that a document was written once; whether it is there
// still, and unchanged, only the store can tell.
//
// [OpenGit] and [OpenBucket] give a [Reader]. Paths are those that package
// placement gives: full paths from the root of the branch or the bucket,
// spec.path included.
//
//	store, err := statestore.OpenGit(ctx, spec, secret, statestore.Options{})
//	defer store.Close()
//	same, err := store.Same(ctx, "worker-1/resources/.../a.yaml", content)
//
// Nothing is ever written to a store, and Same seldom needs what lies there: a
// Git server tells the hash of every file with the tree, a bucket the MD5 of
// most objects with their headers. Read after [Reader.Prefetch] where many
// documents of a branch are wanted.
//
// # Credentials
//
// [Credentials] are the data of the Secret that the state store names, with
// Kratix' own keys. Where Kratix would refuse them, or the URL, so does this
// package, in Kratix' words. Without a Secret (nil), Git is the user's own: with
// their configuration, credential helpers and ssh-agent; and a bucket is read
// with what AWS' and MinIO's tools would use: environment, files, and the
// identity of the machine. No password is asked for, ever.
//
// With a Secret, git sees neither the configuration nor the .netrc of the user,
// who may have a helper that would store the Secret's password, or an insteadOf
// that leads elsewhere; the configuration of the machine, with its proxies and
// certificate authorities, still holds. The password stands in the environment
// of the git process, which other users cannot read, and a credential helper
// that is told to answer for this one host takes it from there: unlike a header
// it does not follow a redirect, and unlike an argument or a file it is in no
// list of processes and on no disk. Only a password without a username has to
// be a header, also in the environment, and then no redirect is followed. An
// ssh key has to be a file, readable for its owner alone, in a directory that
// goes with the Reader; the host's key must be one of knownHosts.
//
// # Differences to Kratix
//
// Kratix does not verify the certificate of a Git server; here it is verified
// unless [Options.InsecureSkipTLSVerify] says otherwise.
//
// # Hostile stores
//
// Nothing of a repository is checked out, no hook, filter or submodule runs, and
// only the protocol of the URL is spoken. What is read is limited in size
// ([Options.MaxObject]). Messages show no user information of URLs and nothing
// that was given as a credential.
package statestore
