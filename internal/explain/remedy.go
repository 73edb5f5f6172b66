// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/platform"
	"github.com/kratix-tools/kratix/internal/schedule"
)

// A Remedy is a way to bring a workload group to a Destination that refuses it.
type Remedy struct {
	Text string `json:"text"`
	// Command can be pasted; empty where a file has to be edited.
	Command string `json:"command,omitempty"`
	// Also says that it is needed beside one of the others, not instead.
	Also bool `json:"also,omitempty"`
	// Then says what Kratix would do afterwards, where that was computed, and
	// Caution what else would happen.
	Then    string `json:"then,omitempty"`
	Caution string `json:"caution,omitempty"`

	// apply makes the change to the Destination; nil where none is changed.
	destination string
	apply       func(*api.Destination)
}

// Closest gives the Destinations that the fewest labels keep from matching;
// none if labels are not what is wrong.
func Closest(d *schedule.Decision) []schedule.Candidate {
	var closest []schedule.Candidate
	for _, c := range d.Candidates {
		switch {
		case c.Distance == 0 || c.Verdict == schedule.Matched:
		case len(closest) == 0 || c.Distance < closest[0].Distance:
			closest = []schedule.Candidate{c}
		case c.Distance == closest[0].Distance:
			closest = append(closest, c)
		}
	}
	return closest
}

// ToPlace gives the remedies for a group that no Destination takes, with the
// Destination that needs the least change.
func ToPlace(d *schedule.Decision) []Remedy {
	if closest := Closest(d); len(closest) > 0 {
		return Remedies(d, closest[0])
	}
	for _, c := range d.Candidates {
		if remedies := Remedies(d, c); len(remedies) > 0 {
			return remedies
		}
	}
	return nil
}

// Remedies gives the ways to make a candidate match, the change of the
// Destination first.
func Remedies(d *schedule.Decision, c schedule.Candidate) []Remedy {
	switch c.Reason {
	case schedule.ReasonLabelMissing, schedule.ReasonLabelMismatch, schedule.ReasonMisplaced:
		return labelRemedies(d, c)
	case schedule.ReasonStrict:
		return []Remedy{patch(c.Destination), {Text: "ask for one of its labels in " + selectorsOf(d.Group.Directory)}}
	case schedule.ReasonDryRunOnly:
		return []Remedy{unlabel(c.Destination)}
	default:
		return nil
	}
}

func labelRemedies(d *schedule.Decision, c schedule.Candidate) []Remedy {
	var remedies []Remedy
	if label, ok := label(c); ok {
		remedies = append(remedies, label)
	}
	var sources []string
	for _, l := range c.Labels {
		if text := Source(l.Source, d.Group.Directory); !slices.Contains(sources, text) {
			sources = append(sources, text)
		}
	}
	if len(sources) == 0 {
		return remedies
	}
	return append(remedies, Remedy{Text: "change " + strings.Join(sources, " and ")})
}

// label gives the missing labels to a Destination, if they can be labels.
func label(c schedule.Candidate) (Remedy, bool) {
	want := map[string]string{}
	command := []string{"kubectl label destination", c.Destination}
	overwrite := false
	for _, l := range c.Labels {
		if len(validation.IsQualifiedName(l.Key))+len(validation.IsValidLabelValue(l.Required)) > 0 {
			return Remedy{}, false
		}
		want[l.Key] = l.Required
		command = append(command, l.Key+"="+l.Required)
		overwrite = overwrite || l.Actual != nil
	}
	if overwrite {
		command = append(command, "--overwrite")
	}
	return Remedy{
		Text: "label the Destination", Command: strings.Join(command, " "), destination: c.Destination,
		apply: func(d *api.Destination) {
			d.Labels = maps.Clone(d.Labels)
			if d.Labels == nil {
				d.Labels = map[string]string{}
			}
			maps.Copy(d.Labels, want)
		},
	}, len(want) > 0
}

func unlabel(destination string) Remedy {
	return Remedy{
		Text: "take the Destination out of dry runs", destination: destination,
		Command: fmt.Sprintf("kubectl label destination %s %s-", destination, api.LabelDryRun),
		apply: func(d *api.Destination) {
			d.Labels = maps.Clone(d.Labels)
			delete(d.Labels, api.LabelDryRun)
		},
	}
}

func patch(destination string) Remedy {
	change, _ := json.Marshal(map[string]any{"spec": map[string]bool{"strictMatchLabels": false}})
	return Remedy{
		Text:        "open the Destination",
		Command:     fmt.Sprintf("kubectl patch destination %s --type merge --patch '%s'", destination, change),
		destination: destination,
		apply:       func(d *api.Destination) { d.Spec.StrictMatchLabels = false },
	}
}

// Source tells where a requirement of a group is written.
func Source(s api.SelectorSource, directory string) string {
	switch s {
	case api.SourcePromise:
		return "spec.destinationSelectors of the Promise"
	case schedule.SourceDryRun:
		return "the label " + api.LabelDryRun + " of the request"
	default:
		return selectorsOf(directory)
	}
}

func selectorsOf(directory string) string {
	return fmt.Sprintf("metadata/destination-selectors.yaml, directory %q", directory)
}

// change gives a platform in which one Destination is another; p stays as it
// is.
func change(p *platform.Platform, destination string, apply func(*api.Destination)) *platform.Platform {
	changed := *p
	changed.Destinations = slices.Clone(p.Destinations)
	for i := range changed.Destinations {
		if changed.Destinations[i].Name == destination {
			apply(&changed.Destinations[i])
		}
	}
	return &changed
}

// A Label is a change of one label of a Destination.
type Label struct {
	Destination string `json:"destination"`
	Key         string `json:"key"`
	Value       string `json:"value"`
	Remove      bool   `json:"remove,omitempty"`
}

// String tells the change as a condition: "us-prod had region=eu".
func (l Label) String() string {
	if l.Remove {
		return fmt.Sprintf("%s had no label %s", l.Destination, l.Key)
	}
	return fmt.Sprintf("%s had %s=%s", l.Destination, l.Key, l.Value)
}

// WithLabels gives a platform whose Destinations have other labels; p stays as
// it is. A Destination that does not exist is an error of the class NotFound.
func WithLabels(p *platform.Platform, labels []Label) (*platform.Platform, error) {
	for _, l := range labels {
		if err := knowsDestination(p, l.Destination); err != nil {
			return nil, err
		}
		p = change(p, l.Destination, func(d *api.Destination) {
			d.Labels = maps.Clone(d.Labels)
			if d.Labels == nil {
				d.Labels = map[string]string{}
			}
			d.Labels[l.Key] = l.Value
			if l.Remove {
				delete(d.Labels, l.Key)
			}
		})
	}
	return p, nil
}
