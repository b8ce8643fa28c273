package contract

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// qcow2 is an image with clusters of 512 bytes and a disk of so many bytes: header, L1 table, one L2
// table, one cluster of data that ends at 64 KiB of the disk, the table of reference counts and their
// block. On the disk it is what onDisk returns, and zeros.
func qcow2(size uint64) string {
	l1 := int(size+32<<10-1) / (32 << 10) // entries
	blocks := 1 + (8*l1+511)/512          // clusters before the L2 table
	file := make([]byte, (blocks+4)*512)
	at := func(cluster int) uint64 { return uint64(cluster) * 512 }
	copy(file, "QFI\xfb")
	binary.BigEndian.PutUint32(file[4:], 3)
	binary.BigEndian.PutUint32(file[20:], 9)
	binary.BigEndian.PutUint64(file[24:], size)
	binary.BigEndian.PutUint32(file[36:], uint32(l1))
	binary.BigEndian.PutUint64(file[40:], 512)
	binary.BigEndian.PutUint64(file[48:], at(blocks+2))
	binary.BigEndian.PutUint32(file[56:], 1)
	binary.BigEndian.PutUint32(file[96:], 4)
	binary.BigEndian.PutUint32(file[100:], 104)
	binary.BigEndian.PutUint64(file[512+8:], 1<<63|at(blocks)) // of the second 32 KiB
	binary.BigEndian.PutUint64(file[at(blocks)+8*63:], 1<<63|at(blocks+1))
	copy(file[at(blocks+1):], pattern("contract")[:512])
	binary.BigEndian.PutUint64(file[at(blocks+2):], at(blocks+3))
	for i := range min(blocks+4, 256) {
		binary.BigEndian.PutUint16(file[at(blocks+3)+uint64(2*i):], 1)
	}
	return string(file)
}

func onDisk() string { return strings.Repeat("\x00", 64<<10-512) + pattern("contract")[:512] }

// qcow2Cases are about images whose disk is not what is in the file.
func qcow2Cases() []testCase {
	return []testCase{
		{"uploads/volume-from-qcow2", func(t *testing.T, c *client) {
			file := qcow2(2 << 20)
			id := c.imageIn(t, "qcow2", "contract-i", file)
			members(t, c.showImage(t, id), object{"status": "active", "size": float64(len(file)), "virtual_size": float64(2 << 20), "disk_format": "qcow2"})
			volume := c.create(t, "volume", object{"name": "contract-v", "size": 1, "imageRef": id})
			c.settled(t, "volume", volume, "creating", "downloading", "available")
			about := c.show(t, "volume", volume)["volume_image_metadata"].(object)
			members(t, about, object{"image_id": id, "size": fmt.Sprint(len(file)), "disk_format": "qcow2"})
			up := c.upload(t, volume, object{"image_name": "contract-u", "disk_format": "raw", "container_format": "bare", "visibility": "private"}, at("3.1"))
			image := up["image_id"].(string)
			c.until(t, "the image to be active", func() bool { return c.showImage(t, image)["status"] == "active" })
			c.settled(t, "volume", volume, "uploading", "available")
			members(t, c.showImage(t, image), object{"disk_format": "raw", "size": float64(1 << 30), "os_hash_value": padded(onDisk(), 1)})
		}},
		{"uploads/qcow2-too-large", func(t *testing.T, c *client) {
			id := c.imageIn(t, "qcow2", "contract-i", qcow2(1<<30+1<<20))
			c.post(t, "/volumes", object{"volume": object{"size": 1, "imageRef": id}}).refused(t, http.StatusBadRequest, "badRequest",
				"Image %s is unacceptable: Image virtual size is 2GB and doesn't fit in a volume of size 1GB.", id)
		}},
	}
}

// imageIn is imageOf for another disk format.
func (c *client) imageIn(t *testing.T, format, name, data string) string {
	t.Helper()
	id := c.createImage(t, object{"name": name, "disk_format": format, "container_format": "bare", "visibility": "private", "description": "contract"})
	if r := c.do(t, "PUT", c.images("/"+id+"/file"), data, asBytes); r.code != http.StatusNoContent {
		t.Fatalf("uploading: answered %d %s", r.code, r.raw)
	}
	return id
}
