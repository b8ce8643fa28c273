package cloud

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// endpoint is one entry of a catalog.
type endpoint struct{ kind, name, region, iface, url string }

func (e endpoint) String() string {
	return fmt.Sprintf("%s, region %s, interface %s", e.kind, Printable(e.region), Printable(e.iface))
}

// wanted is what the configuration asks of the catalog for one service.
type wanted struct {
	kinds      []string // in the order of preference
	name       string   // of the service; "": any
	region     string   // "": any
	interfaces []string // the preferred one first
	by         string   // the keys that name a kind or a name, with their values; "": none
}

// want reads it.
func (c *config) want(types []string) (w wanted, err error) {
	w.kinds = types
	if key, v := c.forService(types, "service_type"); v.text != "" && v.text != types[0] {
		w.kinds = []string{v.text}
		if slices.Contains(types, v.text) { // an alias, which the official name stands for as well
			w.kinds = append(w.kinds, types[0])
		}
		w.by = fmt.Sprintf(", %s '%s'", key, Printable(v.text))
	}
	if key, v := c.forService(types, "service_name"); v.text != "" {
		w.name = v.text
		w.by += fmt.Sprintf(", %s '%s'", key, Printable(v.text))
	}
	_, region := c.forServiceOrAll(types, "region_name")
	w.region = region.text
	w.interfaces, err = c.interfaces(types)
	return w, err
}

// fitting are the endpoints that the catalog has for it, the preferred one first:
// of each kind those of the first interface that there is one of. A service without
// a name has any.
func (w wanted) fitting(catalog []tokens.CatalogEntry) (all []endpoint) {
	for _, kind := range w.kinds {
		var ofKind []endpoint
		for _, e := range listed(catalog, []string{kind}) {
			if e.url != "" && (w.region == "" || w.region == e.region) && (w.name == "" || e.name == "" || w.name == e.name) {
				ofKind = append(ofKind, e)
			}
		}
		for _, iface := range w.interfaces {
			before := len(all)
			for _, e := range ofKind {
				if e.iface == iface {
					all = append(all, e)
				}
			}
			if len(all) > before {
				break
			}
		}
	}
	return all
}

// listed are a catalog's endpoints of these kinds, kind by kind.
func listed(catalog []tokens.CatalogEntry, kinds []string) (all []endpoint) {
	for _, kind := range kinds {
		for _, entry := range catalog {
			for _, e := range entry.Endpoints {
				if entry.Type == kind {
					region := e.RegionID
					if region == "" {
						region = e.Region
					}
					all = append(all, endpoint{kind, entry.Name, region, e.Interface, e.URL})
				}
			}
		}
	}
	return all
}

// blockStorage picks the endpoint for the region and interface of the
// configuration.
func (c *config) blockStorage(ctx context.Context, provider *gophercloud.ProviderClient, l *Login, catalog []tokens.CatalogEntry) (*gophercloud.ServiceClient, error) {
	if key, address := c.override(blockStorageTypes); key != "" {
		at, err := c.overridden(key, address, *l)
		if err != nil {
			return nil, err
		}
		if version := lastVersion(withoutProject(at, l.ProjectID)); version != "" && version != "3" {
			return nil, configErrorf("%s of cloud '%s' in %s is an address of version %s; only version 3 is tested", key, c.name, c.file, version)
		}
		return c.client(ctx, provider, l, []endpoint{{kind: "volumev3", region: l.Region, url: at.String()}})
	}
	w, err := c.want(blockStorageTypes)
	if err != nil {
		return nil, err
	}
	fitting := w.fitting(catalog)
	if len(fitting) == 0 {
		return nil, c.nothingFits(w, l, catalog)
	}
	if l.Region == "" {
		l.Region = fitting[0].region
		if i := slices.IndexFunc(fitting, func(e endpoint) bool { return e.region != l.Region }); i >= 0 {
			if c.undefined != "" {
				return nil, configErrorf("the cloud has several regions, cloud '%s' in %s names none, and its profile '%s', which may, is not defined in any clouds-public.yaml; set region_name", c.name, c.file, c.undefined)
			}
			l.Warnings = append(l.Warnings, fmt.Sprintf("the cloud has several regions and clouds.yaml names none: taking '%s'; set region_name to choose", Printable(l.Region)))
		}
	}
	fitting = slices.DeleteFunc(fitting, func(e endpoint) bool { return e.region != l.Region })
	return c.client(ctx, provider, l, fitting)
}

// nothingFits tells what the catalog has instead.
func (c *config) nothingFits(w wanted, l *Login, catalog []tokens.CatalogEntry) error {
	has := func(texts []string) error {
		return configErrorf("cloud '%s' has no Block Storage endpoint in region '%s' with interface '%s'%s; the catalog has: %s", c.name, l.Region, strings.Join(w.interfaces, "' or '"), w.by, strings.Join(texts, "; "))
	}
	var texts []string
	if w.by != "" { // the cloud may have it under any type and name
		for _, entry := range catalog {
			texts = append(texts, fmt.Sprintf("type '%s' named '%s'", Printable(entry.Type), Printable(entry.Name)))
		}
		return has(texts)
	}
	offered := listed(catalog, blockStorageTypes)
	for _, e := range offered {
		if e.url != "" {
			texts = append(texts, e.String())
		}
	}
	if len(texts) == 0 {
		return &NotOfferedError{Project: l.Project, WithoutURL: len(offered) > 0}
	}
	return has(texts)
}

// overridden is an address of the configuration with the ids of the login in it.
func (c *config) overridden(key, address string, l Login) (*url.URL, error) {
	for name, id := range map[string]string{"project_id": l.ProjectID, "tenant_id": l.ProjectID, "user_id": l.userID} {
		address = strings.NewReplacer("%("+name+")s", id, "$("+name+")s", id).Replace(address)
	}
	at, err := url.Parse(address)
	switch {
	case strings.Contains(address, "%(") || strings.Contains(address, "$("):
		return nil, configErrorf("%s of cloud '%s' in %s has a placeholder that is none of %%(project_id)s, %%(tenant_id)s, %%(user_id)s", key, c.name, c.file)
	case err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "":
		return nil, configErrorf("%s of cloud '%s' in %s cannot be read as an address", key, c.name, c.file)
	}
	return at, nil
}

// client is for the first endpoint that version 3 can be found at.
func (c *config) client(ctx context.Context, provider *gophercloud.ProviderClient, l *Login, fitting []endpoint) (*gophercloud.ServiceClient, error) {
	var failed error
	for _, e := range fitting {
		at, err := versioned(ctx, provider, e.url, l.ProjectID)
		if err == nil {
			l.Endpoint = public(at)
			return &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: at, Type: "volumev3"}, nil
		}
		if failed == nil {
			failed = err
		}
	}
	return nil, failed
}

// imageService finds Glance, which only some checks need: nil if it is not
// there.
func (c *config) imageService(provider *gophercloud.ProviderClient, l Login, catalog []tokens.CatalogEntry) (*gophercloud.ServiceClient, error) {
	var address string
	if key, given := c.override(imageTypes); key != "" {
		at, err := c.overridden(key, given, l)
		if err != nil {
			return nil, err
		}
		address = at.String()
	} else {
		w, err := c.want(imageTypes)
		if err != nil {
			return nil, err
		}
		if w.region == "" {
			w.region = l.Region
		}
		fitting := w.fitting(catalog)
		if len(fitting) == 0 {
			return nil, nil
		}
		address = fitting[0].url
	}
	at := gophercloud.NormalizeURL(address)
	if !strings.HasSuffix(at, "/v2/") {
		at += "v2/"
	}
	return &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: at, Type: "image"}, nil
}

// interfaces are the interfaces that the configuration asks for, the preferred one
// first.
func (c *config) interfaces(types []string) (interfaces []string, err error) {
	_, asked := c.forServiceOrAll(types, "interface")
	if asked.kind != sequence {
		asked.list = []value{asked}
	}
	for _, v := range asked.list {
		switch iface := strings.TrimSuffix(v.text, "URL"); {
		case v.kind > scalar:
			return nil, c.notText("interface", v)
		case iface == "":
			interfaces = append(interfaces, "public")
		case iface == "public", iface == "internal", iface == "admin":
			interfaces = append(interfaces, iface)
		default:
			return nil, configErrorf("interface '%s' of cloud '%s' in %s is none of public, internal, admin", Printable(v.text), c.name, v.file)
		}
	}
	return interfaces, nil
}
