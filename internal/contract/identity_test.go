package contract

import (
	"net/http"
	"strings"
	"testing"
)

func scopeTo(project string) object {
	return object{"project": object{"name": project, "domain": object{"name": "Default"}}}
}

// body is a login with a password.
func (l login) body(password string, scope any) object {
	auth := object{"identity": object{"methods": []string{"password"}, "password": object{"user": object{
		"name": l.Username, "password": password, "domain": object{"name": "Default"}}}}}
	if scope != nil {
		auth["scope"] = scope
	}
	return object{"auth": auth}
}

func identityCases() []testCase {
	return []testCase{
		{"identity/versions", func(t *testing.T, c *client) {
			version := c.get(t, c.login.AuthURL).object(t, http.StatusOK, "version")
			if !strings.HasPrefix(version["id"].(string), "v3.") || version["status"] != "stable" {
				t.Errorf("Keystone's version is %v", version)
			}
			r := c.get(t, strings.TrimSuffix(c.login.AuthURL, "v3"))
			if values := r.object(t, http.StatusMultipleChoices, "versions")["values"].([]any); len(values) != 1 {
				t.Errorf("Keystone has versions %v", values)
			}
		}},
		{"identity/password", func(t *testing.T, c *client) {
			r := c.post(t, c.login.AuthURL+"/auth/tokens", c.login.body(c.login.Password, scopeTo(c.login.Project)))
			token := r.object(t, http.StatusCreated, "token")
			keys(t, token, "methods user audit_ids expires_at issued_at project is_domain roles catalog")
			if r.header.Get("X-Subject-Token") == "" || r.header.Get("X-Openstack-Request-Id") == "" {
				t.Errorf("no token or no request id in %v", r.header)
			}
			project := token["project"].(object)
			if project["name"] != c.login.Project || project["domain"].(object)["id"] != "default" {
				t.Errorf("project is %v", project)
			}
			if names := pluck(token["roles"], "name"); names != "member reader" {
				t.Errorf("roles are %s", names)
			}
		}},
		{"identity/wrong-password", func(t *testing.T, c *client) {
			for name, body := range map[string]object{
				"password":     c.login.body("wrong", scopeTo(c.login.Project)),
				"user":         login{Username: "nobody"}.body("wrong", nil),
				"other scope":  c.login.body(c.login.Password, scopeTo(c.other.login.Project)),
				"no project":   c.login.body(c.login.Password, scopeTo("contract-nosuch")),
				"system scope": c.login.body(c.login.Password, object{"system": object{"all": true}}),
				"domain scope": c.login.body(c.login.Password, object{"domain": object{"id": "default"}}),
			} {
				r := c.post(t, c.login.AuthURL+"/auth/tokens", body)
				if r.code != http.StatusUnauthorized || !isUnauthorized(r) || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), `Keystone uri="`) {
					t.Errorf("%s: answered %d %s %v", name, r.code, r.raw, r.header)
				}
			}
		}},
		{"identity/malformed", func(t *testing.T, c *client) {
			for _, body := range []string{`{"auth": `, `{"auth": {}}`} {
				r := c.post(t, c.login.AuthURL+"/auth/tokens", body)
				if e := r.object(t, http.StatusBadRequest, "error"); e["title"] != "Bad Request" {
					t.Errorf("%s: answered %s", body, r.raw)
				}
			}
		}},
		{"identity/token", func(t *testing.T, c *client) {
			again := func(scope any) reply {
				return c.post(t, c.login.AuthURL+"/auth/tokens", object{"auth": object{
					"identity": object{"methods": []string{"token"}, "token": object{"id": c.token}}, "scope": scope}})
			}
			token := again(scopeTo(c.login.Project)).object(t, http.StatusCreated, "token")
			if token["project"].(object)["id"] != c.project {
				t.Errorf("a token from a token is for %v", token["project"])
			}
			unscoped := again("unscoped").object(t, http.StatusCreated, "token")
			keys(t, unscoped, "methods user audit_ids expires_at issued_at")
		}},
		{"identity/catalog", func(t *testing.T, c *client) {
			r := c.get(t, c.login.AuthURL+"/auth/catalog")
			if types := pluck(r.body["catalog"], "type"); !strings.Contains(types, "volumev3") {
				t.Errorf("the catalogue has %s", types)
			}
			if names := pluck(c.get(t, c.login.AuthURL+"/auth/projects").body["projects"], "name"); names != c.login.Project {
				t.Errorf("projects are %s", names)
			}
		}},
	}
}

func isUnauthorized(r reply) bool {
	e, _ := r.body["error"].(object)
	return e["title"] == "Unauthorized" && e["code"] == 401.0 && e["message"] == "The request you have made requires authentication."
}
