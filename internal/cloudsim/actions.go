package cloudsim

import (
	"encoding/json"
	"fmt"
	"slices"
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
		return name, &args{m: m}, nil
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
	if !slices.Contains([]string{"os-attach", "os-detach", "os-reset_status", "os-force_delete"}, name) {
		return nil, noSuchAction(name)
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
		} else {
			c.force(&v.Resource, a.text("status"))
		}
	}
	return accepted(nil), a.err
}

// actOnBackup answers an administrator's actions on backups.
func (c *Cloud) actOnBackup(r *call) (*answer, error) {
	name, a, err := r.action()
	if err != nil {
		return nil, err
	}
	if name != "os-reset_status" && name != "os-force_delete" {
		return nil, noSuchAction(name)
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
		c.force(&b.Resource, a.text("status"))
	}
	return accepted(nil), a.err
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
