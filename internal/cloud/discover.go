package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
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

// version3 is how version 3 may call itself, with its minor version.
var version3 = regexp.MustCompile(`^v?3(?:\.(\d+))?$`)

// discover asks a service for its version 3, and returns the address of that
// with a slash at its end. Of several minor versions it is the latest.
func discover(ctx context.Context, provider *gophercloud.ProviderClient, c *call, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	var body struct {
		Versions versions
		Version  version // of a document about one
	}
	resp, err := provider.Request(c.in(ctx), "GET", address, &gophercloud.RequestOpts{JSONResponse: &body, OkCodes: []int{200, 300}})
	if err != nil {
		return "", c.fail(err)
	}
	var found *version
	latest := -1
	for _, v := range append(body.Versions, body.Version) {
		if match := version3.FindStringSubmatch(v.ID); match != nil {
			if minor, _ := strconv.Atoi(match[1]); minor > latest {
				found, latest = &v, minor
			}
		}
	}
	if found == nil {
		return "", c.incomplete("version 3 is not among the versions")
	}
	return linked(resp.Request.URL, found.Links), nil
}

// linked is where the link "self" leads, on the host that was asked, as in
// keystoneauth: behind a proxy that ends TLS, services often announce a scheme or
// host of their own, and another host must get neither password nor token. Of a link
// to another host only the version counts, below the address that was asked.
// Relative links begin there. Without a link it is v3/ there.
func linked(asked *url.URL, links []gophercloud.Link) string {
	at := asked.JoinPath("/")
	at.RawQuery, at.Fragment = "", ""
	for _, link := range links {
		to, err := at.Parse(link.Href)
		if !strings.EqualFold(link.Rel, "self") || err != nil || strings.Trim(to.Path, "/") == "" || link.Href == "" {
			continue
		}
		if to.Host == at.Host && to.User.String() == at.User.String() {
			at.Path, at.RawPath = to.Path, to.RawPath
			return at.JoinPath("/").String()
		}
		if lastVersion(at) == "3" {
			return at.String()
		}
		parts := strings.Split(strings.Trim(to.Path, "/"), "/")
		if last := parts[len(parts)-1]; lastVersion(to) == "3" {
			return at.JoinPath(last, "/").String()
		}
	}
	if lastVersion(at) == "3" {
		return at.String()
	}
	return at.JoinPath("v3/").String()
}

var versionInPath = regexp.MustCompile(`^v(\d+)(?:\.\d+)?$`)

// lastVersion is the API version that the last part of an address's path names; ""
// if it names none. What stands before may be a gateway's.
func lastVersion(at *url.URL) string {
	path := strings.TrimRight(at.Path, "/")
	if match := versionInPath.FindStringSubmatch(path[strings.LastIndexByte(path, '/')+1:]); match != nil {
		return match[1]
	}
	return ""
}

// withoutProject is an address without the project's id at the end of its path.
func withoutProject(at *url.URL, projectID string) *url.URL {
	path := strings.TrimRight(at.Path, "/")
	if shorter, found := strings.CutSuffix(path, "/"+projectID); found && projectID != "" {
		return (&url.URL{Scheme: at.Scheme, User: at.User, Host: at.Host, Path: shorter}).JoinPath("/")
	}
	return at
}

// versioned is the address of version 3 of a service, with a slash at its end: what
// the catalog says, if that ends in the version or in the version and the project's
// id; else what the service says when it is asked there, or one step above where the
// catalog names an older version. The project's id is put back to its end.
func versioned(ctx context.Context, provider *gophercloud.ProviderClient, address, projectID string) (string, error) {
	at, err := url.Parse(address)
	if err != nil {
		c := call{service: BlockStorage, op: "reading the catalog", code: http.StatusOK}
		return "", c.incomplete("the address of Block Storage cannot be read")
	}
	root, project := at, ""
	if shorter := withoutProject(at, projectID); shorter != at {
		root, project = shorter, projectID
	}
	switch lastVersion(root) {
	case "3":
		return gophercloud.NormalizeURL(address), nil
	case "":
	default:
		root = root.JoinPath("..", "/")
	}
	asked := root.String()
	found, err := discover(ctx, provider, &call{service: BlockStorage, op: "asking for the versions at " + public(asked)}, asked)
	var answered *Error
	if errors.As(err, &answered) && answered.Code > 0 && answered.Code < 500 && root == at && strings.Contains(at.Path, "/v3/") {
		return gophercloud.NormalizeURL(address), nil // with an id of another form behind the version
	}
	if err != nil || project == "" {
		return found, err
	}
	return found + project + "/", nil
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
	if lastVersion(given) == "3" {
		return given.String(), nil
	}
	if strings.HasPrefix(c.value("auth_type"), "v3") {
		return at.JoinPath("v3/").String(), nil
	}
	found, err := discover(ctx, client, &call{service: Identity, op: loggingIn(address)}, at.String())
	if err != nil {
		return "", err
	}
	if end, err := url.Parse(found); err == nil && lastVersion(end) == "" { // the link is Keystone's own address
		found = end.JoinPath("v3/").String()
	}
	return found, nil
}
