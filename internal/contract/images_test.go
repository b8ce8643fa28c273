package contract

import (
	"crypto/md5"
	"crypto/sha512"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// What an image consists of; `stores` only where Glance has several.
const imageMembers = "id name status visibility owner disk_format container_format size virtual_size checksum os_hash_algo os_hash_value " +
	"protected os_hidden min_ram min_disk tags created_at updated_at self file schema"

var (
	asJSON  = http.Header{"Accept": {"application/json"}}
	asBytes = http.Header{"Content-Type": {"application/octet-stream"}, "Accept": {"application/json"}}
)

// images is a URL of Glance's, below its collection of images.
func (c *client) images(below string) string { return c.image + "/v2/images" + below }

// createImage creates an image without data, which is deleted in the end.
func (c *client) createImage(t *testing.T, members object) string {
	t.Helper()
	r := c.post(t, c.images(""), members)
	id, _ := r.body["id"].(string)
	if r.code != http.StatusCreated || id == "" {
		t.Fatalf("creating an image: answered %d %s", r.code, r.raw)
	}
	c.adoptImage(id)
	return id
}

// adoptImage has an image deleted in the end.
func (c *client) adoptImage(id string) { c.created = append(c.created, c.images("/"+id)) }

// imageOf creates an image with data, and with a property of its own as the checker's images have.
func (c *client) imageOf(t *testing.T, name, data string) string {
	t.Helper()
	return c.imageIn(t, "raw", name, data)
}

func (c *client) showImage(t *testing.T, id string) object {
	t.Helper()
	r := c.get(t, c.images("/"+id))
	if r.code != http.StatusOK {
		t.Fatalf("image %s: answered %d %s", id, r.code, r.raw)
	}
	delete(r.body, "stores")
	return r.body
}

// refusedPage checks Glance's refusal to a client that wants JSON: status, and what it begins with.
func (r reply) refusedPage(t *testing.T, code int, format string, args ...any) {
	t.Helper()
	message, _ := r.body["message"].(string)
	words := fmt.Sprintf(format, args...)
	if status, _ := r.body["code"].(string); r.code != code || !strings.HasPrefix(status, fmt.Sprint(code)) || !strings.HasPrefix(message, words) {
		t.Errorf("answered %d %s\nwant %d with %q", r.code, r.raw, code, words)
	}
}

// pattern is a multiple of a sector, and no image format's magic bytes.
func pattern(seed string) string { return strings.Repeat(seed+"/", 512) }

// padded hashes data and the zeros that follow them in a volume.
func padded(data string, gib int64) string {
	h := sha512.New()
	zeros := make([]byte, 1<<20)
	io.WriteString(h, data)
	for n := gib<<30 - int64(len(data)); n > 0; n -= int64(len(zeros)) {
		h.Write(zeros[:min(n, int64(len(zeros)))])
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func imageCases() []testCase {
	return []testCase{
		{"images/versions", func(t *testing.T, c *client) {
			r := c.get(t, c.image+"/")
			versions, _ := r.body["versions"].([]any)
			if r.code != http.StatusMultipleChoices || len(versions) == 0 {
				t.Fatalf("answered %d %s", r.code, r.raw)
			}
			var current []string
			for _, v := range versions {
				version := v.(object)
				members(t, version["links"].([]any)[0].(object), object{"rel": "self", "href": c.image + "/v2/"})
				if version["status"] == "CURRENT" {
					current = append(current, version["id"].(string))
				}
			}
			want, first := "v2.17", "v2.15"
			if c.isZed(t) {
				want, first = "v2.15", "v2.15"
			}
			if !slices.Equal(current, []string{want}) || versions[0].(object)["id"] != first {
				t.Errorf("current is %v, want %s; the first of %v is to be %s", current, want, versions, first)
			}
			for _, token := range []string{"", "nonsense"} {
				r := c.get(t, c.images(""), asJSON, http.Header{"X-Auth-Token": {token}})
				r.refusedPage(t, http.StatusUnauthorized, "This server could not verify that you are authorized")
				if !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Keystone uri=") {
					t.Errorf("token %q: %v", token, r.header)
				}
			}
			c.get(t, c.image+"/v2/", asJSON).refusedPage(t, http.StatusNotFound, "The resource could not be found.")
			c.get(t, c.images("/"), asJSON).refusedPage(t, http.StatusNotFound, "The resource could not be found.")
			r = c.do(t, "PUT", c.images(""), nil, asJSON)
			r.refusedPage(t, http.StatusMethodNotAllowed, "The method PUT is not allowed for this resource.")
			if allow := r.header.Get("Allow"); allow != "GET, POST" {
				t.Errorf("allowed: %s", allow)
			}
		}},
		{"images/life", func(t *testing.T, c *client) {
			data := pattern("contract")
			r := c.post(t, c.images(""), object{"name": "contract-i", "disk_format": "raw", "container_format": "bare", "contract": "yes"})
			id, _ := r.body["id"].(string)
			c.adoptImage(id)
			if r.code != http.StatusCreated || !strings.HasSuffix(r.header.Get("Location"), "/v2/images/"+id) {
				t.Errorf("answered %d %v", r.code, r.header)
			}
			i := c.showImage(t, id)
			keys(t, i, imageMembers+" contract")
			keys(t, r.body, imageMembers+" contract")
			members(t, i, object{"name": "contract-i", "status": "queued", "visibility": "shared", "owner": c.project, "size": nil, "virtual_size": nil,
				"checksum": nil, "os_hash_algo": nil, "os_hash_value": nil, "contract": "yes", "self": "/v2/images/" + id, "file": "/v2/images/" + id + "/file"})
			if created := i["created_at"].(string); len(created) != len("2006-01-02T15:04:05Z") || !strings.HasSuffix(created, "Z") {
				t.Errorf("created_at is %s", created)
			}
			if r := c.get(t, c.images("/"+id+"/file")); r.code != http.StatusNoContent {
				t.Errorf("data of an empty image: answered %d %s", r.code, r.raw)
			}
			put := func(headers http.Header) reply {
				return c.do(t, "PUT", c.images("/"+id+"/file"), data, asJSON, headers)
			}
			put(nil).refusedPage(t, http.StatusUnsupportedMediaType, "The request media type application/json is not supported by this server.")
			if r := put(asBytes); r.code != http.StatusNoContent || r.raw != "" {
				t.Errorf("uploading: answered %d %s", r.code, r.raw)
			}
			put(asBytes).refusedPage(t, http.StatusConflict, "Image status transition from active to saving is not allowed")
			members(t, c.showImage(t, id), object{"status": "active", "size": float64(len(data)), "virtual_size": float64(len(data)), "os_hash_algo": "sha512",
				"os_hash_value": padded(data, 0), "checksum": fmt.Sprintf("%x", md5.Sum([]byte(data)))})

			r = c.get(t, c.images("/"+id+"/file"))
			if r.code != http.StatusOK || r.raw != data || r.header.Get("Content-Type") != "application/octet-stream" || r.header.Get("Content-Md5") != fmt.Sprintf("%x", md5.Sum([]byte(data))) {
				t.Errorf("downloading: answered %d with %d bytes, %v", r.code, len(r.raw), r.header)
			}
			size := len(data)
			for wanted, want := range map[string][2]int{"bytes=0-4": {0, 5}, "bytes=10-": {10, size}, "bytes=-6": {size - 6, size}, fmt.Sprintf("bytes=%d-%d", size-2, 2*size): {size - 2, size}} {
				r := c.get(t, c.images("/"+id+"/file"), http.Header{"Range": {wanted}})
				if r.code != http.StatusPartialContent || r.raw != data[want[0]:want[1]] || r.header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", want[0], want[1]-1, size) {
					t.Errorf("%s: answered %d with %d bytes, %v", wanted, r.code, len(r.raw), r.header)
				}
			}
			for _, wanted := range []string{fmt.Sprintf("bytes=%d-", size), "bytes=5-2", "bytes=x", "x"} {
				c.get(t, c.images("/"+id+"/file"), asJSON, http.Header{"Range": {wanted}}).refusedPage(t, http.StatusRequestedRangeNotSatisfiable, "The Range requested is not available.")
			}
			c.get(t, c.images("/"+id+"/file"), asJSON, http.Header{"Range": {"bytes=0-1,3-4"}}).refusedPage(t, http.StatusBadRequest, "Requests with multiple ranges are not supported in Glance.")

			if r := c.delete(t, c.images("/"+id)); r.code != http.StatusNoContent || r.raw != "" {
				t.Errorf("deleting: answered %d %s", r.code, r.raw)
			}
			c.get(t, c.images("/"+id), asJSON).refusedPage(t, http.StatusNotFound, "No image found with ID %s", id)
			c.get(t, c.images("/"+id+"/file"), asJSON).refusedPage(t, http.StatusNotFound, "No image found with ID %s", id)
			c.do(t, "DELETE", c.images("/"+id), nil, asJSON).refusedPage(t, http.StatusNotFound, "Failed to find image %s to delete", id)
		}},
		{"images/refusals", func(t *testing.T, c *client) {
			foreign := "Access was denied to this resource.<br /><br />\nYou are not permitted to create images owned by 'x'\n"
			if c.isZed(t) {
				foreign = "You are not permitted to create images owned by 'x'."
			}
			for body, want := range map[string]struct {
				code    int
				message string
			}{
				``:                        {400, "Body expected in request."},
				`{`:                       {400, "Malformed JSON in request body."},
				`"x"`:                     {400, "Unexpected body type. Expected list/dict."},
				`{"name": 5}`:             {400, "Provided object does not match schema 'image': 5 is not of type 'null', 'string'"},
				`{"visibility": "x"}`:     {400, "Provided object does not match schema 'image': 'x' is not one of ['community', 'public', 'private', 'shared']"},
				`{"disk_format": "x"}`:    {400, "Provided object does not match schema 'image': 'x' is not one of [None, 'ami', 'ari', 'aki', 'vhd'"},
				`{"contract": 1}`:         {400, "Provided object does not match schema 'image': 1 is not of type 'string'"},
				`{"size": 1}`:             {403, "Attribute 'size' is read-only."},
				`{"owner": "x"}`:          {403, foreign},
				`{"visibility":"public"}`: {403, "You are not authorized to complete publicize_image action."},
			} {
				t.Log(body)
				c.post(t, c.images(""), body, asJSON).refusedPage(t, want.code, "%s", want.message)
			}
			id := c.createImage(t, object{"name": "contract-formless"})
			c.do(t, "PUT", c.images("/"+id+"/file"), "x", asBytes).refusedPage(t, http.StatusBadRequest, "Properties disk_format, container_format must be set prior to saving data.")
			members(t, c.showImage(t, id), object{"status": "queued", "disk_format": nil, "container_format": nil})
		}},
		{"images/isolation", func(t *testing.T, c *client) {
			id := c.imageOf(t, "contract-i", pattern("private"))
			other := c.other
			other.get(t, c.images("/"+id), asJSON).refusedPage(t, http.StatusNotFound, "No image found with ID %s", id)
			other.get(t, c.images("/"+id+"/file"), asJSON).refusedPage(t, http.StatusNotFound, "No image found with ID %s", id)
			other.do(t, "PUT", c.images("/"+id+"/file"), "x", asBytes).refusedPage(t, http.StatusNotFound, "No image found with ID %s", id)
			other.do(t, "DELETE", c.images("/"+id), nil, asJSON).refusedPage(t, http.StatusNotFound, "Failed to find image %s to delete", id)
			if r := other.get(t, c.images("?owner="+c.project)); r.code != http.StatusOK || strings.Contains(r.raw, id) {
				t.Errorf("another project's list: answered %d %s", r.code, r.raw)
			}
			other.post(t, "/volumes", object{"volume": object{"size": 1, "imageRef": id}}).refused(t, http.StatusBadRequest, "badRequest", "Invalid image identifier or unable to access requested image.")
			seen := c.createImage(t, object{"name": "contract-community", "visibility": "community"})
			if r := other.get(t, c.images("/"+seen)); r.code != http.StatusOK {
				t.Errorf("a community's image: answered %d %s", r.code, r.raw)
			}
			words := "You are not authorized to complete delete_image action."
			if c.isZed(t) {
				words = "You do not own this image"
			}
			other.do(t, "DELETE", c.images("/"+seen), nil, asJSON).refusedPage(t, http.StatusForbidden, "%s", words)
		}},
		{"images/lists", func(t *testing.T, c *client) {
			var created []string
			for _, name := range []string{"contract-a", "contract-b", "contract-c"} {
				created = append(created, c.createImage(t, object{"name": name, "visibility": "private"}))
			}
			active := c.imageOf(t, "contract-active", "x")
			for query, want := range map[string][]string{
				"name=contract-b": created[1:2], "name=contract-": nil, "owner=" + c.project: append(slices.Clone(created), active), "owner=x": nil,
				"status=active": {active}, "status=queued&visibility=private": created, "visibility=shared": nil, "description=contract": {active}, "description=no": nil,
				"name=contract-a&status=active": nil, "visibility=all&name=contract-c": created[2:],
			} {
				found := only(ids(c.get(t, c.images("?"+query)).list(t, "images")), append(slices.Clone(created), active))
				slices.Sort(found)
				want = slices.Sorted(slices.Values(want))
				if !slices.Equal(found, want) {
					t.Errorf("by %s: %v, want %v", query, found, want)
				}
			}
			r := c.get(t, c.images("?limit=2&owner="+c.project))
			members(t, r.body, object{"schema": "/v2/schemas/images"})
			var seen []string
			for range 100 {
				seen = append(seen, ids(r.list(t, "images"))...)
				next, more := r.body["next"].(string)
				if !more {
					break
				}
				r = c.get(t, c.image+next)
			}
			got := slices.Sorted(slices.Values(only(seen, append(slices.Clone(created), active))))
			if want := slices.Sorted(slices.Values(append(slices.Clone(created), active))); !slices.Equal(got, want) {
				t.Errorf("pages have %v, want %v", got, want)
			}
			for query, message := range map[string]string{"limit=x": "limit param must be an integer", "limit=-1": "limit param must be positive",
				"marker=" + nowhere: "No image found with ID " + nowhere, "visibility=x": "Invalid visibility value: x"} {
				c.get(t, c.images("?"+query), asJSON).refusedPage(t, http.StatusBadRequest, "%s", message)
			}
			if found := c.get(t, c.images("?limit=0")).list(t, "images"); len(found) != 0 {
				t.Errorf("with a limit of 0: %v", found)
			}
		}},
	}
}
