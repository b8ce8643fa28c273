package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// service is where the resources of a kind live; nil if the cloud has no such
// service.
func (c *Client) service(kind string) *gophercloud.ServiceClient {
	if kind == KindImage {
		return c.image
	}
	return c.block
}

// at is Block Storage at a microversion; the calls of the mandatory phases ask
// for none.
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

// nothing is the answer of a call that has none.
type nothing struct{}

// Show asks for a resource by its id.
func (c *Client) Show(ctx context.Context, of Resource) (Resource, error) {
	return c.show(ctx, c.service(of.Kind), of)
}

func (c *Client) show(ctx context.Context, service *gophercloud.ServiceClient, of Resource) (Resource, error) {
	made := &call{service: calling(of.Kind), op: "showing", on: of}
	return do(ctx, c, answerIn, made, func(ctx context.Context) (Resource, error) {
		var body single
		_, err := service.Get(ctx, service.ServiceURL(of.Kind+"s", of.ID), body.target(of.Kind), nil)
		return made.resource(body, err)
	})
}

// BackupMetadata asks for a backup's metadata, which Show leaves out (API
// reference: "Show backup detail", microversion 3.43).
func (c *Client) BackupMetadata(ctx context.Context, backup Resource) (map[string]string, error) {
	shown, err := c.show(ctx, c.at("3.43"), backup)
	return shown.Metadata, err
}

// Delete asks for a resource to be deleted. Nothing but check's owned.go calls
// it.
func (c *Client) Delete(ctx context.Context, what Resource) error {
	made := &call{service: calling(what.Kind), op: "deleting", on: what, mutates: true}
	_, err := do(ctx, c, answerIn, made, func(ctx context.Context) (nothing, error) {
		service := c.service(what.Kind)
		_, err := service.Delete(ctx, service.ServiceURL(what.Kind+"s", what.ID), nil)
		return nothing{}, made.fail(err)
	})
	return err
}

// Act asks for an action on a resource that answers without a body, such as
// os-reset_status (API reference: "actions").
func (c *Client) Act(ctx context.Context, on Resource, action string, arguments any) error {
	made := &call{service: BlockStorage, op: action + " of", on: on, mutates: true, creates: true}
	if on.Kind == KindBackup {
		made.again = func(ctx context.Context) (Resource, error) {
			return Resource{}, c.Once().Act(ctx, on, action, arguments)
		}
	}
	_, err := do(ctx, c, answerIn, made, func(ctx context.Context) (nothing, error) {
		_, err := c.block.Post(ctx, c.block.ServiceURL(on.Kind+"s", on.ID, "action"), map[string]any{action: arguments}, nil, &gophercloud.RequestOpts{OkCodes: []int{202}})
		return nothing{}, made.fail(err)
	})
	return err
}

// Rename gives a volume or a backup (microversion 3.9) another name and
// description.
func (c *Client) Rename(ctx context.Context, what Resource, name, description string) error {
	made := &call{service: BlockStorage, op: "renaming", on: what, mutates: true}
	// gophercloud's backups.Update leaves out the outer key, which Cinder wants.
	body := map[string]any{what.Kind: map[string]string{"name": name, "description": description}}
	block := c.block
	if what.Kind == KindBackup {
		block = c.at("3.9")
	}
	_, err := do(ctx, c, answerIn, made, func(ctx context.Context) (nothing, error) {
		_, err := block.Put(ctx, block.ServiceURL(what.Kind+"s", what.ID), body, nil, &gophercloud.RequestOpts{OkCodes: []int{200}})
		return nothing{}, made.fail(err)
	})
	return err
}

// Messages asks for what Cinder tells the project's users about a resource,
// newest first (API reference: "List messages", microversion 3.5). A failed
// restore has its message under the backup's id.
func (c *Client) Messages(ctx context.Context, resourceID string) ([]string, error) {
	made := &call{service: BlockStorage, op: "listing messages"}
	return do(ctx, c, answerIn, made, func(ctx context.Context) ([]string, error) {
		var body struct {
			Messages []struct {
				ResourceID string `json:"resource_uuid"`
				Text       string `json:"user_message"`
			} `json:"messages"`
		}
		block := c.at("3.5")
		_, err := block.Get(ctx, block.ServiceURL("messages")+"?sort=created_at:desc&resource_uuid="+resourceID, &body, nil)
		var texts []string
		for _, m := range body.Messages {
			// A Cinder that ignores the filter shows every project's.
			if text := Printable(made.secrets.hide(m.Text)); m.ResourceID == resourceID && text != "" {
				texts = append(texts, text)
			}
		}
		return texts, made.fail(err)
	})
}

// Limits are the project's quotas and what is used of them, by Cinder's names
// (API reference: "Show absolute limits"); -1 is no limit. A figure that the
// cloud does not state, as policies may have it, is not there.
type Limits map[string]int

// Figures of Limits; sizes are in GiB.
const (
	MaxBackups          = "maxTotalBackups"
	UsedBackups         = "totalBackupsUsed"
	MaxBackupGigabytes  = "maxTotalBackupGigabytes"
	UsedBackupGigabytes = "totalBackupGigabytesUsed"
	MaxVolumes          = "maxTotalVolumes"
	UsedVolumes         = "totalVolumesUsed"
	MaxGigabytes        = "maxTotalVolumeGigabytes"
	UsedGigabytes       = "totalGigabytesUsed"
	MaxSnapshots        = "maxTotalSnapshots"
	UsedSnapshots       = "totalSnapshotsUsed"
)

// Limits asks for the project's quotas.
func (c *Client) Limits(ctx context.Context) (Limits, error) {
	made := &call{service: BlockStorage, op: "showing the limits"}
	return do(ctx, c, answerIn, made, func(ctx context.Context) (Limits, error) {
		var body struct {
			Limits *struct {
				Absolute map[string]json.RawMessage `json:"absolute"`
			} `json:"limits"`
		}
		if _, err := c.block.Get(ctx, c.block.ServiceURL("limits"), &body, nil); err != nil {
			return nil, made.fail(err)
		}
		if body.Limits == nil {
			return nil, made.incomplete("it holds no limits")
		}
		stated := Limits{}
		for name, raw := range body.Limits.Absolute {
			if figure, err := strconv.Atoi(string(raw)); err == nil {
				stated[name] = figure
			}
		}
		return stated, nil
	})
}

// Supports tells whether Cinder speaks a microversion. Where the answer does not
// say at which it was made, that is not known, and neither is true.
func (c *Client) Supports(ctx context.Context, microversion string) (yes, no bool, err error) {
	made := &call{service: BlockStorage, op: "asking for microversion " + microversion}
	header, err := do(ctx, c, answerIn, made, func(ctx context.Context) (http.Header, error) {
		block := c.at(microversion)
		resp, err := block.Get(ctx, block.ServiceURL("limits"), nil, &gophercloud.RequestOpts{KeepResponseBody: true})
		if err != nil {
			return nil, made.fail(err)
		}
		return resp.Header, resp.Body.Close()
	})
	var failed *Error
	if errors.As(err, &failed) && failed.Code == http.StatusNotAcceptable {
		return false, true, nil
	}
	return strings.Contains(header.Get("OpenStack-API-Version"), microversion), false, err
}

// Control makes the calls that have nothing to do with backups, once: where they
// are answered and a call about backups is not, that is about backups.
func (c *Client) Control(ctx context.Context) error {
	if err := c.ControlOnce(ctx); err != nil {
		return err
	}
	_, err := c.Once().Limits(ctx)
	return err
}

// ControlOnce makes the first of these alone.
func (c *Client) ControlOnce(ctx context.Context) error {
	_, err := c.Once().page(ctx, listing(KindVolume), KindVolume, "?limit=1")
	return err
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
	return w.resource(c.on.Kind, c), nil
}

// incomplete is an answer that arrived whole and lacks what it is for.
func (c *call) incomplete(why string) error {
	e := &Error{Service: c.service, Op: c.op, On: c.on, Code: c.code, Message: why, RequestID: c.requestID, RetryAfter: -1, MayHaveApplied: c.mutates, Creates: c.creates}
	e.Origin = c.origin(e, nil)
	return e
}
