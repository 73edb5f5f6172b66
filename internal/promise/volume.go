// SPDX-License-Identifier: Apache-2.0

package promise

import (
	"fmt"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kratix-tools/kratix/internal/api"
)

// volumes checks the author's volumes and gives the names of all volumes of
// the Pod.
func (j *job) volumes(list spot, volumes []corev1.Volume) []string {
	kratix := kratixVolumes(j.ref.Action)
	names := slices.Clone(kratix)
	for i, v := range volumes {
		s := list.item(i, len(kratix))
		name := s.child("name")
		switch wrong := utilvalidation.IsDNS1123Label(v.Name); {
		case v.Name == "":
			j.refuse(name, field.Required(name.job, ""), "the volume has no name", "")
		case len(wrong) > 0:
			j.refuse(name, field.Invalid(name.job, v.Name, wrong[0]), fmt.Sprintf("%q is no valid volume name", v.Name), labelHint(v.Name))
		case slices.Contains(kratix, v.Name):
			j.refuse(name, field.Duplicate(name.job, v.Name), fmt.Sprintf("Kratix has a volume %q of its own in this Pod", v.Name), "use another name")
		case slices.Contains(names, v.Name):
			j.refuse(name, field.Duplicate(name.job, v.Name), fmt.Sprintf("another volume is named %q", v.Name), "give each volume its own name")
		}
		names = append(names, v.Name)
		j.volumeSource(s, v)
	}
	return names
}

// volumeSource checks that a volume has one source, and that the source says
// what it is a source of. A volume without any is an emptyDir.
func (j *job) volumeSource(s spot, v corev1.Volume) {
	sources := 0
	source := reflect.ValueOf(v.VolumeSource)
	for _, field := range source.Fields() {
		if field.Kind() == reflect.Pointer && !field.IsNil() {
			sources++
		}
	}
	if sources > 1 {
		j.refuse(s, field.Forbidden(s.job, "may not specify more than 1 volume type"), "a volume has only one source", "make it two volumes")
	}
	require := func(source, name, value string) {
		if c := s.child(source).child(name); value == "" {
			j.refuse(c, field.Required(c.job, ""), fmt.Sprintf("the %s has no %s", source, name), "")
		}
	}
	if v.Secret != nil {
		require("secret", "secretName", v.Secret.SecretName)
	}
	if v.ConfigMap != nil {
		require("configMap", "name", v.ConfigMap.Name)
	}
	if v.HostPath != nil {
		require("hostPath", "path", v.HostPath.Path)
	}
	if v.PersistentVolumeClaim != nil {
		require("persistentVolumeClaim", "claimName", v.PersistentVolumeClaim.ClaimName)
	}
}

// pod checks what a Pipeline says of its Pod and Job as a whole.
func (j *job) pod(spec spot, at string, pipeline api.Pipeline) {
	if limit := pipeline.Spec.JobOptions.BackoffLimit; limit != nil && *limit < 0 {
		s := spot{spec.field + ".jobOptions.backoffLimit", field.NewPath("spec", "backoffLimit")}
		j.invalid(s, *limit, "must be greater than or equal to 0")
	}
	if account := pipeline.Spec.RBAC.ServiceAccount; account != "" {
		s := spot{spec.field + ".rbac.serviceAccount", spec.job.Child("serviceAccountName")}
		for _, wrong := range validation.ValidateServiceAccountName(account, false) {
			j.invalid(s, account, wrong)
		}
	}
	j.errors(spec.field+".nodeSelector", metavalidation.ValidateLabels(pipeline.Spec.NodeSelector, spec.job.Child("nodeSelector")))
	j.errors(at+".metadata.annotations", validation.ValidateAnnotations(pipeline.Annotations, field.NewPath("spec", "template", "annotations")))
	for i, t := range pipeline.Spec.Tolerations {
		j.toleration(spec.child("tolerations").item(i, 0), t)
	}
}

// errors reports errors of the API server's own functions on one field.
func (j *job) errors(at string, errs field.ErrorList) {
	for _, err := range errs {
		j.refuse(spot{field: at}, err, "Kubernetes does not accept this", "")
	}
}

func (j *job) toleration(s spot, t corev1.Toleration) {
	if t.Key != "" {
		j.errors(s.field+".key", metavalidation.ValidateLabelName(t.Key, s.job.Child("key")))
	}
	switch operator := s.child("operator"); {
	case t.Key == "" && t.Operator != corev1.TolerationOpExists:
		j.invalid(operator, t.Operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"")
	case t.Operator == corev1.TolerationOpExists && t.Value != "":
		j.invalid(operator, t, "value must be empty when `operator` is 'Exists'")
	case !slices.Contains([]corev1.TolerationOperator{"", corev1.TolerationOpEqual, corev1.TolerationOpExists}, t.Operator):
		valid := []corev1.TolerationOperator{corev1.TolerationOpEqual, corev1.TolerationOpExists}
		j.refuse(operator, field.NotSupported(operator.job, t.Operator, valid), fmt.Sprintf("there is no operator %q", t.Operator), "use Equal or Exists")
	}
	effects := []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}
	if effect := s.child("effect"); t.Effect != "" && !slices.Contains(effects, t.Effect) {
		j.refuse(effect, field.NotSupported(effect.job, t.Effect, effects), fmt.Sprintf("there is no effect %q", t.Effect), "use NoSchedule, PreferNoSchedule or NoExecute")
	}
}
