// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Security is the part of a container's securityContext that an engine acts
// on. The zero value is what a container without one gets: the image's user, a
// writable root file system, the capabilities and the seccomp filter that
// container runtimes have as their defaults.
type Security struct {
	RunAsUser              *int64
	RunAsGroup             *int64
	RunAsNonRoot           bool
	ReadOnlyRootFilesystem bool

	// NoNewPrivileges is set where allowPrivilegeEscalation is false: no
	// setuid program gives the step more rights than it starts with.
	NoNewPrivileges bool

	// Privileged asks for all capabilities and no filter. An engine gives them
	// inside the container's own namespaces and never gives the machine away:
	// a step is something that somebody tries out on a laptop.
	Privileged bool

	// AddCapabilities and DropCapabilities are names as Kubernetes has them,
	// such as "NET_ADMIN", or "ALL"; see [Security.Capabilities].
	AddCapabilities  []string
	DropCapabilities []string

	Seccomp Seccomp
}

// Seccomp says which system calls a container may make.
type Seccomp string

// The seccomp profiles. Kubernetes leaves it to each kubelet's seccompDefault
// which of them a container without a profile gets. Here it is the filter: it
// is what many clusters do, and what passes with it passes without it.
const (
	SeccompRuntimeDefault Seccomp = "" // the filter that container runtimes have as their default
	SeccompUnconfined     Seccomp = "Unconfined"
)

// Unconfined tells that no filter of system calls is wanted.
func (s Security) Unconfined() bool { return s.Privileged || s.Seccomp == SeccompUnconfined }

// Capabilities lists the capabilities that a container's root has and no other
// user of it can get beyond, in the order of [CapabilityNames]: what container
// runtimes give, with additions and omissions made in their order. Dropping ALL
// comes before the additions, whatever the order in the Pipeline.
func (s Security) Capabilities() []string {
	has := map[string]bool{}
	set := func(names []string, to bool) {
		for _, name := range names {
			has[strings.ToUpper(name)] = to
		}
	}
	all := CapabilityNames()
	set(defaultCapabilities(), true)
	if s.Privileged || hasAll(s.AddCapabilities) {
		set(all, true)
	}
	if !s.Privileged && hasAll(s.DropCapabilities) {
		set(all, false)
	}
	if !s.Privileged {
		set(s.AddCapabilities, true)
		set(s.DropCapabilities, false)
	}
	return slices.DeleteFunc(all, func(name string) bool { return !has[name] })
}

func hasAll(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, "ALL") })
}

// defaultCapabilities are those that container runtimes give to a container's
// root.
func defaultCapabilities() []string {
	return []string{
		"CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
		"NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
	}
}

// CapabilityNames lists the capabilities of Linux, named as Kubernetes does,
// each at the place of its number.
func CapabilityNames() []string {
	return []string{
		"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
		"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
		"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
		"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
		"MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
		"CHECKPOINT_RESTORE",
	}
}

// security reads a securityContext. Everything in it is honoured, refused or
// warned of.
func (p *planner) security(s *corev1.SecurityContext, field string) Security {
	if s == nil {
		return Security{}
	}
	field += ".securityContext"
	p.checkID(s.RunAsUser, field+".runAsUser")
	p.checkID(s.RunAsGroup, field+".runAsGroup")
	p.warnOfHost(s, field)
	made := Security{
		RunAsUser:              s.RunAsUser,
		RunAsGroup:             s.RunAsGroup,
		RunAsNonRoot:           isTrue(s.RunAsNonRoot),
		ReadOnlyRootFilesystem: isTrue(s.ReadOnlyRootFilesystem),
		NoNewPrivileges:        s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation,
		Privileged:             isTrue(s.Privileged),
		Seccomp:                p.seccomp(s.SeccompProfile, field+".seccompProfile"),
	}
	if c := s.Capabilities; c != nil {
		made.AddCapabilities = p.capabilities(c.Add, field+".capabilities.add")
		made.DropCapabilities = p.capabilities(c.Drop, field+".capabilities.drop")
	}
	p.checkEscalation(s, field)
	return made
}

func isTrue(b *bool) bool { return b != nil && *b }

// checkID refuses what the API server refuses.
func (p *planner) checkID(id *int64, field string) {
	if id != nil && (*id < 0 || *id > math.MaxInt32) {
		p.refuse(field, fmt.Errorf("%d is not between 0 and %d", *id, math.MaxInt32))
	}
}

// checkEscalation refuses, as the API server does, to keep a container from
// what another field gives it.
func (p *planner) checkEscalation(s *corev1.SecurityContext, field string) {
	if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation {
		return
	}
	if isTrue(s.Privileged) {
		p.refuse(field, errors.New("cannot set `allowPrivilegeEscalation` to false and `privileged` to true"))
	}
	if s.Capabilities != nil && slices.Contains(s.Capabilities.Add, "CAP_SYS_ADMIN") {
		p.refuse(field, errors.New("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"))
	}
}

func (p *planner) seccomp(profile *corev1.SeccompProfile, field string) Seccomp {
	if profile == nil {
		return SeccompRuntimeDefault
	}
	switch profile.Type {
	case corev1.SeccompProfileTypeRuntimeDefault:
		return SeccompRuntimeDefault
	case corev1.SeccompProfileTypeUnconfined:
		return SeccompUnconfined
	case corev1.SeccompProfileTypeLocalhost:
		p.refuse(field+".type", errors.New("Localhost names a file of the cluster's nodes, which a local run does not have")) //nolint:staticcheck // the value's name
	default:
		p.refuse(field+".type", fmt.Errorf("%q is none of RuntimeDefault, Unconfined and Localhost", profile.Type))
	}
	return ""
}

// capabilities reads a list of capabilities. Names that no container runtime
// knows have no effect in a cluster either.
func (p *planner) capabilities(names []corev1.Capability, field string) []string {
	var list []string
	for i, n := range names {
		name, at := string(n), fmt.Sprintf("%s[%d]", field, i)
		bare, prefixed := strings.CutPrefix(strings.ToUpper(name), "CAP_")
		known := bare == "ALL" || slices.Contains(CapabilityNames(), bare)
		switch {
		case known && !prefixed:
			list = append(list, bare)
		case known:
			p.warn(at, fmt.Errorf("%s has no effect: Kubernetes writes it %s", name, bare))
		default:
			p.warn(at, fmt.Errorf("%s has no effect: there is no such capability", name))
		}
	}
	return list
}

// warnOfHost tells of all that depends on a node of the cluster.
func (p *planner) warnOfHost(s *corev1.SecurityContext, field string) {
	if isTrue(s.Privileged) {
		p.warn(field+".privileged", errors.New("a local run gives all capabilities inside the container only, and none of the machine's devices"))
	}
	if s.ProcMount != nil && *s.ProcMount != corev1.DefaultProcMount {
		p.refuse(field+".procMount", fmt.Errorf("%s takes hostUsers: false, which a Pipeline cannot set", *s.ProcMount))
	}
	if a := s.AppArmorProfile; a != nil && a.Type != corev1.AppArmorProfileTypeUnconfined {
		p.warn(field+".appArmorProfile", errors.New("a local run has no AppArmor profile"))
	}
	if s.SELinuxOptions != nil {
		p.warn(field+".seLinuxOptions", errors.New("a local run has no SELinux label"))
	}
	if s.WindowsOptions != nil {
		p.warn(field+".windowsOptions", errors.New("a local run has Linux containers only"))
	}
}
