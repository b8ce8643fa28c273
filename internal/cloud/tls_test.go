package cloud

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// TestTLS talks to a simulated cloud behind a certificate that no system knows.
func TestTLS(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "https://" + listener.Addr().String()
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: cloudsim.New(cloudsim.Config{BaseURL: base})}}
	server.StartTLS()
	defer server.Close()
	dir := t.TempDir()
	right := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, content := range map[string][]byte{"ca.pem": right, "home/ca.pem": right, "empty.pem": []byte("nothing")} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct{ settings, config, call, warning string }{
		{settings: "cacert: ca.pem"},
		{settings: "cacert: ~/ca.pem"},
		{settings: "cacert: " + filepath.Join(dir, "ca.pem")},
		{settings: "verify: ca.pem"},
		{settings: "verify: false", warning: "certificates are not verified"},
		{settings: "verify: no, cacert: nosuch.pem", warning: "certificates are not verified"},
		{settings: "insecure: true", warning: "certificates are not verified"},
		{settings: "verify: true", call: "certificate"},
		{settings: "", call: "certificate"},
		{settings: "cacert: nosuch.pem", config: "nosuch.pem cannot be read: no such file or directory"},
		{settings: "cacert: empty.pem", config: "empty.pem holds no certificate in PEM form"},
		{settings: "cacert: ca.pem, cert: nosuch.pem", config: "cert and key of cloud 'mine' cannot be used"},
	} {
		t.Run(row.settings, func(t *testing.T) {
			text := fmt.Sprintf("clouds: {mine: {%s%sregion_name: RegionOne, auth: {auth_url: '%s/identity/v3', username: tester, user_domain_name: Default, password: secret, project_name: cloudsim, project_domain_name: Default}}}",
				row.settings, strings.Repeat(", ", min(1, len(row.settings))), base)
			if err := os.WriteFile(filepath.Join(dir, "clouds.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			client, err := Connect(t.Context(), Options{Cloud: "mine", Dir: dir, Home: filepath.Join(dir, "home"), Getenv: func(string) string { return "" }})
			var conf *ConfigError
			var failed *Error
			switch {
			case row.config != "":
				if !errors.As(err, &conf) || !strings.Contains(err.Error(), row.config) {
					t.Errorf("got %v", err)
				}
			case row.call != "":
				if !errors.As(err, &failed) || failed.Code != 0 || !strings.Contains(err.Error(), row.call) {
					t.Errorf("got %v", err)
				}
				if _, again := failed.Retry(); again {
					t.Error("would be tried again")
				}
			case err != nil:
				t.Error(err)
			default:
				if got := strings.Join(client.Login.Warnings, "\n"); (row.warning == "") != (got == "") || !strings.Contains(got, row.warning) {
					t.Errorf("warnings: %q", got)
				}
			}
		})
	}
}
