package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"volume-backup-tester/internal/cloud"
)

// snapshotBackup backs a snapshot up and restores it. The volume itself must
// stay available: that is what a snapshot is for.
func snapshotBackup(ctx context.Context, r *Run) error {
	volume, err := r.makeVolume(ctx, cloud.VolumeSpec{Name: r.own + "volume"})
	if err != nil {
		return err
	}
	name := cloud.Resource{Kind: cloud.KindSnapshot, Name: r.own + "snapshot"}
	r.emit(Doing{Verb: "creating", On: name, From: volume})
	snapshot, err := r.create(ctx, name, func(ctx context.Context) (cloud.Resource, error) {
		return r.Cloud.CreateSnapshot(ctx, name.Name, volume)
	})
	if err != nil {
		return quota(err)
	}
	if err := r.await(ctx, &goal{Resource: snapshot}); err != nil {
		return err
	}
	backup, err := r.beginBackup(ctx, cloud.BackupSpec{Name: r.own + "backup", VolumeID: volume.ID, SnapshotID: snapshot.ID}, snapshot)
	if err != nil {
		return err
	}
	made := &goal{Resource: backup}
	if err := r.await(ctx, &goal{Resource: volume, stays: true}, made, &goal{Resource: snapshot}); err != nil {
		return err
	}
	if made.SnapshotID != snapshot.ID {
		return &Finding{On: made.Resource, Expected: "to be of snapshot " + snapshot.ID, Seen: fmt.Sprintf("snapshot_id '%s'", made.SnapshotID)}
	}
	_, err = r.restore(ctx, made.Resource, cloud.Resource{Kind: cloud.KindVolume, Name: r.own + "restored"})
	return err
}

// incremental builds a chain of two, and takes it down from the right end.
func incremental(ctx context.Context, r *Run) error {
	volume, err := r.makeVolume(ctx, cloud.VolumeSpec{Name: r.own + "volume"})
	if err != nil {
		return err
	}
	_, err = r.create(ctx, cloud.Resource{Kind: cloud.KindBackup, Name: r.own + "first"}, func(ctx context.Context) (cloud.Resource, error) {
		return r.Cloud.CreateBackup(ctx, cloud.BackupSpec{Name: r.own + "first", VolumeID: volume.ID, Incremental: true})
	})
	switch call := asCall(err); {
	case err == nil:
		r.warn("an incremental backup of a volume without a full one was accepted")
		if err := r.cleanUp(ctx, r.own+"first", r.blockStorage(), false); err != nil {
			return err
		}
	case call == nil || call.Code != http.StatusBadRequest:
		return r.backupRefused(ctx, err, volume.Size)
	}
	full, err := r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "full"}, volume)
	if err != nil {
		return err
	}
	child, err := r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "child", Incremental: true}, volume)
	if err != nil {
		return err
	}
	if !child.Incremental {
		r.warn("%s was asked for as incremental and is a full backup", child)
		return nil
	}
	if err := r.awaitDependents(ctx, full); err != nil {
		return err
	}
	if err := refused(full, "its deletion", r.tryDelete(ctx, full), http.StatusBadRequest); err != nil {
		return err
	}
	for _, backup := range []cloud.Resource{child, full} {
		if err := r.remove(ctx, backup); err != nil {
			return err
		}
	}
	return nil
}

// restoreExisting writes a backup of 1 GiB into a volume of 2 GiB, and tries
// what must be refused: a target that is too small, and one that is in use.
func restoreExisting(ctx context.Context, r *Run) error {
	source, pattern, err := r.filled(ctx, r.own+"source", first, 1)
	if err != nil {
		return err
	}
	small, err := r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "small"}, source)
	if err != nil {
		return err
	}
	target, _, err := r.filled(ctx, r.own+"target", second, 2)
	if err != nil {
		return err
	}
	large, err := r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "large"}, target)
	if err != nil {
		return err
	}
	err = r.tryRestore(ctx, large, source)
	if err := refused(large, "a restore into a volume that is too small", err, http.StatusBadRequest); err != nil {
		return err
	}
	if _, err := r.beginRestore(ctx, small, target); err != nil {
		return err
	}
	const intoBusy = "a restore into a volume that is being restored into"
	restored := &goal{Resource: target}
	switch err := r.tryRestore(ctx, large, target); {
	case err != nil:
		if err := refused(large, intoBusy, err, http.StatusBadRequest); err != nil {
			return err
		}
		if err := r.await(ctx, restored, &goal{Resource: small}); err != nil {
			return err
		}
	default: // rightly so if the first one was over
		now, err := r.show(ctx, r.Cloud, small)
		if err != nil {
			return err
		}
		if now.Status == "restoring" {
			return refused(large, intoBusy, nil, http.StatusBadRequest)
		}
		r.note("the restore was done before a second one could be refused")
		if err := r.await(ctx, &goal{Resource: target}, &goal{Resource: large}); err != nil {
			return err
		}
		if restored.Resource, err = r.restore(ctx, small, target); err != nil {
			return err
		}
	}
	if restored.Size != 2 {
		return &Finding{On: restored.Resource, Expected: "to keep its 2 GiB", Seen: fmt.Sprintf("%d GiB", restored.Size)}
	}
	if pattern == nil {
		return nil
	}
	return r.holdsAs(ctx, source, restored.Resource, *pattern, small.Size)
}

// otherType restores onto a volume of another type.
func otherType(ctx context.Context, r *Run) error {
	if r.RestoreType == "" {
		return &Skip{Why: "no other volume type is named; give --restore-volume-type NAME"}
	}
	if err := r.shared(ctx); err != nil {
		return err
	}
	if r.Volume.VolumeType == r.RestoreType {
		return &Skip{Why: "volume type '" + r.RestoreType + "' is the one that is backed up; give another with --restore-volume-type"}
	}
	target, err := r.makeVolume(ctx, cloud.VolumeSpec{Name: r.own + "volume", Type: r.RestoreType})
	if err != nil {
		return err
	}
	restored, err := r.restore(ctx, r.Backup, target)
	if err != nil {
		return err
	}
	if restored.VolumeType != r.RestoreType {
		return &Finding{On: restored, Expected: fmt.Sprintf("volume type '%s'", r.RestoreType), Seen: fmt.Sprintf("volume type '%s'", restored.VolumeType)}
	}
	return nil
}

// volumeFromBackup creates a volume from a backup in one call.
func volumeFromBackup(ctx context.Context, r *Run) error {
	source, pattern, err := r.filled(ctx, r.own+"source", first, 1)
	if err != nil {
		return err
	}
	backup, err := r.makeBackup(ctx, cloud.BackupSpec{Name: r.own + "backup"}, source)
	if err != nil {
		return err
	}
	volume, err := r.makeVolume(ctx, cloud.VolumeSpec{Name: r.own + "volume", BackupID: backup.ID})
	if call := asCall(err); call != nil && call.Code == http.StatusNotAcceptable {
		return &Skip{Why: "the cloud's Cinder is older than microversion 3.47", Err: err}
	}
	if err != nil {
		return err
	}
	if err := r.await(ctx, &goal{Resource: backup}); err != nil {
		return err
	}
	if pattern == nil {
		return nil
	}
	return r.holdsAs(ctx, source, volume, *pattern, backup.Size)
}

// isolation tries everything with another project's credentials.
func isolation(ctx context.Context, r *Run) error {
	if r.Other == nil {
		return &Skip{Why: "no other project is named; give --other-cloud NAME"}
	}
	if err := r.shared(ctx); err != nil {
		return err
	}
	for _, hidden := range []cloud.Resource{r.Volume, r.Backup} {
		_, err := r.show(ctx, r.Other, hidden)
		if err := refused(hidden, "showing it to another project", err, http.StatusNotFound); err != nil {
			return err
		}
		listed, err := attempt(ctx, r, false, func(ctx context.Context) ([]cloud.Resource, error) { return r.Other.List(ctx, hidden.Kind) })
		if err != nil {
			return err
		}
		if slices.ContainsFunc(listed, func(l cloud.Resource) bool { return l.ID == hidden.ID }) {
			return &Finding{On: hidden, Expected: "to be missing from another project's list", Seen: "it is listed"}
		}
	}
	for _, forbidden := range []struct {
		what    string
		on      cloud.Resource
		creates bool // in the other project
		try     func(context.Context) error
	}{
		{"restoring it in another project", r.Backup, true, func(ctx context.Context) error {
			_, err := r.Other.Restore(ctx, r.Backup, cloud.Resource{Kind: cloud.KindVolume, Name: r.own + "restored"})
			return err
		}},
		{"renaming it from another project", r.Backup, false, func(ctx context.Context) error { return r.Other.Rename(ctx, r.Backup, r.own+"renamed", "") }},
		{"renaming it from another project", r.Volume, false, func(ctx context.Context) error { return r.Other.Rename(ctx, r.Volume, r.own+"renamed", "") }},
		{"backing it up in another project", r.Volume, true, func(ctx context.Context) error {
			_, err := r.Other.CreateBackup(ctx, cloud.BackupSpec{Name: r.own + "backup", VolumeID: r.Volume.ID})
			return err
		}},
		{"deleting it from another project", r.Backup, false, func(ctx context.Context) error { return r.Other.Delete(ctx, r.Backup) }},
		{"deleting it from another project", r.Volume, false, func(ctx context.Context) error { return r.Other.Delete(ctx, r.Volume) }},
	} {
		_, err := attempt(ctx, r, forbidden.creates, func(ctx context.Context) (struct{}, error) { return struct{}{}, forbidden.try(ctx) })
		err = refused(forbidden.on, forbidden.what, err, http.StatusNotFound, http.StatusForbidden)
		var finding *Finding
		if errors.As(err, &finding) && forbidden.creates {
			finding.Advice = "what was made is in the other project: clear it with that project's --os-cloud, --prefix " + r.Prefix + " and --cleanup-only"
		}
		if err != nil {
			return err
		}
	}
	// What was refused was not done all the same.
	for _, one := range []cloud.Resource{r.Backup, r.Volume} {
		now, err := r.show(ctx, r.Cloud, one)
		seen := fmt.Sprintf("status '%s', name '%s'", now.Status, cloud.Printable(now.Name))
		if call := asCall(err); call != nil && call.Gone() {
			seen, err = "it is gone", nil
		}
		if err != nil {
			return err
		}
		if now.Status != available || now.Name != one.Name {
			return &Finding{On: one, Expected: "to be left as it was by another project", Seen: seen}
		}
	}
	return nil
}
