// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/yamldoc"
)

// A job checks what the API server would say of the Job that Kratix builds
// from a Pipeline: Kratix' webhook makes a dry run of it (ae170e22). Each rule
// has two addresses, that of the author's field and that of the Job's.
type job struct {
	promise *Promise
	ref     WorkflowRef
	found   []diag.Finding
}

// A spot is a field of the Pipeline and the field of the Job it becomes.
type spot struct {
	field string
	job   *field.Path
}

func (s spot) child(name string) spot { return spot{yamldoc.Join(s.field, name), s.job.Child(name)} }
func (s spot) key(name string) spot   { return spot{yamldoc.Join(s.field, name), s.job.Key(name)} }

// item is an item of a list in front of which Kratix puts some of its own.
func (s spot) item(i, before int) spot {
	return spot{yamldoc.Index(s.field, i), s.job.Index(i + before)}
}

// What Kratix puts in front of the author's own.
const (
	kratixContainers = 1  // reader
	kratixMounts     = 3  // input, output, metadata
	kratixEnv        = 11 // KRATIX_*
)

// kratixVolumes are in front of the author's volumes. Only a configure Pipeline
// schedules anything.
func kratixVolumes(a api.WorkflowAction) []string {
	volumes := []string{"shared-input", "shared-output", "shared-metadata"}
	if a == api.ActionConfigure {
		return append([]string{"promise-scheduling"}, volumes...)
	}
	return volumes
}

// ReservedContainers are the names of Kratix' own containers in a Pod.
func ReservedContainers(a api.WorkflowAction) []string {
	if a == api.ActionConfigure {
		return []string{"reader", "work-writer", "status-writer"}
	}
	return []string{"reader", "status-writer"}
}

func (p *Promise) checkJob(ref WorkflowRef, at string, pipeline api.Pipeline) []diag.Finding {
	j := &job{promise: p, ref: ref}
	spec := spot{at + ".spec", field.NewPath("spec", "template", "spec")}
	volumes := j.volumes(spec.child("volumes"), pipeline.Spec.Volumes)
	j.containers(spec, pipeline.Spec.Containers, volumes)
	j.restartPolicy(spec.child("restartPolicy"), pipeline.Spec.RestartPolicy)
	j.pod(spec, at, pipeline)
	return j.found
}

// refuse reports one error of the API server in the author's terms.
func (j *job) refuse(s spot, err *field.Error, message, hint string) {
	f := j.promise.finding(s.field, refusal(message, generating(j.ref)+" "+err.Error()))
	f.Hint = hint
	j.found = append(j.found, f)
}

// invalid reports a value that is not valid for a reason that Kubernetes gives.
func (j *job) invalid(s spot, value any, reason string) {
	j.refuse(s, field.Invalid(s.job, value, reason), fmt.Sprintf("%q is not valid here", fmt.Sprint(value)), "")
}

func (j *job) containers(spec spot, containers []api.Container, volumes []string) {
	seen := map[string]bool{"reader": true}
	list := spot{spec.field + ".containers", spec.job.Child("initContainers")}
	for i, c := range containers {
		s := list.item(i, kratixContainers)
		name := s.child("name")
		if c.Name == "work-writer" && !seen[c.Name] { // the second of two is the duplicate, and that is Kratix'
			name.job = list.job.Index(len(containers) + kratixContainers).Child("name")
		}
		j.containerName(name, c, seen)
		j.image(s.child("image"), c)
		j.env(s, c)
		j.mounts(s.child("volumeMounts"), c.VolumeMounts, volumes)
		j.pullPolicy(s.child("imagePullPolicy"), c.ImagePullPolicy)
		j.resources(s.child("resources"), c.Resources)
		j.security(s.child("securityContext"), c.SecurityContext)
	}
}

func (j *job) containerName(s spot, c api.Container, seen map[string]bool) {
	reserved := ReservedContainers(j.ref.Action)
	switch wrong := validation.IsDNS1123Label(c.Name); {
	case c.Name == "":
		j.refuse(s, field.Required(s.job, ""), "the container has no name", "name: "+nameHint(c.Image))
	case len(wrong) > 0:
		j.refuse(s, field.Invalid(s.job, c.Name, wrong[0]), fmt.Sprintf("%q is no valid container name", c.Name), labelHint(c.Name))
	case slices.Contains(reserved, c.Name):
		j.refuse(s, field.Duplicate(s.job, c.Name),
			fmt.Sprintf("Kratix has a container %q of its own in this Pod", c.Name), "use any name but "+strings.Join(reserved, ", "))
	case seen[c.Name]:
		j.refuse(s, field.Duplicate(s.job, c.Name),
			fmt.Sprintf("another container of the Pipeline is named %q", c.Name), "give each container its own name")
	}
	seen[c.Name] = true
}

// nameHint is the last part of an image's repository, as a container's name.
func nameHint(image string) string {
	image = image[strings.LastIndex(image, "/")+1:]
	image, _, _ = strings.Cut(image, "@")
	image, _, _ = strings.Cut(image, ":")
	if name := DNSLabel(image); name != "" {
		return name
	}
	return "my-step"
}

func (j *job) image(s spot, c api.Container) {
	switch {
	case c.Image == "":
		j.refuse(s, field.Required(s.job, ""), "the container has no image", "image: ghcr.io/acme/my-step:v0.1.0")
	case strings.TrimSpace(c.Image) != c.Image:
		j.invalid(s, c.Image, "must not have leading or trailing whitespace")
	case !imageReference().MatchString(c.Image):
		f := j.promise.finding(s.field, fmt.Sprintf("%q is no image reference: Kratix takes it, and the Pod never starts (InvalidImageName)", c.Image))
		f.Hint = "write it as REGISTRY/NAME:TAG in lower case, as in ghcr.io/acme/my-step:v0.1.0"
		j.found = append(j.found, f)
	}
}

// imageReference matches what container runtimes take for the name of an
// image: registry, repository, tag and digest, of which only the repository has
// to be there.
func imageReference() *regexp.Regexp {
	const (
		label      = `[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`
		registry   = `(?:(?:` + label + `(?:\.` + label + `)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?`
		part       = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
		repository = part + `(?:/` + part + `)*`
		tag        = `(?::\w[\w.-]{0,127})?`
		digest     = `(?:@[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,})?`
	)
	return regexp.MustCompile(`^` + registry + repository + tag + digest + `$`)
}

func (j *job) env(container spot, c api.Container) {
	for i, e := range c.Env {
		s := container.child("env").item(i, kratixEnv)
		if e.Name == "" {
			j.refuse(s.child("name"), field.Required(s.job.Child("name"), ""), "the variable has no name", "")
		} else if wrong := validation.IsRelaxedEnvVarName(e.Name); len(wrong) > 0 {
			j.invalid(s.child("name"), e.Name, wrong[0])
		}
		j.valueFrom(s, e)
	}
	for i, from := range c.EnvFrom {
		s := container.child("envFrom").item(i, 0)
		switch {
		case from.ConfigMapRef != nil && from.SecretRef != nil:
			j.refuse(s, field.Invalid(s.job, "", "may not have more than one field specified at a time"), "only one source is possible", "")
		case from.ConfigMapRef == nil && from.SecretRef == nil:
			j.refuse(s, field.Invalid(s.job, "", "must specify one of: `configMapRef` or `secretRef`"), "the source is missing", "add configMapRef or secretRef")
		}
	}
}

func (j *job) valueFrom(s spot, e corev1.EnvVar) {
	if e.ValueFrom == nil {
		return
	}
	from := s.child("valueFrom")
	sources := 0
	for _, set := range []bool{
		e.ValueFrom.FieldRef != nil, e.ValueFrom.ResourceFieldRef != nil, e.ValueFrom.ConfigMapKeyRef != nil,
		e.ValueFrom.SecretKeyRef != nil, e.ValueFrom.FileKeyRef != nil,
	} {
		if set {
			sources++
		}
	}
	switch {
	case sources == 0:
		j.refuse(from, field.Invalid(from.job, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"),
			"the source is missing", "add fieldRef, configMapKeyRef or secretKeyRef")
	case e.Value != "":
		j.refuse(from, field.Invalid(from.job, "", "may not be specified when `value` is not empty"), "the variable has a value too", "remove one of value and valueFrom")
	case sources > 1:
		j.refuse(from, field.Invalid(from.job, "", "may not have more than one field specified at a time"), "only one source is possible", "")
	}
}

func (j *job) mounts(list spot, mounts []corev1.VolumeMount, volumes []string) {
	seen := map[string]bool{"/kratix/input": true, "/kratix/output": true, "/kratix/metadata": true}
	own := maps.Clone(seen)
	for i, m := range mounts {
		s := list.item(i, kratixMounts)
		switch {
		case m.Name == "":
			j.refuse(s.child("name"), field.Required(s.job.Child("name"), ""), "the mount names no volume", "")
		case !slices.Contains(volumes, m.Name):
			j.refuse(s.child("name"), field.NotFound(s.job.Child("name"), m.Name),
				fmt.Sprintf("the Pipeline has no volume %q", m.Name), diag.DidYouMean(m.Name, volumes))
		}
		path := s.child("mountPath")
		switch {
		case m.MountPath == "":
			j.refuse(path, field.Required(path.job, ""), "the mount has no path", "mountPath: /mnt/"+m.Name)
		case own[m.MountPath]:
			j.refuse(path, field.Invalid(path.job, m.MountPath, "must be unique"),
				"Kratix mounts a directory of its own at "+m.MountPath, "mount it elsewhere, as at /mnt/"+m.Name)
		case seen[m.MountPath]:
			j.refuse(path, field.Invalid(path.job, m.MountPath, "must be unique"), "something else is mounted at "+m.MountPath, "")
		}
		seen[m.MountPath] = true
		j.subPath(s, m)
	}
}

func (j *job) subPath(s spot, m corev1.VolumeMount) {
	if m.SubPath != "" && m.SubPathExpr != "" {
		expr := s.child("subPathExpr")
		j.refuse(expr, field.Invalid(expr.job, m.SubPathExpr, "subPathExpr and subPath are mutually exclusive"), "the mount has a subPath too", "")
	}
	j.relative(s.child("subPath"), m.SubPath)
	j.relative(s.child("subPathExpr"), m.SubPathExpr)
}

func (j *job) relative(s spot, path string) {
	switch {
	case strings.HasPrefix(path, "/"):
		j.invalid(s, path, "must be a relative path")
	case slices.Contains(strings.Split(path, "/"), ".."):
		j.invalid(s, path, "must not contain '..'")
	}
}

func (j *job) pullPolicy(s spot, policy corev1.PullPolicy) {
	valid := []corev1.PullPolicy{corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever}
	if policy != "" && !slices.Contains(valid, policy) {
		j.refuse(s, field.NotSupported(s.job, policy, valid), fmt.Sprintf("there is no pull policy %q", policy), "use Always, IfNotPresent or Never")
	}
}

func (j *job) resources(s spot, r *corev1.ResourceRequirements) {
	if r == nil {
		return
	}
	j.quantities(s.child("limits"), r.Limits)
	j.quantities(s.child("requests"), r.Requests)
	for _, name := range slices.Sorted(maps.Keys(r.Requests)) {
		request := r.Requests[name]
		limit, ok := r.Limits[name]
		if !ok || request.Cmp(limit) <= 0 {
			continue
		}
		requests := s.child("requests")
		j.refuse(requests.key(string(name)), field.Invalid(requests.job, request.String(),
			fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String())),
			fmt.Sprintf("the container requests more %s than its limit", name), fmt.Sprintf("request %s or less", limit.String()))
	}
}

func (j *job) quantities(s spot, quantities corev1.ResourceList) {
	known := []string{string(corev1.ResourceCPU), string(corev1.ResourceMemory), string(corev1.ResourceEphemeralStorage)}
	for _, name := range slices.Sorted(maps.Keys(quantities)) {
		bare := !strings.Contains(string(name), "/") && !strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
		if at := s.key(string(name)); bare && !slices.Contains(known, string(name)) {
			j.refuse(at, field.Invalid(at.job, name, "must be a standard resource for containers"),
				fmt.Sprintf("a container has no resource %q", name), diag.DidYouMean(string(name), known))
		}
		if q := quantities[name]; q.Cmp(resource.Quantity{}) < 0 {
			j.invalid(s.key(string(name)), q.String(), "must be greater than or equal to 0")
		}
	}
}

func (j *job) security(s spot, sc *corev1.SecurityContext) {
	if sc == nil {
		return
	}
	j.userID(s.child("runAsUser"), sc.RunAsUser)
	j.userID(s.child("runAsGroup"), sc.RunAsGroup)
	if sc.AllowPrivilegeEscalation == nil || *sc.AllowPrivilegeEscalation {
		return
	}
	if sc.Privileged != nil && *sc.Privileged {
		j.refuse(s, field.Invalid(s.job, sc, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"),
			"a privileged container cannot forbid privilege escalation", "remove one of privileged and allowPrivilegeEscalation")
	}
	if sc.Capabilities != nil && slices.Contains(sc.Capabilities.Add, "CAP_SYS_ADMIN") {
		j.refuse(s, field.Invalid(s.job, sc, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"),
			"a container with CAP_SYS_ADMIN cannot forbid privilege escalation", "remove one of the two")
	}
}

func (j *job) userID(s spot, id *int64) {
	if id != nil && (*id < 0 || *id > math.MaxInt32) {
		j.invalid(s, *id, "must be between 0 and 2147483647, inclusive")
	}
}

func (j *job) restartPolicy(s spot, policy corev1.RestartPolicy) {
	valid := []corev1.RestartPolicy{corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}
	if policy != "" && !slices.Contains(valid, policy) {
		j.refuse(s, field.NotSupported(s.job, policy, valid),
			fmt.Sprintf("a Job's Pods cannot have the restart policy %q", policy), "use OnFailure (the default) or Never")
	}
}
