//go:build acceptance

package check

import (
	"crypto/sha512"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestQemu: QEMU's own tools find nothing wrong with the images of the patterns,
// and make of them what volumes have to hold.
func TestQemu(t *testing.T) {
	for _, size := range []int{1, 3, 100, 16000} {
		for _, p := range []pattern{first, second} {
			c := content{pattern: p, size: size}
			name := filepath.Join(t.TempDir(), "image.qcow2")
			file, err := os.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			_, open := c.image()
			if _, err := io.Copy(file, open()); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			qemu(t, "check", "-f", "qcow2", name)
			if size != 1 {
				continue
			}
			raw := name + ".raw"
			qemu(t, "convert", "-f", "qcow2", "-O", "raw", name, raw)
			disk, err := os.Open(raw)
			if err != nil {
				t.Fatal(err)
			}
			h := sha512.New()
			_, err = io.Copy(h, disk)
			disk.Close()
			if got := hex.EncodeToString(h.Sum(nil)); err != nil || got != newHashes().known[expected{content: c, size: size}].sum {
				t.Errorf("pattern %d: converted to other bytes: %v", p, err)
			}
		}
	}
}

func qemu(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "qemu-img", args...).CombinedOutput(); err != nil {
		t.Errorf("qemu-img %v: %v\n%s", args, err, out)
	}
}
