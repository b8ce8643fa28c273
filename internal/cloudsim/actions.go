package cloudsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// action reads the one key of an action's body, and what is under it.
func (r *call) action() (string, *args, error) {
	var body map[string]json.RawMessage
	if err := json.Unmarshal(r.body, &body); err != nil || len(body) != 1 {
		return "", nil, malformed("Malformed request body")
	}
	for name, value := range body {
		var m object
		if err := json.Unmarshal(value, &m); err != nil {
			return "", nil, malformed("Malformed request body")
		}
		a := &args{m: m}
		if m == nil {
			a.fail(invalid(name, nil, "None is not of type 'object'"))
		}
		return name, a, nil
	}
	panic("unreachable")
}

func noSuchAction(name string) error {
	return malformed("There is no such action: %s. Verify the request body and Content-Type header and try again.", name)
}

// actOnVolume answers volume actions: those of an administrator, making an image, and attaching, which
// a member may do without any server that really uses the volume.
func (c *Cloud) actOnVolume(r *call) (*answer, error) {
	name, a, err := r.action()
	if err != nil {
		return nil, err
	}
	if name == "os-volume_upload_image" {
		return c.uploadVolume(r, a)
	}
	status := ""
	switch name {
	case "os-attach":
		a.only(name, "instance_uuid", "host_name", "mountpoint", "mode")
		a.required(name, "mountpoint")
		if a.m["instance_uuid"] == nil && a.m["host_name"] == nil {
			a.fail(invalid(name, a.m, "%s is not valid under any of the given schemas", python(a.m)))
		}
		a.uuid("instance_uuid")
		a.oneOf("mode", "rw", []string{"rw", "ro"})
		a.text("mountpoint")
	case "os-detach":
		a.only(name, "attachment_id")
		a.uuid("attachment_id")
	case "os-reset_status":
		status = a.volumeStatus(name)
	case "os-force_delete":
	default:
		return nil, noSuchAction(name)
	}
	if a.err != nil {
		return nil, a.err
	}
	v, err := lookup(r, volumesOf, "Volume", r.id)
	if err != nil {
		return nil, err
	}
	switch name {
	case "os-attach":
		if r.statusOf(&v.Resource, "available") != "available" {
			return nil, malformed("Invalid volume: volume is already attached")
		}
		v.Attachments = []Attachment{{ID: c.newID("attachment"), ServerID: a.text("instance_uuid"), Device: a.text("mountpoint")}}
		c.set(&v.Resource, "in-use")
	case "os-detach":
		v.Attachments = nil
		c.set(&v.Resource, "available")
	case "os-reset_status", "os-force_delete":
		if err := r.administer("volume", name); err != nil {
			return nil, err
		}
		if name == "os-force_delete" {
			v.Attachments = nil
			c.removeVolume(v)
		} else if status == "in-use" && len(v.Attachments) == 0 {
			return nil, malformed("Cannot reset-state to in-use because volume does not have any attachments.")
		} else {
			c.force(&v.Resource, status)
		}
	}
	return accepted(nil), nil
}

// volumeStatus is what an administrator gives a volume.
func (a *args) volumeStatus(action string) string {
	a.only(action, "status")
	status := strings.ToLower(a.text("status"))
	switch {
	case status == "":
		a.fail(malformed("Must specify 'status', 'attach_status' or 'migration_status' for update."))
	case status == "deleting":
		a.fail(malformed("Cannot reset-state to deleting"))
	case !slices.Contains(volumeStatuses, status):
		a.fail(malformed("Volume status: %s is invalid, valid statuses are: ('%s').", status, strings.Join(volumeStatuses, "', '")))
	}
	return status
}

// What an administrator may give a volume, in the order of Cinder's message.
var volumeStatuses = []string{"creating", "available", "deleting", "error", "error_deleting", "error_managing", "managing", "attaching", "in-use",
	"detaching", "maintenance", "restoring-backup", "error_restoring", "reserved", "awaiting-transfer", "backing-up", "error_backing-up",
	"error_extending", "downloading", "uploading", "retyping", "extending"}

// backupStatus is what an administrator gives a backup.
func (a *args) backupStatus(action string) string {
	a.only(action, "status")
	a.required(action, "status")
	status, isString := a.m["status"].(string)
	status = strings.ToLower(status)
	switch {
	case !isString:
		a.fail(invalid("status", a.m["status"], "%s is not of type 'string'", python(a.m["status"])))
	case status != "available" && status != "error":
		a.fail(malformed("Backup status: %s is invalid, valid statuses are: ['available', 'error'].", status))
	}
	return status
}

// actOnBackup answers an administrator's actions on backups.
func (c *Cloud) actOnBackup(r *call) (*answer, error) {
	name, a, err := r.action()
	if err != nil {
		return nil, err
	}
	status := ""
	switch name {
	case "os-reset_status":
		status = a.backupStatus(name)
	case "os-force_delete":
	default:
		return nil, noSuchAction(name)
	}
	if a.err != nil {
		return nil, a.err
	}
	b, err := lookup(r, backupsOf, "Backup", r.id)
	if err != nil {
		return nil, err
	}
	if err := r.administer("backup", name); err != nil {
		return nil, err
	}
	if !c.service.up {
		return nil, notFound("Service", "cinder-backup")
	}
	if name == "os-force_delete" {
		c.removeBackup(b)
	} else {
		c.force(&b.Resource, status)
	}
	return accepted(nil), nil
}

// administer refuses an administrator's action to everybody else.
func (r *call) administer(kind, action string) error {
	if r.token.admin() || kind == "backup" && r.cloud.broken(AcceptsAdminAction) {
		return nil
	}
	return forbidden(fmt.Sprintf("volume_extension:%s_admin_actions:%s", kind, action[len("os-"):]))
}

// force gives a resource a status, whatever it is doing.
func (c *Cloud) force(r *Resource, status string) {
	r.operation++
	c.set(r, status)
}
