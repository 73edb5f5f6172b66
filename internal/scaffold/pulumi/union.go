// SPDX-License-Identifier: Apache-2.0

package pulumi

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/kratix-tools/kratix/internal/scaffold/openapi"
)

// discriminator is the property that tells which alternative an object is, "" if
// there is none.
func discriminator(words map[string]any) string {
	d, _ := words["discriminator"].(map[string]any)
	name, _ := d["propertyName"].(string)
	return name
}

// union gives the schema of a value that is one of several types, and tells if it
// accepts more than they do.
func (t *translator) union(path string, alternatives []any, by string, within []string) *schema {
	if len(alternatives) == 0 {
		t.warn(path, "it is one of no types: the API accepts anything")
		return openapi.Open()
	}
	var all []*schema
	var names []string
	for _, alternative := range alternatives {
		all = append(all, t.value(path, alternative, within))
		names = append(names, nameOf(alternative))
	}
	s, exact := merge(all)
	slices.Sort(names)
	switch one := strings.Join(slices.Compact(names), ", "); {
	case exact:
	case by != "":
		t.note(path, "it is one of %s, as %s says: the API accepts %s", one, by, wider(s))
	default:
		t.note(path, "it is one of %s: the API accepts %s", one, wider(s))
	}
	return s
}

// nameOf names an alternative for messages.
func nameOf(alternative any) string {
	words, _ := alternative.(map[string]any)
	if ref, ok := words["$ref"].(string); ok {
		return lastOf(ref[strings.LastIndex(ref, "/")+1:])
	}
	switch typ := typeOf(words); typ {
	case "":
		return "something"
	case "array":
		return "a list of " + nameOf(words["items"])
	case "object":
		if words["properties"] != nil {
			return "an object"
		}
		return "a map"
	default:
		return typ
	}
}

// wider says what a schema accepts that was made of several.
func wider(s *schema) string {
	switch {
	case s.Type == "object" && len(s.Properties) > 0:
		return "any mixture of them"
	case s.Type == "object":
		return "any object"
	case s.Type == "array":
		return "any mixture of items"
	case s.Type != "":
		return "any " + s.Type
	case s.XIntOrString:
		return "any integer or text"
	default:
		return "anything"
	}
}

// merge gives the narrowest schema that accepts what one of several accepts, and
// tells whether it accepts no more than they do.
func merge(all []*schema) (s *schema, exact bool) {
	if same(all) {
		return all[0], true
	}
	kinds := map[string]bool{}
	for _, s := range all {
		kinds[kindOf(s)] = true
	}
	switch {
	case only(kinds, "object"):
		return mergeObjects(all)
	case only(kinds, "array"):
		items, _ := merge(itemsOf(all))
		return openapi.ListOf(items), among(itemsOf(all), items)
	case only(kinds, "integer"):
		return mergeScalars(all, "integer"), true
	case only(kinds, "integer", "number"):
		return mergeScalars(all, "number"), true
	case only(kinds, "string"), only(kinds, "boolean"):
		return mergeScalars(all, kindOf(all[0])), true
	case only(kinds, "integer", "string", "int-or-string"):
		return mergeScalars(all, ""), true
	default:
		s := openapi.Open()
		s.Nullable = slices.ContainsFunc(all, func(s *schema) bool { return s.Nullable })
		return s, among(all, s)
	}
}

// among tells whether one of the alternatives accepts the same as s.
func among(all []*schema, s *schema) bool {
	return slices.ContainsFunc(all, func(one *schema) bool { return reflect.DeepEqual(shape(one), shape(s)) })
}

// same tells whether all alternatives are one.
func same(all []*schema) bool {
	return !slices.ContainsFunc(all, func(s *schema) bool { return !reflect.DeepEqual(s, all[0]) })
}

// shape is what a schema accepts, without what it says to people.
func shape(s *schema) *schema {
	bare := *s
	bare.Description, bare.Default, bare.Nullable = "", nil, false
	return &bare
}

func kindOf(s *schema) string {
	if s.XIntOrString {
		return "int-or-string"
	}
	return s.Type
}

// only tells that there are no other kinds.
func only(kinds map[string]bool, allowed ...string) bool {
	for kind := range kinds {
		if !slices.Contains(allowed, kind) {
			return false
		}
	}
	return true
}

// mergeScalars gives the schema of a plain type, "" for an integer or a text.
// Where one of the alternatives is any value of the type, the values of the others
// are no more than worth telling.
func mergeScalars(all []*schema, typ string) *schema {
	s, free := &schema{Type: typ, XIntOrString: typ == ""}, false
	var known []string
	for _, alternative := range all {
		s.Description = cmp.Or(s.Description, alternative.Description)
		s.Format = cmp.Or(s.Format, alternative.Format)
		free = free || len(alternative.Enum) == 0
		for _, value := range alternative.Enum {
			if !contains(s.Enum, value) {
				s.Enum = append(s.Enum, value)
				known = append(known, strings.Trim(string(value.Raw), `"`))
			}
		}
	}
	if free && len(known) > 0 {
		s.Enum = nil
		s.Description = strings.TrimSpace(s.Description + "\nKnown values: " + strings.Join(known, ", "))
	}
	return s
}

func itemsOf(lists []*schema) []*schema {
	var items []*schema
	for _, list := range lists {
		items = append(items, list.Items.Schema)
	}
	return items
}

// mergeObjects gives one object for several, and tells whether it accepts no more
// than they do. Objects and maps have no more in common than that any object is
// accepted.
func mergeObjects(all []*schema) (*schema, bool) {
	var values []*schema
	open := false
	for _, s := range all {
		open = open || s.XPreserveUnknownFields != nil
		if s.AdditionalProperties != nil {
			values = append(values, s.AdditionalProperties.Schema)
		}
	}
	switch {
	case open || len(values) > 0 && len(values) < len(all):
		return openapi.OpenObject(), among(all, openapi.OpenObject())
	case len(values) > 0:
		merged, _ := merge(values)
		return openapi.MapOf(merged), among(values, merged)
	}
	s := mergeProperties(all)
	return s, among(all, s)
}

// mergeProperties gives an object with the properties of all, of which those are
// required that all require.
func mergeProperties(all []*schema) *schema {
	s := &schema{Type: "object", Required: slices.Clone(all[0].Required)}
	properties := map[string][]*schema{}
	for _, alternative := range all {
		for name, property := range alternative.Properties {
			properties[name] = append(properties[name], &property)
		}
		s.Required = slices.DeleteFunc(s.Required, func(name string) bool { return !slices.Contains(alternative.Required, name) })
	}
	if len(properties) > 0 {
		s.Properties = map[string]schema{}
	}
	for name, property := range properties {
		s.Properties[name] = *mergeProperty(property, len(all))
	}
	return s
}

// mergeProperty gives the schema of a property of several objects. It has a
// default only if all of them have it: that of one would make another what it is
// not.
func mergeProperty(all []*schema, objects int) *schema {
	s, _ := merge(all)
	merged := *s
	merged.Default = all[0].Default
	if len(all) < objects || slices.ContainsFunc(all, func(s *schema) bool { return !reflect.DeepEqual(s.Default, merged.Default) }) {
		merged.Default = nil
	}
	return &merged
}
