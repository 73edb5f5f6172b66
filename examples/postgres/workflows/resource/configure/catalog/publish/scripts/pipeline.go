// Publish enters a database in the developer portal (Backstage), and writes
// the message that the team reads.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

func main() {
	if err := run(stageAt("/"), os.Getenv("PORTAL_URL"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

type request struct {
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Spec struct {
		Team        string `json:"team"`
		Environment string `json:"environment"`
		Region      string `json:"region"`
		Version     string `json:"version"`
	} `json:"spec"`
	Status struct {
		// Connection comes from the Pipeline "instance". The status is all
		// that Kratix carries from one Pipeline to the next.
		Connection struct {
			Host string `json:"host"`
		} `json:"connection"`
	} `json:"status"`
}

// directory of the output that goes to the portal and not to a cluster.
const directory = "catalog"

func run(s stage, portal string, stdout io.Writer) error {
	if portal == "" {
		return errors.New("PORTAL_URL is not set; it belongs to the container's env in promise.yaml")
	}
	var r request
	if err := s.readObject(&r); err != nil {
		return err
	}
	// All entries lie in one directory of the portal's bucket, so each needs a
	// name of its own: two files of the same name would replace each other.
	file := path.Join(directory, r.Metadata.Namespace, r.Metadata.Name+".yaml")
	e := entityOf(r)
	if err := writeYAML(s.output, file, e); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "wrote", file)
	return writeMetadata(s, r, e.url(portal))
}

// An entity is a Resource of Backstage's catalog.
type entity struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   entityMetadata `json:"metadata"`
	Spec       entitySpec     `json:"spec"`
}

type entityMetadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Description string            `json:"description"`
	Annotations map[string]string `json:"annotations"`
	Tags        []string          `json:"tags"`
}

type entitySpec struct {
	Type  string `json:"type"`
	Owner string `json:"owner"`
}

func entityOf(r request) entity {
	name := r.Spec.Team + "-" + r.Metadata.Name
	return entity{
		APIVersion: "backstage.io/v1alpha1",
		Kind:       "Resource",
		Metadata: entityMetadata{
			Name:        name,
			Namespace:   r.Metadata.Namespace,
			Description: fmt.Sprintf("PostgreSQL %s, %s, %s", r.Spec.Version, r.Spec.Environment, r.Spec.Region),
			Annotations: map[string]string{
				"backstage.io/kubernetes-namespace":      r.Metadata.Namespace,
				"backstage.io/kubernetes-label-selector": "cluster-name=" + name,
			},
			Tags: []string{"postgres", r.Spec.Environment, r.Spec.Region},
		},
		Spec: entitySpec{Type: "database", Owner: "group:default/" + r.Spec.Team},
	}
}

// url of the entity's page.
func (e entity) url(portal string) string {
	return portal + "/" + path.Join("catalog", e.Metadata.Namespace, "resource", e.Metadata.Name)
}

// writeMetadata sends the directory to the portal. The Promise's selectors do
// not apply to it, since they apply to no directory that is named here.
func writeMetadata(s stage, r request, url string) error {
	selectors := []map[string]any{{
		"directory":   directory,
		"matchLabels": map[string]string{"kind": "backstage"},
	}}
	if err := writeYAML(s.metadata, "destination-selectors.yaml", selectors); err != nil {
		return err
	}
	return writeYAML(s.metadata, "status.yaml", map[string]any{
		"message": message(r, url),
		"catalog": map[string]string{"url": url},
	})
}

func message(r request, url string) string {
	if host := r.Status.Connection.Host; host != "" {
		return fmt.Sprintf("connect to %s, see %s", host, url)
	}
	return "see " + url
}
