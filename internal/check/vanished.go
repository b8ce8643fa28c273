package check

import (
	"context"
	"fmt"
	"strings"

	"volume-backup-tester/internal/cloud"
)

// vanished is something of this run that is no longer there although the run
// did not delete it: the cloud's fault, or another program's.
func (s *Session) vanished(ctx context.Context, t *target, err error) error {
	s.run.owned.gone(t.Resource)
	if t.Status == "deleting" {
		return &Blocked{Why: t.Resource.String() + " was deleted by another program: its status was 'deleting', and then it was gone", Hint: twoRunsHint}
	}
	if foreign := s.foreign(ctx); foreign != "" {
		return &Blocked{Why: fmt.Sprintf("%s vanished, and there is %s, which another run has made under an overlapping prefix", t.Resource, foreign), Hint: twoRunsHint}
	}
	return &Finding{On: t.Resource, Expected: t.expected(), Got: fmt.Sprintf("status '%s', and then it vanished", t.Status), Err: err,
		Hint: "either Cinder lost it, or another program deleted it: look for its id in Cinder's logs; do not run two tests with overlapping prefixes in one project at a time"}
}

const twoRunsHint = "do not run two tests in one project at a time whose prefixes begin with one another; give each a --prefix of its own"

// foreign is something that another run made under a prefix that this run's
// begins with, or that begins with this run's; "" if there is none.
func (s *Session) foreign(ctx context.Context) string {
	for _, kind := range []string{cloud.KindVolume, cloud.KindBackup} {
		listed, err := s.cloud.Once().List(ctx, kind)
		if err != nil {
			return ""
		}
		for _, r := range listed {
			if s.run.owned.find(r.ID) == nil && s.run.overlaps(r.Name) {
				return r.String()
			}
		}
	}
	return ""
}

// overlaps tells whether a name is one that another run would give under an
// overlapping prefix.
func (r *run) overlaps(name string) bool {
	if strings.HasPrefix(name, r.Prefix) {
		return true
	}
	for _, what := range []string{volumeName, backupName, restoredName} {
		if prefix, ok := strings.CutSuffix(name, what); ok && prefix != "" && strings.HasPrefix(r.Prefix, prefix) {
			return true
		}
	}
	return false
}
