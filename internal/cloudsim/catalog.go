package cloudsim

import (
	"fmt"
	"slices"
	"strings"
)

// Endpoint is an entry of the catalogue. A URL that begins with `/` is below the cloud's base URL,
// and `%(project_id)s` in it is the project that a token is for, as in Keystone's own templates.
type Endpoint struct{ Type, Name, Region, Interface, URL string }

// Region is where everything is.
const Region = "RegionOne"

// defaultEndpoints are two regions with three interfaces each. Only the first one has anything
// behind it.
func defaultEndpoints(unversioned bool) []Endpoint {
	volume := blockStoragePath + "/v3/%(project_id)s"
	if unversioned {
		volume = blockStoragePath + "/"
	}
	var all []Endpoint
	for _, region := range []string{Region, "RegionTwo"} {
		below := ""
		if region != Region {
			below = "/elsewhere"
		}
		for _, iface := range []string{"public", "internal", "admin"} {
			all = append(all,
				Endpoint{"volumev3", "cinderv3", region, iface, below + volume},
				Endpoint{"image", "glance", region, iface, imagePath},
				Endpoint{"identity", "keystone", region, iface, identityPath + "/v3/"})
		}
	}
	return all
}

// SetEndpoints replaces the catalogue.
func (c *Cloud) SetEndpoints(endpoints ...Endpoint) {
	c.lock()
	defer c.mu.Unlock()
	c.endpoints = slices.Clone(endpoints)
}

// Endpoints returns the catalogue.
func (c *Cloud) Endpoints() []Endpoint {
	c.lock()
	defer c.mu.Unlock()
	return slices.Clone(c.endpoints)
}

// catalog is the catalogue for a token: services in the order of their first endpoint. A URL with a
// project in it is left out of a token that has none.
func (c *Cloud) catalog(r *call, t *token) []object {
	services := []object{}
	for _, e := range c.endpoints {
		i := slices.IndexFunc(services, func(s object) bool { return s["type"] == e.Type && s["name"] == e.Name })
		if i < 0 {
			i = len(services)
			services = append(services, object{"id": hexID("service", e.Type, e.Name), "type": e.Type, "name": e.Name, "endpoints": []object{}})
		}
		if t.project.id == "" && strings.Contains(e.URL, "%(project_id)s") {
			continue
		}
		url := strings.ReplaceAll(e.URL, "%(project_id)s", t.project.id)
		if strings.HasPrefix(url, "/") {
			url = r.base + url
		}
		services[i]["endpoints"] = append(services[i]["endpoints"].([]object), object{
			"id": hexID("endpoint", e.Type, e.Region, e.Interface), "interface": e.Interface,
			"region": e.Region, "region_id": e.Region, "url": url})
	}
	return services
}

// hexID is an id as Keystone has them.
func hexID(seed ...string) string {
	return strings.ReplaceAll(uuid(fmt.Sprint(seed)), "-", "")
}

// ClientConfig returns a clouds.yaml with the clouds cloudsim (a member), cloudsim-other (a member of
// another project) and cloudsim-admin, and those of Config.MoreAccounts. Without a BaseURL it names a host that only Transport reaches.
func (c *Cloud) ClientConfig() []byte {
	base := c.config.BaseURL
	if base == "" {
		base = "http://cloudsim"
	}
	var b strings.Builder
	b.WriteString("clouds:\n")
	for _, a := range c.config.accounts() {
		fmt.Fprintf(&b, `  %s:
    region_name: %s
    auth:
      auth_url: %s%s/v3
      username: %s
      password: %s
      project_name: %s
      user_domain_name: Default
      project_domain_name: Default
`, a.cloud, Region, base, identityPath, a.name, a.password, a.project)
	}
	return []byte(b.String())
}
