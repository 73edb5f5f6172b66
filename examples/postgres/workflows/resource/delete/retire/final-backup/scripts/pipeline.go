// Final-backup tells the team where the backups of a deleted database are and
// how long they stay. It writes no documents: Kratix ignores the output of a
// delete workflow, and takes down by itself what the request had put up.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	if err := run(stageAt("/"), os.Getenv("BACKUP_BUCKET"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "final-backup:", err)
		os.Exit(1)
	}
}

// retention is what the bucket's lifecycle rule says, which does the deleting.
const retention = 30 * 24 * time.Hour

type request struct {
	Metadata struct {
		Name              string    `json:"name"`
		DeletionTimestamp time.Time `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		Team   string `json:"team"`
		Backup struct {
			Enabled bool `json:"enabled"`
		} `json:"backup"`
	} `json:"spec"`
}

func run(s stage, bucket string, stdout io.Writer) error {
	if bucket == "" {
		return errors.New("BACKUP_BUCKET is not set; it belongs to the container's env in promise.yaml")
	}
	var r request
	if err := s.readObject(&r); err != nil {
		return err
	}
	if r.Metadata.DeletionTimestamp.IsZero() {
		return errors.New("metadata.deletionTimestamp is missing: the request is not being deleted")
	}
	status := statusOf(r, bucket)
	fmt.Fprintln(stdout, status.Message)
	return writeYAML(s.metadata, "status.yaml", status)
}

type status struct {
	Message     string       `json:"message"`
	FinalBackup *finalBackup `json:"finalBackup,omitempty"`
}

type finalBackup struct {
	Location  string `json:"location"`
	KeptUntil string `json:"keptUntil"`
}

// statusOf counts from the time of the deletion and not from now, so that a
// second run says the same.
func statusOf(r request, bucket string) status {
	if !r.Spec.Backup.Enabled {
		return status{Message: "deleted; there are no backups"}
	}
	b := finalBackup{
		// The operator's layout: a folder for each cluster, which is named
		// after team and request.
		Location:  fmt.Sprintf("s3://%s/spilo/%s-%s/", bucket, r.Spec.Team, r.Metadata.Name),
		KeptUntil: r.Metadata.DeletionTimestamp.Add(retention).UTC().Format(time.DateOnly),
	}
	return status{
		Message:     fmt.Sprintf("deleted; backups stay in %s until %s", b.Location, b.KeptUntil),
		FinalBackup: &b,
	}
}
