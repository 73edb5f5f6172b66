// SPDX-License-Identifier: Apache-2.0

package view

import (
	"encoding/json"
	"io"
	"sync"

	"github.com/kratix-tools/kratix/internal/fixture"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/workflow"
)

// Events writes a test run while it goes on, as a JSON object on each line: a
// TestStart, a TestStep when a step has ended, a TestCase when a case has, in
// the order of the cases, and a TestSummary. Without the last, the run was cut
// short. Fields are only ever added.
type Events struct {
	mu  sync.Mutex
	enc *json.Encoder
	err error
}

type event struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

type (
	startEvent struct {
		event
		Promise     string            `json:"promise"`
		Environment suite.Environment `json:"environment"`
		Cases       []string          `json:"cases"`
	}
	stepEvent struct {
		event
		Case     string `json:"case"`
		Pipeline string `json:"pipeline"`
		stepRun
	}
	caseEvent struct {
		event
		suite.Case
	}
	summaryEvent struct {
		event
		suite.Summary
	}
)

// NewEvents writes the start of a test run.
func NewEvents(w io.Writer, promise string, environment suite.Environment, cases []*fixture.Case) *Events {
	e := &Events{enc: json.NewEncoder(w)}
	e.enc.SetEscapeHTML(false)
	start := startEvent{newEvent("TestStart"), promise, environment, []string{}}
	for _, c := range cases {
		start.Cases = append(start.Cases, c.Name)
	}
	e.write(start)
	return e
}

func newEvent(kind string) event { return event{apiVersion, kind} }

// write writes an event as one line that no other breaks. What cannot be
// written is told by Sum.
func (e *Events) write(event any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.enc.Encode(event); e.err == nil {
		e.err = err
	}
}

// Observe makes an observer of a Pipeline's steps that writes them, too. As
// [suite.Suite] has it, next may be nil.
func (e *Events) Observe(next func(caseName, pipeline string) workflow.Observer) func(caseName, pipeline string) workflow.Observer {
	return func(caseName, pipeline string) workflow.Observer {
		var o workflow.Observer
		if next != nil {
			o = next(caseName, pipeline)
		}
		finished := o.StepFinished
		o.StepFinished = func(s workflow.Step) {
			if finished != nil {
				finished(s)
			}
			e.write(stepEvent{newEvent("TestStep"), caseName, pipeline, newStepRun(s)})
		}
		return o
	}
}

// Done writes the result of a case.
func (e *Events) Done(c suite.Case) { e.write(caseEvent{newEvent("TestCase"), c}) }

// Sum writes the end of the run. Its error is whatever could not be written.
func (e *Events) Sum(r *suite.Report) error {
	e.write(summaryEvent{newEvent("TestSummary"), r.Summary})
	return e.err
}
