package cloudsim

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// This file does what the broken rules say; rules.go names them.

// FlippedOffset is where bytes go wrong on their way, in whatever is long enough.
const FlippedOffset = 18*chunkSize + 5

func (d disk) flip(size int64) {
	var wrong [3]byte
	at := int64(FlippedOffset)
	if at+int64(len(wrong)) > size {
		at = max(0, size-int64(len(wrong)))
	}
	_, _ = d.ReadAt(wrong[:], at) // never fails
	for i := range wrong {
		wrong[i] ^= 0xff
	}
	d.writeAt(wrong[:], at)
}

// misstate makes other digests of an image's own, if there are any.
func (d digests) misstate() digests {
	other := func(hex string) string {
		if hex == "" {
			return ""
		}
		first := "0"
		if hex[0] == '0' {
			first = "1"
		}
		return first + hex[1:]
	}
	return digests{md5: other(d.md5), sha512: other(d.sha512)}
}

// restored is what a restore writes, perhaps into a new volume: the backup's bytes.
func (c *Cloud) restored(b *Backup, v *Volume, isNew bool) disk {
	data := c.contents(b)
	if isNew && c.broken(IncrementLosesZeros) {
		data = c.contentsWithoutZeros(b)
	}
	if parent := c.backups[b.ParentID]; parent != nil {
		if c.broken(RestoreLosesIncrement) {
			data = c.contents(parent)
		} else if c.broken(RestoreLosesParent) {
			data = disk{}
			data.apply(b.data)
		}
	}
	for _, child := range c.backups {
		if child.ParentID == b.ID && (c.broken(RestoreMixesIncrement) || b.ParentID != "" && c.broken(MiddleIsNext)) {
			data = c.contents(child)
		}
	}
	if c.volumes[b.VolumeID] == nil && c.broken(RestoreEmptyWithoutSource) || v.Status == "creating" && c.broken(VolumeFromBackupEmpty) {
		data = disk{}
	}
	if c.broken(RestoreFlipsBytes) {
		data.flip(int64(b.Size) << 30)
	}
	if len(data) > 0 && c.broken(RestoreCutsTail) {
		delete(data, slices.Max(slices.Collect(maps.Keys(data))))
	}
	if c.broken(RestoreStops) {
		maps.DeleteFunc(data, func(i int64, _ []byte) bool { return i >= 50<<20/chunkSize })
	}
	if isNew && c.broken(RestoreShifts) {
		data = data.closedUp(int64(b.Size) << 30)
	}
	if c.broken(RestoreFillsHoles) {
		hole := int64(0)
		for data[hole] != nil {
			hole++
		}
		data.writeAt([]byte(strings.Repeat("rubbish!", chunkSize/8)), hole*chunkSize)
	}
	return data
}

// withoutZeros is what a driver writes that leaves zeros out.
func (d disk) withoutZeros() disk {
	kept, zeros := disk{}, make([]byte, chunkSize)
	for i, chunk := range d {
		if chunk != nil && !bytes.Equal(chunk, zeros) {
			kept[i] = chunk
		}
	}
	return kept
}

// closedUp is what Cinder's Ceph driver makes of a disk on some ways (Launchpad bug 2155612): it does
// not move on past an object that is all zeros.
func (d disk) closedUp(size int64) disk {
	const object = 128 << 20 / chunkSize // in chunks
	closed, to, written := disk{}, int64(0), d.withoutZeros()
	for begin := int64(0); begin < size/chunkSize; begin += object {
		empty := true
		for i := range int64(object) {
			if chunk := written[begin+i]; chunk != nil {
				closed[to+i], empty = chunk, false
			}
		}
		if !empty {
			to += object
		}
	}
	return closed
}

// misrestore breaks the rules about what a restored volume is like otherwise.
func (c *Cloud) misrestore(b *Backup, v *Volume) {
	if c.broken(RestoreDropsMetadata) {
		maps.DeleteFunc(v.Metadata, func(key, _ string) bool { return key != restoredFrom })
	}
	if c.broken(RestoreDropsBootable) {
		v.Bootable = false
	}
	if c.broken(RestoreDropsImage) {
		v.ImageMetadata = nil
	}
	if c.broken(CiphertextDiffers) || c.volumes[b.VolumeID] == nil && c.broken(KeyLost) {
		v.key = 1
	}
	if c.broken(RestoreResizes) {
		v.Size = b.Size
	}
	if c.broken(OtherTypeIgnored) {
		v.Type = DefaultType
	}
}

// misrecord breaks the rules about what a new backup says of itself.
func (c *Cloud) misrecord(b *Backup) {
	if c.broken(BackupDropsName) {
		b.Name = ""
	}
	if c.broken(BackupDropsDescription) {
		b.Description = ""
	}
	if c.broken(BackupDropsSize) {
		b.Size++
	}
	if c.broken(BackupDropsVolumeID) {
		b.VolumeID = c.newID("volume")
	}
	if c.broken(BackupDropsMetadata) {
		b.Metadata = nil
	}
	if b.SnapshotID != "" && c.broken(BackupDropsSnapshotID) {
		b.SnapshotID = ""
	}
}

// foreign says whether what a request does is open to other projects, too.
func (r *call) foreign(kind string) bool {
	last := r.segs[len(r.segs)-1]
	rules := map[string]Rule{}
	switch kind {
	case "Backup":
		rules = map[string]Rule{"GET": ForeignShowBackup, "PUT": ForeignUpdateBackup, "DELETE": ForeignDeleteBackup}
		if last == "restore" {
			rules["POST"] = ForeignRestoreBackup
		}
	case "Volume":
		rules = map[string]Rule{"GET": ForeignShowVolume, "PUT": ForeignUpdateVolume, "DELETE": ForeignDeleteVolume}
		if last == "backups" {
			rules["POST"] = ForeignBackupVolume
		}
	}
	return r.cloud.broken(rules[r.Method])
}

// busy is the refusal of what cannot be done now.
func (c *Cloud) busy(format string, args ...any) *apiError {
	refusal := malformed(format, args...)
	if c.broken(WrongCodeBusy) {
		refusal.code = http.StatusConflict
	}
	return refusal
}

// misfilter breaks the rules about filters of backups.
func (c *Cloud) misfilter(params url.Values) {
	for _, f := range []struct {
		name           string
		ignored, blind Rule
	}{
		{"name", FilterIgnoredName, FilterBlindName},
		{"status", FilterIgnoredStatus, FilterBlindStatus},
		{"volume_id", FilterIgnoredVolumeID, FilterBlindVolumeID},
	} {
		if params.Has(f.name) && c.broken(f.ignored) {
			params.Del(f.name)
		}
		if params.Has(f.name) && c.broken(f.blind) {
			params.Set(f.name, "nothing has this")
		}
	}
}

// mispage breaks the rules about what is on a page of backups; marker is the entry before it, if any.
func mispage[T any](c *Cloud, page []T, marker *T, limit int) []T {
	switch {
	case len(page) > 0 && c.broken(ListHides), len(page) > 0 && marker != nil && c.broken(PageLoses):
		return page[1:]
	case len(page) < limit && marker != nil && c.broken(PageRepeats):
		return append(page, *marker)
	}
	return page
}
