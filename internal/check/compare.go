package check

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
)

// diffWindow is how many bytes are looked at behind the first difference.
const diffWindow = 1 << 20

// expected is what a volume of so many GiB has to hold: content, and behind it
// what the volume held before, or zeros.
type expected struct {
	content, behind content
	size            int
}

// read returns a reader of the volume's bytes from the beginning.
func (e expected) read() io.Reader {
	rest := int64(e.size-e.content.size) * gibi
	var old io.Reader = io.LimitReader(zeros{}, rest)
	if e.behind.size > 0 {
		old = io.NewSectionReader(e.behind.layout(), int64(e.content.size)*gibi, rest)
	}
	return io.MultiReader(e.content.read(), old)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// compute hashes the volume, which takes seconds for each GiB.
func (e expected) compute() string {
	h := sha512.New()
	_, _ = io.Copy(h, e.read()) // neither side fails
	return hex.EncodeToString(h.Sum(nil))
}

// hashes are the sha512 of what volumes have to hold, each computed once.
type hashes struct {
	mu    sync.Mutex
	known map[expected]*hashSum
	// reading is taken by whoever reads GiBs: more at once only make each slower.
	reading chan struct{}
}

// read waits for its turn to read GiBs, and returns what ends it.
func (h *hashes) read(ctx context.Context) (done func(), err error) {
	select {
	case h.reading <- struct{}{}:
		return func() { <-h.reading }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// hashSum is a hash, once it is computed.
type hashSum struct {
	done chan struct{}
	sum  string
	err  error // a bug of this program
}

// begin has one computed if it is not known: while a cloud fills and backs up
// the volume, nobody waits for it.
func (h *hashes) begin(want expected) *hashSum {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, known := h.known[want]
	if !known {
		one = &hashSum{done: make(chan struct{})}
		h.known[want] = one
		go func() {
			h.reading <- struct{}{}
			one.err = caught(func() error {
				one.sum = want.compute()
				return nil
			})
			<-h.reading
			close(one.done)
		}()
	}
	return one
}

// of returns one. Whoever needs what is being computed waits for it, as long as
// ctx lets.
func (h *hashes) of(ctx context.Context, want expected) (string, error) {
	one := h.begin(want)
	select {
	case <-one.done:
		return one.sum, one.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// newHashes knows those of the sizes that a run has without flags, and spares
// them the seconds. Each is held to its bytes by a test.
func newHashes() *hashes {
	h := &hashes{known: map[expected]*hashSum{}, reading: make(chan struct{}, 2)}
	for want, sum := range map[expected]string{
		{content{first, 1, false}, content{}, 1}:                 "2312f6603f7fa07a8ed64041bdd45ea2d9ad0646480414428ce5436dd317d28b36707887c7e0033f1e326166f8a0135ac8f0d6159d4f48cbbce1ac69f0bc0ab9",
		{content{second, 1, false}, content{}, 1}:                "4f9df4d32ce4181d2d56cb6306f4061c3a6113a204c48ba6beae0646110434df5731cffba8cbf5a5acad7a7fa8d466f11541a80842469815625898fa4a36bf07",
		{content{third, 1, false}, content{}, 1}:                 "4a8d882a92fb30e7233a1139d3ea168a77e172c21d5a06833179d861679deca1da4e0dd2f7365f9f0e211d9aaa9fc3cdf25ac14b4c94ee7ab049adeb504aaa9f",
		{content{first, 1, false}, content{}, 2}:                 "4d7d01f004d12fd79c6d77c348782419d9cd8c818c5bf2d73a203981522f02f6a17b935114c85f422c424e7f1b78c1596e2906dce348454d4915a24dedbe354f",
		{content{first, 1, false}, content{second, 2, false}, 2}: "68d17a0c6666762ec82276cba0bd504b5f96bc26426d9576e293f828d537aaf209ccc093a6d40460dda517a03b648072a2fdf98496454ff63973944274574d1f",
	} {
		one := &hashSum{done: make(chan struct{}), sum: sum}
		close(one.done)
		h.known[want] = one
	}
	return h
}

// difference reads both and tells where they first differ, and by how much;
// "" if they do not.
func difference(want, got io.Reader) (string, error) {
	a, b := make([]byte, diffWindow), make([]byte, diffWindow)
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
	restA, restB := make([]byte, diffWindow-total), make([]byte, diffWindow-total)
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
