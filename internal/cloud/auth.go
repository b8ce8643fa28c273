package cloud

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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

	userID string
}

// Renewable tells whether a login that expires can be made again; a token
// cannot outlive itself.
func (l Login) Renewable() bool { return l.Method != string(byToken) }

// lacks is a setting that the login needs and that is not there.
func (c *config) lacks(name, remedy string) error {
	if c.environment {
		return configErrorf("the cloud of the OS_ variables has no OS_%s; set it", strings.ToUpper(name))
	}
	return configErrorf("cloud '%s' in %s has no %s in its 'auth' block; %s", c.name, c.file, name, remedy)
}

// need is the first of these settings that is not there, as an error.
func (c *config) need(names ...string) error {
	for _, name := range names {
		if c.authValue(name) == "" {
			return c.lacks(name, "add it there")
		}
	}
	return nil
}

// takeSecret sees to the secret of the login: what was asked for, what the file
// has, or, in the place of a password, the variable that the openstack command
// takes one from as well.
func (c *config) takeSecret(o Options) error {
	name, called := c.method.secret()
	if o.Secret != nil {
		if name == "" {
			return configErrorf("--ask asks for a password, and cloud '%s' in %s logs in by %s, which has none", c.name, c.file, c.method)
		}
		answer, err := o.Secret(called)
		if err != nil {
			return err
		}
		if answer != "" {
			c.login[name] = value{kind: scalar, text: answer}
		}
	}
	if given := o.Getenv("OS_PASSWORD"); name == "password" && c.authValue(name) == "" && given != "" {
		c.login[name] = value{kind: scalar, text: given}
		c.warnings = append(c.warnings, fmt.Sprintf("cloud '%s' in %s has no password: taking that of OS_PASSWORD", c.name, c.file))
	}
	if name != "" && c.authValue(name) == "" && (c.method != byOIDCClient) {
		return c.lacks(name, "add it there or in secure.yaml, or use --ask")
	}
	return nil
}

// authOptions turns the cloud's entry into gophercloud's own options. Those of a
// federated login still lack the token.
func (c *config) authOptions() (gophercloud.AuthOptions, error) {
	o := gophercloud.AuthOptions{IdentityEndpoint: c.authValue("auth_url")}
	var err error
	switch c.method {
	case byPassword:
		o.Password = c.authValue("password")
	case byToken:
		o.TokenID = c.authValue("token")
		if o.TokenID == "" {
			return o, c.lacks("token", "add it there or in secure.yaml")
		}
	case byAppCredential:
		o.ApplicationCredentialID = c.authValue("application_credential_id")
		o.ApplicationCredentialSecret = c.authValue("application_credential_secret")
		if o.ApplicationCredentialID != "" {
			return o, nil // is a user's and a project's already
		}
		o.ApplicationCredentialName = c.authValue("application_credential_name")
		if o.ApplicationCredentialName == "" {
			return o, c.lacks("application_credential_id", "add it there")
		}
	}
	if c.method == byPassword || c.method == byAppCredential {
		o.UserID = c.authValue("user_id")
		if o.UserID == "" {
			o.Username = c.authValue("username")
			o.DomainID, o.DomainName = c.domain("user")
		}
		if o.UserID == "" && o.Username == "" {
			return o, c.lacks("username", "add it there")
		}
		if o.UserID == "" && o.DomainID == "" && o.DomainName == "" {
			return o, c.lacks("user_domain_name", "add it there: a user's name is unique only within its domain")
		}
	}
	if c.method == byAppCredential {
		return o, nil
	}
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
	if instead != "" && c.environment {
		return nil, configErrorf("the cloud of the OS_ variables %s, and volumes belong to projects; set OS_PROJECT_NAME or OS_PROJECT_ID", instead)
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
		return nil, c.lacks("project_domain_name", "add it there: a project's name is unique only within its domain")
	}
	return s, nil
}

// domain is that of the user or of the project. An id wins over a name, even the
// default one.
func (c *config) domain(of string) (id, name string) {
	for _, which := range []string{of + "_domain_", "default_domain_"} {
		if id = c.authValue(which + "id"); id != "" {
			return id, ""
		}
	}
	for _, which := range []string{of + "_domain_", "default_domain_"} {
		if name = c.authValue(which + "name"); name != "" {
			return "", name
		}
	}
	return "", ""
}

// loggingIn names the login without what may be secret in the address.
func loggingIn(authURL string) string { return "logging in at " + public(authURL) }

// describe reads from the token's body what it is good for.
func describe(provider *gophercloud.ProviderClient) (Login, []tokens.CatalogEntry, error) {
	var body struct {
		Token *struct {
			Project *struct{ ID, Name string }
			User    struct{ ID, Name string }
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
	l := Login{User: Printable(body.Token.User.Name), userID: Printable(body.Token.User.ID)}
	for _, role := range body.Token.Roles {
		l.Roles = append(l.Roles, Printable(role.Name))
	}
	slices.Sort(l.Roles)
	if p := body.Token.Project; p != nil {
		l.ProjectID, l.Project = Printable(p.ID), Printable(p.Name)
	}
	return l, body.Token.Catalog, nil
}
