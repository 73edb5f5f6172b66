// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"time"
)

// Options are what reports depend on beside the platform.
type Options struct {
	// Now tells the time; [time.Now] if nil.
	Now func() time.Time
	// MaxDocument is the largest document that is read, in bytes; 64 MiB if 0.
	MaxDocument int64
	// MaxExplained is how many Works of a list are looked into; 50 if 0.
	MaxExplained int
	// ShowSecrets shows the values in Secrets.
	ShowSecrets bool
}

const (
	defaultMaxDocument  = 64 << 20
	defaultMaxExplained = 50
)

// An Inspector answers questions about a platform. It keeps nothing between
// two questions, and is safe for concurrent use if its Source is.
type Inspector struct {
	source  Source
	options Options
}

// New gives an Inspector of a Source.
func New(s Source, o Options) *Inspector {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.MaxDocument = cmp.Or(o.MaxDocument, defaultMaxDocument)
	o.MaxExplained = cmp.Or(o.MaxExplained, defaultMaxExplained)
	return &Inspector{s, o}
}

func (in *Inspector) header(kind string) Header {
	return Header{APIVersion: apiVersion, Kind: kind, EvaluatedAt: in.options.Now().UTC()}
}

// A WorksQuery says which Works to list.
type WorksQuery struct {
	Namespace     string
	AllNamespaces bool
	Labels        string // a label selector
	Fields        string // a field selector
	// Promise, Request (NAME or KIND/NAME) and Destination narrow the list.
	Promise, Request, Destination string
	// NotReady leaves out what is healthy.
	NotReady bool
	// Full reads WorkPlacements that are fine as well, for their group and
	// version, which their metadata does not tell.
	Full bool
}
