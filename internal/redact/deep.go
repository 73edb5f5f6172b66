// SPDX-License-Identifier: Apache-2.0

package redact

import "reflect"

// In replaces the secrets in all strings that v holds, in place: v is a pointer,
// a map or a slice. Words of a closed list, which have a type of their own, stay,
// and so do bytes and unexported fields.
func (s *Secrets) In(v any) {
	if !s.Empty() {
		s.in(reflect.ValueOf(v))
	}
}

func (s *Secrets) in(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() && v.Type() == reflect.TypeFor[string]() {
			v.SetString(s.Text(v.String()))
		}
	case reflect.Pointer:
		s.in(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.in(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			s.in(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := s.copied(v.MapIndex(key))
			v.SetMapIndex(key, reflect.Value{})
			v.SetMapIndex(s.copied(key), value)
		}
	case reflect.Interface:
		if !v.IsNil() && v.CanSet() {
			v.Set(s.copied(v.Elem()))
		}
	default:
	}
}

// copied gives a value without secrets, of which no place is known to set it.
func (s *Secrets) copied(v reflect.Value) reflect.Value {
	fresh := reflect.New(v.Type()).Elem()
	fresh.Set(v)
	s.in(fresh)
	return fresh
}
