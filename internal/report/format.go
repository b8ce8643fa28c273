package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloud"
)

func age(d time.Duration) string {
	switch {
	case d == 0:
		return "age unknown"
	case d < time.Minute:
		return fmt.Sprintf("%d s old", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min old", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h old", int(d.Hours()))
	}
	return fmt.Sprintf("%d days old", int(d.Hours()/24))
}

// part is one labelled line.
type part struct{ Label, Text string }

// parts are what is known of a failure besides its headline, as far as there is
// something: the first line to read first.
func parts(o *check.Outcome, f *check.Failure) (known []part) {
	message := f.CloudMessage
	if message != "" && f.RequestID != "" {
		message += fmt.Sprintf(" (request id %s)", f.RequestID)
	}
	requirement := ""
	if c := o.Result(f.Check); c != nil {
		requirement = fmt.Sprintf("%s (%s)", c.Requirement, c.Reference)
	}
	all := []part{{"requirement", requirement}, {"expected", f.Expected}, {"got", f.Got}, {"cloud message", message}}
	if message == "" {
		all = append(all, part{"request id", f.RequestID})
	}
	for _, l := range f.NotDeleted {
		all = append(all, part{"not deleted", fmt.Sprintf("%s, status '%s'", l, l.Status)}, part{"  reason", l.Reason}, part{"  hint", l.Hint})
	}
	for _, p := range append(all, part{"hint", f.Hint}) {
		if p.Text != "" {
			known = append(known, p)
		}
	}
	return known
}

// list is an enumeration for people: "a", "a and b", "a, b and c".
func list(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// wanted says what each resource is waited for to become.
func wanted(e check.Waiting) string {
	var parts []string
	for i, on := range e.On {
		if i+1 < len(e.On) && e.Want[i] == e.Want[i+1] {
			parts = append(parts, on.String())
			continue
		}
		parts = append(parts, fmt.Sprintf("%s to become '%s'", on, e.Want[i]))
	}
	return list(parts)
}

// brief is kinds and statuses only, for a line that must be short.
func brief(all []cloud.Resource) string {
	if len(all) > named {
		return statuses(all)
	}
	var parts []string
	for _, r := range all {
		status := r.Status
		if status != "" { // as of what is not there yet
			status = " '" + status + "'"
		}
		parts = append(parts, r.Kind+status)
	}
	return strings.Join(parts, ", ")
}

// statuses tells each resource's status, or counts them where they are many.
func statuses(all []cloud.Resource) string {
	var parts []string
	if len(all) <= named {
		for _, r := range all {
			parts = append(parts, fmt.Sprintf("%s is '%s'", r, r.Status))
		}
		return strings.Join(parts, ", ")
	}
	counts := map[string]int{}
	for _, r := range all {
		counts[r.Status]++
	}
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d '%s'", counts[status], status))
	}
	return fmt.Sprintf("%d %ss: %s", len(all), all[0].Kind, strings.Join(parts, ", "))
}
