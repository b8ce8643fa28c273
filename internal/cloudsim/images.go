package cloudsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Image is one of Glance's images as tests see it, and as it is kept. Its metadata are what Glance
// calls additional properties; in place of the size in GiB it has Bytes.
type Image struct {
	Resource
	Visibility      string
	DiskFormat      string // "": null
	ContainerFormat string
	Bytes           int64

	usedUntil time.Time // it cannot be deleted before

	data disk           // nil: none yet
	sums func() digests // takes long at the first time; nil: Glance has none
}

// imagePaths is the table of Glance's paths below the version.
func (c *Cloud) imagePaths() map[string]route {
	return map[string]route{
		"GET /images":        c.listImages,
		"POST /images":       c.createImage,
		"GET /images/*":      c.showImage,
		"DELETE /images/*":   c.deleteImage,
		"GET /images/*/file": c.downloadImage,
		"PUT /images/*/file": c.fillImage,
	}
}

// image answers as Glance: the version, then the token, then the path. All refusals are pages.
func (c *Cloud) image(r *call) (*answer, error) {
	ans, err := c.routeImage(r)
	if refusal, refused := err.(*apiError); refused {
		refusal.html = true
	}
	return ans, err
}

func (c *Cloud) routeImage(r *call) (*answer, error) {
	path := strings.TrimPrefix(r.URL.Path, imagePath)
	switch version, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); {
	case path == "/versions":
		return ok(r.imageVersions()), nil
	case version != "v2":
		return &answer{code: http.StatusMultipleChoices, body: r.imageVersions()}, nil
	case path == "/v2":
		return redirect(r.base + imagePath + "/v2/"), nil
	}
	if r.token = c.validToken(r.Header.Get("X-Auth-Token")); r.token == nil {
		e := unauthorized()
		e.message = "This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required."
		return nil, e
	}
	if do := r.find(c.imageRoutes); do != nil {
		return do(r)
	}
	var allowed []string
	for pattern := range c.imageRoutes {
		if method, path, _ := strings.Cut(pattern, " "); pathMatches(path, "/"+strings.Join(r.segs, "/")) {
			allowed = append(allowed, method)
		}
	}
	if allowed == nil || strings.HasSuffix(path, "/") {
		return nil, notRouted()
	}
	slices.Sort(allowed)
	e := refuse(http.StatusMethodNotAllowed, "The method %s is not allowed for this resource. ", r.Method)
	e.allow = strings.Join(allowed, ", ")
	return nil, e
}

func (r *call) imageVersions() object {
	versions := []object{}
	for _, id := range strings.Fields("v2.15 v2.13 v2.12 v2.11 v2.10 v2.9 v2.8 v2.17 v2.7 v2.6 v2.5 v2.4 v2.3 v2.2 v2.1 v2.0") { // Glance's order
		versions = append(versions, object{"id": id, "status": map[bool]string{true: "CURRENT", false: "SUPPORTED"}[id == "v2.17"],
			"links": []object{{"rel": "self", "href": r.base + imagePath + "/v2/"}}})
	}
	return object{"versions": versions}
}

// What Glance takes for a format and a visibility.
var (
	diskFormats      = []string{"ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"}
	containerFormats = []string{"ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"}
	visibilities     = []string{"community", "public", "private", "shared"}
)

func (c *Cloud) createImage(r *call) (*answer, error) {
	var body any
	if len(r.body) == 0 {
		return nil, malformed("Body expected in request.")
	}
	if json.Unmarshal(r.body, &body) != nil {
		return nil, malformed("Malformed JSON in request body.")
	}
	members, isObject := body.(object)
	if !isObject {
		return nil, malformed("Unexpected body type. Expected list/dict.")
	}
	i, err := c.newImage(r, members)
	if err != nil {
		return nil, err
	}
	return &answer{code: http.StatusCreated, body: c.imageView(i), header: http.Header{"Location": {r.base + imagePath + "/v2/images/" + i.ID},
		"Openstack-Image-Import-Methods": {"glance-direct,web-download,copy-image"}}}, nil
}

// newImage creates an image as its members want it.
func (c *Cloud) newImage(r *call, members object) (*Image, error) {
	i := &Image{Visibility: "shared"}
	i.Resource = c.newResource("image", r, &args{})
	i.Status, i.UpdatedAt, i.Metadata = "queued", i.CreatedAt, map[string]string{}
	for name, value := range members {
		text, isText := value.(string)
		var err error
		switch name {
		case "created_at", "updated_at", "status", "checksum", "size", "virtual_size", "direct_url", "self", "file", "schema", "stores", "os_hash_algo", "os_hash_value":
			return nil, refuse(http.StatusForbidden, "Attribute '%s' is read-only.", name)
		case "name":
			i.Name, err = text, misfit(value, isText || value == nil, "is not of type 'null', 'string'")
		case "disk_format":
			i.DiskFormat, err = text, misfit(value, value == nil || slices.Contains(diskFormats, text), "is not one of [None, '"+strings.Join(diskFormats, "', '")+"']")
		case "container_format":
			i.ContainerFormat, err = text, misfit(value, value == nil || slices.Contains(containerFormats, text), "is not one of [None, '"+strings.Join(containerFormats, "', '")+"']")
		case "visibility":
			i.Visibility, err = text, misfit(value, slices.Contains(visibilities, text), "is not one of ['"+strings.Join(visibilities, "', '")+"']")
		case "owner":
			if text != i.Project {
				e := refuse(http.StatusForbidden, "Access was denied to this resource.")
				e.detail = fmt.Sprintf("You are not permitted to create images owned by '%s'", text)
				err = e
			}
		case "id", "protected", "min_disk", "min_ram", "os_hidden", "tags":
			if shown := fmt.Sprint(value); name == "id" || shown != "0" && shown != "false" && shown != "[]" {
				err = malformed("cloudsim: %s is not simulated", name)
			}
		default:
			i.Metadata[name], err = text, misfit(value, isText, "is not of type 'string'")
		}
		if err != nil {
			return nil, err
		}
	}
	if i.Visibility == "public" && !r.token.admin() {
		return nil, refuse(http.StatusForbidden, "You are not authorized to complete publicize_image action.")
	}
	c.images[i.ID] = i
	return i, nil
}

// misfit is the first line of what Glance's schema answers, unless the value is fine.
func misfit(value any, fine bool, why string) error {
	if fine {
		return nil
	}
	return malformed("Provided object does not match schema 'image': %s %s", python(value), why)
}

// save ends the saving of an image's data, as a fault wants it: in another status it has none.
func (c *Cloud) save(i *Image, data disk, size int64) {
	fault := c.operationFault(opSaveImage)
	end := func() {
		switch outcome := fault.outcome(); {
		case c.images[i.ID] != i:
		case outcome == vanished:
			delete(c.images, i.ID)
		case outcome != "":
			c.settle(&i.Resource, outcome, "")
		default:
			c.activate(i, data, size)
		}
	}
	switch {
	case fault.stuck():
	case fault.delay() > 0:
		c.after(fault.delay(), end)
	default:
		end()
	}
}

// activate gives an image its data, which never change from then on.
func (c *Cloud) activate(i *Image, data disk, size int64) {
	c.set(&i.Resource, "active")
	i.data, i.Bytes = data, size
	if c.broken(ImageHashless) {
		return
	}
	wrong := c.broken(ImageHashWrong)
	i.sums = sync.OnceValue(func() digests {
		known := c.config.Digests.of(data, size)
		if wrong {
			known = known.misstate()
		}
		return known
	})
}

// digest returns what Glance knows of an image's bytes, if anything. Others are served while it is
// computed.
func (c *Cloud) digest(i *Image) (known digests) {
	if sums := i.sums; sums != nil {
		c.unlocked(func() { known = sums() })
	}
	return known
}

// imageView is an image as everybody sees it.
func (c *Cloud) imageView(i *Image) object {
	known, o := c.digest(i), object{}
	for name, value := range i.Metadata {
		o[name] = value
	}
	maps.Copy(o, object{
		"id": i.ID, "name": null(i.Name), "status": i.Status, "visibility": i.Visibility, "owner": i.Project,
		"disk_format": null(i.DiskFormat), "container_format": null(i.ContainerFormat),
		"size": nil, "virtual_size": nil, "checksum": null(known.md5), "os_hash_algo": nil, "os_hash_value": null(known.sha512),
		"protected": false, "os_hidden": false, "min_ram": 0, "min_disk": 0, "tags": []string{},
		"created_at": i.CreatedAt.UTC().Format(time.RFC3339), "updated_at": i.UpdatedAt.UTC().Format(time.RFC3339),
		"self": "/v2/images/" + i.ID, "file": "/v2/images/" + i.ID + "/file", "schema": "/v2/schemas/image",
	})
	if i.data != nil {
		o["size"] = i.Bytes
	}
	if size, known := i.virtualSize(); known {
		o["virtual_size"] = size
	}
	if known.sha512 != "" {
		o["os_hash_algo"] = "sha512"
	}
	return o
}

// findImage finds an image that the caller may see.
func (c *Cloud) findImage(r *call, id string) (*Image, error) {
	i := c.images[id]
	if i == nil || !r.visible(&i.Resource) && i.Visibility != "public" && i.Visibility != "community" {
		return nil, refuse(http.StatusNotFound, "No image found with ID %s", id)
	}
	return i, nil
}

func (c *Cloud) showImage(r *call) (*answer, error) {
	i, err := c.findImage(r, r.id)
	if err != nil {
		return nil, err
	}
	return ok(c.imageView(i)), nil
}

func (c *Cloud) deleteImage(r *call) (*answer, error) {
	i, err := c.findImage(r, r.id)
	if err != nil {
		return nil, refuse(http.StatusNotFound, "Failed to find image %s to delete", r.id)
	}
	if !r.visible(&i.Resource) {
		return nil, refuse(http.StatusForbidden, "You are not authorized to complete delete_image action.")
	}
	if c.now.Before(i.usedUntil) {
		return nil, refuse(http.StatusConflict, "Image %s could not be deleted because it is in use: The image cannot be deleted because it has snapshot(s).", i.ID)
	}
	delete(c.images, i.ID)
	return &answer{code: http.StatusNoContent}, nil
}
