package contract

import (
	"net/http"
	"strings"
	"testing"
)

func isolationCases() []testCase {
	return []testCase{
		{"isolation", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-v")
			snapshot := c.create(t, "snapshot", object{"name": "contract-s", "volume_id": volume})
			c.settled(t, "snapshot", snapshot, "creating", "available")
			backup := c.backupOf(t, volume, "contract-b", nil)

			other := c.other
			hidden := func(r reply, kind, id string) {
				t.Helper()
				r.refused(t, http.StatusNotFound, "itemNotFound", "%s %s could not be found.", kind, id)
			}
			hidden(other.get(t, "/volumes/"+volume), "Volume", volume)
			hidden(other.delete(t, "/volumes/"+volume), "Volume", volume)
			hidden(other.do(t, "PUT", "/volumes/"+volume, object{"volume": object{"name": "x"}}), "Volume", volume)
			hidden(other.get(t, "/snapshots/"+snapshot), "Snapshot", snapshot)
			hidden(other.delete(t, "/snapshots/"+snapshot), "Snapshot", snapshot)
			hidden(other.get(t, "/backups/"+backup), "Backup", backup)
			hidden(other.delete(t, "/backups/"+backup), "Backup", backup)
			hidden(other.do(t, "PUT", "/backups/"+backup, object{"backup": object{"name": "x"}}, at("3.9")), "Backup", backup)
			hidden(other.post(t, "/backups/"+backup+"/restore", object{"restore": object{}}), "Backup", backup)
			hidden(other.post(t, "/backups", object{"backup": object{"volume_id": volume}}), "Volume", volume)

			for _, path := range []string{"/volumes/detail?all_tenants=1", "/backups/detail?all_tenants=1", "/snapshots/detail?all_tenants=1"} {
				if r := other.get(t, path); r.code != http.StatusOK || strings.Contains(r.raw, volume) {
					t.Errorf("%s: answered %d %s", path, r.code, r.raw)
				}
			}
			// A token of the other project is no use with this project's URL.
			foreign := http.Header{"X-Auth-Token": {other.token}}
			c.get(t, "/volumes/"+volume, foreign).refused(t, http.StatusBadRequest, "badRequest", "Malformed request url")
			members(t, c.show(t, "backup", backup), object{"name": "contract-b", "status": "available"})
		}},
	}
}
