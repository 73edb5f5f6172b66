// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"strings"
	"testing"

	"github.com/kratix-tools/kratix/internal/api"
)

func TestJobNamesAreCutAsKratixDoes(t *testing.T) {
	t.Parallel()
	name := func(promise, namespace string) string {
		return Identity{Type: api.WorkflowResource, Promise: promise, Name: "r", Namespace: "team", Pipeline: "p", PipelineNamespace: namespace}.jobName()
	}
	for _, tc := range []struct{ rule, got, want string }{
		{"the namespace counts if Jobs of several share one", name("a", "jobs"), "kratix-a-r-team-p-xxxxx"},
		{"and not otherwise", name("a", ""), "kratix-a-r-p-xxxxx"},
		{"57 bytes are kept", name(strings.Repeat("a", 46), ""), "kratix-" + strings.Repeat("a", 46) + "-r-p-xxxxx"},
		{"58 are cut to 56, and no dash stays at the end", name(strings.Repeat("a", 47), ""), "kratix-" + strings.Repeat("a", 47) + "-r-xxxxx"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", tc.rule, tc.got, tc.want)
		}
	}
	if host := (Identity{Promise: strings.Repeat("a", 80)}).hostname(); len(host) > 63 || strings.HasSuffix(host, "-") {
		t.Errorf("host name %q", host)
	}
}
