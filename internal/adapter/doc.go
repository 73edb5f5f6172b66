// SPDX-License-Identifier: Apache-2.0

// Package adapter tells what Kratix' own containers see of a Pod's volumes.
//
// When the user's containers are done, two containers of the pipeline-adapter
// image look at what they left: the work-writer ([WorkWriter]) makes a Work of
// /kratix/output, the status-writer ([StatusWriter]) merges /kratix/metadata
// into the object. What surprises is that they look with other eyes. They run
// as user 65532 and not as the one who wrote the files, and they have the same
// volumes mounted elsewhere, below /work-creator-files: a file that only its
// owner may read is a failure, and an absolute link to /kratix/output leads
// nowhere.
//
// A [Container] is such a view. Its methods take absolute paths, follow links
// as Linux does there, and fail with the words that the container would print,
// whatever system this program runs on:
//
//	c := adapter.StatusWriter(metadata)
//	content, err := c.ReadFile(adapter.Metadata(adapter.StatusFile))
//	// open /work-creator-files/metadata/status.yaml: permission denied
//
// An error that the container would meet holds an [Errno] and is an answer
// ([diag.Answer]); one about the trees themselves is the caller's input
// ([diag.Input]).
//
// Both containers read workflow-control.yaml, in the same way and with the same
// errors: that is [Container.ReadControl].
package adapter
