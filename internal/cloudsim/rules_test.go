package cloudsim_test

import (
	"testing"
	"testing/synctest"

	"volume-backup-tester/internal/cloudsim"
)

// Every rule, as somebody sees it who looks for just that: on a sound cloud, and where it is broken.
func TestEachRule(t *testing.T) {
	const zeros = "\x00\x00\x00\x00"
	rows := []struct {
		rule          cloudsim.Rule
		look          func(s *scene) any
		sound, broken any
	}{
		{cloudsim.RestoreFlipsBytes, func(s *scene) any { return s.restoredBytes(cloudsim.FlippedOffset) }, "data", "\x9b\x9e\x8ba"},
		{cloudsim.RestoreCutsTail, func(s *scene) any { return s.restoredBytes(1<<30 - 4) }, "tail", zeros},
		{cloudsim.RestoreFillsHoles, func(s *scene) any { return s.restoredBytes(64 << 10) }, zeros, "rubb"},
		{cloudsim.RestoreStops, func(s *scene) any { return s.restoredBytes(1<<30 - 4) }, "tail", zeros},
		{cloudsim.RestoreShifts, func(s *scene) any { return s.restoredBytes(2*128<<20 - 4) }, zeros, "tail"},
		{cloudsim.RestoreLosesIncrement, func(s *scene) any { return s.chainBytes("incremental", 0) }, "newer", "older"},
		{cloudsim.RestoreLosesParent, func(s *scene) any { return s.chainBytes("incremental", 1<<20) }, "fixed", "\x00" + zeros},
		{cloudsim.RestoreMixesIncrement, func(s *scene) any { return s.chainBytes("full", 0) }, "older", "newer"},
		{cloudsim.IncrementLosesZeros, func(s *scene) any { return s.chainBytes("incremental", 2<<20) }, "\x00" + zeros, "stale"},
		{cloudsim.DeletionSpoilsParent, func(s *scene) any {
			_, middle := s.chain()
			newest := s.backupWith(s.of("backup", middle, "volume_id").(string), object{"incremental": true})
			s.do("DELETE", "/backups/"+newest, nil, 202)
			return s.read(s.restore(middle), 0, 5)
		}, "newer", "\x00" + zeros},
		{cloudsim.RestoreNeedsSource, func(s *scene) any { return s.status("/volumes/" + s.orphan()) }, "available", "error_restoring"},
		{cloudsim.RestoreEmptyWithoutSource, func(s *scene) any { return s.read(s.orphan(), cloudsim.FlippedOffset, 4) }, "data", zeros},
		{cloudsim.VolumeFromBackupEmpty, func(s *scene) any {
			id := s.do("POST", "/volumes", object{"volume": object{"backup_id": s.backup(s.filled())}}, 202)["id"].(string)
			return s.read(id, cloudsim.FlippedOffset, 4)
		}, "data", zeros},
		{cloudsim.UploadFlipsBytes, func(s *scene) any { return s.readImage(s.upload(s.filled()), cloudsim.FlippedOffset) }, "data", "\x9b\x9e\x8ba"},
		{cloudsim.ImageFlipsBytes, func(s *scene) any { return s.readImage(s.image("0123456789"), 6) }, "6789", "6\xc8\xc7\xc6"},
		{cloudsim.ImageHashless, func(s *scene) any { return s.glance("GET", "/"+s.image("x"), "")["os_hash_algo"] }, "sha512", nil},
		{cloudsim.ImageHashWrong, func(s *scene) any { return s.glance("GET", "/"+s.image("x"), "")["os_hash_value"].(string)[:4] }, "a4ab", "04ab"},
		{cloudsim.Encrypted, func(s *scene) any { return s.do("GET", "/volumes/"+s.volume(), nil, 200)["encrypted"] }, false, true},

		{cloudsim.ForeignShowBackup, func(s *scene) any { return s.foreign("GET", "/backups/"+s.backup(s.volume()), nil) }, 404, 200},
		{cloudsim.ForeignShowVolume, func(s *scene) any { return s.foreign("GET", "/volumes/"+s.volume(), nil) }, 404, 200},
		{cloudsim.ForeignListBackup, func(s *scene) any { s.backup(s.volume()); return s.count(s.other, "/backups") }, 0, 1},
		{cloudsim.ForeignListVolume, func(s *scene) any { s.volume(); return s.count(s.other, "/volumes") }, 0, 1},
		{cloudsim.ForeignRestoreBackup, func(s *scene) any {
			return s.foreign("POST", "/backups/"+s.backup(s.volume())+"/restore", object{"restore": object{}})
		}, 404, 202},
		{cloudsim.ForeignUpdateBackup, func(s *scene) any {
			return s.foreign("PUT", "/backups/"+s.backup(s.volume()), object{"backup": object{"name": "x"}})
		}, 404, 200},
		{cloudsim.ForeignUpdateVolume, func(s *scene) any {
			return s.foreign("PUT", "/volumes/"+s.volume(), object{"volume": object{"name": "x"}})
		}, 404, 200},
		{cloudsim.ForeignDeleteBackup, func(s *scene) any { return s.foreign("DELETE", "/backups/"+s.backup(s.volume()), nil) }, 404, 202},
		{cloudsim.ForeignDeleteVolume, func(s *scene) any { return s.foreign("DELETE", "/volumes/"+s.volume(), nil) }, 404, 202},
		{cloudsim.ForeignBackupVolume, func(s *scene) any {
			return s.foreign("POST", "/backups", object{"backup": object{"volume_id": s.volume()}})
		}, 404, 202},

		{cloudsim.IncrementalFull, func(s *scene) any { _, child := s.chain(); return s.of("backup", child, "is_incremental") }, true, false},
		{cloudsim.ParentUnmarked, func(s *scene) any { full, _ := s.chain(); return s.of("backup", full, "has_dependent_backups") }, true, false},
		{cloudsim.AcceptsDeleteParent, func(s *scene) any { full, _ := s.chain(); return s.code("DELETE", "/backups/"+full, nil) }, 400, 202},
		{cloudsim.AcceptsIncrementalWithoutFull, func(s *scene) any {
			return s.code("POST", "/backups", object{"backup": object{"volume_id": s.volume(), "incremental": true}})
		}, 400, 202},

		{cloudsim.SnapshotLocksVolume, func(s *scene) any { v, _ := s.snapshotBackup(); return s.status("/volumes/" + v) }, "available", "backing-up"},
		{cloudsim.BackupDropsSnapshotID, func(s *scene) any { _, b := s.snapshotBackup(); return s.of("backup", b, "snapshot_id") != nil }, true, false},

		{cloudsim.SnapshotBackupIsLater, func(s *scene) any { _, b := s.snapshotBackup(); return s.read(s.restore(b), 0, 5) }, "older", "newer"},
		{cloudsim.VolumeFromSnapshotIsLater, func(s *scene) any {
			return s.read(s.do("POST", "/volumes", object{"volume": object{"snapshot_id": s.snapshot()}}, 202)["id"].(string), 0, 5)
		}, "older", "newer"},

		{cloudsim.AcceptsInUseWithoutForce, func(s *scene) any {
			return s.code("POST", "/backups", object{"backup": object{"volume_id": s.inUse()}})
		}, 400, 202},
		{cloudsim.ForceIgnored, func(s *scene) any {
			return s.code("POST", "/backups", object{"backup": object{"volume_id": s.inUse(), "force": true}})
		}, 202, 400},
		{cloudsim.InUseBackupEmpty, func(s *scene) any { _, b := s.forced(); return s.read(s.restore(b), 0, 4) }, "head", zeros},
		{cloudsim.InUseStaysBackingUp, func(s *scene) any { v, _ := s.forced(); return s.status("/volumes/" + v) }, "in-use", "backing-up"},
		{cloudsim.InUseForgotten, func(s *scene) any { v, _ := s.forced(); return s.status("/volumes/" + v) }, "in-use", "available"},

		{cloudsim.UnreadableVolume, func(s *scene) any { return s.code("GET", "/volumes/"+s.volume(), nil) }, 200, 404},
		{cloudsim.UnreadableBackup, func(s *scene) any { return s.code("GET", "/backups/"+s.backup(s.volume()), nil) }, 200, 404},
		{cloudsim.RestoreNamesOtherBackup, func(s *scene) any { b := s.backup(s.volume()); return s.restoreAnswer(b)["backup_id"] == b }, true, false},
		{cloudsim.RestoreNamesSource, func(s *scene) any { v := s.volume(); return s.restoreAnswer(s.backup(v))["volume_id"] == v }, false, true},

		{cloudsim.RestoreElsewhere, func(s *scene) any { target := s.volume(); return s.restoreInto(s.backup(s.volume()), target) == target }, true, false},
		{cloudsim.RestoreMerges, func(s *scene) any {
			return s.read(s.restoreInto(s.backup(s.volume()), s.filled()), cloudsim.FlippedOffset, 4)
		}, zeros, "data"},
		{cloudsim.RestoreResizes, func(s *scene) any { return s.of("volume", s.restoreInto(s.backup(s.volume()), s.large()), "size") }, 2.0, 1.0},
		{cloudsim.AcceptsRestoreTooSmall, func(s *scene) any { return s.restoreCode(s.backup(s.large()), s.volume()) }, 400, 202},
		{cloudsim.AcceptsRestoreUnavailable, func(s *scene) any {
			return s.restoreCode(s.backup(s.volume()), s.cloud.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Status: "reserved"}}))
		}, 400, 202},
		{cloudsim.OtherTypeIgnored, func(s *scene) any {
			target := s.cloud.PutVolume(cloudsim.Volume{Type: cloudsim.OtherType})
			return s.of("volume", s.restoreInto(s.backup(s.volume()), target), "volume_type")
		}, cloudsim.OtherType, cloudsim.DefaultType},

		{cloudsim.OverwriteIgnored, func(s *scene) any {
			v := s.filled()
			b := s.backup(v)
			s.write(v, 0, "new!")
			return s.read(s.restoreInto(b, v), 0, 4)
		}, "head", "new!"},

		{cloudsim.MiddleIsNext, func(s *scene) any { return s.middle() }, "second", "third!"},
		{cloudsim.CiphertextDiffers, func(s *scene) any { return s.sameCiphertext(false) }, true, false},
		{cloudsim.KeyLost, func(s *scene) any { return s.sameCiphertext(true) }, true, false},

		{cloudsim.ListHides, func(s *scene) any { s.three(); return s.names("/backups") }, "c b a", "b a"},
		{cloudsim.FilterIgnoredName, func(s *scene) any { s.three(); return s.names("/backups?name=b") }, "b", "c b a"},
		{cloudsim.FilterIgnoredStatus, func(s *scene) any { s.three(); return s.names("/backups?status=error") }, "", "c b a"},
		{cloudsim.FilterIgnoredVolumeID, func(s *scene) any { s.three(); return s.names("/backups?volume_id=x") }, "", "c b a"},
		{cloudsim.FilterBlindName, func(s *scene) any { s.three(); return s.names("/backups?name=b") }, "b", ""},
		{cloudsim.FilterBlindStatus, func(s *scene) any { s.three(); return s.names("/backups?status=available") }, "c b a", ""},
		{cloudsim.FilterBlindVolumeID, func(s *scene) any { return s.names("/backups?volume_id=" + s.three()) }, "c b a", ""},
		{cloudsim.PageRepeats, func(s *scene) any { s.three(); return s.pages("/backups?limit=1") }, "c b a", "c b a a"},
		{cloudsim.PageLoses, func(s *scene) any { s.three(); return s.pages("/backups?limit=2") }, "c b a", "c b"},
		{cloudsim.MarkerIgnored, func(s *scene) any { s.three(); return s.pages("/backups?limit=2") }, "c b a", "c b c b c b"},
		{cloudsim.LimitIgnored, func(s *scene) any { s.three(); return s.names("/backups?limit=1") }, "c", "c b a"},
		{cloudsim.LinksMissing, func(s *scene) any { s.three(); return s.pages("/backups?limit=1") }, "c b a", "c"},
		{cloudsim.LimitsWrong, func(s *scene) any {
			s.three()
			return s.do("GET", "/limits", nil, 200)["absolute"].(object)["totalBackupsUsed"]
		}, 3.0, 0.0},

		{cloudsim.BackupDropsName, func(s *scene) any { return s.of("backup", s.backup(s.volume()), "name") }, "asked", nil},
		{cloudsim.BackupDropsDescription, func(s *scene) any { return s.of("backup", s.backup(s.volume()), "description") }, "asked, too", nil},
		{cloudsim.BackupDropsSize, func(s *scene) any { return s.of("backup", s.backup(s.volume()), "size") }, 1.0, 2.0},
		{cloudsim.BackupDropsVolumeID, func(s *scene) any { v := s.volume(); return s.of("backup", s.backup(v), "volume_id") == v }, true, false},
		{cloudsim.BackupDropsMetadata, func(s *scene) any {
			b := s.backupWith(s.volume(), object{"metadata": object{"key": "value"}})
			return s.of("backup", b, "metadata").(object)["key"]
		}, "value", nil},
		{cloudsim.RenameIgnored, func(s *scene) any {
			b := s.backup(s.volume())
			s.do("PUT", "/backups/"+b, object{"backup": object{"name": "renamed"}}, 200)
			return s.of("backup", b, "name")
		}, "renamed", "asked"},
		{cloudsim.RestoreDropsName, func(s *scene) any { return s.of("volume", s.restore(s.backup(s.volume())), "name") == "restored" }, true, false},
		{cloudsim.RestoreDropsSize, func(s *scene) any { return s.of("volume", s.restore(s.backup(s.volume())), "size") }, 1.0, 2.0},
		{cloudsim.RestoreDropsMetadata, func(s *scene) any {
			return s.of("volume", s.restore(s.backup(s.volume())), "metadata").(object)["key"]
		}, "value", nil},
		{cloudsim.RestoreDropsBootable, func(s *scene) any {
			bootable := s.cloud.PutVolume(cloudsim.Volume{Bootable: true})
			return s.of("volume", s.restore(s.backup(bootable)), "bootable")
		}, "true", "false"},

		{cloudsim.RestoreDropsImage, func(s *scene) any {
			imaged := s.cloud.PutVolume(cloudsim.Volume{Bootable: true, ImageMetadata: map[string]string{"image_name": "x"}})
			about, _ := s.of("volume", s.restore(s.backup(imaged)), "volume_image_metadata").(object)
			return about["image_name"]
		}, "x", nil},

		{cloudsim.WrongCodeUnknown, func(s *scene) any { return s.code("GET", "/backups/unknown", nil) }, 404, 400},
		{cloudsim.WrongCodeBusy, func(s *scene) any { _, b := s.busy(); return s.code("DELETE", "/backups/"+b, nil) }, 400, 409},
		{cloudsim.AcceptsDeleteBusy, func(s *scene) any { _, b := s.busy(); return s.code("DELETE", "/backups/"+b, nil) }, 400, 202},
		{cloudsim.AcceptsRestoreBusy, func(s *scene) any { _, b := s.busy(); return s.restoreCode(b, "") }, 400, 202},
		{cloudsim.AcceptsDeleteBackingUp, func(s *scene) any { v, _ := s.busy(); return s.code("DELETE", "/volumes/"+v, nil) }, 400, 202},
		{cloudsim.AcceptsAdminAction, func(s *scene) any {
			return s.code("POST", "/backups/"+s.backup(s.volume())+"/action", object{"os-reset_status": object{"status": "error"}})
		}, 403, 202},
	}
	tested := map[cloudsim.Rule]bool{}
	for _, row := range rows {
		tested[row.rule] = true
		t.Run(string(row.rule), func(t *testing.T) {
			if row.sound == row.broken {
				t.Fatalf("%#v either way", row.sound)
			}
			for _, cloud := range []struct {
				want   any
				broken []cloudsim.Rule
			}{{row.sound, nil}, {row.broken, []cloudsim.Rule{row.rule}}} {
				synctest.Test(t, func(t *testing.T) {
					if got := row.look(newScene(t, cloudsim.Config{WithEncryptedType: true, Broken: cloud.broken})); got != cloud.want {
						t.Errorf("with %v: %#v, want %#v", cloud.broken, got, cloud.want)
					}
				})
			}
		})
	}
	for _, rule := range cloudsim.Rules() {
		if !tested[rule.Rule] {
			t.Errorf("nothing is known of %s", rule.Rule)
		}
	}
}
