package check

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestPatternShape(t *testing.T) {
	image, err := io.ReadAll(first.image())
	if err != nil || len(image) != chunks*chunk || len(image)%512 != 0 {
		t.Fatalf("%d bytes, %v", len(image), err)
	}
	other, _ := io.ReadAll(second.image())
	same, holes := 0, 0
	for i := range chunks {
		a, b := image[i*chunk:(i+1)*chunk], other[i*chunk:(i+1)*chunk]
		if bytes.Equal(a, b) {
			same++
		}
		if !bytes.ContainsFunc(a, func(r rune) bool { return r != 0 }) {
			holes++
		}
	}
	if same == 0 || same == chunks || holes != chunks/3 {
		t.Errorf("%d of %d chunks are the same, %d are holes", same, chunks, holes)
	}
}

func TestDifference(t *testing.T) {
	whole := func() []byte { b, _ := io.ReadAll(first.image()); return b }
	for _, row := range []struct {
		name string
		got  func([]byte) []byte
		want string
	}{
		{"same", func(b []byte) []byte { return b }, ""},
		{"longer", func(b []byte) []byte { return append(b, 1) }, ""},
		{"one byte", func(b []byte) []byte { b[70000]++; return b }, "data differs from offset 70000: 1 of the next 1048576 bytes"},
		{"at a block's end", func(b []byte) []byte { b[1<<20-1]++; b[1<<20+5]++; return b }, "data differs from offset 1048575: 2 of the next 1048576 bytes"},
		{"a filled hole", func(b []byte) []byte { copy(b[chunk:], bytes.Repeat([]byte{7}, 100)); return b }, "data differs from offset 65536: 100 of the next 1048576 bytes"},
		{"the last byte", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, "data differs from offset 6291455: 1 of the next 1 bytes"},
		{"short", func(b []byte) []byte { return b[:3<<20+7] }, "only 3145735 bytes"},
		{"empty", func([]byte) []byte { return nil }, "only 0 bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := difference(first.image(), bytes.NewReader(row.got(whole())))
			if got != row.want || err != nil {
				t.Errorf("%q, %v, want %q", got, err, row.want)
			}
		})
	}
	broken := io.MultiReader(bytes.NewReader(whole()[:100]), errReader{})
	if got, err := difference(first.image(), broken); err == nil {
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
