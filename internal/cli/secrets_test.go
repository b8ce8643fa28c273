package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// TestNoSecretsInOutput runs every way to log in with --debug, passing and
// failing, and looks for every secret in play in all that was printed.
func TestNoSecretsInOutput(t *testing.T) {
	const password, userinfo = "correct-horse-battery", "staple-in-the-address"
	methods := map[string]string{
		"password":                    "username: tester, user_domain_name: Default, project_name: cloudsim, project_domain_name: Default, password: PASSWORD",
		"trust":                       "username: tester, user_domain_name: Default, password: PASSWORD, trust_id: " + cloudsim.TrustID,
		"token":                       "token: TOKEN, project_name: cloudsim, project_domain_name: Default",
		"application credential id":   "application_credential_id: " + cloudsim.AppCredentialID + ", application_credential_secret: APPSECRET",
		"application credential name": "application_credential_name: " + cloudsim.AppCredentialName + ", application_credential_secret: APPSECRET, username: tester, user_domain_name: Default",
	}
	types := map[string]string{"password": "password", "trust": "v3password", "token": "token", "application credential id": "v3applicationcredential", "application credential name": "v3applicationcredential"}
	outcomes := map[string][]string{
		"passing":            nil,
		"refused":            {"POST /v3/auth/tokens=401"},
		"answered garbage":   {"POST /v3/auth/tokens=garbage"},
		"answered cut":       {"POST /v3/auth/tokens=cut"},
		"keystone reset":     {"POST /v3/auth/tokens=drop"},
		"cinder fails":       {"POST /backups=500"},
		"cinder unreachable": {"GET /backups/detail=refuse"},
		"cinder forgets":     {"GET /backups/detail=401"},
	}
	for method, auth := range methods {
		for outcome, faults := range outcomes {
			t.Run(method+"/"+outcome, func(t *testing.T) {
				t.Parallel()
				bubble(t, func(t *testing.T) {
					s := newScene(t, cloudsim.Config{})
					token := s.token(t)
					for _, f := range faults {
						fault, err := cloudsim.ParseFault(f)
						if err != nil {
							t.Fatal(err)
						}
						s.sim.Add(fault)
					}
					good := outcome != "refused"
					secret, app := password, "wrong-app-credential-secret"
					if good {
						secret, app = cloudsim.Password, cloudsim.AppCredentialSecret
					}
					s.clouds = fmt.Sprintf("clouds: {cloudsim: {region_name: RegionOne, auth_type: %s, auth: {auth_url: 'http://alice:%s@cloudsim/identity/v3', %s}}}",
						types[method], userinfo, strings.NewReplacer("PASSWORD", secret, "TOKEN", token, "APPSECRET", app).Replace(auth))
					status := s.run("--debug", "--timeout", "2")
					if (status == 0) != (outcome == "passing") {
						t.Errorf("exit %d\n%s", status, &s.stderr)
					}
					secrets := []string{password, userinfo, token, cloudsim.Password, cloudsim.AppCredentialSecret, app}
					for _, r := range s.sim.Log() {
						if issued := r.Header.Get("X-Auth-Token"); issued != "" {
							secrets = append(secrets, issued)
						}
					}
					said := strings.ReplaceAll(s.stdout.String()+s.stderr.String(), `"secret":`, "") // a name in a login's body
					for _, secret := range secrets {
						if strings.Contains(said, secret) {
							t.Fatalf("%q is in the output:\n%s%s", secret, &s.stdout, &s.stderr)
						}
					}
				})
			})
		}
	}
}

// TestEchoedSecrets: what the cloud or a proxy quotes of a request is not passed
// on, however it is written, also where a long line is cut in the midst of it.
func TestEchoedSecrets(t *testing.T) {
	const password, part = `correct "horse" & <9 battery`, "correct"
	sent := string(must(json.Marshal(password)))
	for _, page := range []string{
		`{"badRequest": {"message": "cannot read SECRET"}}`,
		`<html><body>400 <pre>SECRET</pre></body></html>`,
		strings.Repeat("x", 290) + "SECRET",
	} {
		for form, written := range map[string]func(string) string{
			"as it is": func(s string) string { return s },
			"as sent":  func(s string) string { return strings.Trim(string(must(json.Marshal(s))), `"`) },
			"in JSON":  func(s string) string { return strings.ReplaceAll(s, `"`, `\"`) },
			"in HTML":  html.EscapeString,
			"in Python's": func(s string) string {
				return strings.ReplaceAll(strings.ReplaceAll(html.EscapeString(s), "&#34;", "&quot;"), "&#39;", "&#x27;")
			},
			"in a URL": url.QueryEscape,
		} {
			for _, at := range []string{"/auth/tokens", "/backups"} {
				t.Run(at+" "+form+" "+page[:20], func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						s := newScene(t, cloudsim.Config{})
						s.clouds = memberCloud("region_name: RegionOne, ", password)
						secret := password
						s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
							if r.Body != nil { // the simulated member has another password
								body := string(must(io.ReadAll(r.Body)))
								r.Body = io.NopCloser(strings.NewReader(strings.Replace(body, sent, `"`+cloudsim.Password+`"`, 1)))
							}
							response, err := cloud.RoundTrip(r)
							if err == nil && r.Method == "POST" && strings.HasSuffix(r.URL.Path, at) {
								if token := r.Header.Get("X-Auth-Token"); token != "" {
									secret = token
								}
								response.StatusCode = http.StatusBadRequest
								replaceBody(response, strings.ReplaceAll(page, "SECRET", written(secret)))
							}
							return response, err
						}
						status := s.run("--debug")
						said := s.stdout.String() + s.stderr.String()
						if status == exitPass || !strings.Contains(said, "400 Bad Request") || !strings.Contains(said, "***") {
							t.Errorf("exit %d\n%s", status, said)
						}
						if strings.Contains(said, part) || strings.Contains(said, secret[:8]) {
							t.Errorf("a secret is in the output:\n%s", said)
						}
					})
				})
			}
		}
	}
}

// TestOverrideWithPassword: an address that cannot be read is a mistake in the
// file, and is not shown.
func TestOverrideWithPassword(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.clouds = memberCloud("block_storage_endpoint_override: 'http://svc:hunter2%zz@cloudsim/volume/v3', ", cloudsim.Password)
		status := s.run()
		if want := "critical: block_storage_endpoint_override of cloud 'cloudsim' in DIR/clouds.yaml cannot be read as an address\n"; status != exitUsage || strings.ReplaceAll(s.stderr.String(), s.dir, "DIR") != want {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}

// token logs the simulated cloud's member in.
func (s *scene) token(t *testing.T) string {
	t.Helper()
	body := fmt.Sprintf(`{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": %q, "domain": {"id": "default"}, "password": %q}}}}}`, cloudsim.Username, cloudsim.Password)
	resp, err := s.sim.Transport().RoundTrip(must(http.NewRequestWithContext(t.Context(), "POST", "http://cloudsim/identity/v3/auth/tokens", strings.NewReader(body))))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.Header.Get("X-Subject-Token")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestAskWithoutPassword: who logs in without a password, or a secret in its place,
// is not asked for one.
func TestAskWithoutPassword(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.clouds = "clouds: {cloudsim: {auth_type: token, auth: {auth_url: 'http://cloudsim/identity/v3', token: a, project_id: b}}}"
		s.stdin = "secret\n"
		want := "critical: --ask asks for a password, and cloud 'cloudsim' in DIR/clouds.yaml logs in by token, which has none\n"
		if status := s.run("--ask"); status != exitUsage || strings.ReplaceAll(s.stderr.String(), s.dir, "DIR") != want {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}

// TestAskApplicationCredential: in the place of the password it is the secret that
// is asked for, by its name.
func TestAskApplicationCredential(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.clouds = "clouds: {cloudsim: {region_name: RegionOne, auth_type: v3applicationcredential, auth: {auth_url: 'http://cloudsim/identity/v3', application_credential_id: " + cloudsim.AppCredentialID + "}}}"
		s.stdin = cloudsim.AppCredentialSecret + "\n"
		if status := s.run("--ask", "--cleanup-only"); status != exitPass || s.stderr.String() != "Application credential secret: \n" {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}

// TestTokenCannotBeRenewed: a run that outlives its token says so.
func TestTokenCannotBeRenewed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.clouds = "clouds: {cloudsim: {auth_type: token, region_name: RegionOne, auth: {auth_url: 'http://cloudsim/identity/v3', token: " + s.token(t) + ", project_name: cloudsim, project_domain_name: Default}}}"
		s.onLine = func(line string) {
			if strings.HasPrefix(line, "Create empty volume: PASS") {
				s.sim.RevokeTokens()
			}
		}
		if status := s.run(); status != exitAbort || !strings.Contains(s.stderr.String(), "a login by token cannot be renewed") {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
	})
}

// TestSecretsInReasons: what a driver says may quote a request, as Swift's does.
func TestSecretsInReasons(t *testing.T) {
	for of, fault := range map[string]string{`"fail_reason":`: "create-backup=error", `"user_message":`: "restore=error_restoring"} {
		bubble(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{}, fault)
			var token string
			s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
				response, err := cloud.RoundTrip(r)
				if token = cmp.Or(r.Header.Get("X-Auth-Token"), token); err == nil && token != "" && strings.Contains(r.URL.Path, "/volume/") && r.Method == "GET" {
					said := regexp.MustCompile(of + ` ?"[^"]*"`)
					body := string(must(io.ReadAll(response.Body)))
					response.Header.Set("X-Openstack-Request-Id", "req-"+token)
					replaceBody(response, said.ReplaceAllString(body, of+`"GET failed: X-Auth-Token: `+token+`, `+cloudsim.Password+`"`))
				}
				return response, err
			}
			status := s.run("--debug", "--json", "run.json")
			all := s.stdout.String() + s.stderr.String() + s.read("run.json")
			if status != exitFail || strings.Contains(all, token) || strings.Contains(all, cloudsim.Password) {
				t.Errorf("%s exit %d\n%s", of, status, all)
			}
		})
	}
}
