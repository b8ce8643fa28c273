package check

import (
	"context"
	"fmt"
	"slices"

	"volume-backup-tester/internal/cloud"
)

var checkListing = Check{
	Name: "listing", Title: "listing",
	Requirement: "the cloud lists a backup, finds it by name, status and volume, pages without loss or repetition, and counts it in the limits",
	Reference:   cinder + ", Backups and Limits",
	Needs:       Needs{Volumes: 1, Gigabytes: 1, Backups: 2, BackupGigabytes: 2},
	Run:         runListing,
}

func runListing(ctx context.Context, s *Session) error {
	volume, first, err := s.volumeAndBackup(ctx)
	if err != nil {
		return err
	}
	second, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("second")}, volume)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		what   string
		filter cloud.Filter
		passes func(cloud.Resource) bool
	}{
		{"name", cloud.Filter{Name: second.Name}, func(b cloud.Resource) bool { return b.Name == second.Name }},
		{"status", cloud.Filter{Status: available}, func(b cloud.Resource) bool { return b.Status == available }},
		{"volume_id", cloud.Filter{VolumeID: volume.ID}, func(b cloud.Resource) bool { return b.VolumeID == volume.ID }},
	} {
		var found []cloud.Resource
		err := s.eventually(ctx, func(ctx context.Context) (err error) {
			found, _, err = s.cloud.Find(ctx, cloud.KindBackup, f.filter, second.ID)
			if err == nil && !contains(found, second) {
				err = &Finding{On: second, Expected: "to be found by its " + f.what, Got: fmt.Sprintf("not among the %d found", len(found))}
			}
			return err
		})
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(found, func(b cloud.Resource) bool { return !f.passes(b) }); i >= 0 {
			return &Finding{On: found[i], Expected: fmt.Sprintf("to be left out of a list filtered by the %s of another", f.what), Got: "listed"}
		}
	}
	for _, f := range []cloud.Filter{{Status: "error"}, {Name: s.Name("nosuch")}, {VolumeID: first.ID}} {
		found, _, err := s.cloud.Find(ctx, cloud.KindBackup, f)
		if err != nil {
			return err
		}
		if contains(found, second) {
			return &Finding{On: second, Expected: fmt.Sprintf("to be left out of a list filtered by %s", f), Got: "listed"}
		}
	}
	if err := s.eventually(ctx, func(ctx context.Context) error { return paging(ctx, s, first, second) }); err != nil {
		return err
	}
	return s.eventually(ctx, func(ctx context.Context) error { return counted(ctx, s, second) })
}

// counted holds the limits to count this run's backups, where they state what is
// used: those that are listed before and afterwards, as other checks add and
// delete theirs.
func counted(ctx context.Context, s *Session, second cloud.Resource) error {
	before, err := s.cloud.List(ctx, cloud.KindBackup)
	if err != nil {
		return err
	}
	limits, err := s.cloud.Limits(ctx)
	if err != nil {
		return err
	}
	after, err := s.cloud.List(ctx, cloud.KindBackup)
	if err != nil {
		return err
	}
	there, stored := 0, 0
	for _, b := range after {
		if contains(before, b) && s.run.owned.find(b.ID) != nil {
			there, stored = there+1, stored+b.Size
		}
	}
	backups, known := limits[cloud.UsedBackups]
	gigabytes, alsoKnown := limits[cloud.UsedBackupGigabytes]
	if !known || !alsoKnown {
		s.Note("the limits do not state what is used: policy may close that to members")
		return nil
	}
	if backups < there || gigabytes < stored {
		return &Finding{On: second, Expected: fmt.Sprintf("the limits to count at least %d backups and %d GiB", there, stored),
			Got: fmt.Sprintf("%d backups and %d GiB", backups, gigabytes)}
	}
	return nil
}

// paging walks the list in pages of one. Others may add and delete meanwhile;
// this check's own backups must come exactly once. The walk ends with a page
// after the last of them.
func paging(ctx context.Context, s *Session, backups ...cloud.Resource) error {
	newest := backups[len(backups)-1]
	var ids []string
	for _, b := range backups {
		ids = append(ids, b.ID)
	}
	paged, pages, err := s.cloud.Find(ctx, cloud.KindBackup, cloud.Filter{Limit: 1}, ids...)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(pages, func(n int) bool { return n > 1 }); i >= 0 {
		return &Finding{On: newest, Expected: "pages of one entry", Got: fmt.Sprintf("a page of %d", pages[i])}
	}
	times := map[string]int{}
	for _, b := range paged {
		times[b.ID]++
		if times[b.ID] > 1 {
			return &Finding{On: b, Expected: "to be on one page", Got: "on several"}
		}
	}
	for _, b := range backups {
		if times[b.ID] != 1 {
			return &Finding{On: b, Expected: "to be on one of the pages that the links lead through", Got: fmt.Sprintf("on none of %d", len(pages))}
		}
	}
	for _, marker := range backups {
		behind, err := s.cloud.After(ctx, marker, 1000)
		if err != nil {
			return err
		}
		if contains(behind, marker) {
			return &Finding{On: marker, Expected: "to be left out of the page that it is the marker of", Got: "listed"}
		}
	}
	return nil
}
