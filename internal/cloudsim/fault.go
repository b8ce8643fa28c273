package cloudsim

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is something that goes wrong, as ParseFault reads it: MATCH=WHAT[*TIMES][@SKIP].
//
// MATCH is a request: a method and a path, both perhaps `*`, where a `*` in the path stands for one
// segment, and the path is what follows the project's id (Cinder) or the service (Keystone: POST
// /v3/auth/tokens; Glance: GET /images; version documents: GET /volume, GET /volume/v3). A lone `*` is
// every request, a lone `keystone`, `cinder` or `glance` every one to that service. Or it is an operation: create-volume, create-snapshot, create-backup, restore, upload
// (to an image), save-image (Glance's own part, also of data that a client sends: killed, deleted),
// delete-volume, delete-snapshot, delete-backup. It strikes TIMES times, for ever if that
// is not given, after it has let SKIP pass. One request or operation meets one fault: the first that is due.
//
//	WHAT          of a request                                  of an operation
//	503           that status, nothing done (400 to 599)        -
//	html:502      that status with a web server's page          -
//	proxy:503     a proxy's page, without a request id          -
//	keystone:503  that the service did not reach Keystone       -
//	redirect:307  301, 302, 303, 307 or 308, nothing done       -
//	quota         413 as over a quota, nothing done             -
//	refuse        the connection is refused                     -
//	drop          the connection is reset, nothing done         -
//	lose          done, then the connection is reset            -
//	cut           done, then half of the body                   -
//	garbage       done, then a body that is not JSON            -
//	empty         done, then a body of no bytes                 -
//	null          done, then null where an object belongs       -
//	slow:5s       done, then 5 s until the answer               takes 5 s longer
//	stuck         -                                             never ends
//	vanish        -                                             the resource is gone at its end
//	delete        -                                             somebody begins to delete it at its end
//	error_…       -                                             it ends in that status, whichever it is
//
// +5 after a status is Retry-After: 5. Cinder's own 413 is the rate limiter's with a Retry-After above 0,
// and a quota's otherwise; its own 403 names the policy. keystone:503 bears a request id, because Cinder
// adds that outside of the token's check.
//
// A redirection leads to the same path below /moved on the same host, where all services are, too;
// redirect:307:http://HOST to the same on HOST. What was redirected is not redirected again, unless there
// is a TIMES: *5 is five hops.
//
// A restore's status is the volume's: the backup is available again in any case. Over a real
// connection refuse is a reset, too.
type Fault struct {
	method  string // of a request; "": it is an operation's fault
	path    string // "*": any
	service string // of a request; "": any
	name    string // of an operation

	kind  string // the first word of WHAT, as in the table; "status" for a resource's
	code  int
	base  string // of a redirection; "": the request's own
	after int    // Retry-After in seconds; -1: none
	slow  time.Duration
	state string

	times, skip int // times 0: for ever
	text        string
}

// What may follow the `=`.
const (
	requestFaults   = "a status code (503, 503+5, proxy:503, keystone:503, html:502), redirect:307, quota, refuse, drop, lose, cut, garbage, empty, null, slow:DURATION"
	operationFaults = "a resource status (error_restoring), stuck, vanish, delete, slow:DURATION"
)

var faultFormat = regexp.MustCompile(`^([^=]+)=([^*@]+)(?:\*([1-9][0-9]*))?(?:@([0-9]+))?$`)

// ParseFault reads a fault. Its error says in one line what is allowed.
func ParseFault(s string) (Fault, error) {
	parts := faultFormat.FindStringSubmatch(s)
	if parts == nil {
		return Fault{}, fmt.Errorf("fault %q: want MATCH=WHAT[*TIMES][@SKIP], e.g. 'POST /backups=503*3'", s)
	}
	f := Fault{text: s, after: -1}
	f.times, _ = strconv.Atoi(parts[3])
	f.skip, _ = strconv.Atoi(parts[4])
	match, what := strings.TrimSpace(parts[1]), strings.TrimSpace(parts[2])
	allowed := requestFaults
	switch method, path, isRequest := strings.Cut(match, " "); {
	case match == "*":
		f.method, f.path = "*", "*"
	case slices.Contains(services, match):
		f.method, f.path, f.service = "*", "*", match
	case isRequest && strings.HasPrefix(path, "/"):
		f.method, f.path = method, path
	case match == "rule":
		return Fault{}, fmt.Errorf("fault %q: a rule is no fault; break it with --break %s", s, what)
	case slices.Contains(operations(), match):
		f.name, allowed = match, operationFaults
	default:
		return Fault{}, fmt.Errorf("fault %q: %q is neither a request such as 'POST /backups' nor one of %s", s, match, strings.Join(operations(), ", "))
	}
	if !f.parseWhat(what) {
		return Fault{}, fmt.Errorf("fault %q: %q is not %s", s, what, allowed)
	}
	return f, nil
}

func operations() []string {
	return []string{opCreateVolume, opCreateSnapshot, opCreateBackup, opRestore, opUpload, opSaveImage, opDeleteVolume, opDeleteSnapshot, opDeleteBackup}
}

var (
	codeFormat   = regexp.MustCompile(`^(html:|proxy:|keystone:)?([45][0-9][0-9])(?:\+([0-9]+))?$`)
	movedFormat  = regexp.MustCompile(`^redirect:(30[12378])(?::(https?://[^/]+))?/?$`)
	statusFormat = regexp.MustCompile(`^[a-z]+([_-][a-z]+)*$`)
)

// parseWhat reads WHAT, and says whether it is one for this kind of fault.
func (f *Fault) parseWhat(what string) bool {
	if value, isSlow := strings.CutPrefix(what, "slow:"); isSlow {
		d, err := time.ParseDuration(value)
		f.kind, f.slow = "slow", d
		return err == nil && d > 0
	}
	f.kind = what
	if f.method == "" {
		if !slices.Contains([]string{"stuck", "vanish", "delete"}, what) {
			f.kind, f.state = "status", what
		}
		return statusFormat.MatchString(what)
	}
	if parts := codeFormat.FindStringSubmatch(what); parts != nil {
		f.kind = cmp.Or(strings.TrimSuffix(parts[1], ":"), "code")
		f.code, _ = strconv.Atoi(parts[2])
		if parts[3] != "" {
			f.after, _ = strconv.Atoi(parts[3])
		}
		return true
	}
	if parts := movedFormat.FindStringSubmatch(what); parts != nil {
		f.kind, f.base = "redirect", parts[2]
		f.code, _ = strconv.Atoi(parts[1])
		return true
	}
	return slices.Contains([]string{"quota", "refuse", "drop", "lose", "cut", "garbage", "empty", "null"}, what)
}

// String returns what ParseFault was given.
func (f Fault) String() string { return f.text }

// armed is a fault with a count of what it has met.
type armed struct {
	Fault
	met int
}

// Add makes a fault strike from now on.
func (c *Cloud) Add(f Fault) {
	c.lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, &armed{Fault: f})
}

// ClearFaults makes the cloud well again, and keep to every rule. What is stuck stays stuck.
func (c *Cloud) ClearFaults() {
	c.lock()
	defer c.mu.Unlock()
	c.faults = nil
	clear(c.rules)
}

// strike returns the first fault that matches and is due, or nil, and counts.
func (c *Cloud) strike(matches func(*Fault) bool) *Fault {
	for _, f := range c.faults {
		if !matches(&f.Fault) || f.times > 0 && f.met >= f.skip+f.times {
			continue
		}
		if f.met++; f.met > f.skip {
			return &f.Fault
		}
	}
	return nil
}

func (c *Cloud) requestFault(r *call) *Fault {
	path := strings.TrimSuffix("/"+strings.Join(r.segs, "/"), "/")
	return c.strike(func(f *Fault) bool {
		if f.kind == "redirect" && f.times == 0 && r.moved {
			return false
		}
		return f.method != "" && (f.method == "*" || f.method == r.Method) && (f.path == "*" || pathMatches(f.path, path)) &&
			(f.service == "" || f.service == r.service())
	})
}

func pathMatches(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, have, func(w, h string) bool { return w == h || w == "*" })
}

func (c *Cloud) operationFault(name string) *Fault {
	return c.strike(func(f *Fault) bool { return f.name == name })
}
