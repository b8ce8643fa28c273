package cloudsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Where the services are, under one base URL.
const (
	identityPath     = "/identity"
	blockStoragePath = "/volume"
	imagePath        = "/image"
)

// Request is an entry of the log.
type Request struct {
	Time   time.Time // when it arrived
	Method string
	Path   string // as sent, without the query
	Query  string
	Header http.Header
	Body   []byte
	Status int    // answered; 0: not yet, or no answer at all
	ID     string // the request id in the answer
}

// Log returns every request since New, in the order of arrival.
func (c *Cloud) Log() []Request {
	c.lock()
	defer c.mu.Unlock()
	log := make([]Request, len(c.log))
	for i, r := range c.log {
		log[i] = *r
	}
	return log
}

// object is a JSON object.
type object = map[string]any

// answer is what a handler returns: body as JSON, or raw.
type answer struct {
	code   int
	header http.Header
	body   any
	raw    []byte
	file   *io.SectionReader // instead of both: streamed
}

func accepted(body any) *answer { return &answer{code: http.StatusAccepted, body: body} }
func ok(body any) *answer       { return &answer{code: http.StatusOK, body: body} }

// call is a request on its way through a service. The mutex is held while a handler works on it.
type call struct {
	*http.Request
	entry   *Request
	body    []byte
	base    string     // what URLs in the answer begin with
	segs    []string   // the path below the service, version and project, in segments
	project string     // project id in the path; "": none
	id      string     // second segment of the path: what the request is about
	query   url.Values // parsed once
	token   *token
	cloud   *Cloud
	reads   *node  // chosen once, with a flapping lag
	moved   bool   // it was redirected to here
	minor   int    // microversion 3.minor that was asked for
	version string // the same as it goes into the answer; "": no such header
}

// ServeHTTP waits out the latency, applies faults, has the request answered, and writes the answer.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	sent := req.URL.Path
	req, moved := arrived(req)
	var body []byte
	if !isFile(req) {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			panic(http.ErrAbortHandler) // the client is gone
		}
	}
	r := &call{Request: req, cloud: c, body: body, moved: moved, query: req.URL.Query(), base: c.config.BaseURL}
	if r.base == "" {
		r.base = "http://" + req.Host
	}
	r.entry = &Request{Method: req.Method, Path: sent, Query: req.URL.RawQuery, Header: req.Header.Clone(), Body: body}
	r.segs, r.project = split(req.URL.Path)

	c.lock()
	r.entry.Time, r.entry.ID = c.now, "req-"+c.newID("request")
	c.log = append(c.log, r.entry)
	c.mu.Unlock()
	if !pause(req, c.config.Latency) {
		return
	}

	c.lock()
	fault := c.requestFault(r)
	ans := fault.instead(r)
	if ans == nil && !fault.refuses() {
		ans = c.respond(r)
	}
	c.mu.Unlock()
	if !pause(req, fault.delay()) {
		return
	}
	if fault.severs() {
		sever(w, fault.kind)
		return
	}
	c.write(w, r, ans, fault)
}

// isFile says that a request's body is an image's data, which its handler reads.
func isFile(req *http.Request) bool {
	return req.Method == "PUT" && strings.HasPrefix(req.URL.Path, imagePath+"/") && strings.HasSuffix(req.URL.Path, "/file")
}

// unlocked lets others use the cloud while a handler does something that takes long. What the handler
// has looked up before may be gone after.
func (c *Cloud) unlocked(do func()) {
	c.mu.Unlock()
	defer c.lock()
	do()
}

// pause waits, unless the client goes away first.
func pause(req *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-req.Context().Done():
		return false
	}
}

// respond has the right service answer. The mutex is held.
func (c *Cloud) respond(r *call) *answer {
	ans, err := c.dispatch(r)
	if err != nil {
		var refusal *apiError
		if !errors.As(err, &refusal) {
			refusal = refuse(http.StatusInternalServerError, "%v", err)
		}
		ans = refusal.answer(r)
	}
	header := http.Header{"X-Openstack-Request-Id": {r.entry.ID}, "Content-Type": {"application/json"}}
	if r.version != "" {
		header.Set("OpenStack-API-Version", "volume "+r.version)
		header.Set("Vary", "OpenStack-API-Version")
		header.Set("X-Compute-Request-Id", r.entry.ID)
	}
	maps.Copy(header, ans.header)
	ans.header = header
	return ans
}

// write sends an answer, spoilt as a fault wants it.
func (c *Cloud) write(w http.ResponseWriter, r *call, ans *answer, fault *Fault) {
	var body io.ReadSeeker = ans.file
	if ans.file == nil {
		data := ans.raw
		if ans.body != nil {
			var err error
			if data, err = json.Marshal(fault.replace(ans.body)); err != nil {
				panic(err) // a handler's answer that is not JSON: a mistake in this package
			}
		}
		body = bytes.NewReader(data)
	}
	sent, declared := fault.spoil(body)
	maps.Copy(w.Header(), ans.header)
	c.strip(r, w.Header())
	if ans.code != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.FormatInt(declared, 10))
	}
	c.lock()
	r.entry.Status = ans.code
	c.mu.Unlock()
	w.WriteHeader(ans.code)
	_, _ = io.Copy(w, sent) // a client that does not read its answer is no concern of ours
}

// split takes a path apart: the segments that a service routes by, and the project in it, if any.
// Keystone's path and the version documents' keep their prefix.
func split(path string) (segs []string, project string) {
	segs = strings.Split(strings.TrimPrefix(path, "/"), "/")
	if segs[0] == identityPath[1:] {
		return segs[1:], ""
	}
	if below, isVersioned := strings.CutPrefix(path, imagePath+"/v2/"); isVersioned {
		return strings.Split(below, "/"), ""
	}
	below, isVersioned := strings.CutPrefix(path, blockStoragePath+"/v3/")
	if !isVersioned || below == "" {
		return segs, ""
	}
	segs = strings.Split(below, "/")
	if projectInPath.MatchString(segs[0]) {
		return segs[1:], segs[0]
	}
	return segs, ""
}

// Cinder's own rule for what may be a project's id in a path.
var projectInPath = regexp.MustCompile(`^[0-9a-f-]+$`)

// dispatch finds the service by the path.
func (c *Cloud) dispatch(r *call) (*answer, error) {
	switch r.service() {
	case "keystone":
		return c.identity(r)
	case "cinder":
		return c.blockStorage(r)
	case "glance":
		return c.image(r)
	}
	return nil, notRouted()
}

// services are what faults name them by.
var services = []string{"keystone", "cinder", "glance"}

// service is the one that a request is to; "": none.
func (r *call) service() string {
	switch first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); "/" + first {
	case identityPath:
		return "keystone"
	case blockStoragePath:
		return "cinder"
	case imagePath:
		return "glance"
	}
	return ""
}

// pattern is the path below the service, with `*` for the id in it.
func (r *call) pattern() string {
	segs := slices.Clone(r.segs)
	if len(segs) > 1 && segs[1] != "detail" {
		segs[1] = "*"
	}
	return "/" + strings.Join(segs, "/")
}

// route answers one kind of a service's requests.
type route func(*call) (*answer, error)

// find looks a route up by method and path, where the second segment may stand for any id.
func (r *call) find(routes map[string]route) route {
	if do, found := routes[r.Method+" /"+strings.Join(r.segs, "/")]; found {
		return do
	}
	if len(r.segs) < 2 || r.segs[1] == "" {
		return nil
	}
	pattern := slices.Clone(r.segs)
	r.id, pattern[1] = pattern[1], "*"
	return routes[r.Method+" /"+strings.Join(pattern, "/")]
}
