package cloud

import (
	"slices"
	"strings"
)

// method is a way to log in, by its auth_type.
type method string

// The ways to log in that are supported.
const (
	byPassword          method = "password"
	byToken             method = "token"
	byAppCredential     method = "v3applicationcredential"
	byOIDCPassword      method = "v3oidcpassword"
	byOIDCClient        method = "v3oidcclientcredentials"
	byOIDCAccessToken   method = "v3oidcaccesstoken"
	supportedMethods           = "password, token, v3applicationcredential, v3oidcpassword, v3oidcclientcredentials and v3oidcaccesstoken"
	insteadOfAuthMethod        = "create an application credential ('openstack application credential create') and log in with auth_type v3applicationcredential"
)

// federated tells whether the login begins at an OpenID Connect provider.
func (m method) federated() bool {
	return m == byOIDCPassword || m == byOIDCClient || m == byOIDCAccessToken
}

// secret is the setting that --ask asks for, and what it is called; "" if there is
// none.
func (m method) secret() (setting, called string) {
	switch m {
	case byPassword, byOIDCPassword:
		return "password", "password"
	case byAppCredential:
		return "application_credential_secret", "application credential secret"
	case byOIDCClient:
		return "client_secret", "client secret"
	case byOIDCAccessToken:
		return "access_token", "access token"
	}
	return "", ""
}

// methodOf is how the cloud's entry wants to log in. Where it does not say, it
// follows from what is there.
func (c *config) methodOf() (method, error) {
	asked := c.top.named("auth_type")
	if asked.kind == absent {
		asked = c.top.named("auth_plugin") // as it was called once
	}
	kind := asked.text
	user := c.authValue("username") + c.authValue("user_id")
	switch {
	case asked.kind == absent && user == "" && c.authValue("application_credential_secret") != "":
		return byAppCredential, nil
	case asked.kind == absent && user == "" && c.authValue("token") != "":
		return byToken, nil
	case asked.kind == absent, kind == "password", kind == "v3password":
		return byPassword, nil
	case kind == "token", kind == "v3token":
		return byToken, nil
	case slices.Contains([]method{byAppCredential, byOIDCPassword, byOIDCClient, byOIDCAccessToken}, method(kind)):
		return method(kind), nil
	}
	file := asked.file
	switch {
	case kind == "":
		return "", configErrorf("auth_type of cloud '%s' in %s is empty, which means no login at all; remove it or name one: %s", c.name, file, supportedMethods)
	case slices.Contains([]string{"none", "None", "noauth", "admin_token", "token_endpoint", "http_basic"}, kind):
		return "", configErrorf("cloud '%s' in %s has auth_type '%s', which does not log in at Keystone; name a login of a project member: %s", c.name, file, kind, supportedMethods)
	case strings.HasPrefix(kind, "v2"):
		return "", configErrorf("cloud '%s' in %s has auth_type '%s', which is of version 2 of Keystone's API, and gone; use password", c.name, file, Printable(kind))
	}
	return "", configErrorf("cloud '%s' in %s has auth_type '%s', which is not supported; %s. Supported are %s", c.name, file, Printable(kind), insteadOfAuthMethod, supportedMethods)
}
