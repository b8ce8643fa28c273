package cloud

import "strings"

// setting says where a setting of the login is looked for: at these keys, the
// strongest first, in the 'auth' block and beside it.
type setting struct {
	name string
	keys []string
	wins place
}

// place is where a key stands.
type place int

const (
	inAuth     place = iota // in the 'auth' block: all values there come first
	besideAuth              // beside it: key by key, the value there comes first
)

// loginSettings are the settings of the login, with the precedence that
// openstacksdk 4.4 gives their keys. For those where what is beside 'auth' wins it
// tells keys with dashes from those with underscores; else the later one counts.
//
// Before that, a region's values count more than the cloud's own, secure.yaml more
// than clouds.yaml, both more than the profile: readConfig has laid them over each
// other, key by key.
var loginSettings = []setting{
	{"project_name", []string{"project-name", "project_name", "tenant-name", "tenant_name"}, besideAuth},
	{"project_id", []string{"project-id", "project_id", "tenant-id", "tenant_id"}, besideAuth},
	{"project_domain_name", []string{"project-domain-name", "project_domain_name"}, besideAuth},
	{"project_domain_id", []string{"project-domain-id", "project_domain_id"}, besideAuth},
	{"user_domain_name", []string{"user-domain-name", "user_domain_name"}, besideAuth},
	{"user_domain_id", []string{"user-domain-id", "user_domain_id"}, besideAuth},
	{"domain_name", []string{"domain-name", "domain_name"}, besideAuth},
	{"domain_id", []string{"domain-id", "domain_id"}, besideAuth},
	{"token", []string{"token", "auth_token", "auth-token"}, besideAuth},
	{"auth_url", []string{"auth_url"}, inAuth},
	{"username", []string{"username", "user_name"}, inAuth},
	{"user_id", []string{"user_id"}, inAuth},
	{"password", []string{"password"}, inAuth},
	{"default_domain_id", []string{"default_domain_id"}, inAuth},
	{"default_domain_name", []string{"default_domain_name"}, inAuth},
	{"trust_id", []string{"trust_id"}, inAuth},
	{"system_scope", []string{"system_scope"}, inAuth},
	{"application_credential_id", []string{"application_credential_id"}, inAuth},
	{"application_credential_name", []string{"application_credential_name"}, inAuth},
	{"application_credential_secret", []string{"application_credential_secret"}, inAuth},
	{"identity_provider", []string{"identity_provider"}, inAuth},
	{"protocol", []string{"protocol"}, inAuth},
	{"client_id", []string{"client_id"}, inAuth},
	{"client_secret", []string{"client_secret"}, inAuth},
	{"openid_scope", []string{"openid_scope"}, inAuth},
	{"access_token", []string{"access_token"}, inAuth},
	{"access_token_type", []string{"access_token_type"}, inAuth},
	{"access_token_endpoint", []string{"access_token_endpoint"}, inAuth},
	{"discovery_endpoint", []string{"discovery_endpoint"}, inAuth},
	{"idp_otp_key", []string{"idp_otp_key"}, inAuth},
}

// find is the setting's value and the key that it stands at. One that is null or
// empty counts as not there.
func (s setting) find(auth, beside *mapping) (key string, found value) {
	given := func(v value) bool { return v.set() && (v.kind != scalar || v.text != "") }
	if s.wins == besideAuth {
		for _, key := range s.keys {
			for _, at := range []*mapping{beside, auth} {
				if v := at.as(key); given(v) {
					return key, v
				}
			}
		}
	}
	for _, at := range []*mapping{auth, beside} {
		for _, key := range s.keys {
			if v := at.named(key); given(v) {
				return key, v
			}
		}
	}
	return s.name, value{}
}

// The services whose endpoints are chosen, by the names that a catalog may have
// them under, OpenStack's official one first, as openstacksdk prefers them
// (service-types authority).
var (
	blockStorageTypes = []string{"block-storage", "volumev3", "volumev2", "volume", "block-store"}
	imageTypes        = []string{"image"}
)

// forService is a setting of one service: the first of its names that has one
// which is not null. The key is what it stands at.
func (c *config) forService(types []string, what string) (key string, v value) {
	for _, kind := range types {
		key := underscored(kind) + "_" + what
		if v := c.top.named(key); v.set() {
			return key, v
		}
	}
	return underscored(types[0]) + "_" + what, value{}
}

// forServiceOrAll is a setting that may be given for one service or for all.
func (c *config) forServiceOrAll(types []string, what string) (key string, v value) {
	if key, v = c.forService(types, what); v.set() {
		return key, v
	}
	return what, c.top.named(what)
}

// override is the address that clouds.yaml puts in the place of the catalog's, and
// its key; "" if there is none.
func (c *config) override(types []string) (key, address string) {
	for _, what := range []string{"endpoint_override", "endpoint"} {
		if key, v := c.forService(types, what); v.text != "" {
			return key, v.text
		}
	}
	return "", ""
}

// selecting are the keys beside 'auth' that say where the run goes or how it logs
// in, apart from those of the login. Their values may hold templates.
func selecting() []string {
	keys := []string{"region_name", "interface", "auth_type", "cacert", "cert", "key", "verify", "insecure"}
	for _, types := range [][]string{blockStorageTypes, imageTypes} {
		for _, kind := range types {
			for _, what := range []string{"interface", "region_name", "service_type", "service_name", "endpoint_override", "endpoint", "api_version", "default_microversion"} {
				keys = append(keys, underscored(kind)+"_"+what)
			}
		}
	}
	return keys
}

// today writes the older spelling 'endpoint_type' of 'interface' as that. For all
// services it wins over 'interface'; for one service the later key does.
func today(top *mapping) *mapping {
	out := newMapping()
	for _, key := range top.keys {
		if service, older := strings.CutSuffix(key, "endpoint_type"); older {
			out.put(service+"interface", top.values[key])
		} else {
			out.put(key, top.values[key])
		}
	}
	if general := top.as("endpoint_type"); general.kind != absent {
		out.put("interface", general)
	}
	return out
}
