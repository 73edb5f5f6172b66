// SPDX-License-Identifier: Apache-2.0

package work

import (
	"fmt"

	"github.com/kratix-tools/kratix/internal/diag"
)

// A Failure is what Kratix' work-writer container says before it exits with
// status 1. Its text is that of the container's standard error, without the
// leading "Error: ".
type Failure struct {
	Text string
	// Code is the rule that was broken, such as "O1" or "M2"; empty if there
	// is none.
	Code string
}

// Error gives the words of Kratix.
func (f *Failure) Error() string { return "work creator execution failed: " + f.Text }

// failed makes an answer of the words of Kratix and advice on what to do.
func failed(code, hint, format string, args ...any) error {
	return diag.Answer(diag.Hint(&Failure{Text: fmt.Sprintf(format, args...), Code: code}, hint))
}
