package cloudsim_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"volume-backup-tester/internal/cloudsim"
)

// qcow2 is an image with clusters of 512 bytes: header, L1 table, one L2 table, and one cluster of data
// that is on the disk at 64 KiB less 512 bytes.
func qcow2(version uint32, size uint64) []byte {
	file := make([]byte, 4*512)
	put := func(at int, value uint64) { binary.BigEndian.PutUint64(file[at:], value) }
	copy(file, "QFI\xfb")
	binary.BigEndian.PutUint32(file[4:], version)
	binary.BigEndian.PutUint32(file[20:], 9)
	put(24, size)
	binary.BigEndian.PutUint32(file[36:], uint32((size+32<<10-1)/(32<<10)))
	put(40, 512)
	put(512+8, 1<<63|1024) // of the second 32 KiB
	put(1024+8*63, 1<<63|1536)
	copy(file[1536:], strings.Repeat("data", 128))
	return file
}

// Cinder makes a volume of what is in a qcow2 image; of one that it cannot read the volume ends
// in error, and one that is too large it refuses.
func TestQcow2(t *testing.T) {
	const small = 2 << 20
	spoilt := func(version uint32, at int, value ...byte) []byte {
		file := qcow2(version, small)
		copy(file[at:], value)
		return file
	}
	for name, test := range map[string]struct {
		file    []byte
		virtual any
		status  string
	}{
		"version 2":          {qcow2(2, small), 2097152.0, "available"},
		"version 3":          {qcow2(3, small), 2097152.0, "available"},
		"not closed well":    {spoilt(3, 79, 1), 2097152.0, "available"},
		"too large":          {qcow2(3, 1<<30+512), float64(1<<30 + 512), "refused"},
		"cut off":            {qcow2(3, small)[:1600], 2097152.0, "error"},
		"L1 table cut off":   {qcow2(3, small)[:700], 2097152.0, "error"},
		"compressed":         {spoilt(3, 1024+8*63, 0x40), 2097152.0, "error"},
		"not qcow2":          {[]byte("raw"), nil, "error"},
		"version 4":          {qcow2(4, small), nil, "error"},
		"backing file":       {spoilt(3, 15, 1), nil, "error"},
		"encrypted":          {spoilt(3, 35, 1), nil, "error"},
		"unknown feature":    {spoilt(3, 79, 4), nil, "error"},
		"no size of cluster": {spoilt(3, 23, 40), nil, "error"},
		"short L1 table":     {spoilt(3, 39, 2), nil, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				image := s.glance("POST", "", `{"disk_format": "qcow2", "container_format": "bare"}`)["id"].(string)
				s.glance("PUT", "/"+image+"/file", string(test.file))
				about := s.glance("GET", "/"+image, "")
				if about["size"] != float64(len(test.file)) || about["virtual_size"] != test.virtual {
					t.Errorf("size %v, virtual size %v", about["size"], about["virtual_size"])
				}
				wanted := object{"volume": object{"size": 1, "imageRef": image}}
				if test.status == "refused" {
					if code := s.code("POST", "/volumes", wanted); code != http.StatusBadRequest {
						t.Errorf("answered %d", code)
					}
					return
				}
				volume := s.do("POST", "/volumes", wanted, http.StatusAccepted)["id"].(string)
				if status := s.status("/volumes/" + volume); status != test.status {
					t.Errorf("the volume is %v", status)
				}
				want := map[int64]string{0: strings.Repeat("\x00", 8), 64<<10 - 516: "\x00\x00\x00\x00data", 64<<10 - 4: "data\x00\x00\x00\x00", 1<<30 - 8: strings.Repeat("\x00", 8)}
				for off, bytes := range want {
					if test.status == "available" && s.read(volume, off, 8) != bytes {
						t.Errorf("%q at %d", s.read(volume, off, 8), off)
					}
				}
			})
		})
	}
	// an entry that says zeros has them, whatever it points to
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		image := s.glance("POST", "", `{"disk_format": "qcow2", "container_format": "bare"}`)["id"].(string)
		s.glance("PUT", "/"+image+"/file", string(spoilt(3, 1024+8*63+7, 1)))
		volume := s.do("POST", "/volumes", object{"volume": object{"size": 1, "imageRef": image}}, http.StatusAccepted)["id"].(string)
		if got := s.read(volume, 64<<10-8, 8); got != strings.Repeat("\x00", 8) {
			t.Errorf("%q", got)
		}
	})
}

// A volume's image is as long as its device.
func TestDeviceMultiple(t *testing.T) {
	for multiple, want := range map[int]int64{0: 1 << 30, 1: 1 << 30, 3: 3 << 30} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{DeviceMultiple: multiple, Broken: []cloudsim.Rule{cloudsim.ImageHashless}})
			image := s.glance("GET", "/"+s.upload(s.filled()), "")
			if fmt.Sprint(image["size"]) != fmt.Sprint(float64(want)) {
				t.Errorf("multiples of %d: %v bytes", multiple, image["size"])
			}
		})
	}
}
