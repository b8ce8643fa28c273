package cloud

import (
	"net/url"
	"testing"
)

// TestLastVersion: the version is the service's own, wherever else a v and a digit
// stand.
func TestLastVersion(t *testing.T) {
	for address, want := range map[string]string{
		"https://cloud.example.com:8776/v3/":               "3",
		"https://cloud.example.com/volume/v3/PROJECT":      "3",
		"https://cloud.example.com/volume/v3/PROJECT/":     "3",
		"https://cloud.example.com/volume/v3.70/":          "3",
		"https://cloud.example.com/volume/v2/PROJECT":      "2",
		"https://v2-api.example.com/volume/v3/PROJECT":     "3",
		"https://v1.example.com:8776/v3/PROJECT":           "3",
		"https://gateway.example.com/v1/cinder/v3/PROJECT": "3",
		"https://gateway.example.com/v2/cinder":            "",
		"https://gateway.example.com/v2/cinder/PROJECT":    "",
		"https://v3.example.com/volume/":                   "",
		"https://cloud.example.com/volume":                 "",
		"https://cloud.example.com":                        "",
		"https://cloud.example.com/v3rsion/":               "",
		"https://cloud.example.com/volume/v3/AUTH_PROJECT": "",
		"https://cloud.example.com/v3?from=https://a.b/v2": "3",
	} {
		at, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := lastVersion(withoutProject(at, "PROJECT")); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
