package cloudsim

import (
	"fmt"
	"slices"
)

// Rule is something that a sound cloud keeps to, by the name that ParseRule reads.
type Rule string

// The rules. What a cloud does that breaks one is in Rules.
const (
	RestoreFlipsBytes Rule = "restore-flips-bytes"
	RestoreCutsTail   Rule = "restore-cuts-tail"
	RestoreFillsHoles Rule = "restore-fills-holes"
	RestoreStops      Rule = "restore-stops"
	RestoreShifts     Rule = "restore-shifts"
	UploadFlipsBytes  Rule = "upload-flips-bytes"
	ImageFlipsBytes   Rule = "image-flips-bytes"
	ImageHashless     Rule = "image-hashless"
	ImageHashWrong    Rule = "image-hash-wrong"
	Encrypted         Rule = "encrypted"

	RestoreLosesIncrement     Rule = "restore-loses-increment"
	RestoreLosesParent        Rule = "restore-loses-parent"
	RestoreMixesIncrement     Rule = "restore-mixes-increment"
	IncrementLosesZeros       Rule = "increment-loses-zeros"
	DeletionSpoilsParent      Rule = "deletion-spoils-parent"
	RestoreNeedsSource        Rule = "restore-needs-source"
	RestoreEmptyWithoutSource Rule = "restore-empty-without-source"

	ForeignShowBackup    Rule = "foreign-show:backup"
	ForeignShowVolume    Rule = "foreign-show:volume"
	ForeignListBackup    Rule = "foreign-list:backup"
	ForeignListVolume    Rule = "foreign-list:volume"
	ForeignRestoreBackup Rule = "foreign-restore:backup"
	ForeignUpdateBackup  Rule = "foreign-update:backup"
	ForeignUpdateVolume  Rule = "foreign-update:volume"
	ForeignDeleteBackup  Rule = "foreign-delete:backup"
	ForeignDeleteVolume  Rule = "foreign-delete:volume"
	ForeignBackupVolume  Rule = "foreign-backup:volume"

	IncrementalFull               Rule = "incremental-full"
	ParentUnmarked                Rule = "parent-unmarked"
	AcceptsDeleteParent           Rule = "accepts:delete-parent"
	AcceptsIncrementalWithoutFull Rule = "accepts:incremental-without-full"

	SnapshotLocksVolume       Rule = "snapshot-locks-volume"
	SnapshotBackupIsLater     Rule = "snapshot-backup-is-later"
	VolumeFromSnapshotIsLater Rule = "volume-from-snapshot-is-later"

	AcceptsInUseWithoutForce Rule = "accepts:in-use-without-force"
	ForceIgnored             Rule = "force-ignored"
	InUseBackupEmpty         Rule = "in-use-backup-empty"
	InUseStaysBackingUp      Rule = "in-use-stays-backing-up"
	InUseForgotten           Rule = "in-use-forgotten"

	UnreadableVolume        Rule = "unreadable:volume"
	UnreadableBackup        Rule = "unreadable:backup"
	RestoreNamesOtherBackup Rule = "restore-names-other-backup"
	RestoreNamesSource      Rule = "restore-names-source"

	RestoreElsewhere          Rule = "restore-elsewhere"
	RestoreMerges             Rule = "restore-merges"
	RestoreResizes            Rule = "restore-resizes"
	AcceptsRestoreTooSmall    Rule = "accepts:restore-too-small"
	AcceptsRestoreUnavailable Rule = "accepts:restore-unavailable"
	VolumeFromBackupEmpty     Rule = "volume-from-backup-empty"
	OtherTypeIgnored          Rule = "other-type-ignored"
	OverwriteIgnored          Rule = "overwrite-ignored"

	MiddleIsNext      Rule = "middle-is-next"
	CiphertextDiffers Rule = "ciphertext-differs"
	KeyLost           Rule = "key-lost"

	ListHides             Rule = "list-hides"
	FilterIgnoredName     Rule = "filter-ignored:name"
	FilterIgnoredStatus   Rule = "filter-ignored:status"
	FilterIgnoredVolumeID Rule = "filter-ignored:volume_id"
	FilterBlindName       Rule = "filter-blind:name"
	FilterBlindStatus     Rule = "filter-blind:status"
	FilterBlindVolumeID   Rule = "filter-blind:volume_id"
	PageRepeats           Rule = "page-repeats"
	PageLoses             Rule = "page-loses"
	MarkerIgnored         Rule = "marker-ignored"
	LimitIgnored          Rule = "limit-ignored"
	LinksMissing          Rule = "links-missing"
	LimitsWrong           Rule = "limits-wrong"

	BackupDropsName        Rule = "backup-drops:name"
	BackupDropsDescription Rule = "backup-drops:description"
	BackupDropsSize        Rule = "backup-drops:size"
	BackupDropsVolumeID    Rule = "backup-drops:volume_id"
	BackupDropsSnapshotID  Rule = "backup-drops:snapshot_id"
	BackupDropsMetadata    Rule = "backup-drops:metadata"
	RenameIgnored          Rule = "rename-ignored"
	RestoreDropsName       Rule = "restore-drops:name"
	RestoreDropsSize       Rule = "restore-drops:size"
	RestoreDropsMetadata   Rule = "restore-drops:metadata"
	RestoreDropsBootable   Rule = "restore-drops:bootable"
	RestoreDropsImage      Rule = "restore-drops:image-metadata"

	WrongCodeUnknown       Rule = "wrong-code:unknown"
	WrongCodeBusy          Rule = "wrong-code:busy"
	AcceptsDeleteBusy      Rule = "accepts:delete-busy"
	AcceptsRestoreBusy     Rule = "accepts:restore-busy"
	AcceptsDeleteBackingUp Rule = "accepts:delete-backing-up"
	AcceptsAdminAction     Rule = "accepts:admin-action"
)

// BrokenRule is a rule, and what a cloud does that breaks it.
type BrokenRule struct {
	Rule   Rule
	Broken string
}

// Rules returns every rule.
func Rules() []BrokenRule {
	return []BrokenRule{
		{RestoreFlipsBytes, fmt.Sprintf("a restored volume has three other bytes at offset %d", FlippedOffset)},
		{RestoreCutsTail, "a restored volume lacks the last 64 KiB that are not zeros"},
		{RestoreFillsHoles, "a restored volume has rubbish in its first hole"},
		{RestoreStops, "a restore ends after 50 MiB"},
		{RestoreShifts, "a restore into an empty volume leaves out each 128 MiB of zeros, and moves the rest forward"},
		{UploadFlipsBytes, fmt.Sprintf("an image made of a volume has three other bytes at offset %d", FlippedOffset)},
		{ImageFlipsBytes, "Glance keeps three other bytes than it was sent"},
		{ImageHashless, "Glance has no hash of an image"},
		{ImageHashWrong, "Glance states another hash of an image than that of its bytes"},
		{Encrypted, "a volume says that it is encrypted"},

		{RestoreLosesIncrement, "an incremental backup is restored as its parent"},
		{RestoreLosesParent, "an incremental backup is restored without its parent"},
		{RestoreMixesIncrement, "a full backup is restored as its increment"},
		{IncrementLosesZeros, "a restore into a new volume leaves the parent's bytes where the increment has zeros, as Cinder's chunked drivers do since 2023.1"},
		{DeletionSpoilsParent, "an incremental backup whose own increment was deleted is restored without a byte of it written"},
		{RestoreNeedsSource, "a restore fails when the source volume is gone"},
		{RestoreEmptyWithoutSource, "a restored volume is empty when the source volume is gone"},

		{ForeignShowBackup, "another project is shown a backup"},
		{ForeignShowVolume, "another project is shown a volume"},
		{ForeignListBackup, "another project's list has a backup"},
		{ForeignListVolume, "another project's list has a volume"},
		{ForeignRestoreBackup, "another project may restore a backup"},
		{ForeignUpdateBackup, "another project may rename a backup"},
		{ForeignUpdateVolume, "another project may rename a volume"},
		{ForeignDeleteBackup, "another project may delete a backup"},
		{ForeignDeleteVolume, "another project may delete a volume"},
		{ForeignBackupVolume, "another project may back a volume up"},

		{IncrementalFull, "an incremental backup is a full one"},
		{ParentUnmarked, "a backup never says that others depend on it"},
		{AcceptsDeleteParent, "a backup is deleted although others depend on it"},
		{AcceptsIncrementalWithoutFull, "an incremental backup needs no full one"},

		{SnapshotLocksVolume, "a volume whose snapshot is backed up stays backing-up"},
		{SnapshotBackupIsLater, "a snapshot's backup has the bytes that the volume got later"},
		{VolumeFromSnapshotIsLater, "a volume that is created from a snapshot has the bytes that its volume got later"},

		{AcceptsInUseWithoutForce, "a volume in use is backed up without force"},
		{ForceIgnored, "a volume in use is not backed up with force"},
		{InUseBackupEmpty, "the backup of a volume in use is empty"},
		{InUseStaysBackingUp, "a volume that was backed up in use stays backing-up"},
		{InUseForgotten, "a volume that was backed up in use is available then"},

		{UnreadableVolume, "a volume is listed, but not found by its id"},
		{UnreadableBackup, "a backup is listed, but not found by its id"},
		{RestoreNamesOtherBackup, "the answer to a restore names another backup"},
		{RestoreNamesSource, "the answer to a restore names the source volume as the new one"},

		{RestoreElsewhere, "a restore into an existing volume goes into a new one"},
		{RestoreMerges, "a restore leaves the target's bytes where the backup has zeros"},
		{RestoreResizes, "a restore into an existing volume gives it the backup's size"},
		{AcceptsRestoreTooSmall, "a backup is restored into a smaller volume"},
		{AcceptsRestoreUnavailable, "a backup is restored into a volume that is not available"},
		{VolumeFromBackupEmpty, "a volume that is created from a backup is empty"},
		{OtherTypeIgnored, "a restore gives a volume the default type"},
		{OverwriteIgnored, "a restore into the backup's own source volume leaves its bytes"},

		{MiddleIsNext, "an increment that another builds on is restored as that one"},
		{CiphertextDiffers, "an encrypted volume is restored with another key"},
		{KeyLost, "an encrypted volume is restored with another key when the source volume is gone"},

		{ListHides, "a list of backups lacks the first entry"},
		{FilterIgnoredName, "a list of backups has other names than the one asked for"},
		{FilterIgnoredStatus, "a list of backups has other statuses than the one asked for"},
		{FilterIgnoredVolumeID, "a list of backups has those of other volumes than the one asked for"},
		{FilterBlindName, "a list of backups finds none by name"},
		{FilterBlindStatus, "a list of backups finds none by status"},
		{FilterBlindVolumeID, "a list of backups finds none by volume"},
		{PageRepeats, "the last page of backups repeats an entry"},
		{PageLoses, "a later page of backups lacks an entry"},
		{MarkerIgnored, "a list of backups begins at the beginning, whatever the marker"},
		{LimitIgnored, "a page of backups is longer than asked"},
		{LinksMissing, "a page of backups has no link to the next"},
		{LimitsWrong, "the limits count no backups"},

		{BackupDropsName, "a backup has no name"},
		{BackupDropsDescription, "a backup has no description"},
		{BackupDropsSize, "a backup has another size than the volume"},
		{BackupDropsVolumeID, "a backup names another volume"},
		{BackupDropsSnapshotID, "a snapshot's backup names no snapshot"},
		{BackupDropsMetadata, "a backup has no metadata"},
		{RenameIgnored, "a backup keeps its name when it is renamed"},
		{RestoreDropsName, "a restored volume has another name than asked"},
		{RestoreDropsSize, "a restored volume has another size than the backup"},
		{RestoreDropsMetadata, "a restored volume lacks the source's metadata"},
		{RestoreDropsBootable, "a restored volume is not bootable"},
		{RestoreDropsImage, "a restored volume lacks the image metadata"},

		{WrongCodeUnknown, "what there is not is answered with 400"},
		{WrongCodeBusy, "what is busy is answered with 409"},
		{AcceptsDeleteBusy, "the deletion of a busy backup is accepted, and not done"},
		{AcceptsRestoreBusy, "the restore of a busy backup is accepted, and not done"},
		{AcceptsDeleteBackingUp, "the deletion of a volume that is backed up is accepted, and not done"},
		{AcceptsAdminAction, "a member may do what is an administrator's to a backup"},
	}
}

// ParseRule returns the rule of that name. Its error says in one line where the names are.
func ParseRule(name string) (Rule, error) {
	if slices.ContainsFunc(Rules(), func(r BrokenRule) bool { return string(r.Rule) == name }) {
		return Rule(name), nil
	}
	return "", fmt.Errorf("rule %q: there is no such rule; '?' lists them", name)
}

// Break makes the cloud break a rule from now on, wherever it applies.
func (c *Cloud) Break(r Rule) {
	c.lock()
	defer c.mu.Unlock()
	c.rules[r] = true
}

// broken says whether the cloud is to break a rule.
func (c *Cloud) broken(r Rule) bool { return c.rules[r] }
