package work

import (
	"cmp"
	"io/fs"

	"github.com/kratix-tools/kratix/internal/api"
	"github.com/kratix-tools/kratix/internal/diag"
)

// warn notes what Kratix does silently. The file is a path as the user's
// containers know it, such as "output/a.yaml".
func (c *creator) warn(severity diag.Severity, code, file, message, hint string) {
	c.result.Warnings = append(c.result.Warnings, diag.Finding{
		Severity: severity, Code: code, Position: diag.Position{File: file}, Message: message, Hint: hint,
	})
}

func compareFindings(a, b diag.Finding) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
}

func (c *creator) warnMode(name string, info fs.FileInfo) {}

func (c *creator) lintMetadata([]WorkflowDestinationSelectors)     {}
func (c *creator) lintOutput([]api.WorkloadGroup)                  {}
func (c *creator) lintDirectory(dir string, entries []fs.DirEntry) {}
func (c *creator) lintFile(name string)                            {}
func (c *creator) advise(name string, call *pathError) (code, hint string) {
	return "", ""
}
