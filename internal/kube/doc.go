// SPDX-License-Identifier: Apache-2.0

// Package kube reads objects from a Kubernetes API server, as cheaply as the
// server allows.
//
// A [Client] satisfies [inspect.Source]: whoever inspects a platform does not
// know whether it is alive or saved in a file. It asks for no discovery: the
// kinds of Kratix are known, those of requests are told by their Promises.
// Lists come in chunks and are handed on object by object, and [Client.Rows]
// takes what the server prints for people, with the metadata alone, so that ten
// thousand Works can be listed without moving their documents.
//
// Nothing is ever written to the cluster. The two requests that are not reads,
// questions about one's own rights and the tunnel to a port, change nothing.
//
//	config := kube.Config{}
//	config.Register(cmd.PersistentFlags())   // --kubeconfig, --context, -n, ...
//	client, err := config.Connect()
package kube
