package cloud

import "testing"

// TestMajorVersion: the version is the service's own, wherever else a v and a
// digit stand.
func TestMajorVersion(t *testing.T) {
	for address, want := range map[string]string{
		"https://cloud.example.com:8776/v3/":                            "3",
		"https://cloud.example.com/volume/v3/0123456789abcdef":          "3",
		"https://cloud.example.com/volume/v3.70/":                       "3",
		"https://cloud.example.com/volume/v2/0123":                      "2",
		"https://v2-api.example.com/volume/v3/0123":                     "3",
		"https://v1.example.com:8776/v3/0123":                           "3",
		"https://gateway.example.com/v1/cinder/v3/0123":                 "3",
		"https://v3.example.com/volume/":                                "",
		"https://cloud.example.com/volume":                              "",
		"https://cloud.example.com/v3rsion/":                            "",
		"https://cloud.example.com/volume/%zz":                          "",
		"https://cloud.example.com/volume/v3/AUTH_%(project_id)s":       "",
		"https://cloud.example.com/volume/v3/0123?from=https://a.b/v2/": "3",
	} {
		if got := majorVersion(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
