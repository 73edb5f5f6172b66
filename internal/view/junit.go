// SPDX-License-Identifier: Apache-2.0

package view

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kratix-tools/kratix/internal/compare"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/suite"
	"github.com/kratix-tools/kratix/internal/term"
)

// JUnit writes a report in the XML that CI systems read: a testsuite for each
// workflow directory, a testcase for each case, and with it what the terminal
// shows of it. A case that could not be run is an error and no failure.
func JUnit(w io.Writer, r *suite.Report) error {
	data, err := xml.MarshalIndent(newJUnit(r), "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, data)
	return err
}

type (
	junitReport struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitCounts
		Suites []*junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitCounts struct {
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     milliseconds `xml:"time,attr"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string       `xml:"name,attr"`
		Class     string       `xml:"classname,attr"`
		Time      milliseconds `xml:"time,attr"`
		Failure   *junitResult `xml:"failure"`
		Error     *junitResult `xml:"error"`
		Skipped   *junitResult `xml:"skipped"`
		SystemOut *junitText   `xml:"system-out"`
	}
	junitResult struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"`
	}
	junitText struct {
		Text string `xml:",cdata"`
	}
)

// A number of milliseconds, which JUnit has as seconds.
type milliseconds int64

func (m milliseconds) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", float64(m)/1000), nil
}

func newJUnit(r *suite.Report) *junitReport {
	all := &junitReport{Name: legible(r.Promise)}
	suites := map[string]*junitSuite{}
	for _, c := range r.Cases {
		workflow, name, _ := strings.Cut(c.Name, "/")
		s := suites[workflow]
		if s == nil {
			s = &junitSuite{Name: legible(workflow), Properties: properties(r.Environment)}
			suites[workflow] = s
			all.Suites = append(all.Suites, s)
		}
		result := newJUnitCase(r, c)
		result.Name, result.Class = legible(name), legible(r.Promise+"."+workflow)
		s.Cases = append(s.Cases, result)
		s.add(result)
		all.add(result)
	}
	all.Time = milliseconds(r.Summary.DurationMS) // cases run side by side
	return all
}

func properties(e suite.Environment) []junitProperty {
	properties := []junitProperty{{"engine", e.Engine}}
	if e.Platform != "" {
		properties = append(properties, junitProperty{"platform", e.Platform})
	}
	return properties
}

func newJUnitCase(r *suite.Report, c suite.Case) junitCase {
	shown := plain(r, c)
	result := &junitResult{Message: shown.outcome, Type: string(c.Reason), Text: shown.details}
	j := junitCase{Time: milliseconds(c.DurationMS)}
	if out := shown.warnings + shown.places; out != "" {
		j.SystemOut = &junitText{out}
	}
	switch {
	case c.Result == compare.Skipped:
		j.Skipped = result
	case c.Err != nil:
		j.Error = result
	case c.Result == compare.Failed:
		j.Failure = result
	}
	return j
}

func (n *junitCounts) add(c junitCase) {
	n.Tests++
	n.Time += c.Time
	switch {
	case c.Failure != nil:
		n.Failures++
	case c.Error != nil:
		n.Errors++
	case c.Skipped != nil:
		n.Skipped++
	}
}

// A plainCase is what the terminal shows of a case, without colour and with
// nothing that a file of text or XML cannot hold.
type plainCase struct{ outcome, details, warnings, places string }

func plain(r *suite.Report, c suite.Case) plainCase {
	var b strings.Builder
	t := NewTests(term.Stream{Writer: &b}, r.Promise, r.Environment, nil, TestsOptions{Jobs: 1})
	taken := func(show func()) string {
		b.Reset()
		show()
		return legible(b.String())
	}
	shown := plainCase{outcome: legible(t.outcome(c))}
	if t.wrong(c) {
		shown.details = taken(func() { t.details(c) })
	}
	for _, f := range warnings(c) {
		shown.warnings += legible("warning: " + coded(f) + "\n")
	}
	shown.places = taken(func() {
		for _, p := range c.Placements {
			t.v.places(p, "")
		}
	})
	return shown
}

// warnings are those findings of a case that are more than risks.
func warnings(c suite.Case) []diag.Finding {
	var all []diag.Finding
	for _, f := range c.Warnings {
		if f.Severity != diag.SeverityNote {
			all = append(all, f)
		}
	}
	return all
}

// legible writes control characters, bytes that are no UTF-8 and what else XML
// cannot hold as in a quoted string. Lines and tabs stay.
func legible(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if isText(r) && (r != utf8.RuneError || n > 1) {
			b.WriteString(s[:n])
		} else {
			quoted := strconv.QuoteToASCII(s[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

func isText(r rune) bool {
	return r == '\n' || r == '\t' || !unicode.IsControl(r) && r != 0xFFFE && r != 0xFFFF
}
