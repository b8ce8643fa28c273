package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"volume-backup-tester/internal/cloud"
)

// patternVolume is a volume and the bytes that it has to hold.
type patternVolume struct {
	cloud.Resource
	content content // zero: it was left empty
	// behind is what it held before, which may still be there beyond what was
	// restored into it.
	behind content
}

// empty tells that the volume was left so, because images cannot be used.
func (v patternVolume) empty() bool { return v.content.size == 0 }

// restored is a volume that another one's backup was restored into.
func (v patternVolume) restored(into cloud.Resource, over content) patternVolume {
	return patternVolume{into, v.content, over}
}

// size is that of the volumes of checks, in GiB.
func (s *Session) size() int { return s.run.VolumeSize }

// volumeWithPattern makes a volume of so many GiB that holds a pattern, by way
// of an image. A *Skip says why this cloud cannot.
func (s *Session) volumeWithPattern(ctx context.Context, name string, p pattern, size int) (patternVolume, error) {
	volume, _, err := s.fill(ctx, name, "", p, size)
	return volume, plaintext(volume, err)
}

// controlledVolume makes a volume of the first pattern, and makes sure that its
// bytes come back through images.
func (s *Session) controlledVolume(ctx context.Context, name string) (patternVolume, error) {
	volume, err := s.volumeWithPattern(ctx, s.Name(name), first, s.size())
	if err != nil {
		return volume, err
	}
	return volume, s.control(ctx, volume)
}

// controlledBackup makes a controlled volume and a full backup of it.
func (s *Session) controlledBackup(ctx context.Context, volume, backup string) (patternVolume, cloud.Resource, error) {
	of, err := s.controlledVolume(ctx, volume)
	if err != nil {
		return of, cloud.Resource{}, err
	}
	full, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name(backup)}, of.Resource)
	return of, full, err
}

// plaintext skips what needs a volume's own bytes to be uploaded.
func plaintext(volume patternVolume, err error) error {
	if err == nil && volume.Encrypted && !volume.empty() {
		return &Skip{Why: "volumes are encrypted, and what is uploaded of one is ciphertext"}
	}
	return err
}

// volumeWithPatternOrEmpty is volumeWithPattern where images can be used, and
// an empty volume elsewhere.
func (s *Session) volumeWithPatternOrEmpty(ctx context.Context, name string, p pattern, size int) (patternVolume, error) {
	volume, err := s.volumeOfImageOrEmpty(ctx, name, p, size)
	return volume, plaintext(volume, err)
}

// volumeOfImageOrEmpty is volumeWithPatternOrEmpty for a check that does not look
// at the bytes, so that the volume may be encrypted.
func (s *Session) volumeOfImageOrEmpty(ctx context.Context, name string, p pattern, size int) (patternVolume, error) {
	volume, uploaded, err := s.fill(ctx, name, "", p, size)
	var skip *Skip
	if !uploaded && errors.As(err, &skip) {
		empty, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: name, Size: size})
		return patternVolume{Resource: empty}, err
	}
	return volume, err
}

// patternBackup is a backup to be restored into a volume, which changes its
// bytes without a server to write them. Re-imaging the volume would destroy what
// an increment is measured against on some drivers.
type patternBackup struct {
	cloud.Resource
	content content
}

// backupOfPattern makes one. The volume that it is made of is gone then.
func (s *Session) backupOfPattern(ctx context.Context, name string, p pattern) (patternBackup, error) {
	volume, err := s.volumeWithPattern(ctx, s.Name(name+"-source"), p, s.size())
	if err != nil {
		return patternBackup{}, err
	}
	backup, err := s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name(name)}, volume.Resource)
	if err != nil {
		return patternBackup{}, err
	}
	return patternBackup{backup, volume.content}, s.Remove(ctx, volume.Resource)
}

// rewrite changes a volume's bytes.
func (s *Session) rewrite(ctx context.Context, volume patternVolume, change patternBackup) (patternVolume, error) {
	rewritten, err := s.Restore(ctx, change.Resource, volume.Resource)
	return patternVolume{Resource: rewritten, content: change.content}, err
}

// fill makes an image of a pattern and a volume of the image, of a volume type
// ("": that of all volumes). Where qcow2 is
// refused, which may show only as a volume in error, a raw image carries the
// beginning of the pattern; that is tried first from then on.
func (s *Session) fill(ctx context.Context, name, volumeType string, p pattern, size int) (volume patternVolume, uploaded bool, err error) {
	if !s.cloud.HasImages() {
		return volume, false, &Skip{Why: "the cloud offers no image service, so that a volume cannot be filled"}
	}
	why := s.run.qcow2.refusal()
	if why == "" {
		volume, uploaded, err = s.fillFrom(ctx, name, volumeType, content{pattern: p, size: size})
		if why = refusedFormat(err); why == "" || ctx.Err() != nil {
			return volume, uploaded, skipUnlessEnded(ctx, err, notFilled(uploaded))
		}
		s.makeWay(ctx, volume.Resource)
		name += "-raw"
	}
	raw, rawUploaded, rawErr := s.fillFrom(ctx, name, volumeType, content{pattern: p, size: size, reduced: true})
	if rawErr != nil {
		rawErr = skipUnlessEnded(ctx, rawErr, notFilled(rawUploaded))
		var skip, qcow2 *Skip
		if errors.As(rawErr, &skip) && err != nil && errors.As(skipUnlessEnded(ctx, err, notFilled(uploaded)), &qcow2) {
			return raw, rawUploaded, &Skip{Why: qcow2.Why + "; nor from a raw image: " + skip.Why, late: skip.late}
		}
		return raw, rawUploaded, rawErr
	}
	s.run.qcow2.refuse(why)
	return raw, true, nil
}

// warnReduced tells, once, that a check compares little.
func (s *Session) warnReduced() {
	warning := "only the first 8 MiB of each volume were known bytes, because a qcow2 image was refused and a raw one took its place: " + s.run.qcow2.refusal()
	s.mu.Lock()
	told := slices.Contains(s.result.Notes, warning)
	s.mu.Unlock()
	if !told {
		s.Warn("%s", warning)
	}
}

func notFilled(uploaded bool) string {
	if uploaded {
		return "no volume can be made from an image"
	}
	return "images cannot be uploaded"
}

// formats is what a run has learnt about qcow2: why the cloud refuses it, if it
// does.
type formats struct {
	mu  sync.Mutex
	why string
}

func (f *formats) refusal() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.why
}

func (f *formats) refuse(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.why = why
}

// refusedFormat tells a failure that another format may avoid, and what it was;
// "" if it is none.
func refusedFormat(err error) string {
	var finding *Finding
	var blocked *Blocked
	switch {
	case errors.As(err, &finding):
		if !finding.ended {
			return ""
		}
		why := fmt.Sprintf("%s: got %s", finding.On, finding.Got)
		if finding.On.Reason != "" {
			why += ": " + finding.On.Reason
		}
		return why
	case errors.As(err, &blocked):
		return ""
	}
	call := answered(err)
	if call == nil || call.Code < 400 || call.Code >= 500 || call.Origin != cloud.FromService || call.Limited() || call.OverQuota() {
		return ""
	}
	switch call.Code {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestTimeout:
		return ""
	}
	return call.Error()
}

// fillFrom makes an image of certain bytes, and then a volume of it, which needs
// that the image could be uploaded.
func (s *Session) fillFrom(ctx context.Context, name, volumeType string, want content) (volume patternVolume, uploaded bool, err error) {
	image, err := s.uploadContent(ctx, name+"-image", want)
	if err != nil {
		return volume, false, err
	}
	if !want.reduced && want.size == s.size() { // a larger one is only restored into
		s.run.hashes.begin(expected{content: want, size: want.size})
	}
	made, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: name, Size: want.size, Type: volumeType, ImageID: image.ID})
	return patternVolume{Resource: made, content: want}, true, err
}

// uploadContent makes an image of certain bytes.
func (s *Session) uploadContent(ctx context.Context, name string, want content) (cloud.Resource, error) {
	wanted := cloud.Resource{Kind: cloud.KindImage, Name: name}
	s.emit(StepStarted{Verb: "uploading", On: wanted})
	format := "qcow2"
	if want.reduced {
		format = "raw"
	}
	image, err := s.ask(wanted, func() (cloud.Resource, error) { return s.cloud.CreateImage(ctx, name, format) })
	if err != nil {
		return image, err
	}
	_, open := want.image()
	sending, cancel := context.WithTimeout(ctx, s.run.Timeout)
	defer cancel()
	if err := s.cloud.FillImage(sending, image, open); err != nil {
		return image, err
	}
	return image, s.waitFor(ctx, &target{Resource: image})
}
