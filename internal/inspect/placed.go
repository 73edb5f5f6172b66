// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/schedule"
	"github.com/kratix-tools/kratix/internal/work"
)

// Names of conditions. The second line is what Kratix used until June 2025;
// Misscheduled is True when something is wrong.
const (
	condReady, condScheduled, condWritten = "Ready", "ScheduleSucceeded", "WriteSucceeded"
	condOldScheduled, condOldMisscheduled = "Scheduled", "Misscheduled"
)

// labelMisscheduled marked misplaced WorkPlacements until June 2025.
const labelMisscheduled = "kratix.io/misscheduled"

// newPlaced tells about a WorkPlacement what it says itself.
func newPlaced(wp *api.WorkPlacement) Placed {
	p := Placed{
		Namespace: wp.Namespace, Name: wp.Name, Work: wp.Labels[api.LabelWork],
		For:             ownerOf(wp.Labels, wp.Namespace, wp.Spec.PromiseName, wp.Spec.ResourceName),
		Group:           schedule.Group{ID: groupID(wp), Directory: directoryOf(groupID(wp))},
		Destination:     wp.Spec.TargetDestinationName,
		MarkedMisplaced: marked(wp.Labels),
		Deleting:        wp.DeletionTimestamp != nil,
		WorkGeneration:  wp.Spec.Generation,
		VersionID:       wp.Status.VersionID,
		Conditions:      append([]metav1.Condition{}, wp.Status.Conditions...),
		CreatedAt:       wp.CreationTimestamp.Time,
	}
	p.written(wp.Status.Conditions)
	return p
}

// groupID gives the workload group of a WorkPlacement, which Kratix takes from
// the label.
func groupID(wp *api.WorkPlacement) string {
	if id, ok := wp.Labels[api.LabelWorkloadGroupID]; ok {
		return id
	}
	return wp.Spec.ID
}

// directoryOf gives the directory of a group where only its id is known, which
// does not tell it but for the default group.
func directoryOf(id string) string {
	if id == work.DefaultGroupID {
		return work.DefaultDirectory
	}
	return ""
}

func marked(labels map[string]string) bool {
	return labels[api.LabelMisplaced] == "true" || labels[labelMisscheduled] == "true"
}

// written reads how far the writer has come. Only the condition WriteSucceeded
// tells: Ready was set before anything was written until February 2026, and it
// stays False on a misplaced WorkPlacement, which is written like any other.
// Releases before May 2025 tell nothing at all.
func (p *Placed) written(conditions []metav1.Condition) {
	c := meta.FindStatusCondition(conditions, condWritten)
	switch {
	case c == nil:
		p.State = StatePlaced
		p.Silent = condition(conditions, condScheduled, condReady) == nil && condition(conditions, condOldMisscheduled) != nil
	case c.Status == metav1.ConditionTrue:
		p.State = StateWritten
		p.WrittenAt = moment(c.LastTransitionTime)
	case c.Status == metav1.ConditionFalse:
		p.State = StateWriteFailed
		p.Message = c.Message
	default:
		p.State = StatePlaced
	}
}

// moment gives a time, or nil for none.
func moment(t metav1.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t.Time
}

// misplacedByCondition says whether the conditions say misplaced.
func misplacedByCondition(conditions []metav1.Condition) bool {
	return slices.ContainsFunc(conditions, func(c metav1.Condition) bool {
		return c.Type == condScheduled && c.Status == metav1.ConditionFalse && c.Reason == "DestinationSelectorMismatch" ||
			c.Type == condOldMisscheduled && c.Status == metav1.ConditionTrue
	})
}

// ownerOf tells what a Work or a WorkPlacement was made for. Labels tell less
// than the spec where releases were older.
func ownerOf(labels map[string]string, namespace, promise, resource string) Owner {
	o := Owner{Type: api.WorkType(labels[api.LabelWorkType]), Promise: promise}
	if o.Promise == "" {
		o.Promise = labels[api.LabelPromiseName]
	}
	if resource == "" {
		resource = labels[api.LabelResourceName]
	}
	if resource == "" {
		if o.Type == "" {
			o.Type = api.WorkTypePromise
		}
		return o
	}
	o.Type, o.Name, o.Namespace = api.WorkTypeResource, resource, namespace
	if own := labels[api.LabelResourceNamespace]; own != "" { // the Promise has a pipelineNamespace
		o.Namespace = own
	}
	return o
}
