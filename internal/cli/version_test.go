// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVersionFrom(t *testing.T) {
	t.Parallel()
	type told struct{ Version, Commit, Date string }
	const hash = "5c1a2f0d9e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c"
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "vcs", Value: "git"},
			{Key: "vcs.revision", Value: hash},
			{Key: "vcs.time", Value: "2026-11-23T12:00:00Z"},
			{Key: "vcs.modified", Value: modified},
		}
	}
	for name, test := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     told
	}{
		"a release":                {"v1.2.3", vcs("false"), told{"v1.2.3", hash, "2026-11-23T12:00:00Z"}},
		"a checkout with changes":  {"v1.2.4-0.20261123120000-5c1a2f0d9e8b+dirty", vcs("true"), told{"v1.2.4-0.20261123120000-5c1a2f0d9e8b+dirty", hash + " (modified)", "2026-11-23T12:00:00Z"}},
		"go install of a release":  {"v1.2.3", nil, told{"v1.2.3", "unknown", "unknown"}},
		"go install of a commit":   {"v0.0.0-20261123120000-5c1a2f0d9e8b", nil, told{"v0.0.0-20261123120000-5c1a2f0d9e8b", "5c1a2f0d9e8b", "2026-11-23T12:00:00Z"}},
		"go install after v1.2.3":  {"v1.2.4-0.20261123120000-5c1a2f0d9e8b", nil, told{"v1.2.4-0.20261123120000-5c1a2f0d9e8b", "5c1a2f0d9e8b", "2026-11-23T12:00:00Z"}},
		"a build without its past": {"", nil, told{"(devel)", "unknown", "unknown"}},
	} {
		v := versionFrom(&debug.BuildInfo{Main: debug.Module{Version: test.version}, Settings: test.settings})
		if diff := cmp.Diff(test.want, told{v.Version, v.Commit, v.Date}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
