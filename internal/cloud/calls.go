package cloud

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/backups"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/limits"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
)

// VolumeSpec is a volume to create. Type and Zone may be empty: the cloud's
// default then.
type VolumeSpec struct {
	Name, Type, Zone string
	Size             int // GiB
}

// CreateVolume asks for a volume (API reference: "Create a volume").
func (c *Client) CreateVolume(ctx context.Context, spec VolumeSpec) (Resource, error) {
	made := &call{service: BlockStorage, op: "creating", on: Resource{Kind: KindVolume, Name: spec.Name}, mutates: true}
	r := volumes.Create(made.in(ctx), c.block, volumes.CreateOpts{
		Name: spec.Name, Size: spec.Size, VolumeType: spec.Type, AvailabilityZone: spec.Zone,
	}, nil)
	return made.resource(r.Result)
}

// CreateBackup asks for a full backup of a volume (API reference: "Create a
// backup").
func (c *Client) CreateBackup(ctx context.Context, name string, volume Resource) (Resource, error) {
	made := &call{service: BlockStorage, op: "creating", on: Resource{Kind: KindBackup, Name: name}, mutates: true}
	r := backups.Create(made.in(ctx), c.block, backups.CreateOpts{Name: name, VolumeID: volume.ID})
	return made.resource(r.Result)
}

// Restored is the answer to an accepted restore.
type Restored struct{ BackupID, VolumeID, RequestID string }

// Restore asks for a backup to be written to a volume: to the one given if it
// has an id, else to a new one of that name (API reference: "Restore a backup").
func (c *Client) Restore(ctx context.Context, backup, to Resource) (Restored, error) {
	made := &call{service: BlockStorage, op: "restoring", on: backup, mutates: true}
	opts := backups.RestoreOpts{VolumeID: to.ID}
	if to.ID == "" {
		opts.Name = to.Name
	}
	r := backups.RestoreFromBackup(made.in(ctx), c.block, backup.ID, opts)
	var body struct {
		Restore *struct {
			BackupID string `json:"backup_id"`
			VolumeID string `json:"volume_id"`
		} `json:"restore"`
	}
	if err := r.Result.ExtractInto(&body); err != nil {
		failed := made.failure(err)
		if to.ID == "" && failed.Code > 0 {
			failed.Perhaps = true // Cinder makes the new volume before it refuses
		}
		return Restored{}, failed
	}
	if body.Restore == nil || !identifier.MatchString(body.Restore.VolumeID) {
		return Restored{}, made.incomplete("it names no volume")
	}
	return Restored{body.Restore.BackupID, body.Restore.VolumeID, made.requestID}, nil
}

// Show asks for a resource by its id.
func (c *Client) Show(ctx context.Context, of Resource) (Resource, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	made := &call{service: BlockStorage, op: "showing", on: of}
	if of.Kind == KindBackup {
		return made.resource(backups.Get(made.in(ctx), c.block, of.ID).Result)
	}
	return made.resource(volumes.Get(made.in(ctx), c.block, of.ID).Result)
}

// Delete asks for a resource to be deleted.
func (c *Client) Delete(ctx context.Context, what Resource) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	made := &call{service: BlockStorage, op: "deleting", on: what, mutates: true}
	if what.Kind == KindBackup {
		return made.fail(backups.Delete(made.in(ctx), c.block, what.ID).Err)
	}
	return made.fail(volumes.Delete(made.in(ctx), c.block, what.ID, nil).Err)
}

// Limits are the project's quotas on backups and what is used of them; -1 is
// no limit (API reference: "Show absolute limits").
type Limits struct {
	Backups, BackupsUsed                 int
	BackupGigabytes, BackupGigabytesUsed int
}

// Limits asks for the project's quotas.
func (c *Client) Limits(ctx context.Context) (Limits, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	made := &call{service: BlockStorage, op: "showing the limits"}
	l, err := limits.Get(made.in(ctx), c.block).Extract()
	if err != nil {
		return Limits{}, made.fail(err)
	}
	if l == nil {
		return Limits{}, made.incomplete("it holds no limits")
	}
	a := l.Absolute
	return Limits{a.MaxTotalBackups, a.TotalBackupsUsed, a.MaxTotalBackupGigabytes, a.TotalBackupGigabytesUsed}, nil
}

// List asks for all of the project's resources of a kind, page by page.
// Of the links between pages only the query is used: the address stays the
// catalog's, so that the token goes nowhere else.
func (c *Client) List(ctx context.Context, kind string) ([]Resource, error) {
	made := &call{service: BlockStorage, op: "listing", on: Resource{Kind: kind + "s"}}
	var all []Resource
	seen := map[string]bool{}
	for query := ""; ; {
		entries, next, err := c.page(ctx, made, kind, query)
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
		if len(entries) == 0 || next == "" {
			return all, nil
		}
		if seen[next] {
			return nil, made.incomplete("its pages go round in a circle")
		}
		seen[next] = true
		query = next
	}
}

// page asks for one page of a list, and finds the query of the next.
func (c *Client) page(ctx context.Context, made *call, kind, query string) (entries []Resource, next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	var body map[string]json.RawMessage
	_, err = c.block.Get(made.in(ctx), c.block.ServiceURL(kind+"s", "detail")+query, &body, nil)
	if err != nil {
		failed := made.failure(err)
		// Cinder looks the marker up, and does not find one deleted since.
		failed.Restart = query != "" && (failed.Code == http.StatusNotFound || failed.Code == http.StatusBadRequest)
		return nil, "", failed
	}
	var list []wire
	if json.Unmarshal(body[kind+"s"], &list) != nil || list == nil {
		return nil, "", made.incomplete("it holds no list of " + kind + "s")
	}
	for _, w := range list {
		if !w.usable() {
			return nil, "", made.incomplete("an entry has no usable id")
		}
		entries = append(entries, w.resource(kind, made.requestID))
	}
	return entries, nextQuery(body[kind+"s_links"]), nil
}

// nextQuery is the query of the link to the next page; "" if there is none.
func nextQuery(raw json.RawMessage) string {
	var links []gophercloud.Link
	if json.Unmarshal(raw, &links) != nil {
		return ""
	}
	for _, link := range links {
		if at, err := url.Parse(link.Href); err == nil && link.Rel == "next" && at.RawQuery != "" {
			return "?" + at.RawQuery
		}
	}
	return ""
}

// resource reads the one resource of an answer; one without an id is an error.
func (c *call) resource(r gophercloud.Result) (Resource, error) {
	var body map[string]json.RawMessage
	if err := r.ExtractInto(&body); err != nil {
		return Resource{}, c.fail(err)
	}
	var w wire
	if json.Unmarshal(body[c.on.Kind], &w) != nil || !w.usable() {
		return Resource{}, c.incomplete("it holds no " + c.on.Kind + " with an id")
	}
	if c.on.ID != "" && w.ID != c.on.ID {
		return Resource{}, c.incomplete("it describes " + printable(w.ID) + " instead")
	}
	return w.resource(c.on.Kind, c.requestID), nil
}

// incomplete is an answer that arrived whole and lacks what it is for.
func (c *call) incomplete(why string) error {
	return &Error{Service: c.service, Op: c.op, On: c.on, Code: c.code, Message: why, RequestID: c.requestID, RetryAfter: -1, Perhaps: c.mutates}
}
