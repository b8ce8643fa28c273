package check

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lima-vm/go-qcow2reader"
)

// TestPatternNoise: no byte of noise is zero, and no sector is like another one, in
// whichever pattern it is.
func TestPatternNoise(t *testing.T) {
	seen := map[[512]byte]string{}
	for _, p := range []pattern{first, second} {
		for _, b := range (content{pattern: p, size: 3}).layout().blocks {
			noise := b.noise()
			for at := 0; at < cluster; at += 512 {
				sector := [512]byte(noise[at:])
				name := fmt.Sprintf("%d of block %+v", at, b)
				if other, known := seen[sector]; known && other != name || bytes.IndexByte(sector[:], 0) >= 0 {
					t.Errorf("%s is like %s, or has a zero", name, other)
				}
				seen[sector] = name
			}
		}
	}
}

// TestPatternShape: what the patterns promise, and what the models of corruption
// do not ask for.
func TestPatternShape(t *testing.T) {
	for _, size := range []int{1, 3} {
		one, two := volume{content{first, size, false}.pieces(), int64(size) * gibi}, volume{content{second, size, false}.pieces(), int64(size) * gibi}
		quarter := one.size / 4
		for begin := int64(0); begin < quarter; begin += 16 * mebi {
			if one.zeros(begin, begin+16*mebi) {
				t.Errorf("%d GiB: zeros in [%d, +16 MiB)", size, begin)
			}
		}
		if quarter < 256*mebi || quarter%(128*mebi) != 0 || !one.zeros(quarter, 2*quarter) || !two.zeros(2*quarter, 3*quarter) {
			t.Errorf("%d GiB: no long run of zeros", size)
		}
		for _, part := range []struct {
			begin, end                    int64
			same, changed, cleared, added bool
		}{
			{0, 512 * kibi, true, true, true, true},
			{512 * kibi, 8*mebi - cluster, true, true, true, true},
			{8 * mebi, 100 * mebi, true, true, true, true},
			{100 * mebi, quarter, true, true, true, true},
			{quarter, 2 * quarter, false, false, false, true},
			{2 * quarter, 3 * quarter, false, false, true, false},
			{3 * quarter, one.size - 64*kibi, true, true, false, false},
			{one.size - 64*kibi, one.size, false, true, false, false},
		} {
			got := part
			got.same, got.changed, got.cleared, got.added = false, false, false, false
			for at := part.begin; at < part.end; at += cluster {
				a, b := one.part(at, at+cluster, 0), two.part(at, at+cluster, 0)
				both := len(a) > 0 && len(b) > 0
				got.same = got.same || both && a[0] == b[0]
				got.changed = got.changed || both && a[0] != b[0]
				got.cleared = got.cleared || len(a) > len(b)
				got.added = got.added || len(a) < len(b)
			}
			if got != part {
				t.Errorf("%d GiB: there is %+v, want %+v", size, got, part)
			}
		}
		// blocks of all kinds, one for each 16 MiB, without those at cuts
		kinds := map[[2]bool]bool{}
		for at := int64(16 * mebi); at < quarter; at += 32 * mebi {
			a, b := one.part(at, at+cluster, 0), two.part(at, at+cluster, 0)
			kinds[[2]bool{len(b) == 0, slices.Equal(a, b)}] = true
		}
		if len(kinds) != 3 {
			t.Errorf("%d GiB: the blocks of the first quarter are of %d kinds", size, len(kinds))
		}
	}
}

// sizes are those of volumes that are tried, in GiB.
func sizes() []int { return []int{1, 2, 3, 4, 5, 8, 20, 64, 100, 1000, 16000} }

// TestPatternImages: an image of a pattern takes less than 8 MiB whatever the volume's
// size, and begins anew at each reading. A reader that others wrote finds in it
// every byte of the volume.
func TestPatternImages(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range sizes() {
		for _, p := range []pattern{first, second} {
			c := content{pattern: p, size: size}
			length, open := c.image()
			file, err := io.ReadAll(open())
			if err != nil || int64(len(file)) != length || length >= imageLimit {
				t.Fatalf("%+v: %d bytes, says %d: %v", c, len(file), length, err)
			}
			again, err := io.ReadAll(open())
			if err != nil || !bytes.Equal(file, again) {
				t.Errorf("%+v: reads otherwise the second time: %v", c, err)
			}
			disk, err := qcow2reader.Open(bytes.NewReader(file))
			if err != nil || disk.Size() != int64(size)*gibi {
				t.Fatalf("%+v: %v", c, err)
			}
			l := c.layout()
			places := []int64{0, l.size - 1}
			for _, b := range l.blocks {
				places = append(places, b.number*cluster)
			}
			for range 100 {
				places = append(places, random.Int64N(l.size))
			}
			for _, at := range places {
				at = max(0, at-100)
				got, want := make([]byte, min(3*cluster, l.size-at)), make([]byte, min(3*cluster, l.size-at))
				if _, err := io.ReadFull(io.NewSectionReader(disk, at, int64(len(got))), got); err != nil {
					t.Fatal(err)
				}
				_, _ = l.ReadAt(want, at)
				if !bytes.Equal(got, want) {
					t.Errorf("%+v: differs at %d", c, at)
				}
			}
		}
	}
}

// TestPatternReduced: a raw image carries the first 8 MiB, in which are noise and zeros
// of every kind, and what the volume has to hold then has no more.
func TestPatternReduced(t *testing.T) {
	whole, reduced := content{first, 1, false}, content{first, 1, true}
	length, open := reduced.image()
	raw, err := io.ReadAll(open())
	want := make([]byte, 8*mebi)
	_, _ = whole.layout().ReadAt(want, 0)
	if err != nil || length != 8*mebi || !bytes.Equal(raw, want) {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	if bytes.Equal(want[len(want)-512:], make([]byte, 512)) {
		t.Error("it ends in zeros")
	}
	volume := volume{reduced.pieces(), gibi}
	if volume.zeros(0, 8*mebi) || !volume.zeros(8*mebi, gibi) {
		t.Error("the volume is to hold something else")
	}
	other, _ := content{second, 1, true}.image()
	if other != length {
		t.Errorf("the other pattern's is %d bytes long", other)
	}
}

// TestPatternExpected: behind what was restored is what the volume held before.
func TestPatternExpected(t *testing.T) {
	old := content{second, 2, false}
	for behind, want := range map[content]io.ReaderAt{{}: bytes.NewReader(make([]byte, mebi)), old: io.NewSectionReader(old.layout(), gibi, gibi)} {
		reader := expected{content{first, 1, false}, behind, 2}.read()
		if _, err := io.CopyN(io.Discard, reader, gibi); err != nil {
			t.Fatal(err)
		}
		a, b := make([]byte, mebi), make([]byte, mebi)
		_, _ = want.ReadAt(b, 0)
		if _, err := io.ReadFull(reader, a); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%+v: %v", behind, err)
		}
		if rest, err := io.Copy(io.Discard, reader); rest != gibi-mebi || err != nil {
			t.Errorf("%+v: %d more, %v", behind, rest, err)
		}
	}
}

// TestPatternHashes computes what the program has as constants.
func TestPatternHashes(t *testing.T) {
	for want, known := range newHashes().known {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			t.Parallel()
			if got := want.compute(); got != known.sum {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestHashes: a hash that is not known beforehand is computed, once for all who
// ask, and waited for no longer than a run goes on.
func TestHashes(t *testing.T) {
	h := newHashes()
	before := len(h.known)
	want := expected{}
	sums := make(chan string)
	for range 4 {
		go func() {
			sum, err := h.of(t.Context(), want)
			if err != nil {
				t.Error(err)
			}
			sums <- sum
		}()
	}
	for range 4 {
		if sum := <-sums; sum != want.compute() || len(sum) != 128 {
			t.Error(sum)
		}
	}
	if len(h.known) != before+1 {
		t.Errorf("%d are kept", len(h.known)-before)
	}
	interrupted, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrClosedPipe)
	h.known[want] = &hashSum{done: make(chan struct{})} // never
	if _, err := h.of(interrupted, want); err != io.ErrClosedPipe {
		t.Errorf("an interrupted run: %v", err)
	}
}

func TestDifference(t *testing.T) {
	const length = 6 * mebi
	read := func() io.Reader { return io.LimitReader(content{first, 1, false}.read(), length) }
	whole := func() []byte { b, _ := io.ReadAll(read()); return b }
	for _, row := range []struct {
		name string
		got  func([]byte) []byte
		want string
	}{
		{"same", func(b []byte) []byte { return b }, ""},
		{"longer", func(b []byte) []byte { return append(b, 1) }, ""},
		{"one byte", func(b []byte) []byte { b[70000]++; return b }, "data differs from offset 70000: 1 of the next 1048576 bytes"},
		{"at a block's end", func(b []byte) []byte { b[1<<20-1]++; b[1<<20+5]++; return b }, "data differs from offset 1048575: 2 of the next 1048576 bytes"},
		{"a filled hole", func(b []byte) []byte { copy(b[32*kibi:], bytes.Repeat([]byte{8}, 100)); return b }, "data differs from offset 32768: 100 of the next 1048576 bytes"},
		{"the last byte", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, "data differs from offset 6291455: 1 of the next 1 bytes"},
		{"short", func(b []byte) []byte { return b[:3<<20+7] }, "only 3145735 bytes"},
		{"empty", func([]byte) []byte { return nil }, "only 0 bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := difference(read(), bytes.NewReader(row.got(whole())))
			if got != row.want || err != nil {
				t.Errorf("%q, %v, want %q", got, err, row.want)
			}
		})
	}
	broken := io.MultiReader(bytes.NewReader(whole()[:100]), errReader{})
	if got, err := difference(read(), broken); err == nil {
		t.Errorf("a download that breaks off: %q", got)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
func TestSelect(t *testing.T) {
	for list, want := range map[string]string{
		"core": "create-volume create-backup restore", "data,core": "create-volume create-backup restore data", " listing , data ": "listing data",
	} {
		got, err := Select(list)
		var names []string
		for _, c := range got {
			names = append(names, c.Name)
		}
		if err != nil || strings.Join(names, " ") != want {
			t.Errorf("%q: %v, %v", list, names, err)
		}
	}
	if all, err := Select("all"); err != nil || len(all) != len(All()) {
		t.Errorf("all: %d, %v", len(all), err)
	}
	for _, list := range []string{"", "nosuch", "core,", "create-volume"} {
		if _, err := Select(list); err == nil {
			t.Errorf("%q is accepted", list)
		}
	}
}
