// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// checkIdentity refuses objects without a name and objects that were given
// twice. It says whether the object can be judged further.
func (l *loader) checkIdentity(o *object, namespace string) bool {
	if o.name == "" {
		l.refuse(o, "metadata.name", "the name is missing", "")
		return false
	}
	key := o.kind + "/" + namespace + "/" + o.name
	if first, ok := l.seen[key]; ok {
		l.refuse(o, "metadata.name", fmt.Sprintf("%s is given twice, first in %s", o, first.position("metadata.name")),
			"remove one of the two, or give it another name")
		return false
	}
	l.seen[key] = o
	return true
}

func (l *loader) checkDestination(o *object, d *api.Destination) {
	known := l.checkIdentity(o, "")
	l.checkLabels(o, d.Labels)
	l.checkRequiredPath(o, d.Spec.Path)
	l.checkEnum(o, "spec.filepath.mode", string(d.Spec.Filepath.Mode), "nestedByMetadata", "aggregatedYAML", "none")
	l.checkEnum(o, "spec.cleanup", d.Spec.Cleanup, "none", "all")
	ref := d.Spec.StateStoreRef
	if ref == nil {
		l.refuse(o, "spec.stateStoreRef", "stateStoreRef field is required",
			"set spec.stateStoreRef.kind (GitStateStore or BucketStateStore) and spec.stateStoreRef.name")
		return
	}
	l.checkEnum(o, "spec.stateStoreRef.kind", ref.Kind, api.KindBucketStateStore, api.KindGitStateStore)
	for _, field := range []string{"kind", "name"} {
		if !o.has("spec", "stateStoreRef", field) {
			l.refuse(o, "spec.stateStoreRef."+field, "Required value", "")
		}
	}
	if ref.Name == "" && o.has("spec", "stateStoreRef", "name") {
		l.refuse(o, "spec.stateStoreRef.name", "no state store has an empty name", "")
	}
	if known {
		l.checkPath(o, d)
	}
}

// checkRequiredPath refuses a Destination without a path: in the words of the
// CRD where it is absent, of the admission webhook where it is empty.
func (l *loader) checkRequiredPath(o *object, value string) {
	if value != "" {
		return
	}
	message := "path field is required"
	if !o.has("spec", "path") {
		message = "Required value"
	}
	l.refuse(o, "spec.path", message,
		`set spec.path: the Destination's name is a good one, "." is the root of the state store`)
}

// checkPath refuses two Destinations with one path in one store, as the
// admission webhook does: by the letters of the path.
func (l *loader) checkPath(o *object, d *api.Destination) {
	ref := d.Spec.StateStoreRef
	key := ref.Kind + "/" + ref.Name + "/" + d.Spec.Path
	first, ok := l.paths[key]
	if !ok {
		l.paths[key] = o
		return
	}
	l.refuse(o, "spec.path",
		fmt.Sprintf("destination path '%s' already exists for state store '%s'", d.Spec.Path, ref.Name),
		fmt.Sprintf("Destination %q in %s has it: give one of the two another spec.path", first.name, first.position("spec.path")))
}

func (l *loader) checkLabels(o *object, labels map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		for _, why := range validation.IsQualifiedName(key) {
			l.refuse(o, "metadata.labels", fmt.Sprintf("key %q: %s", key, why), "")
		}
		for _, why := range validation.IsValidLabelValue(labels[key]) {
			l.refuse(o, "metadata.labels."+key, fmt.Sprintf("value %q: %s", labels[key], why), "")
		}
	}
}

// checkEnum refuses what is not one of the values, in the words of the API
// server; what is absent gets the default.
func (l *loader) checkEnum(o *object, field, value string, allowed ...string) {
	if slices.Contains(allowed, value) || !o.has(strings.Split(field, ".")...) {
		return
	}
	quoted := make([]string, len(allowed))
	for i, a := range allowed {
		quoted[i] = strconv.Quote(a)
	}
	l.refuse(o, field, fmt.Sprintf("Unsupported value: %q: supported values: %s", value, strings.Join(quoted, ", ")), "")
}

func (l *loader) checkGitStore(o *object, s *api.GitStateStore) {
	l.checkIdentity(o, "")
	l.checkEnum(o, "spec.authMethod", s.Spec.AuthMethod, "basicAuth", "ssh", "githubApp")
	if strings.HasPrefix(s.Spec.URL, "http://") {
		l.warn(o, "T4", "spec.url", "Kratix refuses a URL without TLS: invalid URL for HTTPS auth method: "+s.Spec.URL, "use https://")
	}
	if s.Spec.SecretRef == nil {
		l.warn(o, "T1", "spec.secretRef", "Kratix cannot reach a GitStateStore without a Secret", "set spec.secretRef.name and spec.secretRef.namespace")
	}
	l.checkPlace(o, s.Spec.URL, cmp.Or(s.Spec.Branch, "main"), s.Spec.Path)
}

func (l *loader) checkBucketStore(o *object, s *api.BucketStateStore) {
	l.checkIdentity(o, "")
	l.checkEnum(o, "spec.authMethod", s.Spec.AuthMethod, "accessKey", "IAM")
	if s.Spec.AuthMethod != "IAM" {
		l.checkBucketSecret(o, s.Spec.SecretRef)
	}
	if strings.HasPrefix(s.Spec.Path, "/") {
		l.warn(o, "T5", "spec.path", "all keys in the bucket start with a slash", "leave the leading slash out")
	}
	l.checkPlace(o, s.Spec.Endpoint, s.Spec.BucketName, s.Spec.Path)
}

// checkBucketSecret warns of what the admission webhook refuses, one thing at a
// time as it does. Whoever only schedules can do without.
func (l *loader) checkBucketSecret(o *object, ref *api.SecretRef) {
	var why string
	switch {
	case ref == nil:
		why = "spec.secretRef must be set when using authentication method accessKey"
	case ref.Name == "":
		why = "spec.secretRef must contain secret name"
	case ref.Namespace == "":
		why = "spec.secretRef must contain secret namespace"
	default:
		return
	}
	l.warn(o, "", "spec.secretRef", "Kratix refuses this: "+why, "set spec.secretRef.name and spec.secretRef.namespace")
}

// checkPlace warns of two state stores that are one place under two names:
// Kratix then compares no paths between them. Stores without an address, as
// test fixtures have them, are no place.
func (l *loader) checkPlace(o *object, address, part, inside string) {
	if address == "" {
		return
	}
	key := strings.Join([]string{o.kind, address, part, path.Clean("/" + inside)}, "\n")
	first, ok := l.places[key]
	if !ok {
		l.places[key] = o
		return
	}
	l.warn(o, "T8", "spec", fmt.Sprintf("%s writes to the same place as %s", o, first), "let all Destinations refer to one of the two")
}

// checkStores warns of stores that are missing, as Kratix does, and of those
// that nothing uses.
func (l *loader) checkStores(objects []object) {
	used := map[api.StateStoreRef]bool{}
	for _, d := range l.platform.Destinations {
		if ref := d.Spec.StateStoreRef; ref != nil {
			used[*ref] = true
		}
	}
	for i := range objects {
		o := &objects[i]
		switch o.kind {
		case "Destination":
			l.checkReference(o)
		case api.KindGitStateStore, api.KindBucketStateStore:
			if !used[api.StateStoreRef{Kind: o.kind, Name: o.name}] {
				l.platform.Warnings = append(l.platform.Warnings, o.finding(diag.SeverityNote, "metadata.name",
					fmt.Sprintf("no Destination uses the state store %s", o), ""))
			}
		}
	}
}

func (l *loader) checkReference(o *object) {
	i := slices.IndexFunc(l.platform.Destinations, func(d api.Destination) bool { return d.Name == o.name })
	if i < 0 || l.platform.Destinations[i].Spec.StateStoreRef == nil {
		return
	}
	ref := *l.platform.Destinations[i].Spec.StateStoreRef
	if _, ok := l.platform.Store(ref); !ok && ref.Kind != "" && ref.Name != "" {
		l.warn(o, "", "spec.stateStoreRef", fmt.Sprintf("referenced %s %q does not exist", ref.Kind, ref.Name),
			"give the state store too: the path inside it is not known without it")
	}
}
