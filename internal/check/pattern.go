package check

import (
	"cmp"
	"encoding/binary"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
)

const (
	kibi = 1 << 10
	mebi = 1 << 20
	gibi = 1 << 30

	// imageLimit is less than which the image of a pattern takes.
	imageLimit = 8 * mebi
	// reducedBytes are those of a pattern that a raw image carries.
	reducedBytes = 8 * mebi
	// fileCut is the size of the files that Cinder's file drivers cut a volume
	// into (backup_file_size).
	fileCut = 1999994880
)

// pattern is known bytes over a whole volume: short blocks of noise, each unlike
// every other, with zeros between them. They are the same in every run, so that
// their hash is known beforehand.
//
// The first pattern has a block in each 16 MiB of the volume's first quarter,
// zeros throughout the second, so that drivers meet whole chunks of them, and
// in the other two blocks on both sides of each place where drivers cut; and the
// last 64 KiB. The second pattern, in each of the quarters, has other noise in
// some blocks, zeros in others, and noise where the first has zeros; the third
// quarter, where the first has blocks, is zeros in the second. So a chunk that
// was lost, moved, repeated or left out is missed, and one of zeros that was not
// written over older bytes, and an increment shows that was applied to something
// else than its parent. The third has other noise than the second, and zeros
// nowhere but where both have them.
type pattern uint64

const (
	first  pattern = 1
	second pattern = 2
	third  pattern = 3
)

// content is what a volume of so many GiB holds: a pattern, or, if reduced,
// only its first 8 MiB and zeros behind them.
type content struct {
	pattern pattern
	size    int
	reduced bool
}

// read returns a reader of all the bytes.
func (c content) read() io.Reader { return io.NewSectionReader(c.layout(), 0, int64(c.size)*gibi) }

// image returns the length and readers of an image of the bytes: qcow2, or raw
// if reduced.
func (c content) image() (bytes int64, open func() io.Reader) {
	if c.reduced {
		return reducedBytes, func() io.Reader { return io.NewSectionReader(c.layout(), 0, reducedBytes) }
	}
	l := c.layout()
	file := newQcow2(l, l.size, l.clusters())
	return file.bytes(), func() io.Reader { return io.NewSectionReader(file, 0, file.bytes()) }
}

// imageBytes is the length alone.
func (c content) imageBytes() int64 {
	bytes, _ := c.image()
	return bytes
}

// firstImage is the length of what most checks upload. To lay a pattern out takes
// a part of the time in which the program starts.
var firstImage = content{pattern: first, size: 1}.imageBytes()

// change is what the second pattern makes of a cluster of the volume. Those that
// have none are zeros in both.
type change int

const (
	same    change = iota // the same noise
	changed               // other noise
	cleared               // zeros
	added                 // noise where the first has zeros
)

// changes lays the patterns out over a volume: by the number of the cluster.
// step is the distance of the blocks of the first quarter; what is cut at is
// scaled with it. Of two that fall on one cluster, the first stays.
func changes(size, step int64) map[int64]change {
	laid := map[int64]change{}
	lay := func(off int64, c change) {
		if _, taken := laid[off/cluster]; !taken && off >= 0 && off < size {
			laid[off/cluster] = c
		}
	}
	for off := size - 64*kibi; off < size; off += cluster {
		lay(off, changed)
	}
	// the first half MiB in the units in which drivers compare: runs and holes
	const unit = 32 * kibi
	for i := range int64(16) {
		if i%5 == 1 {
			continue
		}
		what := []change{changed, 0, same, cleared, added}[i%5]
		lay(i*unit, what)
		lay(i*unit+cluster, what)
	}
	// so much that a raw image of it still tells something
	lay(reducedBytes-cluster, changed)
	for i := range int64(30) {
		lay((i+2)*256*kibi, []change{same, changed, cleared, added}[i%4])
	}
	quarter := size / 4
	for i := int64(1); i*step < quarter; i++ {
		lay(i*step, []change{same, changed, cleared}[i%3])
	}
	scale := step / (16 * mebi)
	for _, cut := range []int64{32 * mebi, 50 * mebi, fileCut} { // 100, 128, 256 and 512 MiB are multiples
		cut *= scale
		for at := cut; at < size; at += cut {
			switch before := at - cluster; before / quarter {
			case 0, 3:
				lay(before, same)
			case 2: // zeros in the second
				lay(before, cleared)
			}
			switch at / quarter {
			case 0, 3:
				lay(at, changed)
			case 1: // zeros in the first
				if cut == 32*mebi*scale {
					lay(at, added)
				}
			case 2:
				lay(at, cleared)
			}
		}
	}
	for at := step + step/2; at < quarter; at += 4 * step {
		lay(at, added)
	}
	return laid
}

// layout is the blocks of one content.
type layout struct {
	size   int64 // bytes
	blocks []block
}

// block is a cluster of noise.
type block struct {
	number int64 // of the cluster
	seed   pattern
}

// layout lays the content out, so close that its image is small enough.
func (c content) layout() *layout {
	l := &layout{size: int64(c.size) * gibi}
	step := int64(16 * mebi)
	for l.size/4/step > imageLimit/cluster { // by far too many
		step *= 2
	}
	laid := changes(l.size, step)
	for newQcow2(nil, l.size, slices.Sorted(maps.Keys(laid))).bytes() >= imageLimit && step < l.size {
		step *= 2
		laid = changes(l.size, step)
	}
	for number, what := range laid {
		seed := first
		if what == changed || what == added {
			seed = c.pattern
		}
		hole := what == added && c.pattern == first || what == cleared && c.pattern == second
		if !hole && (!c.reduced || number*cluster < reducedBytes) {
			l.blocks = append(l.blocks, block{number, seed})
		}
	}
	slices.SortFunc(l.blocks, func(a, b block) int { return cmp.Compare(a.number, b.number) })
	return l
}

func (l *layout) clusters() (numbers []int64) {
	for _, b := range l.blocks {
		numbers = append(numbers, b.number)
	}
	return numbers
}

// ReadAt implements io.ReaderAt.
func (l *layout) ReadAt(p []byte, off int64) (int, error) {
	n := int(max(0, min(int64(len(p)), l.size-off)))
	clear(p[:n])
	i, _ := slices.BinarySearchFunc(l.blocks, off/cluster, func(b block, number int64) int { return cmp.Compare(b.number, number) })
	for ; i < len(l.blocks) && l.blocks[i].number*cluster < off+int64(n); i++ {
		noise := l.blocks[i].noise()
		if begin := l.blocks[i].number*cluster - off; begin < 0 {
			copy(p[:n], noise[-begin:])
		} else {
			copy(p[begin:n], noise)
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// noise is the block's bytes. All are odd: none is zero, so that the loss of any
// shows, and they begin no format's magic bytes, which Glance and Cinder would
// look into.
func (b block) noise() []byte {
	noise := make([]byte, cluster)
	random := rand.NewPCG(uint64(b.seed), uint64(b.number))
	for at := 0; at < cluster; at += 8 {
		binary.LittleEndian.PutUint64(noise[at:], random.Uint64()|0x0101010101010101)
	}
	return noise
}
