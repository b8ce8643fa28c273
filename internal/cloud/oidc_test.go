package cloud

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// federatedAuth are 'auth' blocks, by the way to log in; PROVIDER is the provider's
// address.
var federatedAuth = map[method]string{
	byOIDCPassword:    "username: tester, password: user-secret, client_id: a-client, client_secret: client-secret, discovery_endpoint: 'PROVIDER/document', openid_scope: 'openid email'",
	byOIDCClient:      "client_id: a-client, client_secret: client-secret, access_token_endpoint: 'PROVIDER/token'",
	byOIDCAccessToken: "access_token: an-access-token",
}

var basicAuth = "Basic " + base64.StdEncoding.EncodeToString([]byte("a-client:client-secret"))

// federation is a Keystone that takes the tokens of an OpenID Connect provider. The
// first token for the project is refused by Cinder.
type federation struct {
	keystone, provider *recorder
	options            Options
	lines              []string // of --debug
}

func newFederation(t *testing.T, kind method, auth string) *federation {
	t.Helper()
	f := &federation{}
	f.keystone = newRecorder(t, "", map[string]route{
		"POST /identity/v3/OS-FEDERATION/identity_providers/idp/protocols/openid/auth": {http.StatusCreated, map[string]string{"X-Subject-Token": "unscoped-token"},
			`{"token": {"methods": ["openid"], "issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2099-01-01T00:00:00.000000Z", "user": {"id": "u", "name": "u", "domain": {"id": "f", "name": "f"}}}}`},
	})
	f.keystone.revoked = 1
	f.provider = newRecorder(t, "", map[string]route{
		"GET /document": {http.StatusOK, nil, `{"token_endpoint": "BASE/token", "grant_types_supported": ["password", "client_credentials"]}`},
		"POST /token":   {http.StatusOK, nil, `{"access_token": "provider-access-token", "id_token": "provider-id-token", "refresh_token": "provider-refresh-token", "token_type": "Bearer", "expires_in": 300}`},
	})
	dir := t.TempDir()
	text := fmt.Sprintf("clouds: {mine: {auth_type: %s, region_name: RegionOne, auth: {auth_url: '%s/identity/v3', identity_provider: idp, protocol: openid, project_id: %s, %s}}}",
		kind, f.keystone.base, recordedProject, strings.ReplaceAll(auth, "PROVIDER", f.provider.base))
	if err := os.WriteFile(filepath.Join(dir, "clouds.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.options = Options{
		Cloud: "mine", Dir: dir, Home: dir, Getenv: func(string) string { return "" }, UserAgent: "test",
		Debug: func(line string) { f.lines = append(f.lines, line) },
	}
	return f
}

// wires are the requests in one line each.
func wires(requests []recorded) (lines []string) {
	for _, r := range requests {
		lines = append(lines, r.wire())
	}
	return lines
}

// federatedWire is what a login that is made twice sends, as keystoneauth does
// (TestAsOpenstacksdkFederated): to the provider and to Keystone.
func federatedWire(kind method) (provider, keystone []string) {
	access := "provider-access-token"
	switch kind {
	case byOIDCPassword:
		token := "POST /token, Authorization: " + basicAuth + ", form client_id=a-client&grant_type=password&password=user-secret&scope=openid+email&username=tester"
		provider = []string{"GET /document", token, token}
	case byOIDCClient:
		token := "POST /token, Authorization: " + basicAuth + ", form grant_type=client_credentials&scope=openid+profile"
		provider = []string{token, token}
	case byOIDCAccessToken:
		access = "an-access-token"
	}
	for _, token := range []string{"recorded-token-1", "recorded-token-2"} {
		keystone = append(keystone,
			"POST /identity/v3/OS-FEDERATION/identity_providers/idp/protocols/openid/auth, Authorization: Bearer "+access,
			`POST /identity/v3/auth/tokens, {"auth":{"identity":{"methods":["token"],"token":{"id":"unscoped-token"}},"scope":{"project":{"id":"`+recordedProject+`"}}}}`,
			"GET /volume/v3/"+recordedProject+"/backups/detail, X-Auth-Token: "+token)
	}
	return provider, keystone
}

// TestFederated: the login, and the one after the token has expired. The secrets go to
// the provider and nowhere else, its tokens to Keystone and nowhere else, and neither
// is printed.
func TestFederated(t *testing.T) {
	for kind, auth := range federatedAuth {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			f := newFederation(t, kind, auth)
			client, err := Connect(t.Context(), f.options)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.List(t.Context(), KindBackup); err != nil {
				t.Error(err)
			}
			provider, keystone := federatedWire(kind)
			if got := wires(f.provider.taken()); !slices.Equal(got, provider) {
				t.Errorf("to the provider\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(provider, "\n"))
			}
			if got := wires(f.keystone.taken()); !slices.Equal(got, keystone) {
				t.Errorf("to the cloud\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(keystone, "\n"))
			}
			if client.Login.Method != string(kind) || !client.Login.Renewable() {
				t.Errorf("%+v", client.Login)
			}
			said := strings.Join(f.lines, "\n")
			for _, secret := range []string{"user-secret", "client-secret", strings.TrimPrefix(basicAuth, "Basic "), "an-access-token", "provider-", "unscoped-token", "recorded-token"} {
				if strings.Contains(said, secret) {
					t.Errorf("--debug shows %s:\n%s", secret, said)
				}
			}
			if kind != byOIDCAccessToken && !strings.Contains(said, `"access_token": "***"`) {
				t.Errorf("--debug does not show the provider's answer:\n%s", said)
			}
		})
	}
}

// TestFederatedRefused: what is wrong with the provider is told, and no secret goes to
// a host that clouds.yaml does not name.
func TestFederatedRefused(t *testing.T) {
	for _, c := range []struct {
		name     string
		document route
		token    route
		requests int    // to the provider
		want     string // EVIL is another server
		config   bool
	}{
		{name: "token endpoint elsewhere", document: route{200, nil, `{"token_endpoint": "http://localhost:EVIL/token"}`}, requests: 1, config: true,
			want: "names http://localhost:EVIL/token for its tokens (other host), and secrets go only to a host that the file names; if it is right, set access_token_endpoint to it"},
		{name: "token endpoint at another port", document: route{200, nil, `{"token_endpoint": "http://127.0.0.1:EVIL/token"}`}, requests: 1, config: true, want: "(other port)"},
		{name: "no token endpoint", document: route{200, nil, `{}`}, requests: 1, want: "it names no token_endpoint"},
		{name: "other grants", document: route{200, nil, `{"token_endpoint": "BASE/token", "grant_types_supported": ["authorization_code"]}`}, requests: 1, config: true, want: "does not offer the grant type 'password'"},
		{name: "document redirected elsewhere", document: route{302, map[string]string{"Location": "http://localhost:EVIL/document"}, ``}, requests: 1, want: "other host"},
		{name: "token redirected elsewhere", token: route{307, map[string]string{"Location": "http://localhost:EVIL/token"}, ``}, requests: 2, want: "other host"},
		{name: "refused, with the secrets quoted", token: route{401, nil, `{"error": "invalid_grant", "error_description": "user-secret and client-secret are wrong"}`}, requests: 2, want: "*** and *** are wrong"},
		{name: "refused, with the header quoted", token: route{400, nil, basicAuth + " is wrong"}, requests: 2, want: "Basic *** is wrong"},
		{name: "no token", token: route{200, nil, `{"id_token": "x"}`}, requests: 2, want: "it holds no access_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFederation(t, byOIDCPassword, federatedAuth[byOIDCPassword])
			other := newRecorder(t, "", nil)
			_, port, _ := strings.Cut(strings.TrimPrefix(other.base, "http://"), ":")
			for path, own := range map[string]route{"GET /document": c.document, "POST /token": c.token} {
				if own.status > 0 {
					own.body = strings.ReplaceAll(own.body, "EVIL", port)
					headers := map[string]string{}
					for name, value := range own.headers {
						headers[name] = strings.ReplaceAll(value, "EVIL", port)
					}
					own.headers = headers
					f.provider.routes[path] = own
				}
			}
			_, err := Connect(t.Context(), f.options)
			if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(c.want, "EVIL", port)) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			var conf *ConfigError
			if errors.As(err, &conf) != c.config {
				t.Errorf("%T", err)
			}
			if call := (*Error)(nil); errors.As(err, &call) && call.Origin != FromProvider && !strings.Contains(c.name, "redirected") {
				t.Errorf("the origin is %q", call.Origin)
			}
			if n := len(f.provider.taken()); n != c.requests {
				t.Errorf("%d requests to the provider, want %d", n, c.requests)
			}
			if n := len(other.taken()) + len(f.keystone.taken()); n > 0 {
				t.Errorf("%d requests elsewhere", n)
			}
		})
	}
}

// TestFederatedLacks: what is missing is named before anything is sent.
func TestFederatedLacks(t *testing.T) {
	for kind, keys := range map[method][]string{
		byOIDCPassword:    {"identity_provider", "protocol", "client_id", "username", "password"},
		byOIDCClient:      {"identity_provider", "protocol", "client_id"},
		byOIDCAccessToken: {"identity_provider", "protocol", "access_token"},
	} {
		for _, key := range keys {
			f := newFederation(t, kind, federatedAuth[kind])
			path := filepath.Join(f.options.Dir, "clouds.yaml")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(text), " "+key+":", " x_"+key+":", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = Connect(t.Context(), f.options)
			var conf *ConfigError
			if !errors.As(err, &conf) || !strings.Contains(err.Error(), "has no "+key+" in its 'auth' block") {
				t.Errorf("%s without %s: %v", kind, key, err)
			}
			if n := len(f.provider.taken()) + len(f.keystone.taken()); n > 0 {
				t.Errorf("%s without %s: %d requests", kind, key, n)
			}
		}
	}
}
