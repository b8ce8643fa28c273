package cloudsim

import (
	"bytes"
	"errors"
	"io"
)

const chunkSize = 64 << 10

// disk holds a volume's bytes, sparsely: a chunk that is missing reads as zeros. A chunk's bytes never
// change once they are in a map, so that maps.Clone makes a copy of the whole disk. In an increment
// a chunk that is nil is one that has become zeros.
type disk map[int64][]byte

// ReadAt implements io.ReaderAt. A disk has no end: whoever reads knows its size.
func (d disk) ReadAt(p []byte, off int64) (int, error) {
	for n := 0; n < len(p); {
		at := off + int64(n)
		rest := p[n:min(len(p), n+int(chunkSize-at%chunkSize))]
		if chunk := d[at/chunkSize]; chunk != nil {
			copy(rest, chunk[at%chunkSize:])
		} else {
			clear(rest)
		}
		n += len(rest)
	}
	return len(p), nil
}

func (d disk) writeAt(p []byte, off int64) {
	for n := 0; n < len(p); {
		at := off + int64(n)
		chunk := make([]byte, chunkSize)
		copy(chunk, d[at/chunkSize])
		n += copy(chunk[at%chunkSize:], p[n:])
		d[at/chunkSize] = chunk
	}
}

// readDisk keeps a stream, and counts its bytes. It holds no more of it than what is not zero.
func readDisk(r io.Reader) (d disk, size int64, err error) {
	d, zeros := disk{}, make([]byte, chunkSize)
	for chunk := make([]byte, chunkSize); err == nil; {
		n := 0
		for n < chunkSize && err == nil { // not io.ReadFull: its error does not tell the end from a broken connection
			var more int
			more, err = r.Read(chunk[n:])
			n += more
		}
		clear(chunk[n:])
		if !bytes.Equal(chunk, zeros) {
			d[size/chunkSize] = chunk
			chunk = make([]byte, chunkSize)
		}
		size += int64(n)
	}
	if !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	return d, size, nil
}

// since returns what has changed from an older state of the same disk.
func (d disk) since(old disk) disk {
	delta := disk{}
	for i, chunk := range d {
		if !bytes.Equal(chunk, old[i]) {
			delta[i] = chunk
		}
	}
	for i := range old {
		if d[i] == nil {
			delta[i] = nil
		}
	}
	return delta
}

// apply brings an older state up to date.
func (d disk) apply(delta disk) {
	for i, chunk := range delta {
		if chunk == nil {
			delete(d, i)
		} else {
			d[i] = chunk
		}
	}
}

// contents puts a chain of backups together again, oldest first.
func (c *Cloud) contents(b *Backup) disk {
	d := disk{}
	if parent := c.backups[b.ParentID]; parent != nil {
		d = c.contents(parent)
	}
	d.apply(b.data)
	return d
}

// contentsWithoutZeros is contents where no increment's zeros are written.
func (c *Cloud) contentsWithoutZeros(b *Backup) disk {
	d := disk{}
	if parent := c.backups[b.ParentID]; parent != nil {
		d = c.contentsWithoutZeros(parent)
	}
	d.apply(b.data.withoutZeros())
	return d
}

var errNoSuchBytes = errors.New("cloudsim: no such volume or image, or beyond its end")

// ReadVolume reads len(p) bytes of a volume at an offset, as whoever has it attached would.
func (c *Cloud) ReadVolume(id string, p []byte, off int64) error {
	c.lock()
	defer c.mu.Unlock()
	v := c.volumes[id]
	if v == nil || off < 0 || off+int64(len(p)) > int64(v.Size)<<30 {
		return errNoSuchBytes
	}
	_, err := v.data.ReadAt(p, off)
	return err
}

// ReadImage reads len(p) bytes of an image at an offset, without a download, which takes the time of
// hashing the whole of it.
func (c *Cloud) ReadImage(id string, p []byte, off int64) error {
	c.lock()
	defer c.mu.Unlock()
	i := c.images[id]
	if i == nil || off < 0 || off+int64(len(p)) > i.Bytes {
		return errNoSuchBytes
	}
	_, err := i.data.ReadAt(p, off)
	return err
}

// WriteVolume changes a volume's bytes at an offset, as whoever has it attached would.
func (c *Cloud) WriteVolume(id string, p []byte, off int64) error {
	c.lock()
	defer c.mu.Unlock()
	v := c.volumes[id]
	if v == nil || off < 0 || off+int64(len(p)) > int64(v.Size)<<30 {
		return errNoSuchBytes
	}
	v.data.writeAt(p, off)
	return nil
}
