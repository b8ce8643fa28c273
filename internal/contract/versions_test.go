package contract

import (
	"net/http"
	"strings"
	"testing"
)

// nowhere is the id of nothing.
const nowhere = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

// unversioned is the Block Storage endpoint without project and version.
func (c *client) unversioned() string { return strings.TrimSuffix(c.volume, "v3/"+c.project) }

// isZed tells a cloud of 2022, which the simulated one differs from where a case names it, from one of 2025.1.
func (c *client) isZed(t *testing.T) bool {
	t.Helper()
	versions := c.get(t, c.unversioned()+"v3/").body["versions"].([]any)
	return versions[0].(object)["version"] == "3.70"
}

func versionCases() []testCase {
	return []testCase{
		{"versions/documents", func(t *testing.T, c *client) {
			for url, code := range map[string]int{c.unversioned(): http.StatusMultipleChoices, c.unversioned() + "v3/": http.StatusOK} {
				r := c.get(t, url)
				if r.code != code || len(r.body["versions"].([]any)) != 1 {
					t.Fatalf("%s: answered %d %s", url, r.code, r.raw)
				}
				version := r.body["versions"].([]any)[0].(object)
				keys(t, version, "id status version min_version updated links media-types")
				members(t, version, object{"id": "v3.0", "status": "CURRENT", "min_version": "3.0"})
			}
			if r := c.get(t, c.unversioned()+"v3"); r.code != http.StatusFound || !strings.HasSuffix(r.header.Get("Location"), "/v3/") {
				t.Errorf("v3: answered %d %v", r.code, r.header)
			}
		}},
		{"versions/headers", func(t *testing.T, c *client) {
			for asked, answered := range map[string]string{"": "volume 3.0", "volume 3.45": "volume 3.45", "compute 2.1,volume 3.9": "volume 3.9"} {
				header := http.Header{}
				if asked != "" {
					header.Set("OpenStack-API-Version", asked)
				}
				r := c.get(t, "/volumes?limit=1", header)
				if got := r.header.Get("OpenStack-API-Version"); got != answered {
					t.Errorf("asked for %q, answered %q", asked, got)
				}
				id := r.header.Get("X-Openstack-Request-Id")
				if !strings.HasPrefix(id, "req-") || r.header.Get("X-Compute-Request-Id") != id || r.header.Get("Vary") != "OpenStack-API-Version" {
					t.Errorf("headers are %v", r.header)
				}
			}
		}},
		{"versions/out-of-range", func(t *testing.T, c *client) {
			r := c.get(t, "/volumes", at("3.999"))
			fault := r.object(t, http.StatusNotAcceptable, "computeFault")
			if !strings.HasPrefix(fault["message"].(string), "Version 3.999 is not supported by the API. Minimum is 3.0 and maximum is 3.") {
				t.Errorf("answered %s", r.raw)
			}
			if r := c.get(t, "/volumes", at("2.0")); r.code != http.StatusNotAcceptable {
				t.Errorf("2.0: answered %d %s", r.code, r.raw)
			}
			c.get(t, "/volumes", at("x")).refused(t, http.StatusBadRequest, "badRequest",
				"API Version String x is of invalid format. Must be of format MajorNum.MinorNum.")
			c.get(t, "/volumes", http.Header{"Openstack-Api-Version": {"compute 2.1"}}).refused(t, http.StatusBadRequest, "badRequest",
				"The server could not comply with the request since it is either malformed or otherwise incorrect.")
			if r := c.get(t, "/volumes", at("latest")); r.code != http.StatusOK {
				t.Errorf("latest: answered %d %s", r.code, r.raw)
			}
		}},
		{"versions/newer-action", func(t *testing.T, c *client) {
			rename := object{"backup": object{"name": "contract-x"}}
			c.do(t, "PUT", "/backups/"+nowhere, rename, at("3.8")).refused(t, http.StatusNotFound, "itemNotFound", "The resource could not be found.")
			c.do(t, "PUT", "/backups/"+nowhere, rename, at("3.9")).refused(t, http.StatusNotFound, "itemNotFound", "Backup %s could not be found.", nowhere)
		}},
		{"versions/token", func(t *testing.T, c *client) {
			for _, token := range []string{"", "nonsense"} {
				r := c.get(t, "/volumes", http.Header{"X-Auth-Token": {token}})
				if r.code != http.StatusUnauthorized || !isUnauthorized(r) || r.header.Get("WWW-Authenticate") == "" {
					t.Errorf("token %q: answered %d %s %v", token, r.code, r.raw, r.header)
				}
			}
		}},
		{"versions/paths", func(t *testing.T, c *client) {
			for _, path := range []string{"", "/", "/nosuch", "/volumes/"} {
				for accept, form := range map[string]string{"": "text/plain", "*/*": "text/html", "application/json": "application/json"} {
					r := c.get(t, c.volume+path, http.Header{"Accept": {accept}})
					if r.code != http.StatusNotFound || !strings.HasPrefix(r.header.Get("Content-Type"), form) || !strings.Contains(r.raw, "The resource could not be found.") {
						t.Errorf("%q as %q: answered %d %s %v", path, accept, r.code, r.raw, r.header)
					}
				}
			}
			if r := c.do(t, "PATCH", "/volumes", nil); r.code != http.StatusNotFound {
				t.Errorf("PATCH: answered %d %s", r.code, r.raw)
			}
			// The project may be left out, and then it is left out of links, too.
			r := c.get(t, c.unversioned()+"v3/volumes?limit=1")
			if r.code != http.StatusOK || strings.Contains(r.raw, c.project) {
				t.Errorf("without project: answered %d %s", r.code, r.raw)
			}
			c.get(t, c.unversioned()+"v3/"+c.other.project+"/volumes").refused(t, http.StatusBadRequest, "badRequest", "Malformed request url")
		}},
	}
}
