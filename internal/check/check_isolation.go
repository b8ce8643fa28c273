package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"volume-backup-tester/internal/cloud"
)

var checkIsolation = Check{
	Name: "isolation", Title: "isolation",
	Requirement: "the cloud hides backups and volumes from another project",
	Reference:   cinder + ", and its default policy",
	Needs:       Needs{Volumes: 1, Gigabytes: 1, Backups: 1, BackupGigabytes: 1, Flag: "--other-cloud"},
	Run:         runIsolation,
}

// runIsolation tries everything with another project's credentials.
func runIsolation(ctx context.Context, s *Session) error {
	if s.other == nil {
		return &Skip{Why: "no other project is named; give --other-cloud NAME"}
	}
	volume, backup, err := s.volumeAndBackup(ctx)
	if err != nil {
		return err
	}
	for _, hidden := range []cloud.Resource{volume, backup} {
		_, err := s.other.Show(ctx, hidden)
		if err := expectRefused(hidden, "showing it to another project", err, http.StatusNotFound); err != nil {
			return err
		}
		listed, err := s.other.List(ctx, hidden.Kind)
		if err != nil {
			return err
		}
		if contains(listed, hidden) {
			return &Finding{On: hidden, Expected: "to be missing from another project's list", Got: "listed"}
		}
	}
	rename := func(what cloud.Resource) error {
		return s.run.owned.guarded(s.other, s.cloud, what, nil).Rename(ctx, what, s.Name("renamed"), "")
	}
	for _, forbidden := range []struct {
		what    string
		on      cloud.Resource
		creates bool // in the other project
		try     func() error
	}{
		{"restoring it in another project", backup, true, func() error {
			_, err := s.other.Restore(ctx, backup, newVolume(s.Name("restored")))
			return err
		}},
		{"renaming a backup from another project", backup, false, func() error { return rename(backup) }},
		{"renaming a volume from another project", volume, false, func() error { return rename(volume) }},
		{"backing it up in another project", volume, true, func() error {
			_, err := s.other.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("foreign-backup"), VolumeID: volume.ID})
			return err
		}},
		{"deleting it from another project", backup, false, func() error { return s.deleteAs(ctx, s.other, backup) }},
		{"deleting it from another project", volume, false, func() error { return s.deleteAs(ctx, s.other, volume) }},
	} {
		tried := forbidden.try()
		if call := asCall(tried); call != nil && call.Code == http.StatusNotAcceptable {
			s.Note("%s was not tried: the cloud's Cinder is older than microversion 3.9", forbidden.what)
			continue
		}
		err := expectRefused(forbidden.on, forbidden.what, tried, http.StatusNotFound, http.StatusForbidden)
		var finding *Finding
		if errors.As(err, &finding) && forbidden.creates {
			finding.Hint = "what was made is in the other project: clear it with that project's --os-cloud, --prefix " + s.run.Prefix + " and --cleanup-only"
		}
		if err != nil {
			return err
		}
	}
	// What was refused must not have been done all the same.
	for _, one := range []cloud.Resource{backup, volume} {
		now, err := s.show(ctx, one)
		got := fmt.Sprintf("status '%s', name '%s'", now.Status, cloud.Printable(now.Name))
		if gone(err) {
			got, err = "deleted", nil
		}
		if err == nil && got != "deleted" {
			err = s.run.owned.expectName(now) // who gave it a name of their own was neither of the two
		}
		if err != nil {
			return err
		}
		if now.Status != available || now.Name != one.Name {
			return &Finding{On: one, Expected: "to be left as it was by another project", Got: got}
		}
	}
	return nil
}
