// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unique"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kratix-tools/kratix/internal/inspect"
)

// chunk is how many objects are asked for at a time, as kubectl does.
const chunk = 500

// What is asked for.
const (
	asTable        = "application/json;as=Table;v=v1;g=meta.k8s.io"
	asMetadata     = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
	asMetadataList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
)

// Get reads one object.
func (c *Client) Get(ctx context.Context, r inspect.Resource, namespace, name string, into any) error {
	if !r.Namespaced {
		namespace = ""
	}
	body, err := c.rest.Get().AbsPath(pathOf(r, namespace), name).Stream(ctx)
	if err != nil {
		return c.failed(err, reading(r, namespace))
	}
	defer func() { _ = body.Close() }()
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return c.failed(err, reading(r, namespace)+" "+name)
	}
	return nil
}

// List reads objects in chunks and hands them on one after the other; the
// slice is valid until each returns.
func (c *Client) List(ctx context.Context, r inspect.Resource, q inspect.Query, each func(object []byte) error) error {
	for next := "first"; next != ""; {
		body, err := c.page(ctx, r, q, "application/json", &next)
		if err != nil {
			return c.failed(err, reading(r, q.Namespace))
		}
		more, err := items(body, each)
		_ = body.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", reading(r, q.Namespace), err)
		}
		next = more
	}
	return nil
}

// Rows reads what the server prints of objects, with their metadata.
func (c *Client) Rows(ctx context.Context, r inspect.Resource, q inspect.Query, each func(inspect.Row) error) error {
	for next := "first"; next != ""; {
		body, err := c.page(ctx, r, q, asTable, &next)
		if err != nil {
			return c.failed(err, reading(r, q.Namespace))
		}
		more, err := rows(body, each)
		_ = body.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", reading(r, q.Namespace), err)
		}
		next = more
	}
	return nil
}

// page asks for one chunk of a list. A continuation that has become too old is
// replaced by the one that the server offers instead: what comes then may be
// newer than what came before, which is better than to begin again.
func (c *Client) page(ctx context.Context, r inspect.Resource, q inspect.Query, accept string, next *string) (io.ReadCloser, error) {
	body, err := c.request(r, q, accept).Param("limit", strconv.Itoa(chunk)).Param("continue", after(*next)).Stream(ctx)
	var expired *apierrors.StatusError
	if errors.As(err, &expired) && apierrors.IsResourceExpired(err) && expired.ErrStatus.Continue != "" {
		*next = expired.ErrStatus.Continue
		return c.request(r, q, accept).Param("limit", strconv.Itoa(chunk)).Param("continue", *next).Stream(ctx)
	}
	return body, err
}

func after(next string) string {
	if next == "first" {
		return ""
	}
	return next
}

func (c *Client) request(r inspect.Resource, q inspect.Query, accept string) *rest.Request {
	req := c.rest.Get().AbsPath(pathOf(r, q.Namespace)).SetHeader("Accept", accept)
	if q.Labels != "" {
		req = req.Param("labelSelector", q.Labels)
	}
	if q.Fields != "" {
		req = req.Param("fieldSelector", q.Fields)
	}
	if accept == asTable {
		req = req.Param("includeObject", string(metav1.IncludeMetadata))
	}
	return req
}

// items reads a list as it comes and hands on each of its objects. It gives the
// continuation, empty at the end.
func items(r io.Reader, each func([]byte) error) (more string, err error) {
	return members(r, map[string]func(*json.Decoder) error{
		"items": func(d *json.Decoder) error {
			return elements(d, func(d *json.Decoder) error {
				var raw json.RawMessage
				if err := d.Decode(&raw); err != nil {
					return err
				}
				return each(raw)
			})
		},
	})
}

// rows is items for a table.
func rows(r io.Reader, each func(inspect.Row) error) (more string, err error) {
	var columns []string
	var early []tableRow // when the rows come before the columns
	known := map[string]map[string]string{}
	one := func(row tableRow) error { return each(row.named(columns, known)) }
	more, err = members(r, map[string]func(*json.Decoder) error{
		"columnDefinitions": func(d *json.Decoder) error {
			var definitions []metav1.TableColumnDefinition
			err := d.Decode(&definitions)
			for _, def := range definitions {
				columns = append(columns, def.Name)
			}
			return err
		},
		"rows": func(d *json.Decoder) error {
			return elements(d, func(d *json.Decoder) error {
				var row tableRow
				if err := d.Decode(&row); err != nil {
					return err
				}
				if columns == nil {
					early = append(early, row)
					return nil
				}
				return one(row)
			})
		},
	})
	for _, row := range early {
		if err == nil {
			err = one(row)
		}
	}
	return more, err
}

// A tableRow is a row of a metav1.Table, with that of the object's metadata
// which lists are made from: of ten thousand objects the rest would be the most.
type tableRow struct {
	Cells  []any `json:"cells"`
	Object struct {
		Metadata struct {
			Namespace         string            `json:"namespace"`
			Name              string            `json:"name"`
			Labels            map[string]string `json:"labels"`
			CreationTimestamp metav1.Time       `json:"creationTimestamp"`
			DeletionTimestamp *metav1.Time      `json:"deletionTimestamp"`
		} `json:"metadata"`
	} `json:"object"`
}

// named gives the cells by the names of their columns. Rows with equal cells,
// as most are, share them.
func (r *tableRow) named(columns []string, known map[string]map[string]string) inspect.Row {
	named := make(map[string]string, len(columns))
	var all strings.Builder
	for i, cell := range r.Cells {
		if i < len(columns) && cell != nil {
			named[columns[i]] = fmt.Sprint(cell)
		}
		fmt.Fprintf(&all, "%q ", cell)
	}
	if known[all.String()] == nil {
		known[all.String()] = named
	}
	return inspect.Row{Meta: r.metadata(), Columns: known[all.String()]}
}

// metadata is what the row has of it, with texts that many have kept once.
func (r *tableRow) metadata() metav1.ObjectMeta {
	m := &r.Object.Metadata
	labels := make(map[string]string, len(m.Labels))
	for key, value := range m.Labels {
		labels[once(key)] = once(value)
	}
	return metav1.ObjectMeta{
		Namespace: once(m.Namespace), Name: m.Name, Labels: labels,
		CreationTimestamp: m.CreationTimestamp, DeletionTimestamp: m.DeletionTimestamp,
	}
}

// once is a text that is kept in memory once, however many objects have it.
func once(text string) string { return unique.Make(text).Value() }

// members reads a JSON object field by field. Fields without a reader are
// passed over, but for the metadata, whose continuation it gives.
func members(r io.Reader, fields map[string]func(*json.Decoder) error) (more string, err error) {
	d := json.NewDecoder(r)
	if err := delimiter(d, '{'); err != nil {
		return "", err
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		name, _ := token.(string)
		switch read := fields[name]; {
		case read != nil:
			err = read(d)
		case name == "metadata":
			var list metav1.ListMeta
			err = d.Decode(&list)
			more = list.Continue
		default:
			var ignored json.RawMessage
			err = d.Decode(&ignored)
		}
		if err != nil {
			return "", err
		}
	}
	return more, delimiter(d, '}')
}

// elements reads a JSON array, or null, element by element.
func elements(d *json.Decoder, each func(*json.Decoder) error) error {
	token, err := d.Token()
	if err != nil || token == nil {
		return err
	}
	if token != json.Delim('[') {
		return fmt.Errorf("%v where a list is expected", token)
	}
	for d.More() {
		if err := each(d); err != nil {
			return err
		}
	}
	return delimiter(d, ']')
}

// unmarshal decodes an object of a list.
func unmarshal(object []byte, into any) error { return json.Unmarshal(object, into) }

func delimiter(d *json.Decoder, want json.Delim) error {
	token, err := d.Token()
	if err == nil && token != want {
		err = fmt.Errorf("%v where %v is expected", token, want)
	}
	return err
}
