package cloudsim

import "maps"

// Snapshot is a snapshot as tests see it, and as it is kept.
type Snapshot struct {
	Resource
	VolumeID string

	volumeType string
	data       disk
}

func (c *Cloud) listSnapshots(r *call) (*answer, error) {
	return list(c, r, r.node().snapshots, listing[*Snapshot]{
		collection: "snapshots", kind: "Snapshot", filters: snapshotFilters(r.minor), sorts: snapshotSorts(r.minor),
		view: func(s *Snapshot, detail bool) any {
			if detail {
				return s.detail(r)
			}
			return s.view(r)
		},
	})
}

// view is a snapshot in a brief list, or in the answer to a change.
func (s *Snapshot) view(r *call) object {
	o := object{
		"id": s.ID, "created_at": stamp(s.CreatedAt), "updated_at": stamp(s.UpdatedAt), "name": null(s.Name),
		"description": null(s.Description), "volume_id": s.VolumeID, "status": s.Status, "size": s.Size, "metadata": s.metadata(),
	}
	if r.minor >= 14 {
		o["group_snapshot_id"] = nil
	}
	if r.minor >= 41 {
		o["user_id"] = s.User
	}
	if r.minor >= 65 {
		o["consumes_quota"] = true
	}
	return o
}

func (s *Snapshot) detail(r *call) object {
	o := s.view(r)
	o["os-extended-snapshot-attributes:project_id"] = s.Project
	o["os-extended-snapshot-attributes:progress"] = "100%"
	if s.Status == "creating" {
		o["os-extended-snapshot-attributes:progress"] = "0%"
	}
	return o
}

func (c *Cloud) showSnapshot(r *call) (*answer, error) {
	s, err := lookup(r, snapshotsOf, "Snapshot", r.id)
	if err != nil {
		return nil, err
	}
	return ok(object{"snapshot": s.detail(r)}), nil
}

func (c *Cloud) createSnapshot(r *call) (*answer, error) {
	a, err := r.args("snapshot", "volume_id", "name", "display_name", "description", "metadata", "force")
	if err != nil {
		return nil, err
	}
	a.required("snapshot", "volume_id")
	a.alias("name", "display_name")
	volumeID, force := a.uuid("volume_id"), a.flag("force")
	s := &Snapshot{VolumeID: volumeID, Resource: c.newResource("snapshot", r, a)}
	if a.err != nil {
		return nil, a.err
	}
	v, err := lookup(r, volumesOf, "Volume", volumeID)
	if err != nil {
		return nil, err
	}
	allowed := "available"
	if force || r.minor >= 66 {
		allowed = "available, in-use"
	}
	if status := r.statusOf(&v.Resource, "available", "in-use"); status != "available" && (status != "in-use" || allowed == "available") {
		return nil, malformed("Invalid volume: Volume %s status must be %s, but current status is: %s.", v.ID, allowed, status)
	}
	if err := c.reserve(s.Project, quotaSnapshots, v.Size); err != nil {
		return nil, err
	}
	s.Size, s.volumeType, s.data = v.Size, v.Type, maps.Clone(v.data)
	c.snapshots[s.ID] = s
	c.operate(opCreateSnapshot, &s.Resource, nil, func(outcome string) { c.endSnapshot(s, outcome) })
	view := s.view(r)
	view["created_at"] = s.CreatedAt.UTC().Format(timeLayout)
	return accepted(object{"snapshot": view}), nil
}

func (c *Cloud) endSnapshot(s *Snapshot, outcome string) {
	if outcome == vanished {
		delete(c.snapshots, s.ID)
		return
	}
	c.settle(&s.Resource, outcome, "available")
}

func (c *Cloud) updateSnapshot(r *call) (*answer, error) {
	a, err := r.args("snapshot", "name", "description", "display_name", "display_description")
	if err != nil {
		return nil, err
	}
	a.something("snapshot")
	a.alias("name", "display_name")
	a.alias("description", "display_description")
	change, err := c.change(a)
	if err != nil {
		return nil, err
	}
	s, err := lookup(r, snapshotsOf, "Snapshot", r.id)
	if err != nil {
		return nil, err
	}
	change(&s.Resource)
	return ok(object{"snapshot": s.view(r)}), nil
}

func (c *Cloud) deleteSnapshot(r *call) (*answer, error) {
	s, err := lookup(r, snapshotsOf, "Snapshot", r.id)
	if err != nil {
		return nil, err
	}
	if status := r.statusOf(&s.Resource, "available", "error"); status != "available" && status != "error" {
		return nil, malformed("Invalid snapshot: Snapshot status must be available or error and must not be part of a group.")
	}
	c.set(&s.Resource, "deleting")
	c.operate(opDeleteSnapshot, &s.Resource, nil, func(outcome string) {
		if outcome == "" && !c.held(s) {
			outcome = vanished
		}
		c.endSnapshot(s, outcome)
	})
	return accepted(nil), nil
}

// held says whether a volume that was made from a snapshot keeps it from being deleted, as with RBD: it is
// available again then.
func (c *Cloud) held(s *Snapshot) bool {
	for _, v := range c.volumes {
		if v.SnapshotID == s.ID {
			return true
		}
	}
	return false
}
