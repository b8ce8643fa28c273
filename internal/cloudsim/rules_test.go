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
		rule          string
		look          func(s *scene) any
		sound, broken any
	}{
		{"restore-flips-bytes", func(s *scene) any { return s.restoredBytes(cloudsim.FlippedOffset) }, "data", "\x9b\x9e\x8ba"},
		{"restore-cuts-tail", func(s *scene) any { return s.restoredBytes(1<<30 - 4) }, "tail", zeros},
		{"restore-fills-holes", func(s *scene) any { return s.restoredBytes(64 << 10) }, zeros, "rubb"},
		{"restore-loses-increment", func(s *scene) any { return s.chainBytes("incremental", 0) }, "newer", "older"},
		{"restore-loses-parent", func(s *scene) any { return s.chainBytes("incremental", 1<<20) }, "fixed", "\x00" + zeros},
		{"restore-mixes-increment", func(s *scene) any { return s.chainBytes("full", 0) }, "older", "newer"},
		{"restore-needs-source", func(s *scene) any { return s.status("/volumes/" + s.orphan()) }, "available", "error_restoring"},
		{"restore-empty-without-source", func(s *scene) any { return s.read(s.orphan(), cloudsim.FlippedOffset, 4) }, "data", zeros},
		{"volume-from-backup-empty", func(s *scene) any {
			id := s.do("POST", "/volumes", object{"volume": object{"backup_id": s.backup(s.filled())}}, 202)["id"].(string)
			return s.read(id, cloudsim.FlippedOffset, 4)
		}, "data", zeros},
		{"upload-flips-bytes", func(s *scene) any { return s.readImage(s.upload(s.filled()), cloudsim.FlippedOffset) }, "data", "\x9b\x9e\x8ba"},
		{"image-flips-bytes", func(s *scene) any { return s.readImage(s.image("0123456789"), 6) }, "6789", "6\xc8\xc7\xc6"},
		{"image-hashless", func(s *scene) any { return s.glance("GET", "/"+s.image("x"), "")["os_hash_algo"] }, "sha512", nil},
		{"encrypted", func(s *scene) any { return s.do("GET", "/volumes/"+s.volume(), nil, 200)["encrypted"] }, false, true},

		{"foreign-show:backup", func(s *scene) any { return s.foreign("GET", "/backups/"+s.backup(s.volume()), nil) }, 404, 200},
		{"foreign-show:volume", func(s *scene) any { return s.foreign("GET", "/volumes/"+s.volume(), nil) }, 404, 200},
		{"foreign-list:backup", func(s *scene) any { s.backup(s.volume()); return s.count(s.other, "/backups") }, 0, 1},
		{"foreign-list:volume", func(s *scene) any { s.volume(); return s.count(s.other, "/volumes") }, 0, 1},
		{"foreign-restore:backup", func(s *scene) any {
			return s.foreign("POST", "/backups/"+s.backup(s.volume())+"/restore", object{"restore": object{}})
		}, 404, 202},
		{"foreign-update:backup", func(s *scene) any {
			return s.foreign("PUT", "/backups/"+s.backup(s.volume()), object{"backup": object{"name": "x"}})
		}, 404, 200},
		{"foreign-update:volume", func(s *scene) any {
			return s.foreign("PUT", "/volumes/"+s.volume(), object{"volume": object{"name": "x"}})
		}, 404, 200},
		{"foreign-delete:backup", func(s *scene) any { return s.foreign("DELETE", "/backups/"+s.backup(s.volume()), nil) }, 404, 202},
		{"foreign-delete:volume", func(s *scene) any { return s.foreign("DELETE", "/volumes/"+s.volume(), nil) }, 404, 202},
		{"foreign-backup:volume", func(s *scene) any {
			return s.foreign("POST", "/backups", object{"backup": object{"volume_id": s.volume()}})
		}, 404, 202},

		{"incremental-full", func(s *scene) any { _, child := s.chain(); return s.of("backup", child, "is_incremental") }, true, false},
		{"parent-unmarked", func(s *scene) any { full, _ := s.chain(); return s.of("backup", full, "has_dependent_backups") }, true, false},
		{"accepts:delete-parent", func(s *scene) any { full, _ := s.chain(); return s.code("DELETE", "/backups/"+full, nil) }, 400, 202},
		{"accepts:incremental-without-full", func(s *scene) any {
			return s.code("POST", "/backups", object{"backup": object{"volume_id": s.volume(), "incremental": true}})
		}, 400, 202},

		{"snapshot-locks-volume", func(s *scene) any { v, _ := s.snapshotBackup(); return s.status("/volumes/" + v) }, "available", "backing-up"},
		{"backup-drops:snapshot_id", func(s *scene) any { _, b := s.snapshotBackup(); return s.of("backup", b, "snapshot_id") != nil }, true, false},

		{"restore-elsewhere", func(s *scene) any { target := s.volume(); return s.restoreInto(s.backup(s.volume()), target) == target }, true, false},
		{"restore-merges", func(s *scene) any {
			return s.read(s.restoreInto(s.backup(s.volume()), s.filled()), cloudsim.FlippedOffset, 4)
		}, zeros, "data"},
		{"restore-resizes", func(s *scene) any { return s.of("volume", s.restoreInto(s.backup(s.volume()), s.large()), "size") }, 2.0, 1.0},
		{"accepts:restore-too-small", func(s *scene) any { return s.restoreCode(s.backup(s.large()), s.volume()) }, 400, 202},
		{"accepts:restore-unavailable", func(s *scene) any {
			return s.restoreCode(s.backup(s.volume()), s.cloud.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Status: "reserved"}}))
		}, 400, 202},
		{"other-type-ignored", func(s *scene) any {
			target := s.cloud.PutVolume(cloudsim.Volume{Type: cloudsim.OtherType})
			return s.of("volume", s.restoreInto(s.backup(s.volume()), target), "volume_type")
		}, cloudsim.OtherType, cloudsim.DefaultType},

		{"list-hides", func(s *scene) any { s.three(); return s.names("/backups") }, "c b a", "b a"},
		{"filter-ignored:name", func(s *scene) any { s.three(); return s.names("/backups?name=b") }, "b", "c b a"},
		{"filter-ignored:status", func(s *scene) any { s.three(); return s.names("/backups?status=error") }, "", "c b a"},
		{"filter-ignored:volume_id", func(s *scene) any { s.three(); return s.names("/backups?volume_id=x") }, "", "c b a"},
		{"filter-blind:name", func(s *scene) any { s.three(); return s.names("/backups?name=b") }, "b", ""},
		{"filter-blind:status", func(s *scene) any { s.three(); return s.names("/backups?status=available") }, "c b a", ""},
		{"filter-blind:volume_id", func(s *scene) any { return s.names("/backups?volume_id=" + s.three()) }, "c b a", ""},
		{"page-repeats", func(s *scene) any { s.three(); return s.pages("/backups?limit=1") }, "c b a", "c b a a"},
		{"page-loses", func(s *scene) any { s.three(); return s.pages("/backups?limit=2") }, "c b a", "c b"},
		{"marker-ignored", func(s *scene) any { s.three(); return s.pages("/backups?limit=2") }, "c b a", "c b c b c b"},
		{"limit-ignored", func(s *scene) any { s.three(); return s.names("/backups?limit=1") }, "c", "c b a"},
		{"links-missing", func(s *scene) any { s.three(); return s.pages("/backups?limit=1") }, "c b a", "c"},
		{"limits-wrong", func(s *scene) any {
			s.three()
			return s.do("GET", "/limits", nil, 200)["absolute"].(object)["totalBackupsUsed"]
		}, 3.0, 0.0},

		{"backup-drops:name", func(s *scene) any { return s.of("backup", s.backup(s.volume()), "name") }, "asked", nil},
		{"backup-drops:description", func(s *scene) any { return s.of("backup", s.backup(s.volume()), "description") }, "asked, too", nil},
		{"backup-drops:size", func(s *scene) any { return s.of("backup", s.backup(s.volume()), "size") }, 1.0, 2.0},
		{"backup-drops:volume_id", func(s *scene) any { v := s.volume(); return s.of("backup", s.backup(v), "volume_id") == v }, true, false},
		{"rename-ignored", func(s *scene) any {
			b := s.backup(s.volume())
			s.do("PUT", "/backups/"+b, object{"backup": object{"name": "renamed"}}, 200)
			return s.of("backup", b, "name")
		}, "renamed", "asked"},
		{"restore-drops:name", func(s *scene) any { return s.of("volume", s.restore(s.backup(s.volume())), "name") == "restored" }, true, false},
		{"restore-drops:size", func(s *scene) any { return s.of("volume", s.restore(s.backup(s.volume())), "size") }, 1.0, 2.0},
		{"restore-drops:metadata", func(s *scene) any {
			return s.of("volume", s.restore(s.backup(s.volume())), "metadata").(object)["key"]
		}, "value", nil},
		{"restore-drops:bootable", func(s *scene) any {
			bootable := s.cloud.PutVolume(cloudsim.Volume{Bootable: true})
			return s.of("volume", s.restore(s.backup(bootable)), "bootable")
		}, "true", "false"},

		{"wrong-code:unknown", func(s *scene) any { return s.code("GET", "/backups/unknown", nil) }, 404, 400},
		{"wrong-code:busy", func(s *scene) any { _, b := s.busy(); return s.code("DELETE", "/backups/"+b, nil) }, 400, 409},
		{"accepts:delete-busy", func(s *scene) any { _, b := s.busy(); return s.code("DELETE", "/backups/"+b, nil) }, 400, 202},
		{"accepts:restore-busy", func(s *scene) any { _, b := s.busy(); return s.restoreCode(b, "") }, 400, 202},
		{"accepts:delete-backing-up", func(s *scene) any { v, _ := s.busy(); return s.code("DELETE", "/volumes/"+v, nil) }, 400, 202},
		{"accepts:admin-action", func(s *scene) any {
			return s.code("POST", "/backups/"+s.backup(s.volume())+"/action", object{"os-reset_status": object{"status": "error"}})
		}, 403, 202},
	}
	tested := map[string]bool{}
	for _, row := range rows {
		tested[row.rule] = true
		t.Run(row.rule, func(t *testing.T) {
			if row.sound == row.broken {
				t.Fatalf("%#v either way", row.sound)
			}
			for _, cloud := range []struct {
				want   any
				faults []cloudsim.Fault
			}{{row.sound, nil}, {row.broken, []cloudsim.Fault{fault(t, "rule="+row.rule)}}} {
				synctest.Test(t, func(t *testing.T) {
					if got := row.look(newScene(t, cloud.faults...)); got != cloud.want {
						t.Errorf("with %v: %#v, want %#v", cloud.faults, got, cloud.want)
					}
				})
			}
		})
	}
	for _, rule := range cloudsim.Rules() {
		if !tested[rule.Name] {
			t.Errorf("nothing is known of %s", rule.Name)
		}
	}
}
