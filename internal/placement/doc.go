// Package placement says where in its state store every document of a Work
// lies.
package placement
