package report

import (
	_ "embed"
	"encoding/json"
	"io"

	"volume-backup-tester/internal/check"
)

// Schema is the JSON Schema of the JSON report.
//
//go:embed report.schema.json
var Schema string

// JSON writes an outcome as the JSON report.
func JSON(to io.Writer, o *check.Outcome) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(o)
}
