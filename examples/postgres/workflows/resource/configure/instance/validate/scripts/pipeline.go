// Validate holds a request to the rules that its schema cannot express: those
// that look at several fields, and those that differ from team to team. It
// refuses with a list of what to write instead, and makes Kratix wait where
// somebody has to approve.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(stageAt("/"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// approval is the annotation that lets a request pass. An admission policy of
// the platform says who may set it.
const approval = "acme.org/approved-by"

type request struct {
	Metadata struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Team        string `json:"team"`
		Environment string `json:"environment"`
		Size        string `json:"size"`
		StorageGiB  int    `json:"storageGiB"`
		Backup      struct {
			Enabled bool `json:"enabled"`
		} `json:"backup"`
	} `json:"spec"`
}

func (r request) production() bool { return r.Spec.Environment == "production" }

// needsApproval: large production databases get machines of their own.
func (r request) needsApproval() bool {
	return r.production() && r.Spec.Size == "large" && r.Metadata.Annotations[approval] == ""
}

func run(s stage, stdout io.Writer) error {
	var r request
	if err := s.readObject(&r); err != nil {
		return err
	}
	var q quotas
	if err := readYAML(filepath.Join(s.resources, "quotas.yaml"), &q); err != nil {
		return err
	}
	if found := check(r, q); len(found) > 0 {
		return refusal(found)
	}
	if r.needsApproval() {
		fmt.Fprintf(stdout, "%s waits for approval\n", r.Metadata.Name)
		return waitForApproval(s)
	}
	fmt.Fprintf(stdout, "%s is granted\n", r.Metadata.Name)
	return nil
}

// quotas is quotas.yaml.
type quotas struct {
	Default int            `json:"default"`
	Teams   map[string]int `json:"teams"`
}

func (q quotas) of(team string) int {
	if gib, ok := q.Teams[team]; ok {
		return gib
	}
	return q.Default
}

// A problem is a field that keeps a request from being granted.
type problem struct {
	field string
	why   string
	write string // what the team should do instead
}

// check finds all problems, so that a team does not learn of them one by one.
func check(r request, q quotas) []problem {
	var found []problem
	if r.production() && !r.Spec.Backup.Enabled {
		found = append(found, problem{
			field: "spec.backup.enabled",
			why:   "a production database must have backups",
			write: "enabled: true",
		})
	}
	if !r.production() && r.Spec.Size == "large" {
		found = append(found, problem{
			field: "spec.size",
			why:   "large is for production only",
			write: "size: medium",
		})
	}
	if gib := q.of(r.Spec.Team); r.Spec.StorageGiB > gib {
		found = append(found, problem{
			field: "spec.storageGiB",
			why:   fmt.Sprintf("team %s may have %d GiB in one database, not %d", r.Spec.Team, gib, r.Spec.StorageGiB),
			write: fmt.Sprintf("storageGiB: %d, or ask for more in #databases", gib),
		})
	}
	return found
}

// A refusal is the answer to a request with problems.
type refusal []problem

func (r refusal) Error() string {
	var b strings.Builder
	b.WriteString("this request cannot be granted:")
	for _, p := range r {
		fmt.Fprintf(&b, "\n  %s: %s\n    write %s", p.field, p.why, p.write)
	}
	return b.String()
}

// waitForApproval makes Kratix deliver nothing and wait. An annotation alone
// does not wake it up; removing the label does, and runs this Pipeline again.
//
// The message of the control file stays with the Pipeline, deep in the status,
// so the team gets one of its own.
func waitForApproval(s stage) error {
	control := map[string]any{
		"suspend": true,
		"message": "annotate with " + approval + ", then remove the label kratix.io/workflow-suspended",
	}
	if err := writeYAML(s.metadata, "workflow-control.yaml", control); err != nil {
		return err
	}
	return writeYAML(s.metadata, "status.yaml", map[string]string{"message": "waiting for approval by the platform team"})
}
