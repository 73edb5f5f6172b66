// SPDX-License-Identifier: Apache-2.0

package diag

import (
	"errors"
	"slices"
)

// Reworded gives err with all its texts rewritten, those of its findings and
// hints too; its class stays. What err wraps can no longer be reached then; an
// err that rewrite leaves as it is comes back itself.
func Reworded(err error, rewrite func(string) string) error {
	if err == nil {
		return nil
	}
	findings := slices.Clone(Findings(err))
	changed := rewrite(err.Error()) != err.Error()
	for i := range findings {
		f := &findings[i]
		for _, text := range []*string{&f.File, &f.Field, &f.Message, &f.Hint} {
			changed = changed || rewrite(*text) != *text
			*text = rewrite(*text)
		}
	}
	fresh := errors.New(rewrite(err.Error()))
	if len(findings) > 0 {
		fresh = &problemsError{rewrite(What(err)), findings}
	}
	known := Hints(fresh)
	for _, hint := range slices.Backward(Hints(err)) {
		changed = changed || rewrite(hint) != hint
		if hint = rewrite(hint); !slices.Contains(known, hint) {
			fresh = Hint(fresh, hint)
		}
	}
	if !changed {
		return err
	}
	return classify(fresh, ExitCode(err))
}
