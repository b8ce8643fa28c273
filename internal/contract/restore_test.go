package contract

import (
	"maps"
	"net/http"
	"testing"
)

func restoreCases() []testCase {
	return []testCase{
		{"restore/new-volume", func(t *testing.T, c *client) {
			volume := c.create(t, "volume", object{"name": "contract-source", "size": 1, "description": "text", "metadata": object{"k": "v"}})
			c.settled(t, "volume", volume, "creating", "available")
			backup := c.backupOf(t, volume, "contract-b", nil)

			named := c.restore(t, backup, object{"name": "contract-restored"})
			members(t, named, object{"backup_id": backup, "volume_name": "contract-restored"})
			id := named["volume_id"].(string)
			members(t, c.show(t, "volume", id), object{"status": "restoring-backup", "size": 1.0, "description": "auto-created_from_restore_from_backup"})
			members(t, c.show(t, "backup", backup), object{"status": "restoring"})
			c.delete(t, "/volumes/"+id).refused(t, http.StatusBadRequest, "badRequest", notDeletable)
			c.delete(t, "/backups/"+backup).refused(t, http.StatusBadRequest, "badRequest", "Invalid backup: Backup status must be available or error")
			c.restored(t, id, backup)
			v := c.show(t, "volume", id)
			members(t, v, object{"name": "contract-restored", "description": "auto-created_from_restore_from_backup", "bootable": "false", "snapshot_id": nil})
			metadata := v["metadata"].(object)
			keys(t, metadata, "k src_backup_id")
			members(t, metadata, object{"k": "v", "src_backup_id": backup})

			// Without a name it gets a temporary one, and then the source's.
			nameless := c.restore(t, backup, object{})
			members(t, nameless, object{"volume_name": "restore_backup_" + backup})
			id = nameless["volume_id"].(string)
			c.restored(t, id, backup)
			members(t, c.show(t, "volume", id), object{"name": "contract-source", "description": "text"})
		}},
		{"restore/existing-volume", func(t *testing.T, c *client) {
			volume := c.create(t, "volume", object{"name": "contract-source", "size": 2, "metadata": object{"k": "v"}})
			c.settled(t, "volume", volume, "creating", "available")
			backup := c.backupOf(t, volume, "contract-b", nil)
			small := c.volumeNamed(t, "contract-small")
			c.post(t, "/backups/"+backup+"/restore", object{"restore": object{"volume_id": small}}).refused(t, http.StatusBadRequest, "badRequest",
				"Invalid volume: volume size 1 is too small to restore backup of size 2.")
			large := c.create(t, "volume", object{"name": "contract-large", "size": 3, "metadata": object{"own": "x"}})
			c.settled(t, "volume", large, "creating", "available")
			into := object{"volume_id": large, "name": "contract-ignored"}
			members(t, c.restore(t, backup, into), object{"volume_id": large, "volume_name": "contract-large"})
			c.post(t, "/backups/"+backup+"/restore", object{"restore": into}).refused(t, http.StatusBadRequest, "badRequest", "Invalid backup: Backup status must be available")
			c.restored(t, large, backup)
			v := c.show(t, "volume", large)
			members(t, v, object{"name": "contract-large", "size": 3.0})
			keys(t, v["metadata"].(object), "k src_backup_id") // the source's, instead of its own
			c.attach(t, large)
			c.post(t, "/backups/"+backup+"/restore", object{"restore": into}).refused(t, http.StatusBadRequest, "badRequest",
				"Invalid volume: Volume to be restored to must be available")
			c.detach(t, large)
			c.post(t, "/backups/"+backup+"/restore", object{"restore": object{"volume_id": nowhere}}).refused(t, http.StatusNotFound, "itemNotFound",
				"Volume %s could not be found.", nowhere)
		}},
		{"restore/metadata", func(t *testing.T, c *client) {
			// What the source had replaces what the target has, its mark too; nothing replaces nothing. A backup restored
			// over its own source marks it only if it bears another mark.
			volume := func(name string, metadata object) string {
				id := c.create(t, "volume", object{"name": name, "size": 1, "metadata": metadata})
				c.settled(t, "volume", id, "creating", "available")
				return id
			}
			with, without := volume("contract-with", object{"k": "v"}), volume("contract-without", object{})
			some, none := c.backupOf(t, with, "contract-some", nil), c.backupOf(t, without, "contract-none", nil)
			for _, step := range []struct {
				into, backup string
				before, want object
			}{
				{without, none, object{"z": "z"}, object{"z": "z"}},
				{without, none, object{"src_backup_id": some}, object{"src_backup_id": none}},
				{with, some, object{"n": "n"}, object{"k": "v"}},
				{with, some, object{"src_backup_id": none, "n": "n"}, object{"k": "v"}},
				{with, none, object{"n": "n"}, object{"n": "n", "src_backup_id": none}},
			} {
				c.do(t, "PUT", "/volumes/"+step.into, object{"volume": object{"metadata": step.before}}).object(t, http.StatusOK, "volume")
				c.restore(t, step.backup, object{"volume_id": step.into})
				c.restored(t, step.into, step.backup)
				if metadata := c.show(t, "volume", step.into)["metadata"].(object); !maps.Equal(metadata, step.want) {
					t.Errorf("%v became %v, want %v", step.before, metadata, step.want)
				}
			}
		}},
		{"restore/after-the-source-is-gone", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-source")
			parent := c.backupOf(t, volume, "contract-full", nil)
			child := c.backupOf(t, volume, "contract-increment", object{"incremental": true})
			c.remove(t, "volume", volume)
			for _, backup := range []string{child, parent} {
				c.restored(t, c.restore(t, backup, object{"name": "contract-restored"})["volume_id"].(string), backup)
			}
		}},
		{"restore/volume-from-backup", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-source")
			backup := c.backupOf(t, volume, "contract-b", nil)
			id := c.create(t, "volume", object{"name": "contract-new", "backup_id": backup}, at("3.47"))
			c.settled(t, "volume", id, "creating", "available") // it is never restoring-backup
			c.settled(t, "backup", backup, "restoring", "available")
			v := c.show(t, "volume", id)
			members(t, v, object{"size": 1.0, "name": "contract-new", "snapshot_id": nil})
			members(t, v["metadata"].(object), object{"src_backup_id": backup})
		}},
	}
}

// restore begins a restore and has a new volume deleted in the end.
func (c *client) restore(t *testing.T, backup string, members object) object {
	t.Helper()
	r := c.post(t, "/backups/"+backup+"/restore", object{"restore": members})
	restore := r.object(t, http.StatusAccepted, "restore")
	keys(t, restore, "backup_id volume_id volume_name")
	if members["volume_id"] == nil {
		c.adopt("volume", restore["volume_id"].(string))
	}
	return restore
}
