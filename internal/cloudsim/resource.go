package cloudsim

import (
	"net/http"
	"strings"
	"time"
)

// Resource is what volumes, snapshots and backups have in common.
type Resource struct {
	ID, Project, User    string
	Name, Description    string // "": null in answers
	Status               string
	Size                 int // GiB
	CreatedAt, UpdatedAt time.Time
	Metadata             map[string]string

	operation int // counts operations, so that what was meant for an earlier one does nothing
}

func (r *Resource) resource() *Resource { return r }

// The asynchronous operations, as faults name them.
const (
	opCreateVolume   = "create-volume"
	opCreateSnapshot = "create-snapshot"
	opCreateBackup   = "create-backup"
	opRestore        = "restore"
	opUpload         = "upload"
	opSaveImage      = "save-image"
	opDeleteVolume   = "delete-volume"
	opDeleteSnapshot = "delete-snapshot"
	opDeleteBackup   = "delete-backup"
)

// vanished is the outcome of an operation whose resource is gone at the end.
const vanished = "vanished"

// deleted is the outcome of one whose resource somebody then begins to delete.
const deleted = "deleted by somebody"

// newResource is what a request creates: the caller's, from now on.
func (c *Cloud) newResource(kind string, r *call, a *args) Resource {
	return Resource{
		ID: c.newID(kind), Project: r.token.project.id, User: r.token.user.id, Status: "creating", CreatedAt: c.now,
		Name: strings.TrimSpace(a.text("name")), Description: strings.TrimSpace(a.text("description")), Metadata: a.metadata(),
	}
}

func (c *Cloud) set(r *Resource, status string) {
	r.Status, r.UpdatedAt = status, c.now
}

// change reads what a PUT changes; what is not given stays.
func (c *Cloud) change(a *args) (func(*Resource), error) {
	name, description, metadata := strings.TrimSpace(a.text("name")), strings.TrimSpace(a.text("description")), a.metadata()
	if value, given := a.m["metadata"]; given && value == nil {
		a.fail(invalid("metadata", value, "None is not of type 'object'"))
	}
	return func(r *Resource) {
		if _, given := a.m["name"]; given {
			r.Name = name
		}
		if _, given := a.m["description"]; given {
			r.Description = description
		}
		if _, given := a.m["metadata"]; given {
			r.Metadata = metadata
		}
		r.UpdatedAt = c.now
	}, a.err
}

// operate begins an asynchronous operation on a resource. When it ends, finish is told the outcome:
// the status that a fault wants, or "" if all is well; early, which may be nil, is told the same a
// little before, as Cinder frees a volume before it marks the backup.
func (c *Cloud) operate(name string, on *Resource, early, finish func(outcome string)) {
	on.operation++
	operation, generation := on.operation, c.service.generation
	fault := c.operationFault(name)
	if fault.stuck() {
		return
	}
	d := c.config.OperationTime + fault.delay()
	unlessOvertaken := func(do func(string)) func() {
		return func() {
			if on.operation != operation || needsBackupService(name) && c.service.generation != generation {
				return
			}
			do(fault.outcome())
		}
	}
	if early != nil {
		c.after(d-c.lag(), unlessOvertaken(early))
	}
	c.after(d, unlessOvertaken(finish))
}

// lag is how far apart Cinder's several writes at the end of one operation are: a twentieth of it, and
// nothing where that is less than a request takes. Cinder's are milliseconds apart, and a client that
// looks at once (Tempest at a parent's dependents) never sees them apart.
func (c *Cloud) lag() time.Duration {
	return (c.config.OperationTime / 20).Truncate(10 * time.Millisecond)
}

func needsBackupService(operation string) bool {
	return operation == opCreateBackup || operation == opRestore || operation == opDeleteBackup
}

// settle gives a resource the status that an operation ends in.
func (c *Cloud) settle(r *Resource, outcome, well string) {
	if outcome == "" {
		outcome = well
	}
	if outcome == deleted {
		c.set(r, "deleting")
		c.fade(r)
		return
	}
	c.set(r, outcome)
}

// fade ends a deletion that nobody asked for.
func (c *Cloud) fade(r *Resource) {
	operation := r.operation
	c.after(c.config.OperationTime, func() {
		if r.operation == operation {
			c.remove(r.ID)
			delete(c.images, r.ID)
		}
	})
}

// visible says whether a resource exists for the caller: another project's does not, except for an
// administrator.
func (r *call) visible(on *Resource) bool {
	return on.Project == r.token.project.id || r.token.admin()
}

// lookup finds a resource by id, for the caller.
func lookup[T interface{ resource() *Resource }](r *call, of func(*node) map[string]T, kind, id string) (T, error) {
	found, exists := of(r.node())[id]
	if exists && r.Method != "GET" { // it is to be changed, or to be made something of
		found, exists = of(&r.cloud.node)[id]
	}
	if exists && (r.visible(found.resource()) || r.foreign(kind)) {
		return found, nil
	}
	var none T
	refusal := notFound(kind, id)
	if r.cloud.broken(WrongCodeUnknown) {
		refusal.code = http.StatusBadRequest
	}
	return none, refusal
}

// failed says whether a status is one that says so.
func failed(status string) bool { return strings.HasPrefix(status, "error") }
