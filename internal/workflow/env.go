// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/api"
)

// An environment is the variables of a container as they are being set.
type environment struct {
	order  []string
	values map[string]string
}

func (e *environment) set(name, value string) {
	if _, known := e.values[name]; !known {
		e.order = append(e.order, name)
	}
	e.values[name] = value
}

func (e *environment) lookup(name string) (string, bool) {
	value, known := e.values[name]
	return value, known
}

func (e *environment) list() []EnvVar {
	list := make([]EnvVar, len(e.order))
	for i, name := range e.order {
		list[i] = EnvVar{name, e.values[name]}
	}
	return list
}

// environment sets the variables of a container as the kubelet does: those of
// envFrom lose against Kratix' own, these against the container's, and a value
// may refer to what was set before it. Kratix' variables come first in the
// list, whatever envFrom has.
func (p *planner) environment(c api.Container, field string) *environment {
	env := &environment{values: map[string]string{}}
	kratix := p.run.Identity.Env()
	for _, v := range kratix {
		env.set(v.Name, "") // takes its place in the list
	}
	for i, from := range c.EnvFrom {
		p.envFrom(env, from, fmt.Sprintf("%s.envFrom[%d]", field, i))
	}
	for _, v := range kratix {
		env.set(v.Name, v.Value)
	}
	for i, v := range c.Env {
		p.envVar(env, c, v, fmt.Sprintf("%s.env[%d]", field, i))
	}
	for _, v := range p.run.Env {
		env.set(v.Name, v.Value)
	}
	return env
}

func (p *planner) envFrom(env *environment, from corev1.EnvFromSource, field string) {
	var s source
	switch {
	case from.SecretRef != nil:
		s, field = secretNamed(from.SecretRef.Name, from.SecretRef.Optional), field+".secretRef"
	case from.ConfigMapRef != nil:
		s, field = configMapNamed(from.ConfigMapRef.Name, from.ConfigMapRef.Optional), field+".configMapRef"
	default:
		p.refuse(field, errors.New("names neither a Secret nor a ConfigMap"))
		return
	}
	data, err := p.run.Fixtures.data(s)
	if err != nil {
		p.refuse(field, err)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		// Kubernetes passes over what cannot be the name of a variable.
		if name := from.Prefix + key; len(validation.IsRelaxedEnvVarName(name)) == 0 {
			env.set(name, string(data[key]))
		}
	}
}

func (p *planner) envVar(env *environment, c api.Container, v corev1.EnvVar, field string) {
	if v.Value != "" || v.ValueFrom == nil {
		env.set(v.Name, expand(v.Value, env.lookup))
		return
	}
	value, found, at, err := p.valueFrom(c, *v.ValueFrom)
	if err != nil {
		p.refuse(field+".valueFrom"+at, err)
		return
	}
	if found {
		env.set(v.Name, value)
	}
}

// valueFrom finds the value that a variable of c takes from elsewhere. At is
// the field of the reference that decided.
func (p *planner) valueFrom(c api.Container, from corev1.EnvVarSource) (value string, found bool, at string, err error) {
	switch {
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		value, found, err = p.run.Fixtures.value(secretNamed(ref.Name, ref.Optional), ref.Key)
		return value, found, ".secretKeyRef", err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		value, found, err = p.run.Fixtures.value(configMapNamed(ref.Name, ref.Optional), ref.Key)
		return value, found, ".configMapKeyRef", err
	case from.FieldRef != nil:
		value, err = p.podField(from.FieldRef.FieldPath)
		return value, err == nil, ".fieldRef.fieldPath", err
	case from.ResourceFieldRef != nil:
		value, err = p.resourceField(c, *from.ResourceFieldRef)
		return value, err == nil, ".resourceFieldRef", err
	case from.FileKeyRef != nil:
		return "", false, ".fileKeyRef", errors.New("variables from files are not supported by a local run")
	default:
		return "", false, "", errors.New("names no source")
	}
}
