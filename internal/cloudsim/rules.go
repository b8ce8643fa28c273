package cloudsim

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Rule is what a sound cloud keeps to. The fault rule=NAME makes this one break it, wherever it
// applies; TIMES and SKIP count those places.
type Rule struct{ Name, Broken string }

// Rules returns every rule, and what the cloud does that breaks it.
func Rules() []Rule {
	return []Rule{
		{"restore-flips-bytes", "a restored volume has three other bytes at FlippedOffset"},
		{"restore-cuts-tail", "a restored volume lacks the last 64 KiB that are not zeros"},
		{"restore-fills-holes", "a restored volume has rubbish in its first hole"},
		{"upload-flips-bytes", "an image made of a volume has three other bytes at FlippedOffset"},
		{"image-flips-bytes", "Glance keeps three other bytes than it was sent"},
		{"image-hashless", "Glance has no hash of an image"},
		{"encrypted", "a volume says that it is encrypted"},

		{"restore-loses-increment", "an incremental backup is restored as its parent"},
		{"restore-loses-parent", "an incremental backup is restored without its parent"},
		{"restore-mixes-increment", "a full backup is restored as its increment"},
		{"restore-needs-source", "a restore fails when the source volume is gone"},
		{"restore-empty-without-source", "a restored volume is empty when the source volume is gone"},

		{"foreign-show:backup", "another project is shown a backup"},
		{"foreign-show:volume", "another project is shown a volume"},
		{"foreign-list:backup", "another project's list has a backup"},
		{"foreign-list:volume", "another project's list has a volume"},
		{"foreign-restore:backup", "another project may restore a backup"},
		{"foreign-update:backup", "another project may rename a backup"},
		{"foreign-update:volume", "another project may rename a volume"},
		{"foreign-delete:backup", "another project may delete a backup"},
		{"foreign-delete:volume", "another project may delete a volume"},
		{"foreign-backup:volume", "another project may back a volume up"},

		{"incremental-full", "an incremental backup is a full one"},
		{"parent-unmarked", "a backup never says that others depend on it"},
		{"accepts:delete-parent", "a backup is deleted although others depend on it"},
		{"accepts:incremental-without-full", "an incremental backup needs no full one"},

		{"snapshot-locks-volume", "a volume whose snapshot is backed up stays backing-up"},

		{"restore-elsewhere", "a restore into an existing volume goes into a new one"},
		{"restore-merges", "a restore leaves the target's bytes where the backup has zeros"},
		{"restore-resizes", "a restore into an existing volume gives it the backup's size"},
		{"accepts:restore-too-small", "a backup is restored into a smaller volume"},
		{"accepts:restore-unavailable", "a backup is restored into a volume that is not available"},
		{"volume-from-backup-empty", "a volume that is created from a backup is empty"},
		{"other-type-ignored", "a restore gives a volume the default type"},

		{"list-hides", "a list of backups lacks the first entry"},
		{"filter-ignored:name", "a list of backups has other names than the one asked for"},
		{"filter-ignored:status", "a list of backups has other statuses than the one asked for"},
		{"filter-ignored:volume_id", "a list of backups has those of other volumes than the one asked for"},
		{"filter-blind:name", "a list of backups finds none by name"},
		{"filter-blind:status", "a list of backups finds none by status"},
		{"filter-blind:volume_id", "a list of backups finds none by volume"},
		{"page-repeats", "the last page of backups repeats an entry"},
		{"page-loses", "a later page of backups lacks an entry"},
		{"marker-ignored", "a list of backups begins at the beginning, whatever the marker"},
		{"limit-ignored", "a page of backups is longer than asked"},
		{"links-missing", "a page of backups has no link to the next"},
		{"limits-wrong", "the limits count no backups"},

		{"backup-drops:name", "a backup has no name"},
		{"backup-drops:description", "a backup has no description"},
		{"backup-drops:size", "a backup has another size than the volume"},
		{"backup-drops:volume_id", "a backup names another volume"},
		{"backup-drops:snapshot_id", "a snapshot's backup names no snapshot"},
		{"rename-ignored", "a backup keeps its name when it is renamed"},
		{"restore-drops:name", "a restored volume has another name than asked"},
		{"restore-drops:size", "a restored volume has another size than the backup"},
		{"restore-drops:metadata", "a restored volume lacks the source's metadata"},
		{"restore-drops:bootable", "a restored volume is not bootable"},

		{"wrong-code:unknown", "what there is not is answered with 400"},
		{"wrong-code:busy", "what is busy is answered with 409"},
		{"accepts:delete-busy", "the deletion of a busy backup is accepted, and not done"},
		{"accepts:restore-busy", "the restore of a busy backup is accepted, and not done"},
		{"accepts:delete-backing-up", "the deletion of a volume that is backed up is accepted, and not done"},
		{"accepts:admin-action", "a member may do what is an administrator's to a backup"},
	}
}

// broken says whether the cloud is to break a rule this time.
func (c *Cloud) broken(name string) bool { return c.operationFault(ruleMatch+"="+name) != nil }

// ruleMatch is the MATCH of a fault that breaks a rule.
const ruleMatch = "rule"

func isRule(name string) bool {
	return slices.ContainsFunc(Rules(), func(r Rule) bool { return r.Name == name })
}

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

// restored is what a restore writes: the backup's bytes.
func (c *Cloud) restored(b *Backup, v *Volume) disk {
	data := c.contents(b)
	if parent := c.backups[b.ParentID]; parent != nil {
		if c.broken("restore-loses-increment") {
			data = c.contents(parent)
		} else if c.broken("restore-loses-parent") {
			data = disk{}
			data.apply(b.data)
		}
	}
	for _, child := range c.backups {
		if child.ParentID == b.ID && c.broken("restore-mixes-increment") {
			data = c.contents(child)
		}
	}
	if c.volumes[b.VolumeID] == nil && c.broken("restore-empty-without-source") || v.Status == "creating" && c.broken("volume-from-backup-empty") {
		data = disk{}
	}
	if c.broken("restore-flips-bytes") {
		data.flip(int64(b.Size) << 30)
	}
	if len(data) > 0 && c.broken("restore-cuts-tail") {
		delete(data, slices.Max(slices.Collect(maps.Keys(data))))
	}
	if c.broken("restore-fills-holes") {
		hole := int64(0)
		for data[hole] != nil {
			hole++
		}
		data.writeAt([]byte(strings.Repeat("rubbish!", chunkSize/8)), hole*chunkSize)
	}
	return data
}

// misrestore breaks the rules about what a restored volume is like otherwise.
func (c *Cloud) misrestore(b *Backup, v *Volume) {
	if c.broken("restore-drops:metadata") {
		v.Metadata = nil
	}
	if c.broken("restore-drops:bootable") {
		v.Bootable = false
	}
	if c.broken("restore-resizes") {
		v.Size = b.Size
	}
	if c.broken("other-type-ignored") {
		v.Type = DefaultType
	}
}

// misrecord breaks the rules about what a new backup says of itself.
func (c *Cloud) misrecord(b *Backup) {
	if c.broken("backup-drops:name") {
		b.Name = ""
	}
	if c.broken("backup-drops:description") {
		b.Description = ""
	}
	if c.broken("backup-drops:size") {
		b.Size++
	}
	if c.broken("backup-drops:volume_id") {
		b.VolumeID = c.newID("volume")
	}
	if b.SnapshotID != "" && c.broken("backup-drops:snapshot_id") {
		b.SnapshotID = ""
	}
}

// foreign says whether what a request does is open to other projects, too.
func (r *call) foreign(kind string) bool {
	verb := map[string]string{"GET": "show", "PUT": "update", "DELETE": "delete"}[r.Method]
	if r.Method == "POST" {
		verb = strings.TrimSuffix(r.segs[len(r.segs)-1], "s")
	}
	return r.cloud.broken("foreign-" + verb + ":" + strings.ToLower(kind))
}

// busy is the refusal of what cannot be done now.
func (c *Cloud) busy(format string, args ...any) *apiError {
	refusal := malformed(format, args...)
	if c.broken("wrong-code:busy") {
		refusal.code = http.StatusConflict
	}
	return refusal
}

// misfilter breaks the rules about filters of backups.
func (c *Cloud) misfilter(params url.Values) {
	for _, name := range []string{"name", "status", "volume_id"} {
		if params.Has(name) && c.broken("filter-ignored:"+name) {
			params.Del(name)
		}
		if params.Has(name) && c.broken("filter-blind:"+name) {
			params.Set(name, "nothing has this")
		}
	}
}

// mispage breaks the rules about what is on a page of backups; marker is the entry before it, if any.
func mispage[T any](c *Cloud, page []T, marker *T, limit int) []T {
	switch {
	case len(page) > 0 && c.broken("list-hides"), len(page) > 0 && marker != nil && c.broken("page-loses"):
		return page[1:]
	case len(page) < limit && marker != nil && c.broken("page-repeats"):
		return append(page, *marker)
	}
	return page
}
