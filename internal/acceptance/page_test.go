//go:build acceptance

package acceptance

import (
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// TestRealClientsOnCloudsimDrawHTML: a browser reads the page of a failed run, and draws its text and its timeline.
func TestRealClientsOnCloudsimDrawHTML(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	page, picture := filepath.Join(dir, "run.html"), filepath.Join(dir, "run.png")
	start(t, cloudsYAML, cloudsim, "--operation-time", "1s", "--fault", "restore=error_restoring", "--", tester, "--html", page).wait(t).wantCode(t, 1)
	o := start(t, cloudsYAML, devcloudScript, "box", "bash", "testdata/browser.sh", page, picture).wait(t)
	o.wantCode(t, 0)
	wantWords(t, o.stdout, `<h1 class="FAIL">scs-0117-test-backup: FAIL</h1>`, "volume scs-test-volume: available from", "status 'error_restoring'")
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	drawn, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if size := drawn.Bounds().Size(); size.X != 400 || size.Y != 4000 {
		t.Errorf("the picture is %v", size)
	}
	counts := map[color.Color]int{}
	for y := range drawn.Bounds().Dy() {
		for x := range drawn.Bounds().Dx() {
			counts[color.RGBAModel.Convert(drawn.At(x, y))]++
		}
	}
	for name, c := range map[string]color.RGBA{"the verdict": {0xb3, 0x26, 0x1e, 0xff}, "a status that goes on": {0xc9, 0xdc, 0xf5, 0xff}, "one that is ready": {0xbf, 0xe3, 0xc3, 0xff}} {
		if counts[c] < 1000 { // the legend has about 100
			t.Errorf("%d pixels have the colour of %s", counts[c], name)
		}
	}
}
