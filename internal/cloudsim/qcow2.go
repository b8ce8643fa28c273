package cloudsim

import (
	"encoding/binary"
	"errors"
)

// What a qcow2 image is made of (QEMU's docs/interop/qcow2). It is read as Cinder has it read:
// what it points to outside of itself is refused, and so is what is not read here, encryption,
// compression and extended L2 entries among them.
const (
	qcow2Offset   = 1<<56 - 1<<9 // of an entry of the L1 or L2 table: where in the file
	qcow2Zeros    = 1            // of an entry of the L2 table: it is zeros, whatever is there
	qcow2Packed   = 1 << 62      // likewise: compressed
	qcow2Required = 1            // of the features that a reader must know: this one, that the file was not closed well
)

var errQcow2 = errors.New("cloudsim: not a qcow2 image that can be read")

// qcow2Header is what a conversion needs of the header.
type qcow2Header struct {
	size        int64 // of the disk, in bytes
	clusterBits uint
	l1At        int64
	l1Entries   int64
}

// qcow2Size is the size of the disk in an image, by its header alone.
func (d disk) qcow2Size() (int64, error) {
	header, err := d.qcow2Header()
	return header.size, err
}

func (d disk) qcow2Header() (h qcow2Header, err error) {
	var raw [104]byte
	_, _ = d.ReadAt(raw[:], 0) // never fails
	version := binary.BigEndian.Uint32(raw[4:])
	h = qcow2Header{
		size:        int64(binary.BigEndian.Uint64(raw[24:])),
		clusterBits: uint(binary.BigEndian.Uint32(raw[20:])),
		l1At:        int64(binary.BigEndian.Uint64(raw[40:])),
		l1Entries:   int64(binary.BigEndian.Uint32(raw[36:])),
	}
	backing, encryption := binary.BigEndian.Uint64(raw[8:]), binary.BigEndian.Uint32(raw[32:])
	features := uint64(0)
	if version == 3 {
		features = binary.BigEndian.Uint64(raw[72:])
	}
	switch {
	case string(raw[:4]) != "QFI\xfb", version != 2 && version != 3, backing != 0, encryption != 0, features&^qcow2Required != 0,
		h.clusterBits < 9, h.clusterBits > 21, h.size < 0, h.l1At < 0, h.l1Entries < h.tables():
		return h, errQcow2
	}
	return h, nil
}

// tables is how many L2 tables the disk has, each with entries of 8 bytes in one cluster.
func (h qcow2Header) tables() int64 {
	covered := int64(1) << (2*h.clusterBits - 3)
	return (h.size + covered - 1) / covered
}

// qcow2Disk is the disk that is in an image whose file has so many bytes.
func (d disk) qcow2Disk(file int64) (disk, error) {
	h, err := d.qcow2Header()
	if err != nil {
		return nil, err
	}
	cluster := int64(1) << h.clusterBits
	l1, l2, data := make([]byte, 8*h.tables()), make([]byte, cluster), make([]byte, cluster)
	read := func(p []byte, at int64) error {
		if at+int64(len(p)) > file {
			return errQcow2 // cut off
		}
		_, err := d.ReadAt(p, at)
		return err
	}
	if err := read(l1, h.l1At); err != nil {
		return nil, err
	}
	content := disk{}
	for i := range h.tables() {
		table := binary.BigEndian.Uint64(l1[8*i:])
		if table&qcow2Offset == 0 {
			continue
		}
		if err := read(l2, int64(table&qcow2Offset)); err != nil {
			return nil, err
		}
		for j := range cluster / 8 {
			entry := binary.BigEndian.Uint64(l2[8*j:])
			at := (i*cluster/8 + j) * cluster
			switch {
			case entry&qcow2Packed != 0:
				return nil, errQcow2
			case entry&qcow2Zeros != 0, entry&qcow2Offset == 0, at >= h.size:
				continue
			}
			if err := read(data, int64(entry&qcow2Offset)); err != nil {
				return nil, err
			}
			content.writeAt(data[:min(cluster, h.size-at)], at)
		}
	}
	return content, nil
}
