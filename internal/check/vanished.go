package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"volume-backup-tester/internal/cloud"
)

// vanished is something of this run that is no longer there although the run
// did not delete it: the cloud's fault, or another program's. What the list has
// all the same may still be there, and stays in the account.
func (s *Session) vanished(ctx context.Context, t *target, err error) error {
	listed := s.listed(ctx)
	if !contains(listed, t.Resource) {
		s.run.owned.gone(t.Resource)
	}
	if t.Status == "deleting" {
		return &Blocked{Why: t.Resource.String() + " was deleted by another program: its status was 'deleting', and then it was gone", Hint: twoRunsHint}
	}
	if i := slices.IndexFunc(listed, s.run.foreign); i >= 0 {
		return &Blocked{Why: fmt.Sprintf("%s vanished, and there is %s, which another run has made under an overlapping prefix", t.Resource, listed[i]), Hint: twoRunsHint}
	}
	return &Finding{On: t.Resource, Expected: t.expected(), Got: fmt.Sprintf("status '%s', and then it vanished", t.Status), Err: err,
		Hint: "either Cinder lost it, or another program deleted it: look for its id in Cinder's logs; do not run two tests with overlapping prefixes in one project at a time"}
}

const twoRunsHint = "do not run two tests in one project at a time whose prefixes begin with one another; give each a --prefix of its own"

// lost is why a request was refused that needs something of this run: that has
// vanished, or another program is deleting it; nil if neither. The refusal stood
// for as long as lag may last.
func (s *Session) lost(ctx context.Context, what cloud.Resource, refusal error) error {
	if what.ID == "" || !refusedByLag(refusal) {
		return nil
	}
	now, err := s.cloud.Once().Show(ctx, what)
	switch {
	case gone(err):
		return s.vanished(ctx, &target{Resource: what}, err)
	case err == nil && now.Status == "deleting":
		return &Blocked{Why: now.String() + " is being deleted by another program", Hint: twoRunsHint, Err: refusal}
	}
	return nil
}

// listed are the project's volumes, backups and snapshots, as far as they can be
// listed.
func (s *Session) listed(ctx context.Context) (all []cloud.Resource) {
	for _, kind := range []string{cloud.KindVolume, cloud.KindBackup, cloud.KindSnapshot} {
		some, err := s.cloud.Once().List(ctx, kind)
		if err != nil {
			break
		}
		all = append(all, some...)
	}
	return all
}

// foreign tells whether something listed was made by another run, under a prefix
// that this run's begins with, or that begins with this run's.
func (r *run) foreign(listed cloud.Resource) bool {
	return !r.owned.mayBe(listed) && r.overlaps(listed.Name)
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
