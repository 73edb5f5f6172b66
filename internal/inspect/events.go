// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// wireEvent is an event of either of the two APIs that serve events.
type wireEvent struct {
	Metadata       metav1.ObjectMeta `json:"metadata"`
	Type           string            `json:"type"`
	Reason         string            `json:"reason"`
	Note           string            `json:"note"`
	Message        string            `json:"message"`
	Regarding      reference         `json:"regarding"`
	InvolvedObject reference         `json:"involvedObject"`
	EventTime      *metav1.MicroTime `json:"eventTime"`
	Series         *struct {
		Count            int              `json:"count"`
		LastObservedTime metav1.MicroTime `json:"lastObservedTime"`
	} `json:"series"`
	Count           int          `json:"count"`
	DeprecatedCount int          `json:"deprecatedCount"`
	FirstTimestamp  *metav1.Time `json:"firstTimestamp"`
	LastTimestamp   *metav1.Time `json:"lastTimestamp"`
	DeprecatedFirst *metav1.Time `json:"deprecatedFirstTimestamp"`
	DeprecatedLast  *metav1.Time `json:"deprecatedLastTimestamp"`
}

type reference struct{ Kind, Namespace, Name string }

// event gives it in one form.
func (w *wireEvent) event() Event {
	about := reference{
		cmp.Or(w.Regarding.Kind, w.InvolvedObject.Kind), "", cmp.Or(w.Regarding.Name, w.InvolvedObject.Name),
	}
	e := Event{
		Type: w.Type, Reason: w.Reason, Message: strings.TrimSpace(cmp.Or(w.Note, w.Message)), Object: about.Kind + "/" + about.Name,
		Count: max(1, w.Count, w.DeprecatedCount),
	}
	e.FirstSeen = earliest(w.Metadata.CreationTimestamp.Time, w.EventTime, w.DeprecatedFirst, w.FirstTimestamp)
	e.LastSeen = e.FirstSeen
	for _, t := range []*metav1.Time{w.DeprecatedLast, w.LastTimestamp} {
		if t != nil && t.After(e.LastSeen) {
			e.LastSeen = t.Time
		}
	}
	if w.Series != nil {
		e.Count = max(e.Count, w.Series.Count)
		if w.Series.LastObservedTime.After(e.LastSeen) {
			e.LastSeen = w.Series.LastObservedTime.Time
		}
	}
	return e
}

// earliest gives the first time that is set, the most exact first.
func earliest(created time.Time, exact *metav1.MicroTime, others ...*metav1.Time) time.Time {
	if exact != nil && !exact.IsZero() {
		return exact.Time
	}
	for _, t := range others {
		if t != nil && !t.IsZero() {
			return t.Time
		}
	}
	return created
}

// events gives the events about objects of one kind, with equal ones folded,
// the oldest first. They are no evidence that anything depends on: they expire,
// and whoever may not read them still gets an answer. The older API is asked
// where the newer one has none.
func (f *facts) events(ctx context.Context, kind, namespace string, names ...string) ([]Event, error) {
	events := []Event{}
	for _, name := range names {
		found, err := f.eventsOf(ctx, Events, "regarding.name="+name, kind, namespace)
		if err == nil && len(found) == 0 {
			found, err = f.eventsOf(ctx, CoreEvents, "involvedObject.name="+name, kind, namespace)
		}
		if err != nil {
			return nil, err
		}
		events = append(events, found...)
	}
	return fold(events), nil
}

func (f *facts) eventsOf(ctx context.Context, r Resource, field, kind, namespace string) ([]Event, error) {
	quiet := facts{source: f.source}
	wire, _, err := list[wireEvent](ctx, &quiet, r, Query{Namespace: namespace, Fields: field})
	for _, u := range quiet.unknown {
		if u.Reason == "forbidden" {
			f.add(u)
		}
	}
	var events []Event
	for i := range wire {
		if e := wire[i].event(); strings.HasPrefix(e.Object, kind+"/") {
			events = append(events, e)
		}
	}
	return events, err
}

// fold makes one of events that say the same of one object.
func fold(events []Event) []Event {
	folded := []Event{}
	for _, e := range events {
		i := slices.IndexFunc(folded, func(o Event) bool {
			return o.Type == e.Type && o.Reason == e.Reason && o.Message == e.Message && o.Object == e.Object
		})
		if i < 0 {
			folded = append(folded, e)
			continue
		}
		same := &folded[i]
		same.Count += e.Count
		if e.FirstSeen.Before(same.FirstSeen) {
			same.FirstSeen = e.FirstSeen
		}
		if e.LastSeen.After(same.LastSeen) {
			same.LastSeen = e.LastSeen
		}
	}
	slices.SortStableFunc(folded, func(a, b Event) int {
		return cmp.Or(a.LastSeen.Compare(b.LastSeen), a.FirstSeen.Compare(b.FirstSeen), strings.Compare(a.Object, b.Object), strings.Compare(a.Reason, b.Reason), strings.Compare(a.Message, b.Message))
	})
	return folded
}
