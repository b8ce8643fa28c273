package cloudsim

import (
	"maps"
	"slices"
	"strconv"
)

// imageFor finds the image that a new volume is to be filled from.
func (c *Cloud) imageFor(r *call, id string, size int) (*Image, error) {
	i, err := c.findImage(r, id)
	if err != nil {
		return nil, malformed("Invalid image identifier or unable to access requested image.")
	}
	if i.Status != "active" {
		return nil, malformed("Invalid input received: Image %s is not active.", id)
	}
	if gib := int((i.Bytes + 1<<30 - 1) >> 30); gib > size {
		return nil, malformed("Invalid input received: Size of specified image %dGB is larger than volume size %dGB.", gib, size)
	}
	if virtual, known := i.virtualSize(); known && virtual > int64(size)<<30 {
		return nil, malformed("Image %s is unacceptable: Image virtual size is %dGB and doesn't fit in a volume of size %dGB.", i.ID, (virtual+1<<30-1)>>30, size)
	}
	return i, nil
}

// virtualSize is how large the disk in an image is, as far as Glance can tell.
func (i *Image) virtualSize() (size int64, known bool) {
	switch {
	case i.data == nil:
	case i.DiskFormat == "raw":
		return i.Bytes, true
	case i.DiskFormat == "qcow2":
		size, err := i.data.qcow2Size()
		return size, err == nil
	}
	return 0, false
}

// convert is the disk that is in an image. Cinder finds out only when it makes a volume that the image is
// none.
func (i *Image) convert() (disk, error) {
	switch i.DiskFormat {
	case "raw":
		return maps.Clone(i.data), nil
	case "qcow2":
		return i.data.qcow2Disk(i.Bytes)
	}
	return nil, errQcow2 // the others are not simulated
}

// fillVolume creates a volume from an image. What lies beyond the image's end is zeros.
func (c *Cloud) fillVolume(v *Volume, i *Image) {
	data, unacceptable := i.convert()
	about := i.metadata()
	maps.Copy(about, map[string]string{
		"signature_verified": "False", "image_id": i.ID, "image_name": i.Name, "size": strconv.FormatInt(i.Bytes, 10),
		"container_format": i.ContainerFormat, "disk_format": i.DiskFormat, "min_disk": "0", "min_ram": "0"})
	if checksum := c.digest(i).md5; checksum != "" {
		about["checksum"] = checksum
	}
	c.operate(opCreateVolume, &v.Resource, nil, func(outcome string) {
		i.usedUntil = c.now.Add(c.config.ImageInUse)
		if outcome == "" && unacceptable != nil {
			outcome = "error"
		}
		if outcome == "" {
			v.data, v.Bootable, v.ImageMetadata = data, true, about
		}
		c.endVolume(v, outcome, "available")
	})
	c.meanwhile(&v.Resource, "creating", "downloading")
}

// meanwhile gives a resource another status after a part of the operation that it is in.
func (c *Cloud) meanwhile(r *Resource, from, to string) {
	c.after(c.config.OperationTime/5, func() {
		if r.Status == from {
			c.set(r, to)
		}
	})
}

// What Cinder keeps for itself of what it knows of an image. The rest of a volume's image metadata become
// properties of an image that is made from it.
var coreMembers = []string{"signature_verified", "image_id", "image_name", "checksum", "size", "container_format", "disk_format", "min_disk", "min_ram"}

// uploadVolume answers the action that makes an image of a volume.
func (c *Cloud) uploadVolume(r *call, a *args) (*answer, error) {
	allowed := []string{"image_name", "force", "disk_format", "container_format"}
	if r.minor >= 1 {
		allowed = append(allowed, "visibility", "protected")
	}
	a.only("os-volume_upload_image", allowed...)
	if _, given := a.m["image_name"]; !given {
		a.fail(invalid("os-volume_upload_image", a.m, "'image_name' is a required property"))
	}
	members := object{
		"name":             a.text("image_name"),
		"disk_format":      a.oneOf("disk_format", "raw", []string{"raw", "vmdk", "vdi", "qcow2", "vhd", "vhdx", "ploop"}),
		"container_format": a.oneOf("container_format", "bare", containerFormats),
	}
	if r.minor >= 1 {
		members["visibility"] = a.oneOf("visibility", "private", visibilities)
	}
	a.flag("force") // which Cinder ignores unless it is configured otherwise
	if members["name"] == "" {
		a.fail(invalid("image_name", "", "'' is too short"))
	}
	if a.err != nil {
		return nil, a.err
	}
	v, err := lookup(r, volumesOf, "Volume", r.id)
	if err != nil {
		return nil, err
	}
	if members["visibility"] == "public" && !r.token.admin() {
		return nil, forbidden("volume_extension:volume_actions:upload_public")
	}
	if r.statusOf(&v.Resource, "available") != "available" {
		return nil, malformed("Invalid volume: Volume %s status must be available", v.ID)
	}
	properties := 0
	for name, value := range v.ImageMetadata {
		if !slices.Contains(coreMembers, name) {
			members[name] = value
			properties++
		}
	}
	if len(v.ImageMetadata) > 0 && properties == 0 && !c.config.UploadsPlainImages {
		return nil, malformed("Unable to set 'properties' to {}. Reason: {} is not of type 'string'\n\n" +
			"Failed validating 'type' in schema['additionalProperties']:\n    {'type': 'string'}\n\nOn instance['properties']:\n    {}")
	}
	i, err := c.newImage(r, members)
	if err != nil {
		return nil, err
	}
	updated := stamp(v.UpdatedAt)
	c.startUpload(r, v, i)
	volumeType, err := c.findType(v.Type)
	if err != nil {
		return nil, err
	}
	return accepted(object{"os-volume_upload_image": object{
		"id": v.ID, "updated_at": updated, "status": v.Status, "display_description": null(v.Description), "size": v.Size,
		"volume_type": volumeType.view(false), "image_id": i.ID, "image_name": i.Name, "container_format": i.ContainerFormat,
		"disk_format": i.DiskFormat, "protected": false, "visibility": i.Visibility}}), nil
}

// luksHeader is how much longer than asked Cinder 26.0.0 makes an empty encrypted RBD volume; one that is made from an
// image is as long as asked. (Seen.)
const luksHeader = 2068480

// startUpload copies a volume into an image. The image is done first; if it cannot be, it goes.
func (c *Cloud) startUpload(r *call, v *Volume, i *Image) {
	c.set(&v.Resource, "uploading")
	data, request := maps.Clone(v.data), r.entry.ID
	device := int64(v.Size) << 30
	if multiple := int64(c.config.DeviceMultiple) << 30; multiple > 0 {
		device = (device + multiple - 1) / multiple * multiple
	}
	if v.headed {
		device += luksHeader
	}
	if c.encrypted(v) {
		data = data.ciphertext(v.key)
	}
	if c.broken(UploadFlipsBytes) {
		data.flip(int64(v.Size) << 30)
	}
	fill := func(outcome string) {
		i.usedUntil = c.now.Add(c.config.ImageInUse)
		if outcome == "" && c.images[i.ID] == i {
			c.save(i, data, device)
			return
		}
		delete(c.images, i.ID)
		c.report(&v.Resource, "VOLUME", "VOLUME_VOLUME_003_004", "copy volume to image:Failed to upload volume to image at backend.", request)
	}
	c.operate(opUpload, &v.Resource, fill, func(outcome string) {
		if outcome == vanished {
			outcome = "" // it is the image that does
		}
		c.settle(&v.Resource, outcome, "available")
	})
	c.meanwhile(&i.Resource, "queued", "saving")
}
