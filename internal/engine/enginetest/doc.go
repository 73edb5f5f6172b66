// SPDX-License-Identifier: Apache-2.0

// Package enginetest is what every container engine must do, as tests.
//
// [Run] takes an engine and runs the same steps with it that it runs with all
// others, expecting the same bytes from each. So a Promise that passes its
// tests with one engine passes them with another, and a new engine is finished
// when this suite says so. The steps are lines of busybox' shell, which is all
// that the images have:
//
//	func TestBehaviour(t *testing.T) {
//		enginetest.Run(t, func(t *testing.T, images *image.Store) workflow.Engine { ... }, nil)
//	}
//
// [StartDocker] gives the suite a daemon that is nobody else's.
package enginetest
