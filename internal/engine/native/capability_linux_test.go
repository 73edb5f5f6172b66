// SPDX-License-Identifier: Apache-2.0

package native

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kratix-tools/kratix/internal/workflow"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		security workflow.Security
		bounding uint64
	}{
		{"the usual ones", workflow.Security{}, 0xa80425fb},
		{"none", workflow.Security{DropCapabilities: []string{"ALL"}}, 0},
		{"one", workflow.Security{DropCapabilities: []string{"ALL"}, AddCapabilities: []string{"CHOWN"}}, 1},
		{"one more", workflow.Security{AddCapabilities: []string{"NET_ADMIN"}}, 0xa80435fb},
		{"all", workflow.Security{AddCapabilities: []string{"ALL"}}, 1<<41 - 1},
		{"privileged", workflow.Security{Privileged: true}, 1<<41 - 1},
	} {
		for _, user := range []int64{0, 1000} {
			t.Run(fmt.Sprintf("%s as %d", tt.name, user), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, v1.Config{})
				c := step("status CapInh CapPrm CapEff CapBnd CapAmb")
				c.Security = tt.security
				c.Security.RunAsUser = &user
				start := tt.bounding
				if user != 0 {
					start = 0
				}
				want := fmt.Sprintf("CapInh %016x\nCapPrm %016x\nCapEff %016x\nCapBnd %016x\nCapAmb %016x\n", 0, start, start, tt.bounding, 0)
				if diff := cmp.Diff(result{Stdout: want}, w.run(c)); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
	}
}

// Capabilities that are for changing namespaces work on the step's own, and on
// nothing of the machine's.
func TestAddedCapabilitiesAreGoodForTheStepsNamespacesOnly(t *testing.T) {
	t.Parallel()
	const setMTU = "mtu lo 1400"
	for _, tt := range []struct {
		name     string
		security workflow.Security
		commands []string
		want     string
	}{
		{"not by default", workflow.Security{}, []string{"not mount /tmp", "not " + setMTU, "not sethostname x"}, "refused: mount\nrefused: mtu\nrefused: sethostname\n"},
		{"SYS_ADMIN", workflow.Security{AddCapabilities: []string{"SYS_ADMIN"}}, []string{"mount /tmp", "sethostname x", "hostname"}, "x\n"},
		{"NET_ADMIN", workflow.Security{AddCapabilities: []string{"NET_ADMIN"}}, []string{setMTU, "loopback", "not mount /tmp"}, "refused: mount\n"},
		{
			"privileged",
			workflow.Security{Privileged: true},
			[]string{"mount /tmp", setMTU, "loopback", "hostname", "not cat /etc/shadow", "not write /proc/sysrq-trigger h", "not mknod /tmp/null"},
			"step-host\nrefused: cat\nrefused: write\nrefused: mknod\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, v1.Config{})
			c := step(tt.commands...)
			c.Security = tt.security
			if diff := cmp.Diff(result{Stdout: tt.want}, w.run(c)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	w := newWorld(t, v1.Config{})
	c := step("not "+setMTU, "loopback")
	c.Security, c.Network = workflow.Security{Privileged: true}, workflow.NetworkHost
	if diff := cmp.Diff(result{Stdout: "refused: mtu\n"}, w.run(c)); diff != "" {
		t.Errorf("with the machine's network (-want +got)\n%s", diff)
	}
}

// A setuid program of an image makes its user the container's root, unless
// allowPrivilegeEscalation is false.
func TestPrivilegeEscalation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, v1.Config{}, layer(t, file{name: "usr/"}, file{name: "usr/su", content: readStep(t), mode: 0o4755}))
	user := int64(1000)
	for _, tt := range []struct {
		name string
		no   bool
		want string
	}{
		{"allowed", false, "NoNewPrivs 0\nuid 0 CapEff 00000000a80425fb\n"},
		{"not allowed", true, "NoNewPrivs 1\nuid 1000 CapEff 0000000000000000\n"},
	} {
		c := step("status NoNewPrivs", "run /usr/su euid")
		c.Security = workflow.Security{RunAsUser: &user, NoNewPrivileges: tt.no}
		want := tt.want
		if w.mode == ModeSingle { // there is no other user
			want = strings.NewReplacer("uid 0", "uid 1000", "a80425fb", "00000000").Replace(want)
		}
		if diff := cmp.Diff(result{Stdout: want}, w.run(c)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}
