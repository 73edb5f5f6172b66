// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// A SelectorChange sets a label that Destinations must have, or removes it.
type SelectorChange struct {
	Key, Value string
	Remove     bool
}

// ParseSelectors reads KEY=VALUE and KEY-. All that are not valid are one input
// error.
func ParseSelectors(texts []string) ([]SelectorChange, error) {
	var changes []SelectorChange
	var found []diag.Finding
	for _, text := range texts {
		c, err := parseSelector(text)
		if err != "" {
			found = append(found, diag.Finding{
				Severity: diag.SeverityError, Field: fmt.Sprintf("%q", text), Message: err, Hint: "environment=dev sets a label, environment- removes it",
			})
		}
		changes = append(changes, c)
	}
	return changes, diag.Problems("", found)
}

func parseSelector(text string) (c SelectorChange, wrong string) {
	key, value, sets := strings.Cut(text, "=")
	if !sets {
		key, c.Remove = strings.CutSuffix(text, "-")
	}
	c.Key, c.Value = key, value
	switch {
	case key == "":
		return c, "the label has no name"
	case !sets && !c.Remove:
		return c, "it is neither KEY=VALUE nor KEY-"
	case len(validation.IsQualifiedName(key)) > 0:
		return c, fmt.Sprintf("%q is no valid name of a label: letters, digits, -, _ and ., at most 63, maybe behind a domain and a slash", key)
	case len(validation.IsValidLabelValue(value)) > 0:
		return c, fmt.Sprintf("%q is no valid value of a label: letters, digits, -, _ and ., at most 63", value)
	}
	return c, ""
}

const selectorsField = "spec.destinationSelectors"

// UpdateSelectors changes the labels that the Promise requires of Destinations.
// Kratix merges all entries of destinationSelectors, so a label is changed in
// each entry that has it; a new one goes to the first.
func (p *Promise) UpdateSelectors(changes []SelectorChange) (Update, error) {
	d := p.draft()
	for _, c := range changes {
		change := d.setSelector
		if c.Remove {
			change = d.removeSelector
		}
		if err := change(c); err != nil {
			return Update{}, err
		}
	}
	return d.finish()
}

func labelsField(i int) string { return yamldoc.Index(selectorsField, i) + ".matchLabels" }

// entriesWith lists the entries that have a label, the last first.
func (d *draft) entriesWith(key string) []int {
	var entries []int
	for i := range d.list(selectorsField) {
		if _, ok := d.object(labelsField(i))[key]; ok {
			entries = append(entries, i)
		}
	}
	slices.Reverse(entries)
	return entries
}

func (d *draft) setSelector(c SelectorChange) error {
	entries := d.entriesWith(c.Key)
	switch {
	case len(d.list(selectorsField)) == 0:
		return d.set(selectorsField, []any{yamldoc.Map{{Key: "matchLabels", Value: yamldoc.Map{{Key: c.Key, Value: c.Value}}}}})
	case len(entries) == 0:
		entries = []int{0}
	}
	for _, i := range entries {
		if err := d.set(yamldoc.Join(labelsField(i), c.Key), c.Value); err != nil {
			return err
		}
	}
	return nil
}

// removeSelector removes a label, and what is empty then.
func (d *draft) removeSelector(c SelectorChange) error {
	entries := d.entriesWith(c.Key)
	if len(entries) == 0 {
		var keys []string
		for i := range d.list(selectorsField) {
			keys = append(keys, sortedKeys(d.object(labelsField(i)))...)
		}
		d.noteHint(diag.DidYouMean(c.Key, keys), "no selector has the label %s", c.Key)
	}
	for _, i := range entries {
		field := yamldoc.Join(labelsField(i), c.Key)
		if len(d.object(labelsField(i))) == 1 {
			field = yamldoc.Index(selectorsField, i)
			if len(d.list(selectorsField)) == 1 {
				field = selectorsField
			}
		}
		if err := d.delete(field); err != nil {
			return err
		}
	}
	return nil
}
