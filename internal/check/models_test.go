package check

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
)

// The tests of this file hold the patterns to models of corruption, not to the
// checks: each model has to change the bytes that are compared. They work on
// where noise is and where it belongs, and hash nothing; TestPatternNoise is what lets
// them, because no sector of noise is like another one.

// piece is noise at a place of a volume; from is the place that it belongs to.
type piece struct {
	at, length int64
	seed       pattern
	from       int64
}

// pieces are a volume's noise, in order; elsewhere it is zeros.
type pieces []piece

func (c content) pieces() pieces {
	var all pieces
	for _, b := range c.layout().blocks {
		all = append(all, piece{b.number * cluster, cluster, b.seed, b.number * cluster})
	}
	return join(all)
}

// join puts runs together that follow one another. What belongs together becomes
// one piece.
func join(runs ...pieces) pieces {
	all := slices.Concat(runs...)
	last := 0
	for _, next := range all[min(1, len(all)):] {
		if l := &all[last]; l.at+l.length == next.at && l.from+l.length == next.from && l.seed == next.seed {
			l.length += next.length
			continue
		}
		last++
		all[last] = next
	}
	return all[:min(last+1, len(all))]
}

// part is what is in a run, moved by so much.
func (p pieces) part(begin, end, by int64) pieces {
	i, _ := slices.BinarySearchFunc(p, begin+1, func(x piece, at int64) int { return cmp.Compare(x.at+x.length, at) })
	j, _ := slices.BinarySearchFunc(p, end, func(x piece, at int64) int { return cmp.Compare(x.at, at) })
	if i >= j {
		return nil
	}
	all := slices.Clone(p[i:j])
	if skip := begin - all[0].at; skip > 0 {
		all[0] = piece{begin, all[0].length - skip, all[0].seed, all[0].from + skip}
	}
	last := &all[len(all)-1]
	last.length = min(last.length, end-last.at)
	for i := range all {
		all[i].at += by
	}
	return all
}

// volume is the pieces of so many bytes.
type volume struct {
	pieces
	size int64
}

func (v volume) zeros(begin, end int64) bool { return len(v.part(begin, end, 0)) == 0 }

// swapped has two runs of the same length exchanged; nil if they overlap.
func (v volume) swapped(begin, other, length int64) pieces {
	begin, other = min(begin, other), max(begin, other)
	if begin+length > other {
		return nil
	}
	return join(v.part(0, begin, 0), v.part(other, other+length, begin-other), v.part(begin+length, other, 0),
		v.part(begin, begin+length, other-begin), v.part(other+length, v.size, 0))
}

// models make of a volume what a driver would that gets one run of it wrong, or
// nil where there is no other run.
func models() map[string]func(v volume, begin, end int64) pieces {
	return map[string]func(v volume, begin, end int64) pieces{
		"loss": func(v volume, begin, end int64) pieces { return join(v.part(0, begin, 0), v.part(end, v.size, 0)) },
		"loss, and the rest moves forward": func(v volume, begin, end int64) pieces {
			return join(v.part(0, begin, 0), v.part(end, v.size, begin-end))
		},
		"shift by a sector": func(v volume, begin, end int64) pieces {
			return join(v.part(0, begin, 0), v.part(begin, min(end, v.size-512), 512), v.part(end+512, v.size, 0))
		},
		"shift of the rest by the run": func(v volume, begin, end int64) pieces {
			return join(v.part(0, begin, 0), v.part(begin, v.size-end+begin, end-begin))
		},
		"repetition over the next": func(v volume, begin, end int64) pieces {
			if end == v.size {
				return nil
			}
			next := min(2*end-begin, v.size)
			return join(v.part(0, end, 0), v.part(begin, begin+next-end, end-begin), v.part(next, v.size, 0))
		},
		"repetition of the one before": func(v volume, begin, end int64) pieces {
			if begin == 0 {
				return nil
			}
			length := min(end-begin, begin)
			return join(v.part(0, begin, 0), v.part(begin-length, begin, length), v.part(begin+length, v.size, 0))
		},
		"swap with the next": func(v volume, begin, end int64) pieces {
			if end == v.size {
				return nil
			}
			return v.swapped(begin, end, min(end-begin, v.size-end))
		},
		"swap with the first": func(v volume, begin, end int64) pieces { return v.swapped(begin, 0, end-begin) },
		"swap with the last":  func(v volume, begin, end int64) pieces { return v.swapped(begin, v.size-end+begin, end-begin) },
		"truncation":          func(v volume, begin, _ int64) pieces { return v.part(0, begin, 0) },
	}
}

// cuts are the sizes of the objects that drivers make of a volume, and of the
// units in which they compare it.
func cuts() []int64 {
	return []int64{32768, 64 * kibi, mebi, 4 * mebi, 8 * mebi, 16 * mebi, 32 * mebi, 50 * mebi, 52428800, 100 * mebi, 128 * mebi, 256 * mebi, 512 * mebi, fileCut}
}

// eachContent runs a test on both patterns of a volume of the default size, and
// of one that files are cut out of.
func eachContent(t *testing.T, test func(t *testing.T, c content, v volume)) {
	for _, size := range []int{1, 3} {
		for _, p := range []pattern{first, second} {
			c := content{pattern: p, size: size}
			t.Run(fmt.Sprintf("%d GiB, pattern %d", size, p), func(t *testing.T) {
				t.Parallel()
				test(t, c, volume{c.pieces(), int64(size) * gibi})
			})
		}
	}
}

// long is the run in which a pattern is zeros, so that drivers meet whole chunks
// of them: a change that stays within it changes nothing.
func (c content) long() (begin, end int64) {
	quarter := int64(c.size) * gibi / 4
	if c.pattern == first {
		return quarter, 2 * quarter
	}
	return 2*quarter - 32*mebi + cluster, 3 * quarter
}

// TestPatternRuns: whatever goes wrong with a run of 32 MiB or more changes bytes. Only
// within the long run of zeros, zeros take the place of zeros.
func TestPatternRuns(t *testing.T) {
	eachContent(t, func(t *testing.T, c content, v volume) {
		const least = 32 * mebi
		runs := map[[2]int64]bool{}
		for _, p := range v.pieces { // where a run of that length holds the least
			for _, edge := range []int64{p.at, p.at + p.length} {
				for _, begin := range []int64{edge - 512, edge, edge + 512, edge - least} {
					runs[[2]int64{begin, begin + least}] = true
				}
			}
		}
		for begin := int64(0); begin < v.size; begin += 16 * mebi {
			for _, length := range []int64{least, least + 512, 50 * mebi, 100 * mebi, 128 * mebi, 256 * mebi, 512 * mebi} {
				runs[[2]int64{begin, begin + length}] = true
			}
		}
		from, to := c.long()
		tried, silent := 0, 0
		for run := range runs {
			begin, end := run[0], run[1]
			if begin < 0 || end > v.size {
				continue
			}
			for name, model := range models() {
				got := model(v, begin, end)
				if got == nil {
					continue
				}
				tried++
				if !slices.Equal(got, v.pieces) {
					continue
				}
				silent++
				if begin < from || end > to {
					t.Errorf("%s of [%d, %d) changes nothing", name, begin, end)
				}
			}
		}
		t.Logf("%d changes, of which %d have zeros in place of zeros", tried, silent)
		if tried < 5000 || silent == 0 {
			t.Error("the runs are not what they were meant to be")
		}
	})
}

// TestPatternObjects: whatever goes wrong with an object that a driver cuts out of a
// volume changes bytes, if it holds any that are not zeros. From 32 MiB on, all
// do but those within the long run of zeros.
func TestPatternObjects(t *testing.T) {
	eachContent(t, func(t *testing.T, c content, v volume) {
		from, to := c.long()
		for _, cut := range cuts() {
			holding := 0
			for begin := int64(0); begin < v.size; begin += cut {
				end := min(begin+cut, v.size)
				if v.zeros(begin, end) {
					if cut >= 32*mebi && (begin < from || end > to) {
						t.Errorf("the object [%d, %d) of %d bytes is zeros", begin, end, cut)
					}
					continue
				}
				holding++
				for name, model := range models() {
					if got := model(v, begin, end); got != nil && slices.Equal(got, v.pieces) {
						t.Errorf("%s of the object [%d, %d) of %d bytes changes nothing", name, begin, end, cut)
					}
				}
			}
			if holding == 0 || holding == 1 && cut < v.size {
				t.Errorf("%d objects of %d bytes hold anything", holding, cut)
			}
		}
	})
}

// TestPatternBoundaries: a driver that loses a sector on either side of a place where
// it cuts changes bytes. The second pattern has zeros around some places, which
// is why the first has to be restored, too.
func TestPatternBoundaries(t *testing.T) {
	for _, size := range []int{1, 3} {
		c := content{pattern: first, size: size}
		v := volume{c.pieces(), int64(size) * gibi}
		from, to := c.long()
		for _, cut := range cuts() {
			if cut < 32*mebi {
				continue
			}
			for at := cut; at < v.size; at += cut {
				if before := v.zeros(at-512, at); before != (at > from && at <= to) {
					t.Errorf("%d GiB, cut at %d: before it are zeros: %t", size, at, before)
				}
				if after := v.zeros(at, at+512); after != (at >= from && at < to) {
					t.Errorf("%d GiB, cut at %d: behind it are zeros: %t", size, at, after)
				}
			}
		}
		if v.zeros(v.size-512, v.size) || v.zeros(v.size-64*kibi, v.size-64*kibi+1) || v.zeros(0, 1) {
			t.Errorf("%d GiB: zeros at an end", size)
		}
	}
}
