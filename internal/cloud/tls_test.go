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
	if err := os.Mkdir(filepath.Join(dir, "certificates"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "certificates", "0123abcd.0"), right, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ settings, env, config, call, warning string }{
		{settings: "cacert: ca.pem"},
		{settings: "cacert: ~/ca.pem"},
		{settings: "cacert: " + filepath.Join(dir, "ca.pem")},
		{settings: "verify: ca.pem"},
		{settings: "verify: false", warning: "certificates are not verified"},
		{settings: "verify: no, cacert: nosuch.pem", warning: "certificates are not verified"},
		{settings: "insecure: true", warning: "certificates are not verified"},
		{settings: "insecure: 'true'", warning: "certificates are not verified"},
		{settings: "insecure: 'yes'", call: "certificate"},
		{settings: "insecure: y", call: "certificate"},
		{settings: "insecure: 'on', verify: null", call: "certificate"},
		{settings: "insecure: On", warning: "certificates are not verified"},
		{settings: "insecure: false", call: "certificate"},
		{settings: "insecure: null", call: "certificate"},
		{settings: "verify: 'false'", config: "verify of cloud 'mine': DIR/false cannot be read"},
		{settings: "verify: n", config: "verify of cloud 'mine': DIR/n cannot be read"},
		{settings: "verify: 0", config: "verify of cloud 'mine': DIR/0 cannot be read"},
		{settings: "verify: ''", call: "certificate"},
		{settings: "verify: true", call: "'cacert' of clouds.yaml, or into the file that SSL_CERT_FILE names"},
		{settings: "cacert: certificates"},
		{env: "REQUESTS_CA_BUNDLE=DIR/ca.pem"},
		{env: "REQUESTS_CA_BUNDLE=DIR/certificates"},
		{env: "CURL_CA_BUNDLE=DIR/ca.pem"},
		{env: "CURL_CA_BUNDLE=DIR/nosuch.pem REQUESTS_CA_BUNDLE=DIR/ca.pem"},
		{env: "REQUESTS_CA_BUNDLE=DIR/nosuch.pem", config: "REQUESTS_CA_BUNDLE of cloud 'mine': DIR/nosuch.pem cannot be read"},
		{settings: "cacert: ca.pem", env: "REQUESTS_CA_BUNDLE=DIR/nosuch.pem"},
		{settings: "verify: false", env: "REQUESTS_CA_BUNDLE=DIR/nosuch.pem", warning: "certificates are not verified"},
		{settings: "", call: "certificate"},
		{settings: "cacert: nosuch.pem", config: "nosuch.pem cannot be read: no such file or directory"},
		{settings: "cacert: empty.pem", config: "empty.pem holds no certificate in PEM form"},
		{settings: "cacert: ca.pem, cert: nosuch.pem", config: "cert and key of cloud 'mine' cannot be used"},
	} {
		t.Run(row.settings+" "+row.env, func(t *testing.T) {
			text := fmt.Sprintf("clouds: {mine: {%s%sregion_name: RegionOne, auth: {auth_url: '%s/identity/v3', username: tester, user_domain_name: Default, password: secret, project_name: cloudsim, project_domain_name: Default}}}",
				row.settings, strings.Repeat(", ", min(1, len(row.settings))), base)
			if err := os.WriteFile(filepath.Join(dir, "clouds.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			env := map[string]string{}
			for _, setting := range strings.Fields(strings.ReplaceAll(row.env, "DIR", dir)) {
				key, value, _ := strings.Cut(setting, "=")
				env[key] = value
			}
			row.config = strings.ReplaceAll(row.config, "DIR", dir)
			client, err := Connect(t.Context(), Options{Cloud: "mine", Dir: dir, Home: filepath.Join(dir, "home"), Getenv: func(key string) string { return env[key] }})
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
