package cloudsim

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// newestMicroversion is the newest microversion that the simulated Cinder speaks unless it is told otherwise.
const newestMicroversion = "3.71" // of 2025.1

// ParseMicroversion returns N of 3.N.
func ParseMicroversion(s string) (int, error) {
	minor, isThree := strings.CutPrefix(s, "3.")
	n, err := strconv.Atoi(minor)
	if !isThree || err != nil || !microversion.MatchString(s) {
		return 0, fmt.Errorf("microversion %q: want 3.N", s)
	}
	return n, nil
}

const zone = "nova"

// blockStorageRoutes is the table of Cinder's paths below version and project.
func (c *Cloud) blockStorageRoutes() map[string]route {
	return map[string]route{
		"GET /volumes":           c.listVolumes,
		"GET /volumes/detail":    c.listVolumes,
		"POST /volumes":          c.createVolume,
		"GET /volumes/*":         c.showVolume,
		"PUT /volumes/*":         c.updateVolume,
		"DELETE /volumes/*":      c.deleteVolume,
		"POST /volumes/*/action": c.actOnVolume,

		"GET /snapshots":        c.listSnapshots,
		"GET /snapshots/detail": c.listSnapshots,
		"POST /snapshots":       c.createSnapshot,
		"GET /snapshots/*":      c.showSnapshot,
		"PUT /snapshots/*":      c.updateSnapshot,
		"DELETE /snapshots/*":   c.deleteSnapshot,

		"GET /backups":                 c.listBackups,
		"GET /backups/detail":          c.listBackups,
		"POST /backups":                c.createBackup,
		"GET /backups/*":               c.showBackup,
		"PUT /backups/*":               c.updateBackup,
		"DELETE /backups/*":            c.deleteBackup,
		"POST /backups/*/restore":      c.restoreBackup,
		"POST /backups/*/action":       c.actOnBackup,
		"GET /backups/*/export_record": c.adminOnly("backup:export-import"),

		"GET /messages":             c.listMessages,
		"GET /types":                c.listTypes,
		"GET /types/*":              c.showType,
		"GET /os-availability-zone": c.listZones,
		"GET /limits":               c.showLimits,
		"GET /os-quota-sets/*":      c.showQuotas,
		"GET /os-services":          c.adminOnly("volume_extension:services:index"),
	}
}

// policies are the names of Cinder's rules for what a member does.
var policies = map[string]string{
	"GET /volumes": "volume:get_all", "GET /volumes/detail": "volume:get_all", "GET /volumes/*": "volume:get",
	"POST /volumes": "volume:create", "PUT /volumes/*": "volume:update", "DELETE /volumes/*": "volume:delete",
	"POST /volumes/*/action": "volume_extension:volume_actions:upload_image",
	"GET /snapshots":         "volume:get_all_snapshots", "GET /snapshots/detail": "volume:get_all_snapshots", "GET /snapshots/*": "volume:get_snapshot",
	"POST /snapshots": "volume:create_snapshot", "PUT /snapshots/*": "volume:update_snapshot", "DELETE /snapshots/*": "volume:delete_snapshot",
	"GET /backups": "backup:get_all", "GET /backups/detail": "backup:get_all", "GET /backups/*": "backup:get",
	"POST /backups": "backup:create", "PUT /backups/*": "backup:update", "DELETE /backups/*": "backup:delete",
	"POST /backups/*/restore": "backup:restore", "GET /messages": "message:get_all",
}

// blockStorage answers as Cinder: first the token, then the microversion, then the path.
func (c *Cloud) blockStorage(r *call) (*answer, error) {
	path := strings.TrimPrefix(r.URL.Path, blockStoragePath)
	switch {
	case path == "":
		return redirect(r.base + blockStoragePath + "/"), nil
	case path == "/":
		r.version = "3.0"
		return &answer{code: http.StatusMultipleChoices, body: r.volumeVersions()}, nil
	case path != "/v3" && !strings.HasPrefix(path, "/v3/"):
		return nil, notRouted()
	}
	r.token = c.validToken(r.Header.Get("X-Auth-Token"))
	if r.token == nil {
		return nil, unauthorized()
	}
	if path == "/v3" {
		return redirect(r.base + blockStoragePath + "/v3/"), nil
	}
	if path == "/v3/" {
		if err := r.negotiate(); err != nil {
			return nil, err
		}
		return ok(r.volumeVersions()), nil
	}
	do := r.find(c.routes)
	if do == nil {
		return nil, notRouted()
	}
	if err := r.negotiate(); err != nil {
		return nil, err
	}
	if r.project != "" && r.project != r.token.project.id {
		return nil, malformed("Malformed request url")
	}
	return do(r)
}

func redirect(to string) *answer {
	return &answer{code: http.StatusFound, header: http.Header{"Location": {to}, "Content-Type": {"text/plain; charset=utf8"}}}
}

// negotiate reads the microversion that the client asks for.
func (r *call) negotiate() error {
	r.version = "3.0"
	header := r.Header.Get("OpenStack-API-Version")
	if header == "" {
		return nil
	}
	var asked string
	for part := range strings.SplitSeq(header, ",") {
		if words := strings.Fields(part); len(words) == 2 && words[0] == "volume" {
			asked = words[1]
		}
	}
	if asked == "" {
		return malformed("The server could not comply with the request since it is either malformed or otherwise incorrect.")
	}
	if asked == "latest" {
		asked = r.cloud.maxMicroversion()
	}
	if !microversion.MatchString(asked) {
		return malformed("API Version String %s is of invalid format. Must be of format MajorNum.MinorNum.", asked)
	}
	r.version = asked
	major, minor, _ := strings.Cut(asked, ".")
	r.minor, _ = strconv.Atoi(minor)
	if major != "3" || r.minor > r.cloud.maxMinor {
		return refuse(http.StatusNotAcceptable, "Version %s is not supported by the API. Minimum is 3.0 and maximum is %s.", asked, r.cloud.maxMicroversion())
	}
	return nil
}

var microversion = regexp.MustCompile(`^[1-9][0-9]*\.(0|[1-9][0-9]*)$`)

func (c *Cloud) maxMicroversion() string { return fmt.Sprintf("3.%d", c.maxMinor) }

// volumeVersions is Cinder's version document.
func (r *call) volumeVersions() object {
	return object{"versions": []object{{
		"id": "v3.0", "status": "CURRENT", "version": r.cloud.maxMicroversion(), "min_version": "3.0",
		"updated": "2023-08-31T00:00:00Z",
		"links": []object{
			{"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
			{"rel": "self", "href": r.base + blockStoragePath + "/v3/"}},
		"media-types": []object{{"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}},
	}}}
}

// href is a URL below the project, if the request names one as well.
func (r *call) href(version string, path ...string) string {
	segs := []string{r.base + blockStoragePath}
	for _, s := range append([]string{version, r.project}, path...) {
		if s != "" {
			segs = append(segs, s)
		}
	}
	return strings.Join(segs, "/")
}

// link has a type of its own, because most of what is answered is links.
type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

func (r *call) links(collection, id string) []link {
	return []link{{"self", r.href("v3", collection, id)}, {"bookmark", r.href("", collection, id)}}
}

// stamp writes a time as Cinder does: without a zone. Its database keeps whole seconds.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Truncate(time.Second).Format(timeLayout)
}

const timeLayout = "2006-01-02T15:04:05.000000"

// null is a string, or null if it is empty.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// absentOrNull is a member that is null if it is there at all. It is to be omitted when empty.
type absentOrNull bool

// MarshalJSON implements json.Marshaler.
func (absentOrNull) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func (c *Cloud) listZones(*call) (*answer, error) {
	return ok(object{"availabilityZoneInfo": []object{{"zoneName": zone, "zoneState": object{"available": true}}}}), nil
}

// adminOnly is a request whose answer nobody needs, but which a member must be refused.
func (c *Cloud) adminOnly(policy string) route {
	return func(r *call) (*answer, error) {
		if !r.token.admin() {
			return nil, forbidden(policy)
		}
		return nil, notRouted()
	}
}
