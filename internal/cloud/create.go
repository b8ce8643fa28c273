package cloud

import (
	"context"

	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/backups"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/snapshots"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
)

// VolumeSpec is a volume to create. Type and Zone may be empty: the cloud's
// default then.
type VolumeSpec struct {
	Name, Type, Zone string
	Size             int // GiB
	Metadata         map[string]string
	ImageID          string // made from an image
	BackupID         string // made from a backup (microversion 3.47)
	SnapshotID       string // made from a snapshot
}

// CreateVolume asks for a volume (API reference: "Create a volume").
func (c *Client) CreateVolume(ctx context.Context, spec VolumeSpec) (Resource, error) {
	made := &call{service: BlockStorage, op: "creating", on: Resource{Kind: KindVolume, Name: spec.Name}, mutates: true, creates: true}
	block := c.block
	if spec.BackupID != "" {
		block = c.at("3.47")
	}
	return do(ctx, c, 0, made, func(ctx context.Context) (Resource, error) {
		return made.created(volumes.Create(ctx, block, volumes.CreateOpts{
			Name: spec.Name, Size: spec.Size, VolumeType: spec.Type, AvailabilityZone: spec.Zone,
			Metadata: spec.Metadata, ImageID: spec.ImageID, BackupID: spec.BackupID, SnapshotID: spec.SnapshotID,
		}, nil).Result)
	})
}

// againSuffix is behind the name of what is asked for once more.
const againSuffix = "-again"

// BackupSpec is a backup to create, of a volume or of its snapshot.
type BackupSpec struct {
	Name, Description    string
	VolumeID, SnapshotID string
	Incremental          bool
	Force                bool              // also of a volume that is in use
	Metadata             map[string]string // microversion 3.43
	Zone                 string            // of the cinder-backup, microversion 3.51; "": the volume's
}

// CreateBackup asks for a backup (API reference: "Create a backup").
func (c *Client) CreateBackup(ctx context.Context, spec BackupSpec) (Resource, error) {
	made := &call{service: BlockStorage, op: "creating", on: Resource{Kind: KindBackup, Name: spec.Name}, mutates: true, creates: true}
	made.again = func(ctx context.Context) (Resource, error) {
		spec.Name += againSuffix
		again, err := c.Once().CreateBackup(ctx, spec)
		if err != nil {
			again = Resource{Kind: KindBackup, Name: spec.Name}
		}
		return again, err
	}
	block := c.block
	switch {
	case spec.Zone != "":
		block = c.at("3.51")
	case spec.Metadata != nil:
		block = c.at("3.43")
	}
	return do(ctx, c, 0, made, func(ctx context.Context) (Resource, error) {
		return made.created(backups.Create(ctx, block, backups.CreateOpts{
			Name: spec.Name, Description: spec.Description, VolumeID: spec.VolumeID, SnapshotID: spec.SnapshotID,
			Incremental: spec.Incremental, Force: spec.Force, Metadata: spec.Metadata, AvailabilityZone: spec.Zone,
		}).Result)
	})
}

// CreateSnapshot asks for a snapshot of a volume (API reference: "Create a
// snapshot").
func (c *Client) CreateSnapshot(ctx context.Context, name string, volume Resource) (Resource, error) {
	made := &call{service: BlockStorage, op: "creating", on: Resource{Kind: KindSnapshot, Name: name}, mutates: true, creates: true}
	return do(ctx, c, 0, made, func(ctx context.Context) (Resource, error) {
		return made.created(snapshots.Create(ctx, c.block, snapshots.CreateOpts{Name: name, VolumeID: volume.ID}).Result)
	})
}

// Restored is the answer to an accepted restore.
type Restored struct{ BackupID, VolumeID, RequestID string }

// Restore asks for a backup to be written to a volume: to the one given if it
// has an id, else to a new one, of that name if it has one (API reference:
// "Restore a backup").
func (c *Client) Restore(ctx context.Context, backup, to Resource) (Restored, error) {
	made := &call{service: BlockStorage, op: "restoring", on: backup, mutates: true, creates: true}
	opts := backups.RestoreOpts{VolumeID: to.ID}
	if to.ID == "" {
		opts.Name = to.Name
	}
	made.again = func(ctx context.Context) (Resource, error) {
		if to.ID == "" {
			to.Name += againSuffix
		}
		answer, err := c.Once().Restore(ctx, backup, to)
		to.ID = answer.VolumeID
		return to, err
	}
	return do(ctx, c, 0, made, func(ctx context.Context) (Restored, error) {
		var body struct {
			Restore *struct {
				BackupID string `json:"backup_id"`
				VolumeID string `json:"volume_id"`
			} `json:"restore"`
		}
		if err := backups.RestoreFromBackup(ctx, c.block, backup.ID, opts).Result.ExtractInto(&body); err != nil {
			failed := made.failure(err)
			if to.ID == "" && failed.Code > 0 && failed.Service == BlockStorage {
				failed.MayHaveApplied = true // Cinder makes the new volume before it refuses
			}
			return Restored{}, failed
		}
		if body.Restore == nil || !identifier.MatchString(body.Restore.VolumeID) {
			return Restored{}, made.incomplete("it names no volume")
		}
		return Restored{Printable(body.Restore.BackupID), body.Restore.VolumeID, made.requestID}, nil
	})
}

// UploadImage asks for a volume's bytes to become a private raw image of that
// name, and returns the image (API reference: "Upload volume to image";
// microversion 3.1 for the visibility).
func (c *Client) UploadImage(ctx context.Context, volume Resource, name string) (Resource, error) {
	made := &call{service: BlockStorage, op: "uploading to an image", on: volume, mutates: true, creates: true}
	return do(ctx, c, 0, made, func(ctx context.Context) (Resource, error) {
		r := volumes.UploadImage(ctx, c.at("3.1"), volume.ID, volumes.UploadImageOpts{
			ImageName: name, DiskFormat: "raw", ContainerFormat: "bare", Visibility: "private",
		})
		var body struct {
			Upload struct {
				ImageID string `json:"image_id"`
			} `json:"os-volume_upload_image"`
		}
		if err := r.Result.ExtractInto(&body); err != nil {
			return Resource{}, made.fail(err)
		}
		if !identifier.MatchString(body.Upload.ImageID) {
			return Resource{}, made.incomplete("it names no image")
		}
		return Resource{Kind: KindImage, ID: body.Upload.ImageID, Name: name, Status: "queued", RequestID: made.requestID}, nil
	})
}
