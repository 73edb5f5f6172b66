// SPDX-License-Identifier: Apache-2.0

package workflow

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/tree"
)

// The volumes that Kratix adds to the Pod, named as it does, since a Pipeline
// may mount them a second time.
const (
	volumeInput    = "shared-input"
	volumeOutput   = "shared-output"
	volumeMetadata = "shared-metadata"
	// volumeScheduling holds the Promise's selectors for the work-writer.
	volumeScheduling = "promise-scheduling"

	// volumeSpare is for what comes after a halt. No Pipeline can have a volume
	// of this name.
	volumeSpare = ".spare"
)

// A volume of the Pod with what it holds from the start.
type volume struct {
	name     string
	files    tree.FS // nil for an empty one
	readOnly bool    // filled by Kubernetes, never writable
}

const defaultFileMode = 0o644

func (p *planner) addVolume(v volume) {
	p.volumes = append(p.volumes, v)
	p.byName[v.name] = v
}

// userVolume fills one of the Pipeline's own volumes.
func (p *planner) userVolume(v corev1.Volume, field string) {
	if _, taken := p.byName[v.Name]; taken || v.Name == volumeScheduling {
		p.refuse(field+".name", fmt.Errorf("there already is a volume %q", v.Name))
		return
	}
	if v.EmptyDir != nil || v.VolumeSource == (corev1.VolumeSource{}) {
		p.addVolume(volume{name: v.Name})
		return
	}
	files := tree.NewMemory()
	switch {
	case v.Secret != nil:
		s := v.Secret
		p.project(files, secretNamed(s.SecretName, s.Optional), s.Items, s.DefaultMode, field+".secret")
	case v.ConfigMap != nil:
		c := v.ConfigMap
		p.project(files, configMapNamed(c.Name, c.Optional), c.Items, c.DefaultMode, field+".configMap")
	case v.DownwardAPI != nil:
		p.downward(files, v.DownwardAPI.Items, v.DownwardAPI.DefaultMode, field+".downwardAPI")
	case v.Projected != nil:
		for i, from := range v.Projected.Sources {
			p.projected(files, from, v.Projected.DefaultMode, fmt.Sprintf("%s.projected.sources[%d]", field, i))
		}
	default:
		p.refuse(field, errors.New("a local run provides emptyDir, secret, configMap, downwardAPI and projected volumes only"))
	}
	p.addVolume(volume{name: v.Name, files: files, readOnly: true})
}

func (p *planner) projected(files *tree.Copy, from corev1.VolumeProjection, mode *int32, field string) {
	switch {
	case from.Secret != nil:
		p.project(files, secretNamed(from.Secret.Name, from.Secret.Optional), from.Secret.Items, mode, field+".secret")
	case from.ConfigMap != nil:
		p.project(files, configMapNamed(from.ConfigMap.Name, from.ConfigMap.Optional), from.ConfigMap.Items, mode, field+".configMap")
	case from.DownwardAPI != nil:
		p.downward(files, from.DownwardAPI.Items, mode, field+".downwardAPI")
	default:
		p.refuse(field, errors.New("a local run projects Secrets, ConfigMaps and fields of the Pod only"))
	}
}

// project writes the keys of a source as files: all of them or, with items,
// the selected ones under their paths.
func (p *planner) project(files *tree.Copy, s source, items []corev1.KeyToPath, mode *int32, field string) {
	data, err := p.run.Fixtures.data(s)
	if err != nil {
		p.refuse(field, err)
		return
	}
	if len(items) == 0 {
		for _, key := range slices.Sorted(maps.Keys(data)) {
			p.put(files, key, data[key], fileMode(mode, nil), field)
		}
		return
	}
	for i, item := range items {
		at := fmt.Sprintf("%s.items[%d]", field, i)
		content, found, err := p.run.Fixtures.value(s, item.Key)
		if err != nil {
			p.refuse(at+".key", err)
			continue
		}
		if found {
			p.put(files, item.Path, []byte(content), fileMode(mode, item.Mode), at+".path")
		}
	}
}

func (p *planner) downward(files *tree.Copy, items []corev1.DownwardAPIVolumeFile, mode *int32, field string) {
	for i, item := range items {
		at := fmt.Sprintf("%s.items[%d]", field, i)
		content, ref, err := p.downwardContent(item)
		if err != nil {
			p.refuse(at+ref, err)
			continue
		}
		p.put(files, item.Path, []byte(content), fileMode(mode, item.Mode), at+".path")
	}
}

// downwardContent gives the content of a file with a field of the Pod or a
// resource of one of its containers. Ref is the field of item that decided.
func (p *planner) downwardContent(item corev1.DownwardAPIVolumeFile) (content, ref string, err error) {
	switch {
	case item.FieldRef != nil:
		content, err = p.podField(item.FieldRef.FieldPath)
		return content, ".fieldRef.fieldPath", err
	case item.ResourceFieldRef != nil:
		content, err = p.resourceField(api.Container{}, *item.ResourceFieldRef)
		return content, ".resourceFieldRef", err
	default:
		return "", "", errors.New("names no source")
	}
}

func (p *planner) put(files *tree.Copy, name string, content []byte, mode fs.FileMode, field string) {
	if !fs.ValidPath(name) || name == "." {
		p.refuse(field, fmt.Errorf("%q is no path inside the volume", name))
		return
	}
	if err := files.AddFile(name, mode, content); err != nil {
		p.refuse(field, fmt.Errorf("%q is a directory of the volume, or below a file", name))
	}
}

func fileMode(volume, item *int32) fs.FileMode {
	switch {
	case item != nil:
		return fs.FileMode(*item) & fs.ModePerm //nolint:gosec // masked
	case volume != nil:
		return fs.FileMode(*volume) & fs.ModePerm //nolint:gosec // masked
	default:
		return defaultFileMode
	}
}

// kratixMounts are the mounts of every container of a Pipeline.
func kratixMounts() []Mount {
	return []Mount{
		{Volume: volumeInput, Target: "/kratix/input", ReadOnly: true},
		{Volume: volumeOutput, Target: "/kratix/output"},
		{Volume: volumeMetadata, Target: "/kratix/metadata"},
	}
}

// mounts gives the mounts of a container: Kratix' own, then those it asks for.
func (p *planner) mounts(mounts []corev1.VolumeMount, env *environment, field string) []Mount {
	all := kratixMounts()
	for i, m := range mounts {
		at := fmt.Sprintf("%s.volumeMounts[%d]", field, i)
		mount, ok := p.mount(m, env, at)
		if !ok {
			continue
		}
		if slices.ContainsFunc(all, func(other Mount) bool { return other.Target == mount.Target }) {
			p.refuse(at+".mountPath", fmt.Errorf("%s is mounted already", mount.Target))
			continue
		}
		all = append(all, mount)
	}
	return all
}

func (p *planner) mount(m corev1.VolumeMount, env *environment, field string) (Mount, bool) {
	v, known := p.byName[m.Name]
	if !known {
		p.refuse(field+".name", p.unknownVolume(m.Name))
		return Mount{}, false
	}
	if m.MountPath == "" {
		p.refuse(field+".mountPath", errors.New("is missing"))
		return Mount{}, false
	}
	sub, err := subPath(m, env)
	if err != nil {
		p.refuse(field+".subPathExpr", err)
		return Mount{}, false
	}
	if err := p.prepareSubPath(v, sub); err != nil {
		p.refuse(field+".subPath", err)
		return Mount{}, false
	}
	// A relative mountPath is taken from the root, as container runtimes do.
	target := path.Clean("/" + m.MountPath)
	return Mount{Volume: m.Name, Target: target, SubPath: sub, ReadOnly: m.ReadOnly || v.readOnly}, true
}

func (p *planner) unknownVolume(name string) error {
	if name == volumeScheduling {
		return fmt.Errorf("volume %q is not provided in a local run", name)
	}
	return fmt.Errorf("there is no volume %q; there are %s", name, strings.Join(p.volumeNames(), ", "))
}

func subPath(m corev1.VolumeMount, env *environment) (string, error) {
	if m.SubPathExpr == "" {
		return m.SubPath, nil
	}
	var unknown []string
	sub := expand(m.SubPathExpr, func(name string) (string, bool) {
		value, known := env.lookup(name)
		if !known {
			unknown = append(unknown, name)
		}
		return value, known
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("there is no variable %s", strings.Join(unknown, ", "))
	}
	return sub, nil
}

// prepareSubPath makes the directory of a subPath in a writable volume, as the
// kubelet does. In a volume that Kubernetes fills it must be there.
func (p *planner) prepareSubPath(v volume, sub string) error {
	if sub == "" {
		return nil
	}
	if !fs.ValidPath(sub) {
		return fmt.Errorf("%q is no path inside the volume", sub)
	}
	if v.readOnly {
		if _, err := fs.Stat(v.files, sub); err != nil {
			return fmt.Errorf("volume %q has no %q", v.name, sub)
		}
		return nil
	}
	i := slices.IndexFunc(p.volumes, func(other volume) bool { return other.name == v.name })
	files, ok := p.volumes[i].files.(*tree.Copy)
	if !ok {
		files = tree.NewMemory()
		p.volumes[i].files = files
	}
	return files.AddDir(sub, 0o777)
}
