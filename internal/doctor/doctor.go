// SPDX-License-Identifier: Apache-2.0

// Package doctor holds what can be said about a machine that is to run
// containers: the values that package engine finds out and package view shows.
package doctor

// A Diagnosis is what "kratix doctor" finds out about this machine. As JSON it
// is a public document: fields are only ever added.
type Diagnosis struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Engines    []Engine `json:"engines"` // the best first
	Machine    Machine  `json:"machine"`
	Cache      Cache    `json:"cache"`
	Cluster    Cluster  `json:"cluster"`
}

// An Engine is what a container engine is on this machine.
type Engine struct {
	Name  string `json:"engine"`
	Works bool   `json:"works"`
	// Chosen tells that this one is taken when none is named.
	Chosen bool `json:"chosen"`
	// Where is the address of the daemon, empty for the native engine.
	Where string `json:"where,omitempty"`
	// Detail says what works, or why it does not.
	Detail string `json:"detail"`
	// Hints say what to do about it, as commands where possible.
	Hints []string `json:"hints,omitempty"`
}

// A Machine is what this machine has that containers can use, in words.
type Machine struct {
	Platform       string `json:"platform"`
	UserNamespaces string `json:"userNamespaces"`
	Cgroups        string `json:"cgroups"`
}

// A Cache is that of images.
type Cache struct {
	Dir    string `json:"dir"`
	Images int    `json:"images"`
	Size   int64  `json:"size"`            // of all its files, packed and unpacked
	Error  string `json:"error,omitempty"` // why it cannot be used
	// Hints are what to do about that.
	Hints []string `json:"hints,omitempty"`
}
