package contract

import (
	"net/http"
	"slices"
	"testing"
)

func listCases() []testCase {
	return []testCase{
		{"lists/volumes", func(t *testing.T, c *client) {
			var created []string
			for _, name := range []string{"contract-c", "contract-a", "contract-b"} {
				created = append(created, c.volumeNamed(t, name))
			}
			brief := c.get(t, "/volumes?name=contract-a").list(t, "volumes")
			if !slices.Equal(ids(brief), created[1:2]) {
				t.Errorf("by name: %v, want %s", brief, created[1])
			}
			keys(t, brief[0], briefMembers)
			keys(t, c.get(t, "/volumes/detail?name=contract-a").list(t, "volumes")[0], volumeShown)
			if found := c.get(t, "/volumes?name=contract-").list(t, "volumes"); len(found) != 0 {
				t.Errorf("by a part of the name: %v", found)
			}
			if found := c.get(t, "/volumes/detail?status=available&size=1&name=contract-b").list(t, "volumes"); len(found) != 1 {
				t.Errorf("by three things: %v", found)
			}
			if found := c.get(t, "/volumes?status=error_restoring").list(t, "volumes"); len(found) != 0 {
				t.Errorf("by a status that none has: %v", found)
			}
			sorted := ids(c.get(t, "/volumes?sort=name:asc").list(t, "volumes"))
			if got := only(sorted, created); !slices.Equal(got, []string{created[1], created[2], created[0]}) {
				t.Errorf("by name: %v of %v", got, created)
			}
			if got := only(ids(c.get(t, "/volumes?sort_key=name&sort_dir=desc").list(t, "volumes")), created); !slices.Equal(got, []string{created[0], created[2], created[1]}) {
				t.Errorf("by name, backwards: %v of %v", got, created)
			}
			pages(t, c, "volumes", "/volumes/detail?limit=2", created)
			pages(t, c, "volumes", "/volumes?limit=1&sort=name:asc", created)
			paged := c.get(t, "/volumes?limit=1&offset=1&sort=name:asc").list(t, "volumes")
			if len(paged) != 1 || paged[0]["id"] != sorted[1] {
				t.Errorf("from the second on: %v of %v", paged, sorted)
			}
		}},
		{"lists/backups", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-v")
			created := []string{c.backupOf(t, volume, "contract-b1", nil), c.backupOf(t, volume, "contract-b2", nil)}
			brief := c.get(t, "/backups?name=contract-b2").list(t, "backups")
			if !slices.Equal(ids(brief), created[1:]) {
				t.Errorf("by name: %v, want %s", brief, created[1])
			}
			keys(t, brief[0], briefMembers)
			keys(t, c.get(t, "/backups/detail?name=contract-b2").list(t, "backups")[0], backupShown)
			for query, want := range map[string]int{"volume_id=" + volume: 2, "volume_id=" + nowhere: 0, "volume_id=" + volume + "&status=available": 2, "status=error_deleting": 0} {
				if found := c.get(t, "/backups?"+query).list(t, "backups"); len(found) != want {
					t.Errorf("by %s: %v", query, found)
				}
			}
			pages(t, c, "backups", "/backups?limit=1", created)
			pages(t, c, "backups", "/backups/detail?limit=1&volume_id="+volume, created)

			r := c.get(t, "/backups?limit=1&with_count=true&volume_id="+volume, at("3.45"))
			if found := r.list(t, "backups"); len(found) != 1 || r.body["count"] != 2.0 {
				t.Errorf("with a count: %s", r.raw)
			}
			// With a count a short page has a link, too, if there are more in all.
			r = c.get(t, "/backups?limit=2&with_count=true&marker="+ids(c.get(t, "/backups?volume_id="+volume).list(t, "backups"))[0]+"&volume_id="+volume, at("3.45"))
			if found := r.list(t, "backups"); len(found) != 1 || r.body["backups_links"] == nil {
				t.Errorf("with a count, the last page: %s", r.raw)
			}
			if r := c.get(t, "/backups?with_count=true&volume_id="+volume, at("3.44")); r.body["count"] != nil {
				t.Errorf("a count before 3.45: %s", r.raw)
			}
			sorted := ids(c.get(t, "/backups?sort=name:asc&volume_id="+volume, at("3.37")).list(t, "backups"))
			if !slices.Equal(sorted, created) {
				t.Errorf("by name: %v, want %v", sorted, created)
			}
		}},
		{"lists/vanished-marker", func(t *testing.T, c *client) {
			// A page whose marker was deleted meanwhile is refused as if the list were that resource.
			c.volumeNamed(t, "contract-first")
			marker := c.volumeNamed(t, "contract-second")
			c.remove(t, "volume", marker)
			c.get(t, "/volumes?limit=1&marker="+marker).refused(t, http.StatusNotFound, "itemNotFound", "Volume %s could not be found.", marker)
		}},
		{"lists/refusals", func(t *testing.T, c *client) {
			for _, kind := range []string{"volumes", "backups", "snapshots"} {
				for query, message := range map[string]string{
					"limit=x":   "limit param must be an integer",
					"limit=-1":  "limit param must be positive",
					"offset=x":  "offset must be an integer",
					"sort=x":    "Invalid input received: Invalid sort key",
					"sort=id:x": "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.",
				} {
					c.get(t, "/"+kind+"?"+query).refused(t, http.StatusBadRequest, "badRequest", "%s", message)
				}
				if found := c.get(t, "/"+kind+"?limit=0").list(t, kind); len(found) != 0 {
					t.Errorf("%s: with a limit of 0: %v", kind, found)
				}
				c.get(t, "/"+kind+"?nosuch=1").list(t, kind) // ignored before 3.31
				c.get(t, "/"+kind+"?nosuch=1", at("3.31")).refused(t, http.StatusBadRequest, "badRequest", "Invalid filters nosuch are found in query options.")
				c.get(t, "/"+kind+"?name~=contract", at("3.34")).refused(t, http.StatusBadRequest, "badRequest", "Invalid filters name~ are found in query options.")
				c.get(t, "/"+kind+"?with_count=maybe", at("3.45")).refused(t, http.StatusBadRequest, "badRequest", "Value 'maybe' for 'with_count' is not a boolean.")
			}
			c.get(t, "/backups?sort=name").refused(t, http.StatusBadRequest, "badRequest", "Invalid input received: Invalid sort key")
			for kind, name := range map[string]string{"volumes": "Volume", "backups": "Backup", "snapshots": "Snapshot"} {
				c.get(t, "/"+kind+"?marker="+nowhere).refused(t, http.StatusNotFound, "itemNotFound", "%s %s could not be found.", name, nowhere)
			}
		}},
	}
}

// only keeps the ids that are among others, in their order: a project may have more.
func only(all, among []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return !slices.Contains(among, id) })
}

// pages follows the links from page to page, and checks that every id is on them exactly once. The
// last page is one without a link: an empty one, if the one before was full.
func pages(t *testing.T, c *client, collection, url string, want []string) {
	t.Helper()
	var seen []string
	for range 100 {
		r := c.get(t, url)
		seen = append(seen, ids(r.list(t, collection))...)
		links, more := r.body[collection+"_links"].([]any)
		if !more {
			if got := only(seen, want); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
				t.Errorf("%s: pages have %v, want %v", url, got, want)
			}
			return
		}
		link := links[0].(object)
		members(t, link, object{"rel": "next"})
		url = link["href"].(string)
	}
	t.Errorf("%s: no end of pages", url)
}
