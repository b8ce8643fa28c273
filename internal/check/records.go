package check

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"volume-backup-tester/internal/cloud"
)

// listing looks for a backup in every way that a list offers.
func listing(ctx context.Context, r *Run) error {
	if err := r.shared(ctx); err != nil {
		return err
	}
	second, err := r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "second"}, r.Volume)
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
		{"volume_id", cloud.Filter{VolumeID: r.Volume.ID}, func(b cloud.Resource) bool { return b.VolumeID == r.Volume.ID }},
	} {
		found, _, err := r.find(ctx, f.filter)
		if err != nil {
			return err
		}
		if !contains(found, second) {
			return &Finding{On: second, Expected: "to be found by its " + f.what, Seen: fmt.Sprintf("not among the %d found", len(found))}
		}
		if i := slices.IndexFunc(found, func(b cloud.Resource) bool { return !f.passes(b) }); i >= 0 {
			return &Finding{On: found[i], Expected: fmt.Sprintf("to be left out of a list filtered by the %s of another", f.what), Seen: "it is listed"}
		}
	}
	for _, f := range []cloud.Filter{{Status: "error"}, {Name: r.own + "nosuch"}, {VolumeID: r.Backup.ID}} {
		found, _, err := r.find(ctx, f)
		if err != nil {
			return err
		}
		if contains(found, second) {
			return &Finding{On: second, Expected: fmt.Sprintf("to be left out of a list filtered by %+v", f), Seen: "it is listed"}
		}
	}
	if err := r.paging(ctx, second); err != nil {
		return err
	}
	limits, err := attempt(ctx, r, false, r.Cloud.Limits)
	if err != nil {
		return err
	}
	if limits.BackupsUsed < 2 || limits.BackupGigabytesUsed < r.Backup.Size+second.Size {
		return &Finding{On: second, Expected: fmt.Sprintf("the limits to count at least 2 backups and %d GiB", r.Backup.Size+second.Size),
			Seen: fmt.Sprintf("%d backups and %d GiB", limits.BackupsUsed, limits.BackupGigabytesUsed)}
	}
	return nil
}

// paging walks the list in pages of one. Others may add and delete meanwhile;
// what is ours must come exactly once.
func (r *Run) paging(ctx context.Context, newest cloud.Resource) error {
	paged, pages, err := r.find(ctx, cloud.Filter{Limit: 1})
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(pages, func(n int) bool { return n > 1 }); i >= 0 {
		return &Finding{On: newest, Expected: "pages of one entry", Seen: fmt.Sprintf("a page of %d", pages[i])}
	}
	times := map[string]int{}
	for _, b := range paged {
		times[b.ID]++
		if times[b.ID] > 1 {
			return &Finding{On: b, Expected: "to be on one page", Seen: "it is on several"}
		}
	}
	for _, b := range []cloud.Resource{r.Backup, newest} {
		if times[b.ID] != 1 {
			return &Finding{On: b, Expected: "to be on one of the pages that the links lead through", Seen: fmt.Sprintf("it is on none of %d", len(pages))}
		}
	}
	for _, marker := range []cloud.Resource{r.Backup, newest} {
		behind, err := attempt(ctx, r, false, func(ctx context.Context) ([]cloud.Resource, error) { return r.Cloud.After(ctx, marker, 1000) })
		if err != nil {
			return err
		}
		if contains(behind, marker) {
			return &Finding{On: marker, Expected: "to be left out of the page that it is the marker of", Seen: "it is listed"}
		}
	}
	return nil
}

func contains(all []cloud.Resource, one cloud.Resource) bool {
	return slices.ContainsFunc(all, func(r cloud.Resource) bool { return r.ID == one.ID })
}

// fidelity holds the records of backup and restored volume to what was asked.
func fidelity(ctx context.Context, r *Run) error {
	source, _, err := r.filled(ctx, r.own+"source", first, 1)
	if err != nil {
		return err
	}
	tagged, err := r.makeVolume(ctx, cloud.VolumeSpec{Name: r.own + "tagged", Metadata: map[string]string{"made-by": r.own}})
	if err != nil {
		return err
	}
	for _, volume := range []cloud.Resource{source, tagged} {
		spec := cloud.BackupSpec{Name: volume.Name + "-backup", Description: "as asked: " + volume.Name}
		backup, err := r.makeBackup(ctx, spec, volume)
		if err != nil {
			return err
		}
		if err := asAsked(backup,
			field{"name", spec.Name, backup.Name}, field{"description", spec.Description, backup.Description},
			field{"size", volume.Size, backup.Size}, field{"volume_id", volume.ID, backup.VolumeID},
		); err != nil {
			return err
		}
		restored, err := r.restore(ctx, backup, cloud.Resource{Kind: cloud.KindVolume, Name: volume.Name + "-restored"})
		if err != nil {
			return err
		}
		if err := asAsked(restored,
			field{"name", volume.Name + "-restored", restored.Name}, field{"size", volume.Size, restored.Size},
			field{"bootable", volume.Bootable, restored.Bootable}, field{"metadata made-by", volume.Metadata["made-by"], restored.Metadata["made-by"]},
		); err != nil {
			return err
		}
		if volume.ID == tagged.ID {
			return r.renamed(ctx, backup)
		}
	}
	return nil
}

// renamed gives a backup another name, which keeps the prefix.
func (r *Run) renamed(ctx context.Context, backup cloud.Resource) error {
	name, description := backup.Name+"-renamed", "as renamed"
	err := r.Patiently(ctx, func(ctx context.Context) error { return r.Cloud.Rename(ctx, backup, name, description) })
	if call := asCall(err); call != nil && call.Code == http.StatusNotAcceptable {
		r.note("renaming was not tried: the cloud's Cinder is older than microversion 3.9")
		return nil
	}
	if err != nil {
		return err
	}
	now, err := r.show(ctx, r.Cloud, backup)
	if err != nil {
		return err
	}
	return asAsked(now, field{"name", name, now.Name}, field{"description", description, now.Description})
}

// field is one of a record: as asked, and as it is.
type field struct {
	name      string
	asked, is any
}

func asAsked(on cloud.Resource, fields ...field) error {
	for _, f := range fields {
		if f.asked != f.is {
			return &Finding{On: on, Expected: fmt.Sprintf("%s '%v'", f.name, f.asked), Seen: fmt.Sprintf("%s '%s'", f.name, cloud.Printable(fmt.Sprint(f.is)))}
		}
	}
	return nil
}

// nobody is an id that no cloud has given out.
const nobody = "00000000-0000-4000-8000-000000000000"

// refusals tries what must be refused, on resources of its own.
func refusals(ctx context.Context, r *Run) error {
	unknown := cloud.Resource{Kind: cloud.KindBackup, ID: nobody}
	target := cloud.Resource{Kind: cloud.KindVolume, Name: r.own + "restored"}
	_, err := r.show(ctx, r.Cloud, unknown)
	if err := refused(unknown, "showing a backup that there is not", err, http.StatusNotFound); err != nil {
		return err
	}
	err = r.tryRestore(ctx, unknown, target)
	if err := refused(unknown, "restoring a backup that there is not", err, http.StatusNotFound); err != nil {
		return err
	}
	if err := refused(unknown, "deleting a backup that there is not", r.Patiently(ctx, func(ctx context.Context) error { return r.Cloud.Delete(ctx, unknown) }), http.StatusNotFound); err != nil {
		return err
	}
	ofNothing := cloud.Resource{Kind: cloud.KindBackup, Name: r.own + "of-nothing"}
	_, err = r.create(ctx, ofNothing, func(ctx context.Context) (cloud.Resource, error) {
		return r.Cloud.CreateBackup(ctx, cloud.BackupSpec{Name: ofNothing.Name, VolumeID: nobody})
	})
	if err := refused(cloud.Resource{Kind: cloud.KindVolume, ID: nobody}, "backing up a volume that there is not", err, http.StatusNotFound, http.StatusBadRequest); err != nil {
		return err
	}

	volume, err := r.makeVolume(ctx, cloud.VolumeSpec{Name: r.own + "volume"})
	if err != nil {
		return err
	}
	backup, err := r.refusesWhileBusy(ctx, volume, target)
	if err != nil {
		return err
	}
	for _, action := range []string{"os-reset_status", "os-force_delete"} {
		err := r.Patiently(ctx, func(ctx context.Context) error {
			return r.Cloud.Act(ctx, backup, action, map[string]string{"status": available})
		})
		if err == nil {
			r.warn("a member may do %s to a backup, which Cinder's default policy leaves to administrators", action)
			continue
		}
		if err := refused(backup, action+" by a member", err, http.StatusForbidden); err != nil {
			return err
		}
	}
	return nil
}

// refusesWhileBusy tries what must be refused while a backup is being made, and
// returns the backup. What is accepted is a finding if the backup was certainly
// being made still: the state says so afterwards, or a backup of the same
// volume has just taken more than four times as long.
func (r *Run) refusesWhileBusy(ctx context.Context, volume, target cloud.Resource) (cloud.Resource, error) {
	first, err := r.beginBackup(ctx, cloud.BackupSpec{Name: r.own + "first", VolumeID: volume.ID}, volume)
	if err != nil {
		return first, err
	}
	began := time.Now()
	measured := &goal{Resource: first}
	if err := r.await(ctx, measured, &goal{Resource: volume}); err != nil {
		return first, err
	}
	usual := measured.unreached.Sub(began)

	began = time.Now()
	backup, err := r.beginBackup(ctx, cloud.BackupSpec{Name: r.own + "throw-away", VolumeID: volume.ID}, volume)
	if err != nil {
		return backup, err
	}
	const creating = "creating"
	for _, busy := range []struct {
		what   string
		on     cloud.Resource
		status string // while it has to be refused
		try    func() error
	}{
		{"deleting a volume that is being backed up", volume, "backing-up", func() error { return r.tryDelete(ctx, volume) }},
		{"restoring a backup that is being made", backup, creating, func() error { return r.tryRestore(ctx, backup, target) }},
		{"deleting a backup that is being made", backup, creating, func() error { return r.tryDelete(ctx, backup) }},
	} {
		before, err := r.show(ctx, r.Cloud, backup)
		if err != nil {
			return backup, err
		}
		if before.Status != creating {
			return backup, &Skip{Why: "the backup was made before all could be refused that must be while it is being made"}
		}
		tried := busy.try()
		if tried == nil {
			took := time.Since(began)
			now, err := r.show(ctx, r.Cloud, busy.on)
			if call := asCall(err); err != nil && !(call != nil && call.Gone()) {
				return backup, err
			}
			if now.Status != busy.status && took > usual/4 {
				return backup, &Skip{Why: busy.what + " was accepted, perhaps because that was over by then"}
			}
		}
		if err := refused(backup, busy.what, tried, http.StatusBadRequest); err != nil {
			return backup, err
		}
	}
	return backup, r.await(ctx, &goal{Resource: backup}, &goal{Resource: volume})
}
