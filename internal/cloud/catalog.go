package cloud

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// serviceTypes are the names that a catalog may have Block Storage under,
// OpenStack's official one first, as openstacksdk prefers them (service-types
// authority).
var serviceTypes = []string{"block-storage", "volumev3", "volumev2", "volume", "block-store"}

// overrideKeys are the keys of clouds.yaml that put an address in the place of
// the catalog's.
func overrideKeys() (keys []string) {
	for _, suffix := range []string{"_endpoint_override", "_endpoint"} {
		for _, kind := range serviceTypes {
			keys = append(keys, strings.ReplaceAll(kind, "-", "_")+suffix)
		}
	}
	return keys
}

// overridden is that address, for a project, and its key; "" if there is none.
func (c *config) overridden(projectID string) (key, address string) {
	project := strings.NewReplacer("%(project_id)s", projectID, "$(project_id)s", projectID)
	for _, key := range overrideKeys() {
		if address := c.value(key); address != "" {
			return key, project.Replace(address)
		}
	}
	return "", ""
}

// endpoint is one Block Storage entry of a catalog.
type endpoint struct{ kind, region, iface, url string }

func (e endpoint) String() string {
	return fmt.Sprintf("%s, region %s, interface %s", e.kind, Printable(e.region), Printable(e.iface))
}

// blockStorage picks the endpoint for the region and interface of the
// configuration.
func (c *config) blockStorage(ctx context.Context, provider *gophercloud.ProviderClient, l *Login, catalog []tokens.CatalogEntry) (*gophercloud.ServiceClient, error) {
	if key, address := c.overridden(l.ProjectID); key != "" {
		if _, err := url.Parse(address); err != nil {
			return nil, configErrorf("%s of cloud '%s' in %s cannot be read as an address", key, c.name, c.file)
		}
		return c.client(ctx, provider, l, []endpoint{{"volumev3", l.Region, "", address}})
	}
	interfaces, err := c.interfaces()
	if err != nil {
		return nil, err
	}
	var offered, inRegion []endpoint
	for _, kind := range serviceTypes {
		for _, entry := range catalog {
			for _, e := range entry.Endpoints {
				if v := majorVersion(e.URL); entry.Type != kind || v != "" && v != "3" {
					continue
				}
				region := e.RegionID
				if region == "" {
					region = e.Region
				}
				found := endpoint{kind, region, e.Interface, e.URL}
				offered = append(offered, found)
				if l.Region == "" || l.Region == region {
					inRegion = append(inRegion, found)
				}
			}
		}
	}
	fitting := ofFirstInterface(inRegion, interfaces)
	if len(offered) == 0 {
		return nil, &NotOfferedError{Project: l.Project}
	}
	if len(fitting) == 0 {
		var list []string
		for _, e := range offered {
			list = append(list, e.String())
		}
		return nil, configErrorf("cloud '%s' has no Block Storage endpoint in region '%s' with interface '%s'; the catalog has: %s", c.name, l.Region, strings.Join(interfaces, "' or '"), strings.Join(list, "; "))
	}
	if l.Region == "" {
		l.Region = fitting[0].region
		if i := slices.IndexFunc(fitting, func(e endpoint) bool { return e.region != l.Region }); i >= 0 {
			l.Warnings = append(l.Warnings, fmt.Sprintf("the cloud has several regions and clouds.yaml names none: taking '%s'; set region_name to choose", Printable(l.Region)))
		}
	}
	fitting = slices.DeleteFunc(fitting, func(e endpoint) bool { return e.region != l.Region })
	return c.client(ctx, provider, l, fitting)
}

// ofFirstInterface are the endpoints with the first interface that there is one of.
func ofFirstInterface(all []endpoint, interfaces []string) (fitting []endpoint) {
	for _, iface := range interfaces {
		for _, e := range all {
			if e.iface == iface {
				fitting = append(fitting, e)
			}
		}
		if len(fitting) > 0 {
			break
		}
	}
	return fitting
}

// client is for the first endpoint that version 3 can be found at.
func (c *config) client(ctx context.Context, provider *gophercloud.ProviderClient, l *Login, fitting []endpoint) (*gophercloud.ServiceClient, error) {
	var failed error
	for _, e := range fitting {
		at, err := versioned(ctx, provider, e)
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
func (c *config) imageService(provider *gophercloud.ProviderClient, region string, catalog []tokens.CatalogEntry) *gophercloud.ServiceClient {
	interfaces, err := c.interfaces()
	if err != nil {
		return nil
	}
	var inRegion []endpoint
	for _, entry := range catalog {
		for _, e := range entry.Endpoints {
			if entry.Type == "image" && (e.RegionID == region || e.Region == region) {
				inRegion = append(inRegion, endpoint{"image", region, e.Interface, e.URL})
			}
		}
	}
	fitting := ofFirstInterface(inRegion, interfaces)
	if len(fitting) == 0 {
		return nil
	}
	at := gophercloud.NormalizeURL(fitting[0].url)
	if !strings.HasSuffix(at, "/v2/") {
		at += "v2/"
	}
	return &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: at, Type: "image"}
}

// interfaces are the interfaces that the configuration asks for, the preferred one
// first.
func (c *config) interfaces() (interfaces []string, err error) {
	asked := c.forVolumes("interface")
	if asked.list == nil {
		asked.list = []value{asked}
	}
	for _, v := range asked.list {
		switch iface := strings.TrimSuffix(v.text, "URL"); iface {
		case "":
			interfaces = append(interfaces, "public")
		case "public", "internal", "admin":
			interfaces = append(interfaces, iface)
		default:
			return nil, configErrorf("interface '%s' of cloud '%s' in %s is none of public, internal, admin", Printable(v.text), c.name, c.file)
		}
	}
	return interfaces, nil
}

var versionInPath = regexp.MustCompile(`^v(\d)(?:\.\d+)?$`)

// majorVersion is the API version that an address is for, by the last part of
// its path that can be one: a gateway may have a version of its own before. ""
// if it does not say.
func majorVersion(address string) (version string) {
	at, err := url.Parse(address)
	if err != nil {
		return ""
	}
	for part := range strings.SplitSeq(at.Path, "/") {
		if match := versionInPath.FindStringSubmatch(part); match != nil {
			version = match[1]
		}
	}
	return version
}

// versioned makes sure that an endpoint's address is that of version 3, asking
// the service where the catalog does not tell.
func versioned(ctx context.Context, provider *gophercloud.ProviderClient, e endpoint) (string, error) {
	if majorVersion(e.url) != "" {
		return gophercloud.NormalizeURL(e.url), nil
	}
	return discover(ctx, provider, &call{service: BlockStorage, op: "asking for the versions at " + public(e.url)}, e.url)
}
