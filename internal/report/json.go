package report

import (
	"encoding/json"
	"io"

	"volume-backup-tester/internal/check"
)

// JSON writes an outcome as the JSON report.
func JSON(to io.Writer, o *check.Outcome) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(o)
}
