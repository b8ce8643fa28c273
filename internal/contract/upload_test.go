package contract

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func uploadCases() []testCase {
	unknown := "Invalid image identifier or unable to access requested image."
	return []testCase{
		{"uploads/volume-from-image", func(t *testing.T, c *client) {
			data := pattern("contract")
			queued := c.createImage(t, object{"name": "contract-queued", "disk_format": "raw", "container_format": "bare"})
			id := c.imageOf(t, "contract-i", data)
			for image, message := range map[string]string{nowhere: unknown, "contract-nosuch": unknown, queued: "Invalid input received: Image " + queued + " is not active."} {
				c.post(t, "/volumes", object{"volume": object{"size": 1, "imageRef": image}}).refused(t, http.StatusBadRequest, "badRequest", "%s", message)
			}
			c.post(t, "/volumes", object{"volume": object{"imageRef": id}}).refused(t, http.StatusBadRequest, "badRequest",
				"The server could not comply with the request since it is either malformed or otherwise incorrect.")

			volume := c.create(t, "volume", object{"name": "contract-v", "size": 1, "imageRef": id})
			c.settled(t, "volume", volume, "creating", "downloading", "available")
			v := c.show(t, "volume", volume)
			keys(t, v, volumeShown+" volume_image_metadata")
			members(t, v, object{"bootable": "true", "size": 1.0})
			about := v["volume_image_metadata"].(object)
			keys(t, about, "signature_verified description image_id image_name checksum container_format disk_format min_disk min_ram size")
			members(t, about, object{"image_id": id, "image_name": "contract-i", "size": "4608", "checksum": c.showImage(t, id)["checksum"], "description": "contract"})
		}},
		{"uploads/image-from-volume", func(t *testing.T, c *client) {
			data := pattern("contract")
			source := c.imageOf(t, "contract-i", data)
			volume := c.create(t, "volume", object{"name": "contract-v", "size": 1, "imageRef": source})
			c.settled(t, "volume", volume, "creating", "downloading", "available")
			backup := c.backupOf(t, volume, "contract-b", nil)
			restored := c.post(t, "/backups/"+backup+"/restore", object{"restore": object{"name": "contract-r"}}).object(t, http.StatusAccepted, "restore")["volume_id"].(string)
			c.adopt("volume", restored)
			c.until(t, "the restored volume to be no longer created", func() bool { return c.show(t, "volume", restored)["status"] != "creating" })
			c.restored(t, restored, backup)
			members(t, c.show(t, "volume", restored), object{"bootable": "true"})

			up := c.upload(t, restored, object{"image_name": "contract-u", "disk_format": "raw", "container_format": "bare", "visibility": "private"}, at("3.1"))
			members(t, up, object{"id": restored, "status": "uploading", "size": 1.0, "image_name": "contract-u", "disk_format": "raw", "container_format": "bare", "visibility": "private"})
			image := up["image_id"].(string)
			again := object{"os-volume_upload_image": object{"image_name": "contract-u", "force": true}}
			c.post(t, "/volumes/"+restored+"/action", again).refused(t, http.StatusBadRequest, "badRequest", "Invalid volume: Volume %s status must be available", restored)
			c.delete(t, "/volumes/"+restored).refused(t, http.StatusBadRequest, "badRequest", notDeletable)
			var seen []string
			c.until(t, "the image to be active", func() bool {
				status := c.showImage(t, image)["status"].(string)
				if !slices.Contains(seen, status) {
					seen = append(seen, status)
				}
				return status == "active"
			})
			if got := strings.Join(seen, " "); !strings.HasSuffix("queued saving active", got) {
				t.Errorf("the image was %s", got)
			}
			c.settled(t, "volume", restored, "uploading", "available")
			i := c.showImage(t, image)
			if c.isZed(t) {
				delete(i, "signature_verified")
			}
			keys(t, i, imageMembers+" description")
			members(t, i, object{"size": float64(1 << 30), "visibility": "private", "owner": c.project, "os_hash_algo": "sha512", "os_hash_value": padded(data, 1)})
		}},
		{"uploads/plain-image", func(t *testing.T, c *client) {
			// Refused where the volume was made from an image without a property of its own, which Zed does not mind.
			plain := c.createImage(t, object{"name": "contract-plain", "disk_format": "raw", "container_format": "bare"})
			if r := c.do(t, "PUT", c.images("/"+plain+"/file"), pattern("plain"), asBytes); r.code != http.StatusNoContent {
				t.Fatalf("uploading: answered %d %s", r.code, r.raw)
			}
			volume := c.create(t, "volume", object{"name": "contract-v", "size": 1, "imageRef": plain})
			c.settled(t, "volume", volume, "creating", "downloading", "available")
			members := object{"image_name": "contract-u"}
			if c.isZed(t) {
				c.upload(t, volume, members)
				return
			}
			c.post(t, "/volumes/"+volume+"/action", object{"os-volume_upload_image": members}).refused(t, http.StatusBadRequest, "badRequest",
				"Unable to set 'properties' to {}. Reason: {} is not of type 'string'\n\n"+
					"Failed validating 'type' in schema['additionalProperties']:\n    {'type': 'string'}\n\nOn instance['properties']:\n    {}")
		}},
		{"uploads/refusals", func(t *testing.T, c *client) {
			volume := c.volumeNamed(t, "contract-v")
			for body, message := range map[string]string{
				`{}`:                 invalid("os-volume_upload_image", "{}", "'image_name' is a required property"),
				`{"image_name": ""}`: invalid("image_name", "", "'' is too short"),
				`{"image_name": "contract-u", "disk_format": "x"}`:      invalid("disk_format", "x", "'x' is not one of ['raw', 'vmdk', 'vdi', 'qcow2', 'vhd', 'vhdx', 'ploop']"),
				`{"image_name": "contract-u", "visibility": "private"}`: invalid("os-volume_upload_image", "{'image_name': 'contract-u', 'visibility': 'private'}", "Additional properties are not allowed ('visibility' was unexpected)"),
			} {
				t.Log(body)
				c.post(t, "/volumes/"+volume+"/action", `{"os-volume_upload_image": `+body+`}`).refused(t, http.StatusBadRequest, "badRequest", "%s", message)
			}
			public := object{"os-volume_upload_image": object{"image_name": "contract-u", "visibility": "public"}}
			c.post(t, "/volumes/"+volume+"/action", public, at("3.1")).refused(t, http.StatusForbidden, "forbidden", "Policy doesn't allow volume_extension:volume_actions:upload_public to be performed.")
			fine := object{"os-volume_upload_image": object{"image_name": "contract-u"}}
			c.post(t, "/volumes/"+nowhere+"/action", fine).refused(t, http.StatusNotFound, "itemNotFound", "Volume %s could not be found.", nowhere)
			c.other.post(t, "/volumes/"+volume+"/action", fine).refused(t, http.StatusNotFound, "itemNotFound", "Volume %s could not be found.", volume)
		}},
		{"uploads/messages", func(t *testing.T, c *client) {
			// An image that vanishes while it is made fails the upload, but not the volume.
			volume := c.volumeNamed(t, "contract-v")
			up := c.upload(t, volume, object{"image_name": "contract-u"})
			members(t, up, object{"visibility": "shared"})
			if r := c.delete(t, c.images("/"+up["image_id"].(string))); r.code != http.StatusNoContent {
				t.Fatalf("deleting the image: answered %d %s", r.code, r.raw)
			}
			c.settled(t, "volume", volume, "uploading", "available")
			c.get(t, "/messages", at("3.2")).refused(t, http.StatusNotFound, "itemNotFound", "The resource could not be found.")
			c.get(t, "/messages?nosuch=1", at("3.31")).refused(t, http.StatusBadRequest, "badRequest", "Invalid filters nosuch are found in query options.")
			found := c.get(t, "/messages?resource_uuid="+volume, at("3.5")).list(t, "messages")
			if len(found) != 1 {
				t.Fatalf("messages: %v", found)
			}
			keys(t, found[0], "id event_id user_message message_level created_at guaranteed_until request_id links resource_type resource_uuid")
			members(t, found[0], object{"event_id": "VOLUME_VOLUME_003_004", "message_level": "ERROR", "resource_type": "VOLUME", "resource_uuid": volume,
				"user_message": "copy volume to image:Failed to upload volume to image at backend."})
		}},
	}
}

// upload begins to make an image of a volume, which is deleted in the end.
func (c *client) upload(t *testing.T, volume string, members object, headers ...http.Header) object {
	t.Helper()
	up := c.post(t, "/volumes/"+volume+"/action", object{"os-volume_upload_image": members}, headers...).object(t, http.StatusAccepted, "os-volume_upload_image")
	c.adoptImage(up["image_id"].(string))
	return up
}
