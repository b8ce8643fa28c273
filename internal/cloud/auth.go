package cloud

import (
	"context"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// Login is who the cloud took us for and where we are, for the line that says
// so and for the checks' preconditions.
type Login struct {
	Cloud, AuthURL     string
	Region             string
	Endpoint           string // of Block Storage
	ProjectID, Project string
	User               string
	Roles              []string
	Warnings           []string
}

// authOptions turns the cloud's entry into gophercloud's own options. The
// method follows auth_type; where there is none, it follows from the fields.
func (c *config) authOptions(password string) (gophercloud.AuthOptions, error) {
	o := gophercloud.AuthOptions{IdentityEndpoint: c.authValue("auth_url"), AllowReauth: true}
	method := c.method()
	switch method {
	case "password":
		o.UserID = c.authValue("user_id")
		o.Username = c.authValue("username")
		o.DomainID = c.authValue("user_domain_id")
		o.DomainName = c.authValue("user_domain_name")
		o.Password = c.authValue("password")
		if password != "" {
			o.Password = password
		}
		if o.UserID == "" && o.Username == "" {
			return o, configErrorf("cloud '%s' in %s has no username in its 'auth' block", c.name, c.file)
		}
		if o.Password == "" {
			return o, configErrorf("cloud '%s' in %s has no password in its 'auth' block; add it there or in secure.yaml, or use --ask", c.name, c.file)
		}
	case "token":
		o.TokenID = c.authValue("token")
		o.AllowReauth = false
	case "application credential":
		o.ApplicationCredentialID = c.authValue("application_credential_id")
		o.ApplicationCredentialName = c.authValue("application_credential_name")
		o.ApplicationCredentialSecret = c.authValue("application_credential_secret")
		if o.ApplicationCredentialID == "" {
			o.UserID = c.authValue("user_id")
			o.Username = c.authValue("username")
			o.DomainID = c.authValue("user_domain_id")
			o.DomainName = c.authValue("user_domain_name")
		}
		return o, nil // carries its own scope
	default:
		return o, configErrorf("cloud '%s' in %s has auth_type '%s', which is not supported; supported are password, token and v3applicationcredential", c.name, c.file, method)
	}
	if o.UserID == "" && o.DomainID == "" && o.DomainName == "" && o.Username != "" {
		o.DomainID = "default" // as openstacksdk
	}
	if o.DomainID != "" {
		o.DomainName = ""
	}
	o.Scope = c.scope()
	if o.Scope == nil && method != "token" {
		return o, configErrorf("cloud '%s' in %s names no project; add project_name or project_id to its 'auth' block", c.name, c.file)
	}
	return o, nil
}

// method is "password", "token", "application credential", or the file's
// auth_type where that is none of these.
func (c *config) method() string {
	switch method := strings.ToLower(c.value("auth_type")); method {
	case "", "password", "v3password":
		if method == "" && c.authValue("application_credential_secret") != "" {
			return "application credential"
		}
		if method == "" && c.authValue("token") != "" {
			return "token"
		}
		return "password"
	case "token", "v3token":
		return "token"
	case "v3applicationcredential":
		return "application credential"
	default:
		return method
	}
}

func (c *config) scope() *gophercloud.AuthScope {
	scope := gophercloud.AuthScope{ProjectID: c.authValue("project_id")}
	if scope.ProjectID == "" {
		scope.ProjectName = c.authValue("project_name")
		scope.DomainID = c.authValue("project_domain_id")
		if scope.DomainID == "" {
			scope.DomainName = c.authValue("project_domain_name")
		}
		if scope.DomainID == "" && scope.DomainName == "" {
			scope.DomainID = "default"
		}
	}
	if scope.ProjectID == "" && scope.ProjectName == "" {
		return nil
	}
	return &scope
}

// login asks Keystone for a token, once.
func login(ctx context.Context, provider *gophercloud.ProviderClient, o gophercloud.AuthOptions) error {
	c := call{service: Identity, op: "logging in at " + o.IdentityEndpoint}
	return c.fail(openstack.Authenticate(c.in(ctx), provider, o))
}

// describe reads from the token's body what it is good for.
func describe(provider *gophercloud.ProviderClient) (Login, []tokens.CatalogEntry, error) {
	var body struct {
		Token struct {
			Project *struct{ ID, Name string }
			User    struct{ Name string }
			Roles   []struct{ Name string }
			Catalog []tokens.CatalogEntry
		}
	}
	var err error
	switch r := provider.GetAuthResult().(type) {
	case tokens.CreateResult:
		err = r.Result.ExtractInto(&body)
	case tokens.GetResult:
		err = r.Result.ExtractInto(&body)
	}
	if err != nil {
		return Login{}, nil, err
	}
	l := Login{User: body.Token.User.Name}
	for _, role := range body.Token.Roles {
		l.Roles = append(l.Roles, role.Name)
	}
	slices.Sort(l.Roles)
	if p := body.Token.Project; p != nil {
		l.ProjectID, l.Project = p.ID, p.Name
	}
	return l, body.Token.Catalog, nil
}
