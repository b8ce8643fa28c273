package cloudsim

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
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
// every request. Or it is an operation: create-volume, create-snapshot, create-backup, restore, upload
// (to an image), save-image (Glance's own part, also of data that a client sends: killed, deleted),
// delete-volume, delete-snapshot, delete-backup. It strikes TIMES times, for ever if that
// is not given, after it has let SKIP pass. One request or operation meets one fault: the first that is due.
//
//	WHAT       of a request                                  of an operation
//	503        that status, nothing done (400 to 599)        -
//	503+5      the same with Retry-After: 5                  -
//	html:502   that status with a web server's page          -
//	quota      413 as over a quota, nothing done             -
//	refuse     the connection is refused                     -
//	drop       the connection is reset, nothing done         -
//	lose       done, then the connection is reset            -
//	cut        done, then half of the body                   -
//	garbage    done, then a body that is not JSON            -
//	empty      done, then a body of no bytes                 -
//	null       done, then null where an object belongs       -
//	slow:5s    done, then 5 s until the answer               takes 5 s longer
//	stuck      -                                             never ends
//	vanish     -                                             the resource is gone at its end
//	error_…    -                                             it ends in that status, whichever it is
//
// A restore's status is the volume's: the backup is available again in any case. Over a real
// connection refuse is a reset, too.
type Fault struct {
	method string // of a request; "": it is an operation's fault
	path   string // "*": any
	name   string // of an operation

	kind  string // the first word of WHAT, as in the table; "status" for a resource's
	code  int
	after int // Retry-After in seconds; -1: none
	slow  time.Duration
	state string

	times, skip int // times 0: for ever
	text        string
}

// What may follow the `=`.
const (
	requestFaults   = "a status code (503, 503+5, html:502), quota, refuse, drop, lose, cut, garbage, empty, null, slow:DURATION"
	operationFaults = "a resource status (error_restoring), stuck, vanish, slow:DURATION"
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
	codeFormat   = regexp.MustCompile(`^(html:)?([45][0-9][0-9])(?:\+([0-9]+))?$`)
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
		if what != "stuck" && what != "vanish" {
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
		return f.method != "" && (f.method == "*" || f.method == r.Method) && (f.path == "*" || pathMatches(f.path, path))
	})
}

func pathMatches(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, have, func(w, h string) bool { return w == h || w == "*" })
}

func (c *Cloud) operationFault(name string) *Fault {
	return c.strike(func(f *Fault) bool { return f.name == name })
}

// The rest is what a fault does. A nil fault does nothing.

func (f *Fault) is(kinds ...string) bool { return f != nil && slices.Contains(kinds, f.kind) }

func (f *Fault) delay() time.Duration {
	if f == nil {
		return 0
	}
	return f.slow
}

func (f *Fault) stuck() bool { return f.is("stuck") }

// outcome is what an operation ends in: a status, vanished, or "".
func (f *Fault) outcome() string {
	switch {
	case f.is("vanish"):
		return vanished
	case f.is("status"):
		return f.state
	}
	return ""
}

// refuses says that the request does not reach a service.
func (f *Fault) refuses() bool { return f.is("refuse", "drop") }

// severs says that there is no answer.
func (f *Fault) severs() bool { return f.is("refuse", "drop", "lose") }

// instead is the answer of a fault that keeps the service from acting.
func (f *Fault) instead(r *call) *answer {
	var e *apiError
	switch {
	case f.is("code") && f.code == http.StatusUnauthorized:
		e = unauthorized()
	case f.is("code") && strings.HasPrefix(r.URL.Path, identityPath):
		e = reject(f.code, "simulated fault")
	case f.is("code"):
		e = refuse(f.code, "simulated fault")
	case f.is("html"):
		e = notRouted()
		e.code, e.message = f.code, "simulated fault"
	case f.is("quota") && slices.Contains(r.segs, "backups"):
		e = overQuota("BackupLimitExceeded: Maximum number of backups allowed (%d) exceeded", DefaultQuotas().Backups)
	case f.is("quota"):
		e = overQuota("VolumeLimitExceeded: Maximum number of volumes allowed (%d) exceeded for quota 'volumes'.", DefaultQuotas().Volumes)
	default:
		return nil
	}
	if !f.is("quota") {
		e.retryAfter = f.after
	}
	e.html = e.html || strings.HasPrefix(r.URL.Path, imagePath+"/")
	ans := e.answer(r)
	if ans.header.Get("Content-Type") == "" {
		ans.header.Set("Content-Type", "application/json")
	}
	if !f.is("html") {
		ans.header.Set("X-Openstack-Request-Id", r.entry.ID)
	}
	return ans
}

// replace puts null where the answer's object or list belongs.
func (f *Fault) replace(body any) any {
	if members, isObject := body.(object); isObject && f.is("null") {
		spoilt := object{}
		for name := range members {
			spoilt[name] = nil
		}
		return spoilt
	}
	return body
}

// spoil returns what is sent of a body, and how long it is said to be.
func (f *Fault) spoil(body io.ReadSeeker) (sent io.Reader, declared int64) {
	size, err := body.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = body.Seek(0, io.SeekStart)
	}
	if err != nil {
		panic(err) // it lies in memory
	}
	switch {
	case f.is("cut"):
		return io.LimitReader(body, size/2), size
	case f.is("garbage"):
		garbage := strings.NewReader(`{"garbage": nonsense}`)
		return garbage, garbage.Size()
	case f.is("empty"):
		return http.NoBody, 0
	}
	return body, size
}

var errRefused = errors.New("cloudsim: connection refused")
