package cloud

import (
	"context"
	"io"

	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/imagedata"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
)

// HasImages tells whether the cloud offers an image service to this login.
func (c *Client) HasImages() bool { return c.image != nil }

// CreateImage asks for a private image of a disk format without data yet (Image
// API reference: "Create image"). It has a property of its own, because the
// Cinders released from November 2024 to May 2026 refuse to upload a volume that
// was made from an image without one (Launchpad bug 2144550).
func (c *Client) CreateImage(ctx context.Context, name, format string) (Resource, error) {
	made := &call{service: ImageService, op: "creating", on: Resource{Kind: KindImage, Name: name}, mutates: true, creates: true}
	private := images.ImageVisibilityPrivate
	return do(ctx, c, 0, made, func(ctx context.Context) (Resource, error) {
		return made.created(images.Create(ctx, c.image, images.CreateOpts{Name: name, DiskFormat: format, ContainerFormat: "bare", Visibility: &private,
			Properties: map[string]string{"description": "known bytes of volume-backup-tester"}}).Result)
	})
}

// FillImage uploads an image's bytes, once: ctx bounds it. They are read from the
// beginning whenever the request is sent again, after a redirect or a 401, so open
// is to give an independent reader of the same bytes at every call, the last but
// one of which may still be read then.
func (c *Client) FillImage(ctx context.Context, image Resource, open func() io.Reader) error {
	made := &call{service: ImageService, op: "uploading", on: image, mutates: true}
	return made.fail(imagedata.Upload(withBody(made.in(ctx), open), c.image, image.ID, open()).Err)
}

// ReadImage downloads an image's bytes, once; ctx bounds it. The caller closes the reader.
func (c *Client) ReadImage(ctx context.Context, image Resource) (io.ReadCloser, error) {
	made := &call{service: ImageService, op: "downloading", on: image}
	r := imagedata.Download(made.in(ctx), c.image, image.ID)
	return r.Body, made.fail(r.Err)
}
