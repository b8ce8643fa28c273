package cloud

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// refusing is a network that is not there; it counts who tries.
type refusing struct{ requests int }

func (n *refusing) RoundTrip(*http.Request) (*http.Response, error) {
	n.requests++
	return nil, errors.New("no network")
}

// FuzzConfig: any bytes give a login or one line of error, and a configuration that
// is refused sends nothing.
func FuzzConfig(f *testing.F) {
	for _, c := range cloudsCases(f) {
		for name, text := range c.files {
			if strings.Contains(name, "/") && !strings.HasPrefix(name, "route ") {
				f.Add([]byte(text), []byte(c.files["work/secure.yaml"]), strings.HasSuffix(name, ".json"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw, secure []byte, asJSON bool) {
		dir := t.TempDir()
		name := "clouds.yaml"
		if asJSON {
			name = "clouds.json"
		}
		for name, content := range map[string][]byte{name: raw, "secure.yaml": secure, "clouds-public.yaml": raw} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var network refusing
		_, err := Connect(t.Context(), Options{Cloud: "mine", Dir: dir, Home: dir, Getenv: func(string) string { return "" }, Transport: &network})
		var conf *ConfigError
		var failed *Error
		switch {
		case errors.As(err, &conf) && network.requests > 0:
			t.Errorf("%d requests for what is refused: %q", network.requests, err)
		case !errors.As(err, &conf) && !errors.As(err, &failed), strings.Contains(err.Error(), "\n"):
			t.Errorf("%T %q", err, err)
		}
	})
}
