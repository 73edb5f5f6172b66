// SPDX-License-Identifier: Apache-2.0

package work

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// Limits of the API server that a Work meets.
const (
	EtcdLimit    = 1572864 // bytes that etcd stores under one key, by default
	RequestLimit = 3145728 // bytes of one request to the API server
	// NearLimit is the size from which a Work deserves a warning.
	NearLimit = 1200 * 1024

	// What the API server adds to an object before it stores it: uid,
	// timestamps, managedFields; rounded up.
	serverOverhead = 1024
)

// StoredSize estimates the bytes that the API server has to store for a Work.
func StoredSize(w *api.Work) int64 {
	// The contents are left out of the encoding: they need no escaping, and
	// are nearly all of it.
	hollow := *w
	hollow.Spec.WorkloadGroups = slices.Clone(w.Spec.WorkloadGroups)
	size := int64(serverOverhead)
	for i := range hollow.Spec.WorkloadGroups {
		g := &hollow.Spec.WorkloadGroups[i]
		g.Workloads = slices.Clone(g.Workloads)
		for j := range g.Workloads {
			size += int64(len(g.Workloads[j].Content)) - 1
			g.Workloads[j].Content = "-"
		}
	}
	data, err := json.Marshal(hollow)
	if err != nil { // strings and maps of strings always marshal
		panic(err)
	}
	return size + int64(len(data))
}

// Refusal gives the words in which the API server refuses a Work of a stored
// size, or nothing if it takes it. A request that is too large as such does not
// get as far as etcd.
func Refusal(stored int64) string {
	switch {
	case stored-serverOverhead > RequestLimit:
		return fmt.Sprintf("Request entity too large: limit is %d", RequestLimit)
	case stored > EtcdLimit:
		return "etcdserver: request is too large"
	default:
		return ""
	}
}

// checkSize refuses what the API server would refuse.
func (c *creator) checkSize() error {
	size := StoredSize(c.result.Work)
	c.result.Sizes.Stored = size
	sizes := fmt.Sprintf("the Work has %s as Kratix stores it (%s of documents before compression), the limit is %s",
		diag.Size(size), diag.Size(c.result.Sizes.Bytes), diag.Size(EtcdLimit))
	hint := "split the output over several Pipelines, each has a Work of its own; " + sizes
	switch refused := Refusal(size); {
	case refused != "":
		return failed("O16", hint, "%s", refused)
	case size > NearLimit:
		c.warn(diag.SeverityWarning, "O16", "output", sizes, "split the output over several Pipelines, each has a Work of its own")
	}
	return nil
}
