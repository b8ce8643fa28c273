package contract

import (
	"net/http"
	"strings"
	"testing"
)

func backupCases() []testCase {
	return []testCase{
		{"backups/life", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-v")
			r := c.post(t, "/backups", object{"backup": object{"name": "contract-b", "volume_id": volume, "description": "text"}})
			b := r.object(t, http.StatusAccepted, "backup")
			id := b["id"].(string)
			c.adopt("backup", id)
			keys(t, b, briefMembers)

			busy := "Invalid volume: Volume to be backed up must be available or in-use, but the current status is \"backing-up\"."
			c.post(t, "/backups", object{"backup": object{"volume_id": volume}}).refused(t, http.StatusBadRequest, "badRequest", "%s", busy)
			c.delete(t, "/backups/"+id).refused(t, http.StatusBadRequest, "badRequest", "Invalid backup: Backup status must be available or error")
			c.delete(t, "/volumes/"+volume).refused(t, http.StatusBadRequest, "badRequest", notDeletable)
			c.post(t, "/backups/"+id+"/restore", object{"restore": object{}}).refused(t, http.StatusBadRequest, "badRequest", "Invalid backup: Backup status must be available")
			members(t, c.show(t, "backup", id), object{"status": "creating", "container": nil})
			members(t, c.show(t, "volume", volume), object{"status": "backing-up"})
			c.settled(t, "backup", id, "creating", "available")
			c.settled(t, "volume", volume, "backing-up", "available")

			b = c.show(t, "backup", id)
			keys(t, b, backupShown)
			keys(t, c.show(t, "backup", id, at("3.42")), backupShown)
			keys(t, c.show(t, "backup", id, at("latest")), backupShown+" metadata")
			members(t, b, object{"name": "contract-b", "description": "text", "size": 1.0, "volume_id": volume, "fail_reason": nil,
				"is_incremental": false, "has_dependent_backups": false, "snapshot_id": nil, "data_timestamp": b["created_at"], "availability_zone": c.backupZone(t)})

			changed := c.do(t, "PUT", "/backups/"+id, object{"backup": object{"name": "contract-c"}}, at("3.9")).object(t, http.StatusOK, "backup")
			keys(t, changed, briefMembers)
			members(t, c.show(t, "backup", id), object{"name": "contract-c", "description": "text"})
			c.do(t, "PUT", "/backups/"+id, object{"backup": object{"metadata": object{"a": "b"}}}, at("3.43")).object(t, http.StatusOK, "backup")
			members(t, c.show(t, "backup", id, at("3.43"))["metadata"].(object), object{"a": "b"})
			c.do(t, "PUT", "/backups/"+id, object{"name": "contract-c"}, at("3.9")).refused(t, http.StatusBadRequest, "badRequest", "'backup' is a required property")
			for action, policy := range map[string]string{"os-reset_status": "reset_status", "os-force_delete": "force_delete"} {
				c.post(t, "/backups/"+id+"/action", object{action: object{"status": "error"}}).refused(t, http.StatusForbidden, "forbidden",
					"Policy doesn't allow volume_extension:backup_admin_actions:%s to be performed.", policy)
			}
			c.get(t, "/backups/"+id+"/export_record").refused(t, http.StatusForbidden, "forbidden", "Policy doesn't allow backup:export-import to be performed.")

			c.remove(t, "volume", volume) // its backups survive it
			members(t, c.show(t, "backup", id), object{"status": "available", "volume_id": volume})
			c.remove(t, "backup", id)
		}},
		{"backups/incremental", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-v")
			c.post(t, "/backups", object{"backup": object{"volume_id": volume, "incremental": true}}).refused(t, http.StatusBadRequest, "badRequest",
				"Invalid backup: No backups available to do an incremental backup.")
			parent := c.backupOf(t, volume, "contract-full", nil)
			child := c.backupOf(t, volume, "contract-increment", object{"incremental": true})
			members(t, c.show(t, "backup", child), object{"is_incremental": true, "has_dependent_backups": false})
			c.until(t, "the parent to have dependents", func() bool { return c.show(t, "backup", parent)["has_dependent_backups"] == true })
			c.delete(t, "/backups/"+parent).refused(t, http.StatusBadRequest, "badRequest", "Invalid backup: Incremental backups exist for this backup.")
			c.remove(t, "backup", child)
			c.until(t, "the parent to have no dependents", func() bool { return c.show(t, "backup", parent)["has_dependent_backups"] == false })
			c.remove(t, "backup", parent)
		}},
		{"backups/parents", func(t *testing.T, c *client) {
			// Zed takes the newest one, and refuses if that is not available.
			volume := c.volumeNamed(t, "contract-v")
			older, newer := c.backupOf(t, volume, "contract-older", nil), c.backupOf(t, volume, "contract-newer", nil)
			c.delete(t, "/backups/"+newer)
			increment := object{"backup": object{"volume_id": volume, "incremental": true}}
			if !c.isZed(t) {
				child := c.backupOf(t, volume, "contract-increment", object{"incremental": true})
				c.until(t, "the older one to have dependents", func() bool { return c.show(t, "backup", older)["has_dependent_backups"] == true })
				c.remove(t, "backup", child)
			}
			c.until(t, "the older one to have no dependents", func() bool { return c.show(t, "backup", older)["has_dependent_backups"] == false })
			c.delete(t, "/backups/"+older)
			refusal := c.post(t, "/backups", increment)
			if c.isZed(t) && strings.Contains(refusal.raw, "The parent backup must be available for incremental backup.") {
				return
			}
			refusal.refused(t, http.StatusBadRequest, "badRequest", "Invalid backup: No backups available to do an incremental backup.")
		}},
		{"backups/in-use", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-v")
			c.attach(t, volume)
			c.delete(t, "/volumes/"+volume).refused(t, http.StatusBadRequest, "badRequest", notDeletable)
			c.post(t, "/backups", object{"backup": object{"volume_id": volume}}).refused(t, http.StatusBadRequest, "badRequest",
				"Invalid volume: Backing up an in-use volume must use the force flag.")
			c.post(t, "/snapshots", object{"snapshot": object{"volume_id": volume}}).refused(t, http.StatusBadRequest, "badRequest",
				"Invalid volume: Volume %s status must be available, but current status is: in-use.", volume)
			id := c.create(t, "backup", object{"name": "contract-b", "volume_id": volume, "force": true})
			c.settled(t, "backup", id, "creating", "available")
			c.settled(t, "volume", volume, "backing-up", "in-use")
			c.detach(t, volume)
		}},
	}
}

// backupZone is where cinder-backup is, which Zed does not tell.
func (c *client) backupZone(t *testing.T) any {
	t.Helper()
	if c.isZed(t) {
		return nil
	}
	return c.get(t, "/os-availability-zone").list(t, "availabilityZoneInfo")[0]["zoneName"]
}

// attach makes a volume in-use, by no server at all, as the checker does.
func (c *client) attach(t *testing.T, volume string) {
	t.Helper()
	r := c.post(t, "/volumes/"+volume+"/action", object{"os-attach": object{"host_name": "contract", "mountpoint": "/dev/contract", "mode": "rw"}})
	if r.code != http.StatusAccepted {
		t.Fatalf("attaching: answered %d %s", r.code, r.raw)
	}
	t.Cleanup(func() { c.post(t, "/volumes/"+volume+"/action", object{"os-detach": object{}}) }) // also after a failure
	c.settled(t, "volume", volume, "available", "attaching", "in-use")
	attachment := c.attachment(t, volume)
	keys(t, attachment, "id attachment_id volume_id server_id host_name device attached_at")
	members(t, attachment, object{"server_id": nil, "device": "/dev/contract"})
}

// attachment is the one that a volume has.
func (c *client) attachment(t *testing.T, volume string) object {
	t.Helper()
	all := c.show(t, "volume", volume)["attachments"].([]any)
	if len(all) != 1 {
		t.Fatalf("attachments: %v", all)
	}
	return all[0].(object)
}

func (c *client) detach(t *testing.T, volume string) {
	t.Helper()
	one := object{"attachment_id": c.attachment(t, volume)["attachment_id"]}
	if r := c.post(t, "/volumes/"+volume+"/action", object{"os-detach": one}); r.code != http.StatusAccepted {
		t.Fatalf("detaching: answered %d %s", r.code, r.raw)
	}
	c.settled(t, "volume", volume, "in-use", "detaching", "available")
}
