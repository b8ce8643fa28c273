package check

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lima-vm/go-qcow2reader"
	"github.com/lima-vm/go-qcow2reader/image"
)

// sparse is a disk of which only some clusters are not zeros.
type sparse struct {
	size     int64
	clusters []int64
}

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	n := int(min(int64(len(p)), s.size-off))
	clear(p[:n])
	for _, number := range s.clusters {
		begin, end := max(number*cluster-off, 0), min((number+1)*cluster-off, int64(n))
		for i := begin; i < end; i++ {
			p[i] = byte(number%255) + 1
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// TestQcow2 holds the file to a reader that others wrote: every byte of the
// disk, what is allocated, and the disk's size.
func TestQcow2(t *testing.T) {
	for name, disk := range map[string]sparse{
		"empty":                       {size: 1 << 20},
		"first and last":              {size: 1 << 20, clusters: []int64{0, 63}},
		"two tables":                  {size: 2 * perTable * cluster, clusters: []int64{3, perTable - 1, perTable, 2*perTable - 1}},
		"a table left out":            {size: 3 * perTable * cluster, clusters: []int64{1, 2*perTable + 1}},
		"ends within a cluster":       {size: 5*cluster + 512, clusters: []int64{1, 5}},
		"ends within a table":         {size: perTable*cluster + cluster, clusters: []int64{perTable}},
		"L1 table of two clusters":    {size: (perTable + 1) * perTable * cluster, clusters: []int64{0, perTable*perTable - 1, perTable * perTable}},
		"all, and more than one page": {size: 64 * cluster, clusters: count(64)},
	} {
		t.Run(name, func(t *testing.T) {
			file := newQcow2(disk, disk.size, disk.clusters)
			read, err := qcow2reader.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()
			if err := read.Readable(); err != nil || read.Size() != disk.size || read.Type() != "qcow2" {
				t.Fatalf("%v, %s of %d bytes", err, read.Type(), read.Size())
			}
			var allocated []image.Extent
			for at := int64(0); at < disk.size; {
				extent, err := read.Extent(at, disk.size-at)
				if err != nil {
					t.Fatal(err)
				}
				if extent.Allocated {
					allocated = append(allocated, extent)
				}
				at = extent.Start + extent.Length
			}
			for _, number := range append([]int64{0, disk.size/cluster - 1, perTable - 1, perTable, perTable * perTable}, disk.clusters...) {
				if number*cluster >= disk.size {
					continue
				}
				isIn := slices.ContainsFunc(allocated, func(e image.Extent) bool { return e.Start <= number*cluster && number*cluster < e.Start+e.Length })
				if isIn != slices.Contains(disk.clusters, number) {
					t.Errorf("cluster %d is allocated: %t", number, isIn)
				}
				got, want := make([]byte, min(cluster, disk.size-number*cluster)), make([]byte, min(cluster, disk.size-number*cluster))
				_, _ = disk.ReadAt(want, number*cluster)
				if _, err := read.ReadAt(got, number*cluster); err != nil && err != io.EOF || !bytes.Equal(got, want) {
					t.Errorf("cluster %d reads otherwise: %v", number, err)
				}
			}
		})
	}
}

func count(n int64) (numbers []int64) {
	for i := range n {
		numbers = append(numbers, i)
	}
	return numbers
}

// TestQcow2Reads: the file is the same however it is read, as often as it is
// read, and has the length that it says.
func TestQcow2Reads(t *testing.T) {
	disk := sparse{size: 2 * perTable * cluster, clusters: []int64{0, 5, perTable + 2}}
	file := newQcow2(disk, disk.size, disk.clusters)
	whole, err := io.ReadAll(io.NewSectionReader(file, 0, file.bytes()))
	if err != nil || int64(len(whole)) != file.bytes() || len(whole) != (1+1+1+1+2+3)*cluster {
		t.Fatalf("%d bytes, says %d: %v", len(whole), file.bytes(), err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		off := random.Int64N(file.bytes())
		part := make([]byte, random.IntN(3*cluster))
		n, err := file.ReadAt(part, off)
		if want := whole[off:min(int(off)+len(part), len(whole))]; !bytes.Equal(part[:n], want) || (err == io.EOF) != (n < len(part)) {
			t.Errorf("%d bytes at %d: %d, %v", len(part), off, n, err)
		}
	}
}

// TestQcow2BrokenDisk: a disk that cannot be read is an error, not zeros.
func TestQcow2BrokenDisk(t *testing.T) {
	file := newQcow2(brokenDisk{}, 1<<20, []int64{1})
	if _, err := io.ReadAll(io.NewSectionReader(file, 0, file.bytes())); err != io.ErrClosedPipe {
		t.Error(err)
	}
}

type brokenDisk struct{}

func (brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }
