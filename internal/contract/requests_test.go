package contract

import (
	"fmt"
	"net/http"
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
			`{"volume": {"size":1, "metadata": {"a": 1}}}`:            invalid("a", "1", "1 is not of type 'string'"),
			`{"volume": {"size":1, "snapshot_id": "x"}}`:              invalid("snapshot_id", "x", misfit),
			`{"volume": {"size":1, "availability_zone": "contract"}}`: "Availability zone 'contract' is invalid.",
		})},
		{"requests/backup", refusals("/backups", map[string]string{
			`{"backup": null}`:              invalid("backup", "None", "None is not of type 'object'"),
			`{"backup": {}}`:                invalid("backup", "{}", "'volume_id' is a required property"),
			`{"backup": {"volume_id":"x"}}`: invalid("volume_id", "x", "'x' is not a 'uuid'"),
			`{"backup": {"volume_id":"` + nowhere + `", "name": 5}}`: invalid("name", "5", "5 is not of type 'string', 'null'"),
			`{"backup": {"volume_id":"` + nowhere + `", "force": "maybe"}}`: invalid("force", "maybe", "'maybe' is not one of [True, 'True', 'TRUE', 'true', '1', 'ON', 'On', 'on', 'YES', 'Yes', 'yes', 'y', 't', "+
				"False, 'False', 'FALSE', 'false', '0', 'OFF', 'Off', 'off', 'NO', 'No', 'no', 'n', 'f']"),
		})},
		{"requests/restore", refusals("/backups/"+nowhere+"/restore", map[string]string{
			`{}`:                              "'restore' is a required property",
			`{"restore": {"volume_id": "x"}}`: invalid("volume_id", "x", misfit),
			`{"restore": {"x": "y"}}`:         invalid("restore", "{'x': 'y'}", "Additional properties are not allowed ('x' was unexpected)"),
		})},
		{"requests/newer-parameter", func(t *testing.T, c *client) {
			body := object{"backup": object{"metadata": object{}, "volume_id": nowhere}}
			if r := c.post(t, "/backups", body, at("3.42")); r.code != http.StatusBadRequest {
				t.Errorf("metadata at 3.42: answered %d %s", r.code, r.raw)
			}
			c.post(t, "/backups", body, at("3.43")).refused(t, http.StatusNotFound, "itemNotFound", "Volume %s could not be found.", nowhere)
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
