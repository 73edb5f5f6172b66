// Package workflow runs the Pipelines of one action of a Promise and gives
// each container exactly what its Pod would: the same object.yaml, the same
// environment in the same order, the same three directories.
//
// It knows what runs, in which order and what Kratix's own containers (reader
// and status-writer) do around it; how a container is started is left to an
// [Engine].
package workflow
