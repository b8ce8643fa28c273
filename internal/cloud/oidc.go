package cloud

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// oidc is the first half of a federated login: an OpenID Connect provider gives an
// access token for the user's or the client's secret, and Keystone gives a token
// that is not for a project yet for the access token. It makes the requests that
// keystoneauth makes.
//
// The secrets go to the provider's host that clouds.yaml names and nowhere else,
// the access token to Keystone and nowhere else.
type oidc struct {
	client                 *gophercloud.ProviderClient // sends no token
	secrets                *secrets
	identityProvider       string // as Keystone calls it
	protocol               string
	form                   url.Values // what the provider gets
	clientID, clientSecret string
	document, tokenAddress string // of the provider; one of them may be ""
	tokenKind              string // which of the provider's tokens Keystone takes
	accessToken            string // given, not asked for; "": asked for
	documentRead           bool   // it is read once, as keystoneauth does
	cloud, file            string // for messages
}

// federation is the first half of the login that the configuration asks for; nil if
// it has none.
func (c *config) federation(client *gophercloud.ProviderClient, s *secrets) *oidc {
	if !c.method.federated() {
		return nil
	}
	f := &oidc{
		client: client, secrets: s, identityProvider: c.authValue("identity_provider"), protocol: c.authValue("protocol"),
		clientID: c.authValue("client_id"), clientSecret: c.authValue("client_secret"),
		document: c.authValue("discovery_endpoint"), tokenAddress: c.authValue("access_token_endpoint"),
		tokenKind: "access_token", cloud: c.name, file: c.file,
	}
	if kind := c.authValue("access_token_type"); kind != "" {
		f.tokenKind = kind
	}
	scope := c.authValue("openid_scope")
	if scope == "" {
		scope = "openid profile"
	}
	switch c.method {
	case byOIDCAccessToken:
		f.accessToken = c.authValue("access_token")
		return f
	case byOIDCPassword:
		f.form = url.Values{"grant_type": {"password"}, "scope": {scope}, "client_id": {f.clientID}, "username": {c.authValue("username")}, "password": {c.authValue("password")}}
	case byOIDCClient:
		f.form = url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
		if f.clientSecret == "" {
			f.form.Set("client_id", f.clientID)
		}
	}
	return f
}

// checkFederation tells what a federated login lacks, before anything is sent.
func (c *config) checkFederation() error {
	if !c.method.federated() {
		return nil
	}
	if err := c.need("identity_provider", "protocol"); err != nil || c.method == byOIDCAccessToken {
		return err
	}
	if err := c.need("client_id"); err != nil {
		return err
	}
	if c.method == byOIDCPassword {
		if err := c.need("username"); err != nil {
			return err
		}
	}
	if c.authValue("discovery_endpoint") == "" && c.authValue("access_token_endpoint") == "" {
		return c.lacks("discovery_endpoint", "add it there, or access_token_endpoint: the address of the OpenID Connect provider")
	}
	for _, name := range []string{"discovery_endpoint", "access_token_endpoint"} {
		if at, err := url.Parse(c.authValue(name)); c.authValue(name) != "" && (err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "") {
			return configErrorf("%s of cloud '%s' in %s is not an http or https address", name, c.name, c.fileOf(name))
		}
	}
	return nil
}

// token logs in at the provider, unless an access token was given, and gets
// Keystone's token for it. The errors are *Error and *ConfigError.
func (f *oidc) token(ctx context.Context, keystone string) (string, error) {
	access := f.accessToken
	if access == "" {
		var err error
		if access, err = f.atProvider(ctx); err != nil {
			return "", err
		}
	}
	f.secrets.learn(access)
	c := call{service: Identity, op: "logging in with the OpenID Connect provider's token at " + public(keystone)}
	address := keystone + "OS-FEDERATION/identity_providers/" + url.PathEscape(f.identityProvider) + "/protocols/" + url.PathEscape(f.protocol) + "/auth"
	resp, err := f.client.Request(c.in(ctx), "POST", address, &gophercloud.RequestOpts{
		MoreHeaders: map[string]string{"Authorization": "Bearer " + access}, OkCodes: []int{200, 201}, KeepResponseBody: true,
	})
	if err != nil {
		return "", c.fail(err)
	}
	discard(resp)
	unscoped := resp.Header.Get("X-Subject-Token")
	if unscoped == "" {
		return "", c.incomplete("it has no X-Subject-Token")
	}
	f.secrets.learn(unscoped)
	return unscoped, nil
}

// atProvider gets an access token.
func (f *oidc) atProvider(ctx context.Context) (string, error) {
	if err := f.readDocument(ctx); err != nil {
		return "", err
	}
	c := call{service: Identity, provider: true, op: "logging in at the OpenID Connect provider " + public(f.tokenAddress)}
	headers := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	if f.clientSecret != "" {
		basic := base64.StdEncoding.EncodeToString([]byte(f.clientID + ":" + f.clientSecret))
		f.secrets.learn(basic)
		headers["Authorization"] = "Basic " + basic
	}
	var answer map[string]json.RawMessage
	_, err := f.client.Request(c.in(ctx), "POST", f.tokenAddress, &gophercloud.RequestOpts{
		RawBody: strings.NewReader(f.form.Encode()), MoreHeaders: headers, OkCodes: []int{http.StatusOK}, JSONResponse: &answer,
	})
	if err != nil {
		return "", c.fail(err)
	}
	var token string
	if json.Unmarshal(answer[f.tokenKind], &token) != nil || token == "" {
		return "", c.incomplete("it holds no " + f.tokenKind)
	}
	return token, nil
}

// readDocument asks the provider about itself, if clouds.yaml says where.
func (f *oidc) readDocument(ctx context.Context) error {
	if f.document == "" || f.documentRead {
		return nil
	}
	c := call{service: Identity, provider: true, op: "asking the OpenID Connect provider at " + public(f.document)}
	var document struct {
		TokenEndpoint string   `json:"token_endpoint"`
		GrantTypes    []string `json:"grant_types_supported"`
	}
	resp, err := f.client.Request(c.in(ctx), "GET", f.document, &gophercloud.RequestOpts{JSONResponse: &document, OkCodes: []int{http.StatusOK}})
	if err != nil {
		return c.fail(err)
	}
	if grant := f.form.Get("grant_type"); len(document.GrantTypes) > 0 && !slices.Contains(document.GrantTypes, grant) {
		return configErrorf("the OpenID Connect provider of cloud '%s' in %s does not offer the grant type '%s'; %s", f.cloud, f.file, grant, insteadOfAuthMethod)
	}
	if f.tokenAddress == "" {
		if document.TokenEndpoint == "" {
			return c.incomplete("it names no token_endpoint")
		}
		// the same rule as for a redirect: the secrets stay with the host
		to, err := target(resp.Request.URL, http.StatusTemporaryRedirect, document.TokenEndpoint)
		var refused *RedirectError
		if errors.As(err, &refused) {
			return configErrorf("the OpenID Connect provider of cloud '%s' in %s names %s for its tokens (%s), and secrets go only to a host that the file names; if it is right, set access_token_endpoint to it", f.cloud, f.file, refused.To, refused.Reason)
		}
		f.tokenAddress = to.String()
	}
	f.documentRead = true
	return nil
}

// hidden are the secrets of the configuration, by their settings.
func (c *config) hidden() (values []string) {
	for _, name := range []string{"password", "token", "application_credential_secret", "client_secret", "access_token"} {
		values = append(values, c.authValue(name))
	}
	for _, name := range []string{"auth_url", "discovery_endpoint", "access_token_endpoint"} {
		values = append(values, inAddress(c.authValue(name)))
	}
	for _, types := range [][]string{blockStorageTypes, imageTypes} {
		_, address := c.override(types)
		values = append(values, inAddress(address))
	}
	return values
}
