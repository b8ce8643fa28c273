package cloud

import (
	"errors"
	"slices"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// Login is who the cloud took us for and where we are, for the line that says
// so and for the checks' preconditions.
type Login struct {
	Cloud, AuthURL     string
	Method             string // auth_type, as clouds.yaml names it
	Region             string
	Endpoint           string // of Block Storage
	ProjectID, Project string
	User               string
	Roles              []string
	Warnings           []string
}

// The ways to log in, by their auth_type.
const (
	byPassword      = "password"
	byToken         = "token"
	byAppCredential = "v3applicationcredential"
)

// Renewable tells whether a login that expires can be made again; a token
// cannot outlive itself.
func (l Login) Renewable() bool { return l.Method != byToken }

// method is how the cloud's entry wants to log in. Where it does not say, it
// follows from what is there.
func (c *config) method() (string, error) {
	user := c.authValue("username") + c.authValue("user_id")
	switch kind := c.value("auth_type"); kind {
	case "":
		switch {
		case user == "" && c.authValue("application_credential_secret") != "":
			return byAppCredential, nil
		case user == "" && c.authValue("token") != "":
			return byToken, nil
		}
		return byPassword, nil
	case "password", "v3password":
		return byPassword, nil
	case "token", "v3token":
		return byToken, nil
	case byAppCredential:
		return byAppCredential, nil
	default:
		return "", configErrorf("cloud '%s' in %s has auth_type '%s', which is not supported; supported are password, token and v3applicationcredential", c.name, c.file, Printable(kind))
	}
}

// authOptions turns the cloud's entry into gophercloud's own options.
func (c *config) authOptions(method, password string) (gophercloud.AuthOptions, error) {
	o := gophercloud.AuthOptions{IdentityEndpoint: c.authValue("auth_url")}
	lacks := func(what, remedy string) error {
		return configErrorf("cloud '%s' in %s has no %s in its 'auth' block; %s", c.name, c.file, what, remedy)
	}
	switch method {
	case byPassword:
		o.Password = c.authValue("password")
		if password != "" {
			o.Password = password
		}
		if o.Password == "" {
			return o, lacks("password", "add it there or in secure.yaml, or use --ask")
		}
	case byToken:
		o.TokenID = c.authValue("token")
		if o.TokenID == "" {
			return o, lacks("token", "add it there or in secure.yaml")
		}
	case byAppCredential:
		o.ApplicationCredentialID = c.authValue("application_credential_id")
		o.ApplicationCredentialSecret = c.authValue("application_credential_secret")
		if o.ApplicationCredentialSecret == "" {
			return o, lacks("application_credential_secret", "add it there or in secure.yaml")
		}
		if o.ApplicationCredentialID != "" {
			return o, nil // is a user's and a project's already
		}
		o.ApplicationCredentialName = c.authValue("application_credential_name")
		if o.ApplicationCredentialName == "" {
			return o, lacks("application_credential_id", "add it there")
		}
	}
	if method != byToken {
		o.UserID = c.authValue("user_id")
		if o.UserID == "" {
			o.Username = c.authValue("username")
			o.DomainID, o.DomainName = c.domain("user")
		}
		if o.UserID == "" && o.Username == "" {
			return o, lacks("username", "add it there")
		}
		if o.UserID == "" && o.DomainID == "" && o.DomainName == "" {
			return o, lacks("user_domain_name", "add it there: a user's name is unique only within its domain")
		}
	}
	if method == byAppCredential {
		return o, nil
	}
	var err error
	o.Scope, err = c.scope()
	return o, err
}

// scope is the project, or the trust that stands for one: a volume API needs
// a project.
func (c *config) scope() (*gophercloud.AuthScope, error) {
	s := &gophercloud.AuthScope{TrustID: c.authValue("trust_id"), ProjectID: c.authValue("project_id"), ProjectName: c.authValue("project_name")}
	inProject := s.ProjectID != "" || s.ProjectName != ""
	instead := ""
	switch {
	case c.authValue("system_scope") != "":
		instead = "asks for the scope 'system'"
	case s.TrustID != "" && inProject:
		return nil, configErrorf("cloud '%s' in %s names both a trust and a project; the trust's project is the only one it can be for, so remove the project", c.name, c.file)
	case s.TrustID != "":
		return s, nil
	case !inProject && c.authValue("domain_id")+c.authValue("domain_name") != "":
		instead = "asks for the scope of a domain"
	case !inProject:
		instead = "names no project"
	}
	if instead != "" {
		return nil, configErrorf("cloud '%s' in %s %s, and volumes belong to projects; add project_name or project_id to its 'auth' block", c.name, c.file, instead)
	}
	if s.ProjectID != "" {
		s.ProjectName = ""
		return s, nil
	}
	s.DomainID, s.DomainName = c.domain("project")
	if s.DomainID == "" && s.DomainName == "" {
		return nil, configErrorf("cloud '%s' in %s has no project_domain_name in its 'auth' block; add it there: a project's name is unique only within its domain", c.name, c.file)
	}
	return s, nil
}

// domain is that of the user or of the project; the id wins.
func (c *config) domain(of string) (id, name string) {
	if id = c.authValue(of + "_domain_id"); id != "" {
		return id, ""
	}
	if name = c.authValue(of + "_domain_name"); name != "" {
		return "", name
	}
	if id = c.authValue("default_domain_id"); id != "" {
		return id, ""
	}
	return "", c.authValue("default_domain_name")
}

// loggingIn names the login without what may be secret in the address.
func loggingIn(authURL string) string { return "logging in at " + public(authURL) }

// describe reads from the token's body what it is good for.
func describe(provider *gophercloud.ProviderClient) (Login, []tokens.CatalogEntry, error) {
	var body struct {
		Token *struct {
			Project *struct{ ID, Name string }
			User    struct{ Name string }
			Roles   []struct{ Name string }
			Catalog []tokens.CatalogEntry
		}
	}
	if r, ok := provider.GetAuthResult().(tokens.CreateResult); ok {
		if err := r.Result.ExtractInto(&body); err != nil {
			return Login{}, nil, err
		}
	}
	if body.Token == nil {
		return Login{}, nil, errors.New("it holds no token")
	}
	l := Login{User: Printable(body.Token.User.Name)}
	for _, role := range body.Token.Roles {
		l.Roles = append(l.Roles, Printable(role.Name))
	}
	slices.Sort(l.Roles)
	if p := body.Token.Project; p != nil {
		l.ProjectID, l.Project = Printable(p.ID), Printable(p.Name)
	}
	return l, body.Token.Catalog, nil
}
