package cloudsim

import (
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
)

// Digests hashes disks, and remembers what it has hashed: a GiB takes seconds, and tests upload the
// same bytes again and again. Clouds may share one.
type Digests struct {
	mu    sync.Mutex
	seed  maphash.Seed
	known map[content]func() digests
	ended bool // nothing more is computed
}

// content tells disks apart by what they hold.
type content struct {
	sum  uint64
	size int64 // bytes
}

// digests are Glance's: checksum and os_hash_value.
type digests struct{ md5, sha512 string }

// of hashes the first bytes of a disk, with both algorithms at once. Whoever needs what is being
// computed waits for it.
func (d *Digests) of(data disk, size int64) digests {
	d.mu.Lock()
	if d.known == nil {
		d.seed, d.known = maphash.MakeSeed(), map[content]func() digests{}
	}
	key := d.content(data, size)
	sums, known := d.known[key]
	switch {
	case !known && d.ended:
		sums = func() digests { return digests{} }
	case !known:
		sums = sync.OnceValue(func() (sums digests) {
			var both sync.WaitGroup
			both.Go(func() { sums.md5 = sum(md5.New(), data, size) })
			both.Go(func() { sums.sha512 = sum(sha512.New(), data, size) })
			both.Wait()
			return sums
		})
		d.known[key] = sums
	}
	d.mu.Unlock()
	return sums()
}

// Known returns digests that have what d has by now, and compute no more: an image of other bytes has
// no hash, like one that is older than Glance's os_hash_value, so that whoever wants to compare it has
// to download it. Where bytes are wrong, that ends at the first.
func (d *Digests) Known() *Digests {
	d.mu.Lock()
	defer d.mu.Unlock()
	return &Digests{seed: d.seed, known: maps.Clone(d.known), ended: true}
}

func (d *Digests) content(data disk, size int64) content {
	var h maphash.Hash
	h.SetSeed(d.seed)
	for _, i := range slices.Sorted(maps.Keys(data)) {
		maphash.WriteComparable(&h, i)
		h.Write(data[i])
	}
	return content{h.Sum64(), size}
}

func sum(h hash.Hash, data disk, size int64) string {
	at := int64(0)
	for _, i := range slices.Sorted(maps.Keys(data)) {
		begin := i * chunkSize
		if begin >= size {
			break
		}
		writeZeros(h, begin-at)
		at = min(begin+chunkSize, size)
		h.Write(data[i][:at-begin])
	}
	writeZeros(h, size-at)
	return hex.EncodeToString(h.Sum(nil))
}

func writeZeros(h hash.Hash, n int64) {
	var chunk [chunkSize]byte
	for ; n > 0; n -= chunkSize {
		h.Write(chunk[:min(n, chunkSize)])
	}
}
