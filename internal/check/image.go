package check

import (
	"context"
	"errors"
	"time"

	"volume-backup-tester/internal/cloud"
)

// filled makes a volume of so many GiB that holds a pattern, by way of an
// image. On a cloud where that cannot be done the volume is empty, the pattern
// nil, and r.noImages says why.
func (r *Run) filled(ctx context.Context, name string, p pattern, size int) (cloud.Resource, *pattern, error) {
	image, err := r.uploaded(ctx, name+"-image", p)
	if errors.As(err, &r.noImages) {
		volume, err := r.makeVolume(ctx, cloud.VolumeSpec{Name: name, Size: size})
		return volume, nil, err
	}
	if err != nil {
		return cloud.Resource{}, nil, err
	}
	volume, err := r.makeVolume(ctx, cloud.VolumeSpec{Name: name, Size: size, ImageID: image.ID})
	if err != nil {
		return volume, nil, unlessEnded(ctx, err, "no volume can be made from an image")
	}
	if volume.Encrypted {
		return volume, nil, &Skip{Why: "volumes are encrypted, and what is uploaded of one is ciphertext"}
	}
	return volume, &p, nil
}

// uploaded makes an image of a pattern.
func (r *Run) uploaded(ctx context.Context, name string, p pattern) (cloud.Resource, error) {
	if !r.Cloud.HasImages() {
		return cloud.Resource{}, &Skip{Why: "the cloud offers no image service, so that a volume cannot be filled"}
	}
	wanted := cloud.Resource{Kind: cloud.KindImage, Name: name}
	r.emit(Doing{Verb: "uploading", On: wanted})
	image, err := r.create(ctx, wanted, func(ctx context.Context) (cloud.Resource, error) { return r.Cloud.CreateImage(ctx, name) })
	if err == nil {
		fill, cancel := context.WithTimeout(ctx, r.Timeout)
		err = r.Cloud.FillImage(fill, image, p.image())
		cancel()
	}
	if err == nil {
		err = r.await(ctx, &goal{Resource: image})
	}
	return image, unlessEnded(ctx, err, "images cannot be uploaded")
}

// imaged makes an image of a volume's bytes.
func (r *Run) imaged(ctx context.Context, volume cloud.Resource) (cloud.Resource, error) {
	wanted := cloud.Resource{Kind: cloud.KindImage, Name: volume.Name + "-content"}
	r.emit(Doing{Verb: "uploading", On: wanted, From: volume})
	image, err := r.create(ctx, wanted, func(ctx context.Context) (cloud.Resource, error) {
		return r.Cloud.UploadImage(ctx, volume, wanted.Name)
	})
	content := &goal{Resource: image}
	if err == nil {
		err = r.await(ctx, content, &goal{Resource: volume})
	}
	return content.Resource, unlessEnded(ctx, err, "volumes cannot be uploaded to images")
}

// control makes sure that a source volume's bytes come back through images as
// they went in: else nothing can be said of a backup's.
func (r *Run) control(ctx context.Context, source cloud.Resource, p pattern) error {
	differs, err := r.differs(ctx, source, p, 1)
	if err == nil && differs != "" {
		return &Skip{Why: "images do not give a volume's bytes back even without a backup: " + differs}
	}
	return err
}

// holds fails unless the first GiB of a volume, as many as were backed up, are
// the pattern and zeros: what is behind them is the driver's affair.
func (r *Run) holds(ctx context.Context, volume cloud.Resource, p pattern, size int) error {
	began := time.Now()
	differs, err := r.differs(ctx, volume, p, size)
	if err != nil {
		return err
	}
	if differs != "" {
		return &Finding{On: volume, Expected: "every byte as it was backed up", Seen: differs,
			Advice: "the backup driver or its storage loses data; keep these volumes and backups and look into cinder-backup's log"}
	}
	r.measured = append(r.measured, Measurement{volume.String() + " right to the byte", int64(size) * gibi, time.Since(began)})
	return nil
}

// holdsAs is holds with the control made only where something is wrong.
func (r *Run) holdsAs(ctx context.Context, source, volume cloud.Resource, p pattern, size int) error {
	err := r.holds(ctx, volume, p, size)
	var finding *Finding
	if errors.As(err, &finding) {
		if skip := r.control(ctx, source, p); skip != nil {
			return skip
		}
	}
	return err
}

// differs says in what a volume's first GiB differ from the pattern; "" if in
// nothing. Glance's own hash spares the download where all is well.
func (r *Run) differs(ctx context.Context, volume cloud.Resource, p pattern, size int) (string, error) {
	image, err := r.imaged(ctx, volume)
	if err != nil {
		return "", err
	}
	if image.SHA512 != "" && image.SHA512 == p.hash(volume.Size) {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, max(r.Timeout, time.Duration(size)*downloadGiB))
	defer cancel()
	content, err := r.Cloud.ReadImage(ctx, image)
	if err != nil {
		return "", unlessEnded(ctx, err, "images cannot be downloaded")
	}
	defer content.Close()
	differs, err := difference(p.volume(size), content)
	if err != nil {
		return "", &Skip{Why: "the download of " + image.String() + " broke off", Err: err}
	}
	if differs == "" && volume.Size == size && image.SHA512 != "" {
		return "", &Skip{Why: "the image service's hash of " + image.String() + " is not that of what it gives out"}
	}
	return differs, nil
}

// downloadGiB is how long a GiB may take to come down, however short --timeout.
const downloadGiB = 10 * time.Minute

// unlessEnded turns a failure of what is not the backup API into a skip; the
// end of the run, and what must not be tried any further, it leaves.
func unlessEnded(ctx context.Context, err error, why string) error {
	var skip *Skip
	call := asCall(err)
	switch {
	case err == nil, ctx.Err() != nil, errors.As(err, &skip):
		return err
	case call != nil && (call.Service == cloud.Identity || call.Code == 401):
		return err
	}
	return &Skip{Why: why, Err: err}
}
