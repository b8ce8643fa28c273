package check

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
)

const (
	chunk   = 64 << 10
	chunks  = 96 // 6 MiB: enough for holes and runs, little to upload
	gibi    = 1 << 30
	compare = 1 << 20 // how much is looked at behind the first difference
	// patternBytes is what an image of a pattern takes.
	patternBytes = chunks * chunk
)

// pattern is known bytes: a raw image of 6 MiB with holes, to be followed by
// zeros up to a volume's size. They are the same in every run, so that their
// hash is known beforehand.
type pattern uint64

// The patterns. The second and the third are the first with every fourth chunk
// changed, so that an incremental backup from one to another has something to
// leave out.
const (
	first  pattern = 1
	second pattern = 2
	third  pattern = 3
)

// The hashes of volumes of 1 GiB with each pattern, and of one of 2 GiB. The
// simulated Glance computes them anew in the test of all checks, which fails
// where one of them does not spare a download.
const (
	hashTwice  = "7e04ceb1effcdd22035274e090a1df5f06bdf4401090ada740124386026511ebb3928b1b37dfc3a4be2d8f297b09173912e85012082431877d5aca5b09ebcccc"
	hashFirst  = "03f061627185b6594d46eb4c120d6237923e50f5c601f8abe6b15db3c1f3613f98fc29423c6bdfb0b0a57fff75727d8eb8173d653202d062b639b6ee12f0afe0"
	hashSecond = "1b38bca3c630c52f4cec1895724d14b45a3a88f36aca9834e8f530483b09f0ce59c4965e81bbcff4355fdbdcc65ee9ad09d69b925fea5426086328d24b0217c3"
)

// hash is the sha512 of a volume of that many GiB with the pattern.
func (p pattern) hash(size int) string {
	switch {
	case size == 1 && p == first:
		return hashFirst
	case size == 1 && p == second:
		return hashSecond
	case size == 2 && p == first:
		return hashTwice
	}
	h := sha512.New()
	_, _ = io.Copy(h, p.volume(size)) // a hash takes everything
	return hex.EncodeToString(h.Sum(nil))
}

// image reads the bytes to upload.
func (p pattern) image() io.Reader { return io.LimitReader(p.volume(1), patternBytes) }

// volume reads the bytes that a volume of that many GiB has to hold.
func (p pattern) volume(size int) io.Reader {
	return io.LimitReader(&patternReader{pattern: p}, int64(size)*gibi)
}

// patternReader never ends: zeros follow the pattern.
type patternReader struct {
	pattern pattern
	next    int // chunk
	left    []byte
}

func (r *patternReader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		r.left = r.pattern.chunk(r.next)
		r.next++
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

// chunk is the pattern's i-th 64 KiB; every third is a hole. In the chunks that
// the second pattern changes, the holes lie elsewhere, so that a restore that
// leaves a target's bytes where the backup has zeros shows. Noise begins no
// format's magic bytes, which Glance and Cinder would look into.
func (p pattern) chunk(i int) []byte {
	data := make([]byte, chunk)
	seed, hole := uint64(first), i%3 == 1
	if p != first && i%4 == 0 {
		seed, hole = uint64(p), i%3 == 2
	}
	if i >= chunks || hole {
		return data
	}
	noise := rand.NewPCG(seed, uint64(i))
	for at := 0; at < chunk; at += 8 {
		binary.LittleEndian.PutUint64(data[at:], noise.Uint64())
	}
	return data
}

// difference reads both and tells where they first differ, and by how much;
// "" if they do not.
func difference(want, got io.Reader) (string, error) {
	a, b := make([]byte, compare), make([]byte, compare)
	for offset := int64(0); ; {
		n, wantErr := io.ReadFull(want, a)
		m, gotErr := io.ReadFull(got, b[:n])
		if !bytes.Equal(a[:m], b[:m]) {
			i := 0
			for a[i] == b[i] {
				i++
			}
			return describe(offset+int64(i), a[i:m], b[i:m], want, got)
		}
		switch {
		case m < n && (gotErr == io.EOF || gotErr == io.ErrUnexpectedEOF):
			return fmt.Sprintf("only %d bytes", offset+int64(m)), nil
		case gotErr != nil && m < n:
			return "", gotErr
		case wantErr != nil: // both are through
			return "", nil
		}
		offset += int64(n)
	}
}

// describe counts the differing bytes of the MiB that begins with the first;
// a and b are what is left of the blocks already read.
func describe(offset int64, a, b []byte, want, got io.Reader) (string, error) {
	total := len(a)
	restA, restB := make([]byte, compare-total), make([]byte, compare-total)
	n, _ := io.ReadFull(want, restA)
	m, err := io.ReadFull(got, restB[:n])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", err
	}
	a, b, total = append(a, restA[:m]...), append(b, restB[:m]...), total+m
	differing := 0
	for i := range a {
		if a[i] != b[i] {
			differing++
		}
	}
	return fmt.Sprintf("data differs from offset %d: %d of the next %d bytes", offset, differing, total), nil
}
