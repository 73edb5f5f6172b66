// SPDX-License-Identifier: Apache-2.0

package doctor

// A Cluster is what "kratix doctor" finds out about the cluster that the
// kubeconfig names.
type Cluster struct {
	// Server is its address; empty if no cluster is configured.
	Server string `json:"server,omitempty"`
	// Version is that of Kubernetes, such as "v1.37.2".
	Version   string `json:"version,omitempty"`
	Reachable bool   `json:"reachable"`
	// Detail says why there is no cluster, or why it does not answer.
	Detail string `json:"detail,omitempty"`
	// Kinds are those of Kratix.
	Kinds []Kind `json:"kinds"` // never nil
	// Rights are what the commands that read a platform need.
	Rights []Right `json:"rights"` // never nil
	// Old says what shows that an older Kratix wrote here; empty if nothing
	// does.
	Old   []string `json:"old"`             // never nil
	Hints []string `json:"hints,omitempty"` // what to do
}

// A Kind is a kind of Kratix as the cluster has it.
type Kind struct {
	Name   string `json:"name"` // "works.platform.kratix.io"
	Served bool   `json:"served"`
	// Unknown says why that could not be found out.
	Unknown string `json:"unknown,omitempty"`
}

// A Right is something that one may or may not do in a cluster.
type Right struct {
	Verb     string `json:"verb"`
	Resource string `json:"resource"` // "secrets", "pods/log"
	Allowed  bool   `json:"allowed"`
	// For says which command needs it.
	For string `json:"for"`
}

// Missing gives the rights that are not there.
func (c *Cluster) Missing() []Right {
	var missing []Right
	for _, r := range c.Rights {
		if !r.Allowed {
			missing = append(missing, r)
		}
	}
	return missing
}
