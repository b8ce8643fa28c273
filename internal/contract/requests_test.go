package contract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// invalid is how Cinder's schemas say what they do not like.
func invalid(name, value, why string) string {
	return fmt.Sprintf("Invalid input for field/attribute %s. Value: %s. %s", name, value, why)
}

// requestCases are requests that are refused without touching anything.
func requestCases() []testCase {
	refusals := func(path string, bodies map[string]string) func(*testing.T, *client) {
		return func(t *testing.T, c *client) {
			for body, message := range bodies {
				t.Log(body)
				c.post(t, path, body).refused(t, http.StatusBadRequest, "badRequest", "%s", message)
			}
		}
	}
	misfit := "'x' is not valid under any of the given schemas"
	keyless := "'' does not match any of the regexes: '^[a-zA-Z0-9-_:. /]{1,255}$'"
	long := strings.Repeat("x", 256)
	return []testCase{
		{"requests/volume", refusals("/volumes", map[string]string{
			`{`:                                 "Malformed request body",
			`[]`:                                "[] is not of type 'object'",
			`{}`:                                "'volume' is a required property",
			`{"volume": null}`:                  invalid("volume", "None", "None is not of type 'object'"),
			`{"volume": {}}`:                    "The server could not comply with the request since it is either malformed or otherwise incorrect.",
			`{"volume": {"size": 1}, "x": 1}`:   "Additional properties are not allowed ('x' was unexpected)",
			`{"volume": {"size": "x"}}`:         invalid("size", "x", "'x' does not match '^[0-9]+$'"),
			`{"volume": {"size": 0}}`:           invalid("size", "0", "0 is less than the minimum of 1"),
			`{"volume": {"size": -1}}`:          invalid("size", "-1", "-1 is less than the minimum of 1"),
			`{"volume": {"size":1, "name": 5}}`: invalid("name", "5", "5 is not of type 'string', 'null'"),
			`{"volume": {"size":1, "metadata": {"a": 1}}}`:              invalid("a", "1", "1 is not of type 'string'"),
			`{"volume": {"size":1, "snapshot_id": "x"}}`:                invalid("snapshot_id", "x", misfit),
			`{"volume": {"size":1, "availability_zone": 1}}`:            invalid("availability_zone", "1", "1 is not of type 'string', 'null'"),
			`{"volume": {"size":1, "availability_zone": ""}}`:           invalid("availability_zone", "", "'' is too short"),
			`{"volume": {"size":1, "display_name": 5}}`:                 invalid("display_name", "5", "5 is not of type 'string', 'null'"),
			`{"volume": {"size":1, "metadata": {"": "v"}}}`:             invalid("metadata", "{'': 'v'}", keyless),
			`{"volume": {"size":1, "metadata": {"k": "` + long + `"}}}`: invalid("k", long, "'"+long+"' is too long"),
			`{"volume": {"size": 2147483648}}`:                          invalid("size", "2147483648", "2147483648 is greater than the maximum of 2147483647"),
			`{"volume": {"size":1, "availability_zone": "contract"}}`:   "Availability zone 'contract' is invalid.",
		})},
		{"requests/backup", refusals("/backups", map[string]string{
			`{"backup": null}`:                                        invalid("backup", "None", "None is not of type 'object'"),
			`{"backup": {}}`:                                          invalid("backup", "{}", "'volume_id' is a required property"),
			`{"backup": {"volume_id":"x"}}`:                           invalid("volume_id", "x", "'x' is not a 'uuid'"),
			`{"backup": {"volume_id":null}}`:                          invalid("volume_id", "None", "None is not of type 'string'"),
			`{"backup": {"volume_id":"` + nowhere + `", "force": 2}}`: invalid("force", "2", "2 is not of type 'boolean', 'string'"),
			`{"backup": {"volume_id":"` + nowhere + `", "container": "` + long + `"}}`: invalid("container", long, "'"+long+"' is too long"),
			`{"backup": {"volume_id":"` + nowhere + `", "name": 5}}`:                   invalid("name", "5", "5 is not of type 'string', 'null'"),
			`{"backup": {"volume_id":"` + nowhere + `", "force": "maybe"}}`: invalid("force", "maybe", "'maybe' is not one of [True, 'True', 'TRUE', 'true', '1', 'ON', 'On', 'on', 'YES', 'Yes', 'yes', 'y', 't', "+
				"False, 'False', 'FALSE', 'false', '0', 'OFF', 'Off', 'off', 'NO', 'No', 'no', 'n', 'f']"),
		})},
		{"requests/snapshot", refusals("/snapshots", map[string]string{
			`{"snapshot": {}}`:            invalid("snapshot", "{}", "'volume_id' is a required property"),
			`{"snapshot": {"name": "x"}}`: invalid("snapshot", "{'name': 'x'}", "'volume_id' is a required property"),
			`{"snapshot": {"volume_id":"` + nowhere + `", "display_name": 5}}`:       invalid("display_name", "5", "5 is not of type 'string', 'null'"),
			`{"snapshot": {"volume_id":"` + nowhere + `", "metadata": {"": "v"}}}`:   invalid("metadata", "{'': 'v'}", keyless),
			`{"snapshot": {"volume_id":"` + nowhere + `", "metadata": {"k!": "v"}}}`: invalid("metadata", "{'k!': 'v'}", "'k!' does not match any of the regexes: '^[a-zA-Z0-9-_:. /]{1,255}$'"),
		})},
		{"requests/restore", refusals("/backups/"+nowhere+"/restore", map[string]string{
			`{}`:                              "'restore' is a required property",
			`{"restore": {"volume_id": "x"}}`: invalid("volume_id", "x", misfit),
			`{"restore": {"x": "y"}}`:         invalid("restore", "{'x': 'y'}", "Additional properties are not allowed ('x' was unexpected)"),
		})},
		{"requests/change", func(t *testing.T, c *client) {
			refused := func(path, version, body, message string) {
				t.Helper()
				c.do(t, "PUT", path+nowhere, body, at(version)).refused(t, http.StatusBadRequest, "badRequest", "%s", message)
			}
			nothing := "{} is not valid under any of the given schemas"
			refused("/volumes/", "3.53", `{"volume": {}}`, invalid("volume", "{}", nothing))
			refused("/snapshots/", "3.0", `{"snapshot": {}}`, invalid("snapshot", "{}", nothing))
			for path, kind := range map[string]string{"/volumes/": "volume", "/backups/": "backup"} {
				refused(path, "3.43", `{"`+kind+`": {"metadata": null}}`, invalid("metadata", "None", "None is not of type 'object'"))
				refused(path, "3.43", `{"`+kind+`": {"metadata": {"": "v"}}}`, invalid("metadata", "{'': 'v'}", keyless))
			}
		}},
		// What an action consists of is looked at before who asks for it.
		{"requests/action", func(t *testing.T, c *client) {
			for body, message := range map[string]string{
				`{"os-reset_status": {}}`: "Must specify 'status', 'attach_status' or 'migration_status' for update.",
				`{"os-reset_status": {"status": "contract"}}`: "Volume status: contract is invalid, valid statuses are: ('creating', 'available', 'deleting', 'error', 'error_deleting', " +
					"'error_managing', 'managing', 'attaching', 'in-use', 'detaching', 'maintenance', 'restoring-backup', 'error_restoring', 'reserved', " +
					"'awaiting-transfer', 'backing-up', 'error_backing-up', 'error_extending', 'downloading', 'uploading', 'retyping', 'extending').",
				`{"os-reset_status": null}`:                 invalid("os-reset_status", "None", "None is not of type 'object'"),
				`{"os-attach": {}}`:                         invalid("os-attach", "{}", "'mountpoint' is a required property"),
				`{"os-attach": {"mountpoint": "/dev/vdz"}}`: invalid("os-attach", "{'mountpoint': '/dev/vdz'}", "{'mountpoint': '/dev/vdz'} is not valid under any of the given schemas"),
				`{"os-attach": {"mountpoint": "/dev/vdz", "host_name": "h", "mode": "x"}}`: invalid("mode", "x", "'x' is not one of ['rw', 'ro']"),
				`{"os-detach": {"x": 1}}`: invalid("os-detach", "{'x': 1}", "Additional properties are not allowed ('x' was unexpected)"),
			} {
				c.post(t, "/volumes/"+nowhere+"/action", body).refused(t, http.StatusBadRequest, "badRequest", "%s", message)
			}
			for body, message := range map[string]string{
				`{"os-reset_status": {}}`:                     invalid("os-reset_status", "{}", "'status' is a required property"),
				`{"os-reset_status": {"status": null}}`:       invalid("status", "None", "None is not of type 'string'"),
				`{"os-reset_status": {"status": "creating"}}`: "Backup status: creating is invalid, valid statuses are: ['available', 'error'].",
			} {
				c.post(t, "/backups/"+nowhere+"/action", body).refused(t, http.StatusBadRequest, "badRequest", "%s", message)
			}
		}},
		{"requests/newer-parameter", func(t *testing.T, c *client) {
			body := object{"backup": object{"metadata": object{}, "volume_id": nowhere}}
			if r := c.post(t, "/backups", body, at("3.42")); r.code != http.StatusBadRequest {
				t.Errorf("metadata at 3.42: answered %d %s", r.code, r.raw)
			}
			c.post(t, "/backups", body, at("3.43")).refused(t, http.StatusNotFound, "itemNotFound", "Volume %s could not be found.", nowhere)
			zoned := object{"backup": object{"availability_zone": 1, "volume_id": nowhere}}
			c.post(t, "/backups", zoned, at("3.51")).refused(t, http.StatusBadRequest, "badRequest", "%s",
				invalid("availability_zone", "1", "1 is not of type 'string', 'null'"))
			volume := object{"volume": object{"size": 5000, "x": 1}}
			if r := c.post(t, "/volumes", volume, at("3.52")); r.code != http.StatusRequestEntityTooLarge {
				t.Errorf("unknown member at 3.52: answered %d %s", r.code, r.raw)
			}
			if r := c.post(t, "/volumes", volume, at("3.53")); r.code != http.StatusBadRequest {
				t.Errorf("unknown member at 3.53: answered %d %s", r.code, r.raw)
			}
		}},
		{"requests/unknown", func(t *testing.T, c *client) {
			missing := func(r reply, kind string) {
				t.Helper()
				r.refused(t, http.StatusNotFound, "itemNotFound", "%s %s could not be found.", kind, nowhere)
			}
			for path, kind := range map[string]string{"/volumes/": "Volume", "/backups/": "Backup", "/snapshots/": "Snapshot"} {
				missing(c.get(t, path+nowhere), kind)
				missing(c.delete(t, path+nowhere), kind)
			}
			missing(c.post(t, "/backups", object{"backup": object{"volume_id": nowhere}}), "Volume")
			missing(c.post(t, "/snapshots", object{"snapshot": object{"volume_id": nowhere}}), "Volume")
			missing(c.post(t, "/backups/"+nowhere+"/restore", object{"restore": object{}}), "Backup")
			missing(c.post(t, "/volumes", object{"volume": object{"size": 1, "snapshot_id": nowhere}}), "Snapshot")
			missing(c.post(t, "/volumes", object{"volume": object{"size": 1, "source_volid": nowhere}}), "Volume")
			missing(c.post(t, "/volumes", object{"volume": object{"size": 1, "backup_id": nowhere}}, at("3.47")), "Backup")
			c.post(t, "/volumes", object{"volume": object{"size": 1, "volume_type": "contract"}}).
				refused(t, http.StatusNotFound, "itemNotFound", "Volume type with name contract could not be found.")
			c.post(t, "/volumes/"+nowhere+"/action", object{"os-contract": object{}}).refused(t, http.StatusBadRequest, "badRequest",
				"There is no such action: os-contract. Verify the request body and Content-Type header and try again.")
		}},
		{"requests/policy", func(t *testing.T, c *client) {
			forbidden := func(r reply, policy string) {
				t.Helper()
				r.refused(t, http.StatusForbidden, "forbidden", "Policy doesn't allow %s to be performed.", policy)
			}
			forbidden(c.get(t, "/os-services"), "volume_extension:services:index")
			forbidden(c.get(t, "/os-quota-sets/"+c.other.project), "volume_extension:quotas:show")
		}},
		{"requests/quota", func(t *testing.T, c *client) {
			absolute := c.get(t, "/limits").object(t, http.StatusOK, "limits")["absolute"].(object)
			keys(t, absolute, "maxTotalVolumes maxTotalSnapshots maxTotalVolumeGigabytes maxTotalBackups maxTotalBackupGigabytes "+
				"totalVolumesUsed totalGigabytesUsed totalSnapshotsUsed totalBackupsUsed totalBackupGigabytesUsed")
			limit, used := absolute["maxTotalVolumeGigabytes"].(float64), absolute["totalGigabytesUsed"].(float64)
			r := c.post(t, "/volumes", object{"volume": object{"name": "contract-big", "size": limit + 1}})
			r.refused(t, http.StatusRequestEntityTooLarge, "overLimit", "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed "+
				"gigabytes quota. Requested %.0fG, quota is %.0fG and %.0fG has been consumed.", limit+1, limit, used)
			if r.header.Get("Retry-After") != "0" || r.object(t, r.code, "overLimit")["retryAfter"] != "0" {
				t.Errorf("answered %s %v", r.raw, r.header)
			}
			set := c.get(t, "/os-quota-sets/"+c.project).object(t, http.StatusOK, "quota_set")
			members(t, set, object{"id": c.project, "gigabytes": limit})
		}},
		{"requests/environment", func(t *testing.T, c *client) {
			zones := c.get(t, "/os-availability-zone").list(t, "availabilityZoneInfo")
			if len(zones) != 1 || zones[0]["zoneState"].(object)["available"] != true {
				t.Errorf("zones are %v", zones)
			}
			types := c.get(t, "/types").list(t, "volume_types")
			if len(types) == 0 {
				t.Error("no volume types")
			}
			for _, kind := range types {
				keys(t, kind, "id name is_public description extra_specs os-volume-type-access:is_public")
			}
			keys(t, c.get(t, "/types/default").object(t, http.StatusOK, "volume_type"), "id name is_public description extra_specs")
		}},
	}
}
