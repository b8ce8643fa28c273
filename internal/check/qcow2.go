package check

import (
	"encoding/binary"
	"io"
	"slices"
)

// cluster is the unit of a qcow2 image. With QEMU's default of 64 KiB, short
// blocks at many places of a volume would take four times the bytes.
const (
	clusterBits = 14
	cluster     = 1 << clusterBits
)

// qcow2 is the file of a disk image that leaves out the clusters that are zeros:
// QEMU's format, version 3, without snapshots, backing file, encryption and
// compression (QEMU's docs/interop/qcow2). In clusters, it has the header, the
// reference counts' table and their one block, the L1 table, the L2 tables that
// have entries, and the data. One block of counts is enough for 128 MiB.
type qcow2 struct {
	disk     io.ReaderAt
	size     int64   // of the disk, in bytes; a multiple of 512
	clusters []int64 // the numbers of those of the disk that the file has, ascending
	tables   []int64 // the numbers of the L2 tables that it has, likewise
}

const (
	perTable    = cluster / 8 // entries of 8 bytes
	refcountsAt = 1           // in clusters of the file
	blockAt     = 2
	l1At        = 3
	copied      = 1 << 63 // of an entry: what it points to has a reference count of 1
)

func newQcow2(disk io.ReaderAt, size int64, clusters []int64) *qcow2 {
	q := &qcow2{disk: disk, size: size, clusters: clusters}
	for _, number := range clusters {
		if table := number / perTable; len(q.tables) == 0 || q.tables[len(q.tables)-1] != table {
			q.tables = append(q.tables, table)
		}
	}
	return q
}

func divideUp(a, b int64) int64 { return (a + b - 1) / b }

func (q *qcow2) l1Entries() int64 { return divideUp(q.size, perTable*cluster) }
func (q *qcow2) tablesAt() int64  { return l1At + divideUp(q.l1Entries(), perTable) }
func (q *qcow2) dataAt() int64    { return q.tablesAt() + int64(len(q.tables)) }

// bytes is the length of the file.
func (q *qcow2) bytes() int64 { return (q.dataAt() + int64(len(q.clusters))) * cluster }

// ReadAt implements io.ReaderAt for the file, of which nothing is held in memory
// but the lists of what is in it.
func (q *qcow2) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		if at >= q.bytes() {
			return n, io.EOF
		}
		content, err := q.cluster(at / cluster)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], content[at%cluster:])
	}
	return n, nil
}

// cluster is one of the file's clusters.
func (q *qcow2) cluster(number int64) ([]byte, error) {
	content := make([]byte, cluster)
	switch {
	case number == 0:
		q.header(content)
	case number == refcountsAt:
		binary.BigEndian.PutUint64(content, blockAt*cluster)
	case number == blockAt:
		for i := range q.bytes() / cluster {
			binary.BigEndian.PutUint16(content[2*i:], 1)
		}
	case number < q.tablesAt():
		first := (number - l1At) * perTable
		for i, table := range q.tables {
			if table >= first && table < first+perTable {
				binary.BigEndian.PutUint64(content[8*(table-first):], copied|uint64(q.tablesAt()+int64(i))*cluster)
			}
		}
	case number < q.dataAt():
		first := q.tables[number-q.tablesAt()] * perTable
		i, _ := slices.BinarySearch(q.clusters, first)
		for ; i < len(q.clusters) && q.clusters[i] < first+perTable; i++ {
			binary.BigEndian.PutUint64(content[8*(q.clusters[i]-first):], copied|uint64(q.dataAt()+int64(i))*cluster)
		}
	default:
		n, err := q.disk.ReadAt(content, q.clusters[number-q.dataAt()]*cluster)
		if n < cluster && err != io.EOF { // the disk may end within its last cluster
			return nil, err
		}
	}
	return content, nil
}

// header fills the first cluster. What is left out is zero: no backing file,
// no encryption, no snapshots, no feature bits, and the end of the extensions.
func (q *qcow2) header(content []byte) {
	copy(content, "QFI\xfb")
	binary.BigEndian.PutUint32(content[4:], 3) // version
	binary.BigEndian.PutUint32(content[20:], clusterBits)
	binary.BigEndian.PutUint64(content[24:], uint64(q.size))
	binary.BigEndian.PutUint32(content[36:], uint32(q.l1Entries()))
	binary.BigEndian.PutUint64(content[40:], l1At*cluster)
	binary.BigEndian.PutUint64(content[48:], refcountsAt*cluster)
	binary.BigEndian.PutUint32(content[56:], 1)    // clusters of the table of reference counts
	binary.BigEndian.PutUint32(content[96:], 4)    // reference counts of 1<<4 bits
	binary.BigEndian.PutUint32(content[100:], 104) // length of the header
}
