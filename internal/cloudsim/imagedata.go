package cloudsim

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// fillImage answers the upload of an image's data, which are read here, as they come.
func (c *Cloud) fillImage(r *call) (*answer, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/octet-stream" {
		return nil, refuse(http.StatusUnsupportedMediaType, "The request media type %s is not supported by this server.", media)
	}
	i, err := c.findImage(r, r.id)
	switch {
	case err != nil:
		return nil, err
	case !r.visible(&i.Resource):
		return nil, refuse(http.StatusForbidden, "You do not own this image")
	case i.Status != "queued":
		return nil, refuse(http.StatusConflict, "Image status transition from %s to saving is not allowed", i.Status)
	case i.DiskFormat == "" && i.ContainerFormat == "":
		return nil, malformed("Properties disk_format, container_format must be set prior to saving data.")
	case i.DiskFormat == "":
		return nil, malformed("Property disk_format must be set prior to saving data.")
	case i.ContainerFormat == "":
		return nil, malformed("Property container_format must be set prior to saving data.")
	}
	c.set(&i.Resource, "saving")
	var data disk
	var size int64
	c.unlocked(func() { data, size, err = readDisk(r.Body) })
	if c.images[i.ID] != i {
		return nil, refuse(http.StatusGone, "Image %s could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.", i.ID)
	}
	if err != nil {
		c.set(&i.Resource, "queued")
		return nil, refuse(http.StatusInternalServerError, "The server has either erred or is incapable of performing the requested operation.")
	}
	if c.broken(ImageFlipsBytes) {
		data.flip(size)
	}
	c.save(i, data, size)
	return &answer{code: http.StatusNoContent}, nil
}

func (c *Cloud) downloadImage(r *call) (*answer, error) {
	i, err := c.findImage(r, r.id)
	if err != nil {
		return nil, err
	}
	if i.data == nil {
		return &answer{code: http.StatusNoContent}, nil
	}
	ans := &answer{code: http.StatusOK, header: http.Header{"Content-Type": {"application/octet-stream"}}}
	if known := c.digest(i); known.md5 != "" {
		ans.header.Set("Content-Md5", known.md5)
	}
	begin, end := int64(0), i.Bytes
	if wanted := r.Header.Get("Range"); wanted != "" {
		if begin, end, err = span(wanted, i.Bytes); err != nil {
			return nil, err
		}
		ans.code = http.StatusPartialContent
		ans.header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", begin, end-1, i.Bytes))
	}
	ans.file = io.NewSectionReader(i.data, begin, end-begin)
	return ans, nil
}

// span reads a Range header: one range, of which at least the first byte must exist.
func span(header string, size int64) (begin, end int64, err error) {
	if strings.Contains(header, ",") {
		return 0, 0, malformed("Requests with multiple ranges are not supported in Glance. You may make multiple single-range requests instead.")
	}
	unsatisfiable := refuse(http.StatusRequestedRangeNotSatisfiable, "The Range requested is not available.")
	text, isBytes := strings.CutPrefix(header, "bytes=")
	first, last, isRange := strings.Cut(text, "-")
	if !isBytes || !isRange {
		return 0, 0, unsatisfiable
	}
	end = size
	if first == "" { // so many at the end
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 1 {
			return 0, 0, unsatisfiable
		}
		return max(0, size-n), size, nil
	}
	if begin, err = strconv.ParseInt(first, 10, 64); err != nil || begin >= size {
		return 0, 0, unsatisfiable
	}
	if last != "" {
		if end, err = strconv.ParseInt(last, 10, 64); err != nil || end < begin {
			return 0, 0, unsatisfiable
		}
		end = min(end+1, size)
	}
	return begin, end, nil
}
