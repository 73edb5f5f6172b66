// SPDX-License-Identifier: Apache-2.0

// Package build makes the image of a container from its sources: the directory
// workflows/<workflow>/<action>/<pipeline>/<container>/ of a Promise.
//
// A stage written in Go needs nothing but the go command: [Go] compiles it to
// one static program and makes an image of that, its resources/ and little
// else, with no container engine at work. The same sources give the same
// image, byte for byte, wherever and whenever they are built with the same
// version of Go.
//
// A stage with a [Dockerfile] is built by docker, podman or buildah, whichever
// [FindBuilder] finds first, and its image is taken over into the program's own
// cache: the builder is needed to build and not to run. A stage that has both
// is built as a Go stage.
//
// [Stage] is what a test run wants: the image for the sources as they are now,
// built only if these were not built before. It goes by [Hash], so that a
// changed byte in a source means another image and a touched file does not.
package build
