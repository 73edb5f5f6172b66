// Render writes the documents that make a database of a request, says which
// Destination they are for, and tells the team how to connect.
//
// The documents are the templates in resources/, one file each. A template
// that comes out empty for a request writes no file.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(stageAt("/"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

type request struct {
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Spec struct {
		Team        string   `json:"team"`
		Environment string   `json:"environment"`
		Region      string   `json:"region"`
		Size        string   `json:"size"`
		Version     string   `json:"version"`
		StorageGiB  int      `json:"storageGiB"`
		Databases   []string `json:"databases"`
		Backup      struct {
			Enabled  bool   `json:"enabled"`
			Schedule string `json:"schedule"`
		} `json:"backup"`
	} `json:"spec"`
}

func run(s stage, stdout io.Writer) error {
	waits, err := suspended(s)
	if err != nil {
		return err
	}
	if waits {
		fmt.Fprintln(stdout, "nothing to write: the request waits")
		return nil
	}
	var r request
	if err := s.readObject(&r); err != nil {
		return err
	}
	sizes := map[string]size{}
	if err := readYAML(filepath.Join(s.resources, "sizes.yaml"), &sizes); err != nil {
		return err
	}
	db, err := plan(r, sizes)
	if err != nil {
		return err
	}
	if err := renderAll(s, db, stdout); err != nil {
		return err
	}
	return writeMetadata(s, db)
}

// suspended says whether a stage before this one asked Kratix to wait. Kratix
// runs the rest of the Pipeline all the same: it drops the documents then, but
// it would tell the team how to connect to what there is not.
func suspended(s stage) (bool, error) {
	_, err := os.Stat(filepath.Join(s.metadata, "workflow-control.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// A size is an entry of sizes.yaml.
type size struct {
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
}

// A database is what the templates are about.
type database struct {
	size

	Cluster     string // the operator's word for a database server
	Namespace   string
	Team        string
	Environment string
	Region      string
	Version     string
	Instances   int
	StorageGiB  int
	Databases   []string
	Role        string // owns all databases

	// BackupSchedule is empty if there are no backups.
	BackupSchedule string

	Host string
	Port int
}

// plan decides everything about a database. Requests of two teams may have the
// same name, so the team is part of the cluster's.
func plan(r request, sizes map[string]size) (database, error) {
	size, ok := sizes[r.Spec.Size]
	if !ok {
		return database{}, fmt.Errorf("spec.size: %q is not in sizes.yaml", r.Spec.Size)
	}
	cluster := r.Spec.Team + "-" + r.Metadata.Name
	db := database{
		size:        size,
		Cluster:     cluster,
		Namespace:   r.Metadata.Namespace,
		Team:        r.Spec.Team,
		Environment: r.Spec.Environment,
		Region:      r.Spec.Region,
		Version:     r.Spec.Version,
		Instances:   1,
		StorageGiB:  r.Spec.StorageGiB,
		Databases:   r.Spec.Databases,
		Role:        "app",
		Host:        cluster + "." + r.Metadata.Namespace + ".svc",
		Port:        5432,
	}
	if r.Spec.Environment == "production" {
		db.Instances = 2
	}
	if r.Spec.Backup.Enabled {
		db.BackupSchedule = r.Spec.Backup.Schedule
	}
	return db, nil
}

func renderAll(s stage, db database, stdout io.Writer) error {
	files, err := filepath.Glob(filepath.Join(s.resources, "*.yaml.tmpl"))
	if err != nil {
		return err
	}
	for _, file := range files {
		document, err := render(file, db)
		if err != nil {
			return err
		}
		if len(document) == 0 {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(file), ".tmpl")
		if err := writeFile(s.output, name, document); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "wrote", name)
	}
	return nil
}

// render executes a template. A result that is no YAML is an error here, not
// on the cluster: Kratix looks into no document.
func render(file string, db database) ([]byte, error) {
	t, err := template.New(filepath.Base(file)).Funcs(template.FuncMap{"quote": strconv.Quote}).ParseFiles(file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, db); err != nil {
		return nil, err
	}
	var document map[string]any
	if err := yaml.UnmarshalStrict(b.Bytes(), &document); err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name(), err)
	}
	return b.Bytes(), nil
}

// writeMetadata chooses the Destination and tells the team how to connect.
// The Promise's own selectors are added by Kratix.
func writeMetadata(s stage, db database) error {
	selectors := []map[string]any{{
		"matchLabels": map[string]string{"environment": db.Environment, "region": db.Region},
	}}
	if err := writeYAML(s.metadata, "destination-selectors.yaml", selectors); err != nil {
		return err
	}
	return writeYAML(s.metadata, "status.yaml", map[string]any{
		"message": fmt.Sprintf("creating %s for %s in %s", db.Cluster, db.Environment, db.Region),
		"connection": map[string]any{
			"host":      db.Host,
			"port":      db.Port,
			"databases": db.Databases,
			"secret":    db.Role + "." + db.Cluster + ".credentials",
		},
	})
}
