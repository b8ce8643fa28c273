package cloudsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Who may log in to a simulated cloud. All are in the domain Default (id default).
const (
	Username, Password, Project                = "tester", "secret", "cloudsim"         // a member
	OtherUsername, OtherPassword, OtherProject = "stranger", "secret", "cloudsim-other" // a member of another project
	AdminUsername, AdminPassword, AdminProject = "admin", "adminpw", "admin"            // an administrator

	// An application credential of the member's.
	AppCredentialID     = "0123456789abcdef0123456789abcdef"
	AppCredentialName   = "cloudsim-app"
	AppCredentialSecret = "app-secret"

	// A trust that lets the member act in the member's own project.
	TrustID = "fedcba9876543210fedcba9876543210"
)

type user struct {
	id, name, password string
	project            project  // the only one that it has roles in
	roles              []string // there
	system             bool     // may also log in to the domain and to the system
}

type project struct{ id, name string }

// token is a login: whose, to what, until when.
type token struct {
	id      string
	methods []string
	user    user
	project project // zero if it is for something else
	domain  bool
	system  bool
	roles   []string
	issued  time.Time
	expires time.Time
}

// admin is true for a role of whichever case, as Cinder's policies are.
func (t *token) admin() bool {
	return slices.ContainsFunc(t.roles, func(role string) bool { return strings.EqualFold(role, "admin") })
}

// account is a user with a project, and what its cloud is called in the clouds.yaml.
type account struct {
	cloud, name, password, project string
	roles                          []string
}

// accounts are those that a cloud starts with: the three that every one has, and more.
func (c *Config) accounts() []account {
	member, admin := []string{"member", "reader"}, []string{"admin", "member", "reader"}
	all := []account{
		{"cloudsim", Username, Password, Project, member},
		{"cloudsim-other", OtherUsername, OtherPassword, OtherProject, member},
		{"cloudsim-admin", AdminUsername, AdminPassword, AdminProject, admin},
	}
	for i := range c.MoreAccounts {
		more := func(role string, roles []string) {
			name := fmt.Sprintf("%s-%d", role, i+1)
			all = append(all, account{"cloudsim-" + name, name, Password, "cloudsim-" + name, roles})
		}
		more("member", member)
		more("admin", admin)
	}
	return all
}

// enroll makes users and projects of the accounts.
func (c *Cloud) enroll(accounts []account) {
	hexID := func() string { return strings.ReplaceAll(c.newID("identity"), "-", "") }
	for _, a := range accounts {
		p := project{hexID(), a.project}
		c.projects = append(c.projects, p)
		c.users = append(c.users, user{id: hexID(), name: a.name, password: a.password, project: p, roles: a.roles, system: a.name == AdminUsername})
	}
}

// projectID returns the id of a project by name; "" if there is none.
func (c *Cloud) projectID(name string) string {
	for _, p := range c.projects {
		if p.name == name {
			return p.id
		}
	}
	return ""
}

// identity answers as Keystone.
func (c *Cloud) identity(r *call) (*answer, error) {
	path := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, identityPath), "/")
	switch r.Method + " " + path {
	case "GET ":
		return &answer{code: http.StatusMultipleChoices, header: http.Header{"Location": {r.base + identityPath + "/v3/"}},
			body: object{"versions": object{"values": []object{r.identityVersion()}}}}, nil
	case "GET /v3":
		return ok(object{"version": r.identityVersion()}), nil
	case "POST /v3/auth/tokens":
		return c.login(r)
	}
	if r.token = c.validToken(r.Header.Get("X-Auth-Token")); r.token == nil {
		return nil, unauthorized()
	}
	switch r.Method + " " + path {
	case "GET /v3/auth/tokens":
		subject := r.Header.Get("X-Subject-Token")
		if subject != r.token.id && !r.token.admin() {
			return nil, reject(http.StatusForbidden, "You are not authorized to perform the requested action: identity:validate_token.")
		}
		t := c.validToken(subject)
		if t == nil {
			return nil, reject(http.StatusNotFound, "Could not recognize Fernet token")
		}
		return c.showToken(r, t, http.StatusOK), nil
	case "GET /v3/auth/catalog":
		return ok(object{"catalog": c.catalog(r, r.token), "links": object{"self": r.base + r.URL.Path}}), nil
	case "GET /v3/auth/projects":
		p := r.token.user.project
		return ok(object{"projects": []object{{"id": p.id, "name": p.name, "domain_id": "default", "enabled": true, "is_domain": false,
			"parent_id": "default", "description": "", "tags": []string{}, "options": object{}, "links": object{"self": r.base + identityPath + "/v3/projects/" + p.id}}},
			"links": object{"next": nil, "previous": nil, "self": r.base + r.URL.Path}}), nil
	}
	return nil, notRouted()
}

func (r *call) identityVersion() object {
	return object{"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links":       []object{{"rel": "self", "href": r.base + identityPath + "/v3/"}},
		"media-types": []object{{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}}}
}

// named is how the body of a login names a domain, a user or a project.
type named struct {
	ID, Name string
	Domain   *named
	Password string
}

// is says whether it names that thing, by id, or by name in the domain Default.
func (n named) is(id, name string) bool {
	return n.ID == id || n.ID == "" && n.Name == name && n.Domain != nil && n.Domain.isDefault()
}

func (n named) isDefault() bool { return n.ID == "default" || n.Name == "Default" }

type loginBody struct {
	Auth struct {
		Identity *struct {
			Methods               []string
			Password              struct{ User named }
			Token                 struct{ ID string }
			ApplicationCredential struct {
				ID, Name, Secret string
				User             named
			} `json:"application_credential"`
		}
		Scope json.RawMessage // an object, or "unscoped"
	}
}

func (c *Cloud) login(r *call) (*answer, error) {
	var body loginBody
	if json.Unmarshal(r.body, &body) != nil {
		return nil, reject(http.StatusBadRequest, "Expecting to find valid JSON in request body. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.")
	}
	if body.Auth.Identity == nil {
		return nil, reject(http.StatusBadRequest, "'identity' is a required property")
	}
	t := &token{methods: body.Auth.Identity.Methods, issued: c.now, expires: c.now.Add(c.config.TokenLifetime)}
	if !c.identify(&body, t) || !t.scope(body.Auth.Scope) {
		return nil, unauthorized()
	}
	t.id = "gAAAAA" + strings.ReplaceAll(c.newID("token")+c.newID("token"), "-", "")
	c.tokens[t.id] = t
	return c.showToken(r, t, http.StatusCreated), nil
}

// identify finds out whose login it is, and gives the token its user.
func (c *Cloud) identify(body *loginBody, t *token) bool {
	who := body.Auth.Identity
	if len(who.Methods) != 1 {
		return false
	}
	for _, u := range c.users {
		switch who.Methods[0] {
		case "password":
			if who.Password.User.is(u.id, u.name) && who.Password.User.Password == u.password {
				t.user = u
				return true
			}
		case "token":
			if old := c.validToken(who.Token.ID); old != nil && old.user.id == u.id {
				t.user, t.expires = u, old.expires // logging in again does not prolong it
				t.methods = append([]string{"token"}, old.methods...)
				return true
			}
		case "application_credential":
			app := who.ApplicationCredential
			known := app.ID == AppCredentialID || app.ID == "" && app.Name == AppCredentialName && app.User.is(u.id, u.name)
			if known && app.Secret == AppCredentialSecret && u.name == Username && len(body.Auth.Scope) == 0 {
				t.user, t.project, t.roles = u, u.project, u.roles // it brings its project with it
				return true
			}
		}
	}
	return false
}

// scope gives a token what it is for, as far as its user has a role there.
func (t *token) scope(wanted json.RawMessage) bool {
	var unscoped string
	if len(wanted) == 0 || json.Unmarshal(wanted, &unscoped) == nil {
		return true
	}
	var scope struct {
		Project, Domain *named
		System          *struct{ All bool }
		Trust           *struct{ ID string } `json:"OS-TRUST:trust"`
	}
	if json.Unmarshal(wanted, &scope) != nil {
		return false
	}
	t.roles = t.user.roles
	switch {
	case scope.Project != nil:
		t.project = t.user.project
		return scope.Project.is(t.project.id, t.project.name) && len(t.roles) > 0
	case scope.Trust != nil:
		t.project = t.user.project
		return scope.Trust.ID == TrustID && t.user.name == Username
	case scope.Domain != nil:
		t.domain = true
		return scope.Domain.isDefault() && t.user.system
	case scope.System != nil:
		t.system = true
		return scope.System.All && t.user.system
	}
	return false
}

// validToken returns the token of that id, or nil if there is none or it has expired.
func (c *Cloud) validToken(id string) *token {
	if t := c.tokens[id]; t != nil && c.now.Before(t.expires) {
		return t
	}
	return nil
}

func (c *Cloud) showToken(r *call, t *token, code int) *answer {
	domain := object{"id": "default", "name": "Default"}
	view := object{
		"methods": t.methods, "audit_ids": []string{t.id[len(t.id)-22:]},
		"issued_at": zoned(t.issued), "expires_at": zoned(t.expires),
		"user": object{"id": t.user.id, "name": t.user.name, "domain": domain, "password_expires_at": nil},
	}
	switch {
	case t.project.id != "":
		view["project"] = object{"id": t.project.id, "name": t.project.name, "domain": domain}
		view["is_domain"] = false
	case t.domain:
		view["domain"] = domain
	case t.system:
		view["system"] = object{"all": true}
	}
	if t.roles != nil {
		roles := []object{}
		for _, role := range t.roles {
			roles = append(roles, object{"id": strings.ReplaceAll(uuid("role"+role), "-", ""), "name": role})
		}
		view["roles"] = roles
		view["catalog"] = c.catalog(r, t)
	}
	return &answer{code: code, header: http.Header{"X-Subject-Token": {t.id}}, body: object{"token": view}}
}

// zoned writes a time as Keystone does.
func zoned(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
