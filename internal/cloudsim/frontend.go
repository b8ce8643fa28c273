package cloudsim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// What stands between a client and the services answers in this file.

// frontEnd is the answer of a proxy that does not reach the service: a page, whatever the client
// accepts, and no request id.
func (f *Fault) frontEnd() *answer {
	header := http.Header{"Content-Type": {"text/html"}, "Cache-Control": {"no-cache"}, "Connection": {"close"}}
	if f.after >= 0 {
		header.Set("Retry-After", strconv.Itoa(f.after))
	}
	return &answer{code: f.code, header: header, raw: fmt.Appendf(nil, "<html><body><h1>%d %s</h1>\nsimulated fault\n</body></html>\n", f.code, http.StatusText(f.code))}
}

// movedPath is where a redirected request is sent to: the same services are below it.
const movedPath = "/moved"

// redirection sends a request to the same path below movedPath, of this host or of the fault's own.
func (f *Fault) redirection(r *call) *answer {
	to := f.base
	if to == "" {
		to = r.base
	}
	return &answer{code: f.code, header: http.Header{"Location": {to + movedPath + r.URL.RequestURI()}, "Content-Type": {"text/html"}},
		raw: []byte("<html><body>moved</body></html>\n")}
}

// arrived takes movedPath away from a request that was redirected.
func arrived(req *http.Request) (*http.Request, bool) {
	below, moved := strings.CutPrefix(req.URL.Path, movedPath+"/")
	if !moved {
		return req, false
	}
	url := *req.URL
	url.Path, url.RawPath = "/"+below, strings.TrimPrefix(url.RawPath, movedPath)
	req = req.WithContext(req.Context())
	req.URL = &url
	return req, true
}

// strip takes the request's id out of an answer of Block Storage, as some proxies do.
func (c *Cloud) strip(r *call, header http.Header) {
	if c.config.StripRequestIDs && r.service() == "cinder" {
		header.Del("X-Openstack-Request-Id")
		header.Del("X-Compute-Request-Id")
	}
}
