package check

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// skips are the checks that were skipped for one reason.
type skips struct {
	reason string
	checks []string
}

// skipped notes why a check was, so that what concerns many is told once.
func (r *run) skipped(c Check, err error) {
	reason := err.Error()
	var skip *Skip
	if errors.As(err, &skip) {
		reason = cmp.Or(skip.general, reason)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.skips, func(s skips) bool { return s.reason == reason })
	if i < 0 {
		i = len(r.skips)
		r.skips = append(r.skips, skips{reason: reason})
	}
	r.skips[i].checks = append(r.skips[i].checks, c.Name)
}

// tellSkipped warns of what kept several checks from being carried out, and
// makes any that was skipped a failure if that was asked for.
func (r *run) tellSkipped() {
	for _, s := range r.skips {
		if len(s.checks) > 1 {
			r.warn("skipped for the same reason: %s: %s", strings.Join(s.checks, ", "), s.reason)
		}
	}
	var skipped []string
	for _, c := range r.outcome.Checks {
		if c.Status == Skipped {
			skipped = append(skipped, c.Name)
		}
	}
	if r.FailOnSkip && len(skipped) > 0 {
		r.outcome.Failures = append(r.outcome.Failures, &Failure{Verdict: Fail, Stage: StageRun, Summary: "with --fail-on-skip, skipped: " + strings.Join(skipped, ", ")})
	}
}
