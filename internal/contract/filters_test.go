package contract

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
)

func filterCases() []testCase {
	return []testCase{
		{"filters/volumes", func(t *testing.T, c *client) {
			marked := c.create(t, "volume", object{"name": "contract-marked", "size": 1, "metadata": object{"contract": "a", "more": "b"}})
			c.settled(t, "volume", marked, "creating", "available")
			plain := c.volumeNamed(t, "contract-plain")
			f := filters{c, "volumes", []string{marked, plain}}
			for _, version := range []string{"3.0", "3.70"} {
				f.selects(t, version, "metadata", "{'contract': 'a'}", marked)
				f.selects(t, version, "metadata", `{"contract": "a", "more": "b"}`, marked)
				f.selects(t, version, "metadata", "{'contract': 'b'}")
				f.selects(t, version, "metadata", "{}", marked, plain)
				f.selects(t, version, "metadata", "contract")
				f.selects(t, version, "migration_status", "None", marked, plain)
				f.selects(t, version, "migration_status", "success")
				f.selects(t, version, "bootable", "false", marked, plain)
				f.selects(t, version, "bootable", "true")
			}
			// Before 3.2 whatever is not false is true, and before 3.31 these are ignored.
			f.selects(t, "3.0", "bootable", "contract")
			f.selects(t, "3.0", "bootable", "0")
			f.selects(t, "3.1", "bootable", "0")
			f.selects(t, "3.2", "bootable", "0", marked, plain)
			f.selects(t, "3.70", "bootable", "0", marked, plain)
			f.selects(t, "3.0", "consumes_quota", "true")
			f.selects(t, "3.0", "group_id", nowhere, marked, plain)
			f.selects(t, "3.70", "group_id", nowhere)
			f.selects(t, "3.0", "created_at", "lt:1999-01-01", marked, plain)
			for _, name := range []string{"created_at", "updated_at"} {
				f.selects(t, "3.70", name, "lt:1999-01-01")
				f.selects(t, "3.70", name, "gt:1999-01-01,lte:2100-01-01T00:00:00", marked, plain)
			}
			created := c.show(t, "volume", marked)["created_at"].(string)
			f.selects(t, "3.70", "created_at", "lt:"+created[:19], f.among(c.get(t, "/volumes/detail").list(t, "volumes"), func(v object) bool {
				return v["created_at"].(string) < created
			})...)
			for value, message := range map[string]string{"contract": "Invalid contract operator", "gt:contract": "Invalid contract value"} {
				f.refuses(t, "created_at", value, message)
			}
			f.refuses(t, "bootable", "contract", "Invalid input received: 'bootable = contract'")
			f.quota(t)
		}},
		{"filters/snapshots", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-v")
			var both []string
			for name, metadata := range map[string]object{"contract-marked": {"contract": "a"}, "contract-plain": {}} {
				id := c.create(t, "snapshot", object{"name": name, "volume_id": volume, "metadata": metadata})
				c.settled(t, "snapshot", id, "creating", "available")
				both = append(both, id)
			}
			f := filters{c, "snapshots", both}
			marked := ids(c.get(t, "/snapshots?name=contract-marked").list(t, "snapshots"))
			f.selects(t, "3.0", "metadata", "{'contract': 'a'}", both...) // ignored
			f.selects(t, "3.70", "metadata", "{'contract': 'a'}", marked...)
			f.selects(t, "3.0", "availability_zone", "contract", both...)
			f.selects(t, "3.70", "availability_zone", "contract")
			f.selects(t, "3.70", "availability_zone", c.show(t, "volume", volume)["availability_zone"].(string), both...)
			f.quota(t)
		}},
		{"sorts", func(t *testing.T, c *client) {
			for kind, keys := range map[string][]string{
				"volumes": {"id", "status", "created_at", "updated_at", "name", "display_name", "display_description", "project_id", "user_id", "size", "host",
					"availability_zone", "bootable", "volume_type", "volume_type_id", "snapshot_id", "source_volid", "migration_status", "attach_status", "group_id"},
				"snapshots": {"id", "status", "created_at", "updated_at", "display_name", "project_id", "user_id", "volume_id", "volume_size", "progress", "volume_type_id"},
				"backups": {"id", "status", "created_at", "updated_at", "display_name", "project_id", "user_id", "size", "volume_id", "snapshot_id", "parent_id",
					"container", "host", "availability_zone", "fail_reason", "data_timestamp", "object_count"},
			} {
				for _, key := range keys {
					c.get(t, "/"+kind+"?sort="+key+":asc").list(t, kind)
				}
			}
			for kind, keys := range map[string][]string{
				"volumes":   {"volume_id", "volume_size", "progress", "description", "metadata", "consumes_quota"},
				"snapshots": {"name", "size", "host", "availability_zone", "bootable", "volume_type"},
				"backups":   {"name", "volume_size", "progress", "bootable", "volume_type"},
			} {
				for _, key := range keys {
					c.get(t, "/"+kind+"?sort="+key).refused(t, http.StatusBadRequest, "badRequest", "Invalid input received: Invalid sort key")
				}
			}
		}},
		{"sorts/orders", func(t *testing.T, c *client) {
			large := c.create(t, "volume", object{"name": "contract-b", "size": 2, "description": "a"})
			c.settled(t, "volume", large, "creating", "available")
			copied := c.create(t, "volume", object{"name": "contract-a", "size": 2, "source_volid": large, "description": "b"})
			c.settled(t, "volume", copied, "creating", "available")
			small := c.create(t, "snapshot", object{"name": "contract-d", "volume_id": c.volumeNamed(t, "contract-c")})
			other := c.create(t, "snapshot", object{"name": "contract-c", "volume_id": large})
			for _, row := range []struct {
				kind, key string
				want      []string
			}{
				{"volumes", "display_name", []string{copied, large}},
				{"volumes", "display_description", []string{large, copied}},
				{"volumes", "source_volid", []string{large, copied}},
				{"snapshots", "display_name", []string{other, small}},
				{"snapshots", "volume_size", []string{small, other}},
			} {
				backwards := slices.Clone(row.want)
				slices.Reverse(backwards)
				for direction, want := range map[string][]string{"asc": row.want, "desc": backwards} {
					if got := only(ids(c.get(t, "/"+row.kind+"?sort="+row.key+":"+direction).list(t, row.kind)), want); !slices.Equal(got, want) {
						t.Errorf("%s by %s:%s: %v, want %v", row.kind, row.key, direction, got, want)
					}
				}
			}
			for _, id := range []string{small, other} {
				c.settled(t, "snapshot", id, "creating", "available")
			}
		}},
	}
}

// filters lists a collection, in which it looks at some ids: a project may have more.
type filters struct {
	*client
	collection string
	ids        []string
}

func (f filters) get(t *testing.T, version, name, value string) reply {
	t.Helper()
	return f.client.get(t, "/"+f.collection+"?"+url.Values{name: {value}}.Encode(), at(version))
}

// selects checks which are listed with a filter.
func (f filters) selects(t *testing.T, version, name, value string, want ...string) {
	t.Helper()
	got := only(ids(f.get(t, version, name, value).list(t, f.collection)), f.ids)
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: %s with %s=%s: %v, want %v", version, f.collection, name, value, got, want)
	}
}

func (f filters) refuses(t *testing.T, name, value, message string) {
	t.Helper()
	f.get(t, "3.70", name, value).refused(t, http.StatusBadRequest, "badRequest", "%s", message)
}

// among are the ids of those that are as they should be.
func (f filters) among(all []object, is func(object) bool) []string {
	return only(ids(slices.DeleteFunc(all, func(o object) bool { return !is(o) })), f.ids)
}

// quota checks the filter by what counts against the quota, as everything does.
func (f filters) quota(t *testing.T) {
	t.Helper()
	f.selects(t, "3.70", "consumes_quota", "true", f.ids...)
	f.selects(t, "3.70", "consumes_quota", "false")
	f.refuses(t, "consumes_quota", "contract", "Value 'contract' for 'use_quota' is not a boolean.")
}
