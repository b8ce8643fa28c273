package cloudsim

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// listImages answers a page of what the caller may see: its own, and everybody's public ones.
func (c *Cloud) listImages(r *call) (*answer, error) {
	params := maps.Clone(r.query)
	limit, err := number(params, "limit", 25)
	if err != nil {
		return nil, err
	}
	limit = min(limit, c.config.PageSize)
	order, err := sorting(params, map[string]order[*Image]{
		"name": by(func(i *Image) string { return i.Name }), "size": by(func(i *Image) int { return i.Size }),
	})
	if err != nil {
		return nil, err
	}
	marker := params.Get("marker")
	params.Del("marker")
	wanted := params.Get("visibility")
	if wanted != "" && wanted != "all" && !slices.Contains(visibilities, wanted) {
		return nil, malformed("Invalid visibility value: %s", wanted)
	}
	var after *Image
	if marker != "" {
		if after, err = c.findImage(r, marker); err != nil {
			return nil, malformed("No image found with ID %s", marker)
		}
	}
	var found []*Image
	for _, i := range c.images {
		offered := r.visible(&i.Resource) || i.Visibility == "public" || i.Visibility == "community" && cmp.Or(wanted, "public") != "public"
		if offered && i.matches(params) && (after == nil || order(i, after) > 0) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, order)
	found = found[:min(limit, len(found))]

	entries := []object{}
	for _, i := range found {
		entries = append(entries, c.imageView(i))
	}
	query := maps.Clone(r.query)
	query.Del("marker")
	body := object{"images": entries, "schema": "/v2/schemas/images", "first": strings.TrimSuffix("/v2/images?"+query.Encode(), "?")}
	if len(found) > 0 && len(found) == limit { // also if nothing follows
		query.Set("marker", found[len(found)-1].ID)
		body["next"] = "/v2/images?" + query.Encode()
	}
	return ok(body), nil
}

// matches compares with whatever parameters are left; what is no member of the image is a property.
func (i *Image) matches(params url.Values) bool {
	members := map[string]string{"id": i.ID, "name": i.Name, "status": i.Status, "visibility": i.Visibility, "owner": i.Project,
		"disk_format": i.DiskFormat, "container_format": i.ContainerFormat}
	for name, values := range params {
		value, isMember := members[name]
		if !isMember {
			value = i.Metadata[name]
		}
		if value != values[0] && (name != "visibility" || values[0] != "all") {
			return false
		}
	}
	return true
}
