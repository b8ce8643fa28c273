package cloud

import "testing"

// TestImageService: Glance is chosen by settings of its own, and by those for all.
func TestImageService(t *testing.T) {
	const catalog = `volumev3 RegionOne public /volume/v3/PROJECT_ID
image RegionOne public /one glance
image RegionOne public /other other
image RegionOne internal /internal glance
image RegionTwo public /two glance
my-image RegionOne public /mine glance
`
	for entry, want := range map[string]string{
		"":                                    "/one/v2/",
		"image_interface: internal, ":         "/internal/v2/",
		"volume_interface: public, ":          "/one/v2/",
		"image_region_name: RegionTwo, ":      "/two/v2/",
		"image_service_name: other, ":         "/other/v2/",
		"image_service_type: my-image, ":      "/mine/v2/",
		"image_service_name: nosuch, ":        "",
		"image_interface: admin, ":            "",
		"image_endpoint_override: BASE/x, ":   "BASE/x/v2/",
		"image_endpoint: BASE/%(user_id)s/, ": "BASE/" + recordedUser + "/v2/",
	} {
		r := newRecorder(t, catalog, nil)
		s := &stage{dir: t.TempDir(), front: r.server}
		s.options = Options{Cloud: "mine", Dir: s.dir, Home: s.dir, Getenv: func(string) string { return "" }}
		s.write(t, "/identity/v3", r.fill(entry))
		client := s.connect(t)
		got := ""
		if client.image != nil {
			got = client.image.Endpoint
		}
		if want != "" && want[0] == '/' {
			want = r.base + want
		}
		if got != r.fill(want) {
			t.Errorf("%s: %s, want %s", entry, got, r.fill(want))
		}
	}
}
