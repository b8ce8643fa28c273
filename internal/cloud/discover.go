package cloud

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// version is an entry of what a service answers when it is asked for its
// versions.
type version struct {
	ID    string
	Links []gophercloud.Link
}

// versions is the list of them; Keystone wraps it once more.
type versions []version

func (v *versions) UnmarshalJSON(raw []byte) error {
	var wrapped struct{ Values []version }
	if json.Unmarshal(raw, &wrapped) == nil {
		*v = wrapped.Values
		return nil
	}
	return json.Unmarshal(raw, (*[]version)(v))
}

// discover asks a service for its version 3, and returns the address of that
// with a slash at its end.
func discover(ctx context.Context, provider *gophercloud.ProviderClient, c *call, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	var body struct{ Versions versions }
	resp, err := provider.Request(c.in(ctx), "GET", address, &gophercloud.RequestOpts{JSONResponse: &body, OkCodes: []int{200, 300}})
	if err != nil {
		return "", c.fail(err)
	}
	for _, v := range body.Versions {
		if v.ID == "v3" || strings.HasPrefix(v.ID, "v3.") {
			return linked(resp.Request.URL, v.Links), nil
		}
	}
	return "", c.incomplete("version 3 is not among the versions")
}

// linked takes the path of the link "self" and the host that was asked, as
// openstacksdk does: behind a proxy that ends TLS, services often announce a
// scheme or host of their own, and another host must get neither password nor
// token. Relative links begin where was asked. Without a link it is v3/ there.
func linked(asked *url.URL, links []gophercloud.Link) string {
	at := asked.JoinPath("/")
	at.RawQuery, at.Fragment = "", ""
	for _, link := range links {
		to, err := at.Parse(link.Href)
		if link.Rel == "self" && err == nil && strings.Trim(to.Path, "/") != "" && link.Href != "" {
			at.Path, at.RawPath = to.Path, to.RawPath
			return at.JoinPath("/").String()
		}
	}
	return at.JoinPath("v3/").String()
}

// identityEndpoint is the address of Keystone's version 3. It is asked for where
// auth_url does not name it, but not for the login types that openstacksdk does
// not ask for either: those that have the version in their name.
func (c *config) identityEndpoint(ctx context.Context, client *gophercloud.ProviderClient) (string, error) {
	address := c.authValue("auth_url")
	at, err := url.Parse(address)
	if err != nil {
		return "", configErrorf("auth_url of cloud '%s' cannot be used: %v", c.name, err)
	}
	at.RawQuery, at.Fragment = "", ""
	given := at.JoinPath("/")
	given.Path = strings.TrimSuffix(given.Path, "auth/tokens/")
	parts := strings.Split(strings.Trim(given.Path, "/"), "/")
	switch named := versionInPath.FindStringSubmatch(parts[len(parts)-1]); {
	case named == nil:
	case named[1] == "3":
		return given.String(), nil
	default: // the version that Keystone no longer has; what it has is told one step above
		at = given.JoinPath("..")
	}
	if strings.HasPrefix(c.value("auth_type"), "v3") {
		return at.JoinPath("v3/").String(), nil
	}
	return discover(ctx, client, &call{service: Identity, op: loggingIn(address)}, at.String())
}
