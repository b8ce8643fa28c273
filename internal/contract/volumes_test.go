package contract

import (
	"net/http"
	"strings"
	"testing"
)

// What a volume and a backup consist of, without microversion.
const (
	volumeMembers = "id status size availability_zone created_at updated_at name description volume_type snapshot_id source_volid metadata links " +
		"user_id bootable encrypted replication_status consistencygroup_id multiattach attachments"
	volumeShown  = volumeMembers + " os-vol-tenant-attr:tenant_id"
	backupShown  = "id status size object_count availability_zone container created_at updated_at name description fail_reason volume_id links is_incremental has_dependent_backups snapshot_id data_timestamp"
	briefMembers = "id name links"
)

const notDeletable = "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be " +
	"migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer."

func volumeCases() []testCase {
	return []testCase{
		{"volumes/life", func(t *testing.T, c *client) {
			r := c.post(t, "/volumes", object{"volume": object{"name": "contract-v", "size": 1, "description": "text", "metadata": object{"k": "v"}}})
			v := r.object(t, http.StatusAccepted, "volume")
			id := v["id"].(string)
			c.adopt("volume", id)
			keys(t, v, volumeMembers)
			members(t, v, object{"status": "creating", "size": 1.0, "name": "contract-v", "description": "text", "updated_at": nil, "bootable": "false"})
			c.settled(t, "volume", id, "creating", "available")

			v = c.show(t, "volume", id)
			keys(t, v, volumeShown)
			members(t, v, object{"os-vol-tenant-attr:tenant_id": c.project, "snapshot_id": nil, "source_volid": nil})
			members(t, v["metadata"].(object), object{"k": "v"})
			if created := v["created_at"].(string); !strings.HasSuffix(created, ".000000") || len(created) != len("2006-01-02T15:04:05.000000") {
				t.Errorf("created_at is %s", created)
			}
			for version, more := range map[string]string{"3.12": "", "3.13": " group_id", "3.48": " group_id shared_targets service_uuid",
				"3.63": " group_id shared_targets service_uuid volume_type_id", "3.65": " group_id shared_targets service_uuid volume_type_id consumes_quota"} {
				keys(t, c.show(t, "volume", id, at(version)), volumeShown+more)
			}

			changed := c.do(t, "PUT", "/volumes/"+id, object{"volume": object{"name": "contract-w"}}).object(t, http.StatusOK, "volume")
			members(t, changed, object{"name": "contract-w", "description": "text"})
			c.do(t, "PUT", "/volumes/"+id, object{"name": "contract-w"}).refused(t, http.StatusBadRequest, "badRequest", "'volume' is a required property")
			c.post(t, "/volumes/"+id+"/action", object{"os-reset_status": object{"status": "error"}}).refused(t, http.StatusForbidden, "forbidden",
				"Policy doesn't allow volume_extension:volume_admin_actions:reset_status to be performed.")
			c.post(t, "/volumes/"+id+"/action", object{"os-force_delete": object{}}).refused(t, http.StatusForbidden, "forbidden",
				"Policy doesn't allow volume_extension:volume_admin_actions:force_delete to be performed.")
			c.remove(t, "volume", id)
		}},
		// The names that name and description had in the first API are taken, too; spaces around them go.
		{"volumes/old-names", func(t *testing.T, c *client) {
			id := c.create(t, "volume", object{"size": 1, "display_name": " contract-old ", "display_description": "text"})
			c.settled(t, "volume", id, "creating", "available")
			members(t, c.show(t, "volume", id), object{"name": "contract-old", "description": "text"})
			snapshot := c.create(t, "snapshot", object{"volume_id": id, "display_name": "contract-old"})
			c.settled(t, "snapshot", snapshot, "creating", "available")
			members(t, c.show(t, "snapshot", snapshot), object{"name": "contract-old"})
			for kind, id := range map[string]string{"volume": id, "snapshot": snapshot} {
				c.do(t, "PUT", "/"+kind+"s/"+id, object{kind: object{"display_name": "contract-changed", "display_description": "changed"}}).object(t, http.StatusOK, kind)
				members(t, c.show(t, kind, id), object{"name": "contract-changed", "description": "changed"})
				c.do(t, "PUT", "/"+kind+"s/"+id, object{kind: object{"display_name": "contract-old", "name": "contract-new"}}).object(t, http.StatusOK, kind)
				members(t, c.show(t, kind, id), object{"name": "contract-new", "description": "changed"})
			}
		}},
		{"volumes/nameless", func(t *testing.T, c *client) {
			id := c.create(t, "volume", object{"size": 1})
			c.settled(t, "volume", id, "creating", "available")
			members(t, c.show(t, "volume", id), object{"name": nil, "description": nil})
		}},
		{"volumes/copy", func(t *testing.T, c *client) {
			id := c.volumeNamed(t, "contract-v")
			larger := c.create(t, "volume", object{"name": "contract-larger", "source_volid": id, "size": 2})
			c.settled(t, "volume", larger, "creating", "available")
			members(t, c.show(t, "volume", larger), object{"source_volid": id, "size": 2.0})
			c.post(t, "/volumes", object{"volume": object{"name": "contract-smaller", "source_volid": larger, "size": 1}}).refused(t, http.StatusBadRequest, "badRequest",
				"Invalid input received: Volume size '1'GB cannot be smaller than original volume size  2GB. They must be >= original volume size.")
		}},
	}
}

func snapshotCases() []testCase {
	return []testCase{
		{"snapshots/life", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-v")
			shown := "id created_at updated_at name description volume_id status size metadata os-extended-snapshot-attributes:project_id os-extended-snapshot-attributes:progress"
			id := c.create(t, "snapshot", object{"name": "contract-s", "volume_id": volume})
			c.settled(t, "snapshot", id, "creating", "available")
			s := c.show(t, "snapshot", id)
			keys(t, s, shown)
			keys(t, c.show(t, "snapshot", id, at("3.65")), shown+" group_snapshot_id user_id consumes_quota")
			members(t, s, object{"volume_id": volume, "size": 1.0, "description": nil, "os-extended-snapshot-attributes:project_id": c.project})
			c.delete(t, "/volumes/"+volume).refused(t, http.StatusBadRequest, "badRequest", notDeletable)
			changed := c.do(t, "PUT", "/snapshots/"+id, object{"snapshot": object{"name": "contract-s2"}}).object(t, http.StatusOK, "snapshot")
			members(t, changed, object{"name": "contract-s2"})
			c.remove(t, "snapshot", id)
			c.remove(t, "volume", volume)
		}},
		{"snapshots/backup", func(t *testing.T, c *client) {
			volume, stranger := c.volumeNamed(t, "contract-v"), c.volumeNamed(t, "contract-other")
			id := c.create(t, "snapshot", object{"name": "contract-s", "volume_id": volume})
			c.settled(t, "snapshot", id, "creating", "available")
			c.post(t, "/backups", object{"backup": object{"volume_id": stranger, "snapshot_id": id}}).refused(t, http.StatusBadRequest, "badRequest",
				"Invalid volume: Volume %s does not match with snapshot.volume_id %s.", stranger, volume)

			backup := c.create(t, "backup", object{"name": "contract-b", "volume_id": volume, "snapshot_id": id})
			if status := c.show(t, "volume", volume)["status"]; status != "available" {
				t.Errorf("the volume is %v while its snapshot is backed up", status)
			}
			c.post(t, "/backups", object{"backup": object{"volume_id": volume, "snapshot_id": id}}).refused(t, http.StatusBadRequest, "badRequest",
				`Invalid snapshot: Snapshot to be backed up must be available, but the current status is "backing-up".`)
			c.delete(t, "/snapshots/"+id).refused(t, http.StatusBadRequest, "badRequest", "Invalid snapshot: Snapshot status must be available or error and must not be part of a group.")
			c.settled(t, "backup", backup, "creating", "available")
			c.settled(t, "snapshot", id, "backing-up", "available")
			b, s := c.show(t, "backup", backup), c.show(t, "snapshot", id)
			members(t, b, object{"snapshot_id": id, "data_timestamp": s["created_at"], "is_incremental": false})
		}},
	}
}
