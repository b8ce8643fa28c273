package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// exceptions holds a table's rows to those that are known to change nothing, and
// why.
func exceptions(t *testing.T, rows map[string]bool, known map[string]string) {
	t.Helper()
	for row, changes := range rows {
		if why, excepted := known[row]; !changes && !excepted {
			t.Errorf("%s: changes nothing", row)
		} else if changes && excepted {
			t.Errorf("%s: changes bytes, although %s", row, why)
		}
	}
	for row := range known {
		if _, tried := rows[row]; !tried {
			t.Errorf("%s: not tried", row)
		}
	}
}

const (
	noZeroObject = "no object of that size is all zeros"
	oneObject    = "the volume is one object of that size"
	allChanged   = "every unit of that size is another one in the two patterns, so that an increment has them all"
)

// TestPatternSkippedChunks: a driver that leaves out objects of zeros without moving on
// (Launchpad bug 2155612 is one) changes bytes.
func TestPatternSkippedChunks(t *testing.T) {
	rows := map[string]bool{}
	for _, size := range []int{1, 2, 3} {
		for _, p := range []pattern{first, second} {
			v := volume{content{pattern: p, size: size}.pieces(), int64(size) * gibi}
			for _, cut := range cuts() {
				var got pieces
				skipped := int64(0)
				for begin := int64(0); begin < v.size; begin += cut {
					if v.zeros(begin, begin+cut) {
						skipped += cut
					}
					got = append(got, v.part(begin, begin+cut, -skipped)...)
				}
				rows[fmt.Sprintf("%d GiB, pattern %d, objects of %d", size, p, cut)] = !slices.Equal(join(got), v.pieces)
			}
		}
	}
	exceptions(t, rows, map[string]string{
		"1 GiB, pattern 1, objects of 536870912":  noZeroObject,
		"1 GiB, pattern 2, objects of 536870912":  noZeroObject,
		"1 GiB, pattern 1, objects of 1999994880": oneObject,
		"1 GiB, pattern 2, objects of 1999994880": oneObject,
		"2 GiB, pattern 1, objects of 1999994880": noZeroObject,
		"2 GiB, pattern 2, objects of 1999994880": noZeroObject,
		"3 GiB, pattern 1, objects of 1999994880": noZeroObject,
		"3 GiB, pattern 2, objects of 1999994880": noZeroObject,
	})
}

// TestPatternZerosNotWritten: a driver that does not write zeros over a target's older
// bytes, in units of any size, changes bytes.
func TestPatternZerosNotWritten(t *testing.T) {
	rows := map[string]bool{}
	for _, size := range []int{1, 2, 3} {
		for _, p := range []pattern{first, second} {
			v := volume{content{pattern: p, size: size}.pieces(), int64(size) * gibi}
			old := volume{content{pattern: first + second - p, size: size}.pieces(), v.size}
			for _, cut := range cuts() {
				var got pieces
				for begin := int64(0); begin < v.size; begin += cut {
					unit := v.part(begin, begin+cut, 0)
					if len(unit) == 0 {
						unit = old.part(begin, begin+cut, 0)
					}
					got = append(got, unit...)
				}
				rows[fmt.Sprintf("%d GiB, pattern %d over the other, units of %d", size, p, cut)] = !slices.Equal(join(got), v.pieces)
			}
		}
	}
	exceptions(t, rows, map[string]string{
		"1 GiB, pattern 1 over the other, units of 536870912":  noZeroObject,
		"1 GiB, pattern 2 over the other, units of 536870912":  noZeroObject,
		"1 GiB, pattern 1 over the other, units of 1999994880": oneObject,
		"1 GiB, pattern 2 over the other, units of 1999994880": oneObject,
		"2 GiB, pattern 1 over the other, units of 1999994880": noZeroObject,
		"2 GiB, pattern 2 over the other, units of 1999994880": noZeroObject,
		"3 GiB, pattern 1 over the other, units of 1999994880": noZeroObject,
		"3 GiB, pattern 2 over the other, units of 1999994880": noZeroObject,
	})
}

// TestPatternIncrements: an increment from the first pattern to the second that is
// applied to something else, or of which zeros or noise are not applied, changes
// bytes, in whatever units the two are compared.
func TestPatternIncrements(t *testing.T) {
	rows := map[string]bool{}
	for _, size := range []int{1, 2, 3} {
		parent := volume{content{pattern: first, size: size}.pieces(), int64(size) * gibi}
		child := volume{content{pattern: second, size: size}.pieces(), parent.size}
		moved := volume{join(parent.part(0, parent.size-mebi, mebi)), parent.size}
		for _, cut := range cuts() {
			// each unit is the child's if the increment has it and takes it, else the one that is there
			apply := func(to volume, takes func(pieces) bool) pieces {
				var got pieces
				for begin := int64(0); begin < child.size; begin += cut {
					unit := child.part(begin, begin+cut, 0)
					if slices.Equal(unit, parent.part(begin, begin+cut, 0)) || !takes(unit) {
						unit = to.part(begin, begin+cut, 0)
					}
					got = append(got, unit...)
				}
				return join(got)
			}
			all := func(pieces) bool { return true }
			if !slices.Equal(apply(parent, all), child.pieces) {
				t.Fatalf("%d GiB, units of %d: the increment is not one", size, cut)
			}
			name := fmt.Sprintf("%d GiB, units of %d, ", size, cut)
			rows[name+"on nothing"] = !slices.Equal(apply(volume{}, all), child.pieces)
			rows[name+"on another volume"] = !slices.Equal(apply(moved, all), child.pieces)
			rows[name+"zeros are not applied"] = !slices.Equal(apply(parent, func(unit pieces) bool { return len(unit) > 0 }), child.pieces)
			rows[name+"only zeros are applied"] = !slices.Equal(apply(parent, func(unit pieces) bool { return len(unit) == 0 }), child.pieces)
		}
	}
	known := map[string]string{}
	for row := range rows {
		var size int
		var unit int64
		if _, err := fmt.Sscanf(row, "%d GiB, units of %d,", &size, &unit); err != nil {
			t.Fatal(err)
		}
		on := strings.Contains(row, ", on ")
		switch {
		case on && unit >= 32*mebi:
			known[row] = allChanged
		case strings.Contains(row, "zeros are not applied") && (unit == fileCut || unit == 512*mebi && size == 1):
			known[row] = noZeroObject
		}
	}
	exceptions(t, rows, known)
}
