package cloudsim

// restoreBackup answers POST /backups/{id}/restore. Into a new volume the real request takes as long
// as that volume's creation; here it answers at once, with the volume already there.
func (c *Cloud) restoreBackup(r *call) (*answer, error) {
	a, err := r.args("restore", "name", "volume_id")
	if err != nil {
		return nil, err
	}
	name, volumeID := a.text("name"), a.uuid("volume_id")
	if a.err != nil {
		return nil, a.err
	}
	b, err := lookup(r, backupsOf, "Backup", r.id)
	if err != nil {
		return nil, err
	}
	busy := r.statusOf(&b.Resource, "available") != "available"
	if busy && !c.broken(AcceptsRestoreBusy) {
		return nil, c.busy("Invalid backup: Backup status must be available")
	}
	var v *Volume
	if volumeID != "" {
		if v, err = lookup(r, volumesOf, "Volume", volumeID); err != nil {
			return nil, err
		}
		if r.statusOf(&v.Resource, "available") != "available" && !c.broken(AcceptsRestoreUnavailable) {
			return nil, malformed("Invalid volume: Volume to be restored to must be available")
		}
		if b.Size > v.Size && !c.broken(AcceptsRestoreTooSmall) {
			return nil, malformed("Invalid volume: volume size %d is too small to restore backup of size %d.", v.Size, b.Size)
		}
	}
	isNew := v == nil || c.broken(RestoreElsewhere)
	if isNew {
		if _, err := c.newVolumeType(r, "", DefaultType, b.Size); err != nil {
			return nil, err
		}
		if err := c.reserve(r.token.project.id, quotaVolumes, b.Size); err != nil {
			return nil, unprefixed(err)
		}
		v = &Volume{Type: DefaultType, data: disk{}}
		v.Resource = c.newResource("volume", r, a)
		v.Status, v.Size, v.Description = "available", b.Size, "auto-created_from_restore_from_backup"
		if name == "" || c.broken(RestoreDropsName) {
			v.Name = "restore_backup_" + b.ID
		}
		if c.broken(RestoreDropsSize) {
			v.Size++
		}
		c.volumes[v.ID] = v
	}
	if !c.service.up {
		return nil, notFound("Service", "cinder-backup") // the new volume stays
	}
	if !busy {
		b.request = r.entry.ID
		c.startRestore(b, v, isNew, isNew && name == "")
	}
	view := object{"backup_id": b.ID, "volume_id": v.ID, "volume_name": null(v.Name)}
	if c.broken(RestoreNamesOtherBackup) {
		view["backup_id"] = c.newID("backup")
	}
	if c.broken(RestoreNamesSource) {
		view["volume_id"] = b.VolumeID
	}
	return accepted(object{"restore": view}), nil
}

// restoredFrom is the member of a volume's metadata that names the backup that is in it.
const restoredFrom = "src_backup_id"

// startRestore overwrites a volume with a backup. A renamed one gets the source's name and
// description in the end; every one gets its metadata and its image's, as far as it had any, and is
// marked with what it was restored from, except by an older Cinder, and the backup's own source, unless
// that then bears another mark.
func (c *Cloud) startRestore(b *Backup, v *Volume, isNew, rename bool) {
	b.restoring = v.ID
	c.set(&b.Resource, "restoring")
	c.set(&v.Resource, "restoring-backup")
	v.operation++
	finishVolume := func(outcome string) {
		if outcome == "" && c.volumes[b.VolumeID] == nil && c.broken(RestoreNeedsSource) {
			outcome = "error_restoring"
		}
		if outcome == "" && v.Type != b.source.Type && c.encrypted(&b.source) {
			outcome = "error_restoring" // its key belongs to its type
		}
		if outcome != "" {
			c.endVolume(v, outcome, "")
			if failed(outcome) {
				c.reportBackup(b, "015_026", "restore backup:Backup driver failed to restore backup.")
			}
			return
		}
		if v.ID != b.VolumeID || !c.broken(OverwriteIgnored) {
			c.overwrite(v, b, isNew)
		}
		if rename {
			v.Name, v.Description = b.source.Name, b.source.Description
		}
		if len(b.source.Metadata) > 0 { // none leave the target's as they are
			v.Metadata = b.source.metadata()
		} else {
			v.Metadata = v.metadata()
		}
		mark := v.Metadata[restoredFrom]
		if c.maxMinor >= 60 && (v.ID != b.VolumeID || mark != "" && mark != b.ID) {
			v.Metadata[restoredFrom] = b.ID
		}
		if b.source.Bootable {
			v.Bootable, v.ImageMetadata = true, b.source.ImageMetadata
		}
		c.misrestore(b, v)
		c.set(&v.Resource, "available")
	}
	operation := v.operation
	early := func(outcome string) {
		if v.operation == operation {
			finishVolume(outcome)
		}
	}
	// The backup itself is fine again, also after a restore that failed.
	c.operate(opRestore, &b.Resource, early, func(string) { c.set(&b.Resource, "available") })
}

// overwrite gives a volume a backup's bytes. Beyond the backup's size the old ones stay, as with Cinder's
// chunked drivers.
func (c *Cloud) overwrite(v *Volume, b *Backup, isNew bool) {
	if b.spoiled {
		return
	}
	data := c.restored(b, v, isNew)
	merge := len(v.data) > 0 && c.broken(RestoreMerges)
	for i := range v.data {
		if i < int64(b.Size)<<30/chunkSize && !merge {
			delete(v.data, i)
		}
	}
	v.data.apply(data)
}
