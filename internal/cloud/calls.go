package cloud

import (
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/limits"
)

// service is where the resources of a kind live; nil if the cloud has no such
// service.
func (c *Client) service(kind string) *gophercloud.ServiceClient {
	if kind == KindImage {
		return c.image
	}
	return c.block
}

// at is Block Storage at a microversion; the calls of the core ask for none.
func (c *Client) at(microversion string) *gophercloud.ServiceClient {
	block := *c.block
	block.Microversion = microversion
	return &block
}

func calling(kind string) string {
	if kind == KindImage {
		return ImageService
	}
	return BlockStorage
}

// Show asks for a resource by its id.
func (c *Client) Show(ctx context.Context, of Resource) (Resource, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	made := &call{service: calling(of.Kind), op: "showing", on: of}
	var body single
	service := c.service(of.Kind)
	_, err := service.Get(made.in(ctx), service.ServiceURL(of.Kind+"s", of.ID), body.target(of.Kind), nil)
	return made.resource(body, err)
}

// Delete asks for a resource to be deleted.
func (c *Client) Delete(ctx context.Context, what Resource) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	made := &call{service: calling(what.Kind), op: "deleting", on: what, mutates: true}
	service := c.service(what.Kind)
	_, err := service.Delete(made.in(ctx), service.ServiceURL(what.Kind+"s", what.ID), nil)
	return made.fail(err)
}

// Act asks for an action on a resource that answers without a body, such as
// os-reset_status (API reference: "actions").
func (c *Client) Act(ctx context.Context, on Resource, action string, arguments any) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	made := &call{service: BlockStorage, op: action + " of", on: on, mutates: true}
	_, err := c.block.Post(made.in(ctx), c.block.ServiceURL(on.Kind+"s", on.ID, "action"), map[string]any{action: arguments}, nil, &gophercloud.RequestOpts{OkCodes: []int{202}})
	return made.fail(err)
}

// Rename gives a volume or a backup (microversion 3.9) another name and
// description.
func (c *Client) Rename(ctx context.Context, what Resource, name, description string) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	made := &call{service: BlockStorage, op: "renaming", on: what, mutates: true}
	// gophercloud's backups.Update leaves out the outer key, which Cinder wants.
	body := map[string]any{what.Kind: map[string]string{"name": name, "description": description}}
	block := c.block
	if what.Kind == KindBackup {
		block = c.at("3.9")
	}
	_, err := block.Put(made.in(ctx), block.ServiceURL(what.Kind+"s", what.ID), body, nil, &gophercloud.RequestOpts{OkCodes: []int{200}})
	return made.fail(err)
}

// Limits are the project's quotas and what is used of them; -1 is no limit (API
// reference: "Show absolute limits").
type Limits struct {
	Backups, BackupsUsed                 int
	BackupGigabytes, BackupGigabytesUsed int // GiB
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

// created is the resource in the answer to a request that creates.
func (c *call) created(r gophercloud.Result) (Resource, error) {
	var body single
	err := r.ExtractInto(body.target(c.on.Kind))
	return c.resource(body, err)
}

// resource is the one of an answer; one without an id is an error.
func (c *call) resource(body single, err error) (Resource, error) {
	w := body.of(c.on.Kind)
	switch {
	case err != nil:
		return Resource{}, c.fail(err)
	case !w.usable():
		return Resource{}, c.incomplete("it holds no " + c.on.Kind + " with an id")
	case c.on.ID != "" && w.ID != c.on.ID:
		return Resource{}, c.incomplete("it describes " + w.ID + " instead")
	}
	return w.resource(c.on.Kind, c.requestID), nil
}

// incomplete is an answer that arrived whole and lacks what it is for.
func (c *call) incomplete(why string) error {
	return &Error{Service: c.service, Op: c.op, On: c.on, Code: c.code, Message: why, RequestID: c.requestID, RetryAfter: -1, Perhaps: c.mutates}
}
