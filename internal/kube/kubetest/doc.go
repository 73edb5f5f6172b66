// SPDX-License-Identifier: Apache-2.0

// Package kubetest runs a real kube-apiserver with its etcd for tests: real
// admission, real RBAC, real watches, CRDs and tables, on loopback, ready in three
// seconds. There are no controllers, no scheduler and no kubelet, so that nothing
// moves but what a test moves: what was loaded, with its status, stays as it is.
//
// The two programs are built by "make kube-apiserver", once, into a cache
// directory of the user; KUBEBUILDER_ASSETS names another directory. Where there
// are none, tests skip and say how to get them.
//
//	var server = kubetest.Shared{Load: (*kubetest.Server).LoadPlatform}
//
//	func TestMain(m *testing.M) {
//		defer server.Stop()
//		m.Run()
//	}
//
//	func TestSomething(t *testing.T) {
//		kubeconfig := server.Server(t).Kubeconfig
//		...
//	}
//
// [Server.LoadPlatform] loads the recorded platform of testdata/live-platform.
// [Server.Create] creates any objects with their status, [Server.Account] makes
// somebody with few rights, and [Server.StartNode] a stand-in for a kubelet, for
// logs and tunnels. Nothing outlives the process that started a server, not even
// when it is killed.
//
// Only tests and benchmarks import this package.
package kubetest
