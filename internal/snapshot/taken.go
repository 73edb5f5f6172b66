// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"regexp"
	"time"
)

// moments finds what tells when something had happened already.
var moments = regexp.MustCompile(`"(?:creationTimestamp|lastTransitionTime|lastExecutionTimestamp|firstTimestamp|lastTimestamp|eventTime|lastObservedTime|time)"\s*:\s*"([^"]+)"`)

// Taken gives the time at which the Snapshot must have been taken at the
// earliest: the latest moment that any object of it tells of. Ages are told as
// they were then, whenever the file is read; a file without any time is as old
// as it is read.
func (s *Snapshot) Taken() time.Time {
	var latest time.Time
	for _, objects := range s.kinds {
		for _, o := range objects.byKey {
			for _, found := range moments.FindAllSubmatch(o.json, -1) {
				if t, err := time.Parse(time.RFC3339, string(found[1])); err == nil && t.After(latest) {
					latest = t
				}
			}
		}
	}
	if latest.IsZero() {
		return time.Now()
	}
	return latest
}
