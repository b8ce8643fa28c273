package check

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"volume-backup-tester/internal/cloud"
)

// volumeToImage makes an image of a volume's bytes. Its errors are those of the
// calls and waits.
func (s *Session) volumeToImage(ctx context.Context, volume cloud.Resource) (cloud.Resource, error) {
	wanted := cloud.Resource{Kind: cloud.KindImage, Name: volume.Name + "-content"}
	s.emit(StepStarted{Verb: "uploading", On: wanted, From: volume})
	image, err := s.create(ctx, wanted, cloud.Resource{}, func() (cloud.Resource, error) { return s.cloud.UploadImage(ctx, volume, wanted.Name) })
	content := &target{Resource: image}
	if err == nil {
		err = s.waitFor(ctx, content, &target{Resource: volume})
	}
	return content.Resource, err
}

// control makes sure that a source volume's bytes come back through images as
// they went in: else nothing can be said of a backup's.
func (s *Session) control(ctx context.Context, source patternVolume) error {
	differs, err := s.diff(ctx, source)
	var unreadable *unreadableError
	switch {
	case errors.As(err, &unreadable):
		return unreadable.skip()
	case err == nil && differs != "":
		return &Skip{Why: "the source volume already differs when it is uploaded to an image before any backup: " + differs}
	}
	return err
}

// verifyContent fails unless the first GiB of a volume, as many as were backed
// up, are the pattern and zeros: behind them, drivers may leave or clear what was
// there. The control has read the source volume before: that a restored one cannot
// be read is the cloud's fault then, unless Glance itself is in trouble.
func (s *Session) verifyContent(ctx context.Context, volume patternVolume) error {
	if volume.content.reduced {
		s.warnReduced()
	}
	began := time.Now()
	differs, err := s.diff(ctx, volume)
	switch {
	case err != nil:
		return s.unreadableRestored(volume.Resource, err)
	case differs != "":
		return &Finding{On: volume.Resource, Expected: "every byte as it was backed up", Got: differs,
			Hint: "the backup driver or its storage loses data; keep these volumes and backups and look into cinder-backup's log"}
	}
	s.Measure(volume.String()+" content verified", int64(volume.content.size)*gibi, time.Since(began))
	return nil
}

// verifyRestore restores a backup, and verifies that it gives back the bytes of
// the volume that it was made of.
func (s *Session) verifyRestore(ctx context.Context, backup cloud.Resource, of patternVolume, into cloud.Resource) error {
	restored, err := s.Restore(ctx, backup, into)
	if err != nil {
		return err
	}
	return s.verifyContent(ctx, of.restored(restored, content{}))
}

// unreadableRestored is what comes of a restored volume that cannot be read
// although its source could.
func (s *Session) unreadableRestored(volume cloud.Resource, err error) error {
	var unreadable *unreadableError
	switch {
	case !errors.As(err, &unreadable):
		return err
	case unreadable.glance():
		s.run.warn("%s: Glance failed while a restored volume was read: %v", s.result.Title, unreadable)
		return unreadable.skip()
	}
	return &Finding{On: volume, Expected: "to be readable through images, as the source volume was", Got: unreadable.Error(), Err: asCallError(unreadable.err), late: byLoad(unreadable),
		Hint: "look for the request id in the logs of cinder-volume and Glance"}
}

// verifyContentOrControl is verifyContent with the control made only where
// something is wrong.
func (s *Session) verifyContentOrControl(ctx context.Context, source, volume patternVolume) error {
	err := s.verifyContent(ctx, volume)
	var finding *Finding
	if errors.As(err, &finding) {
		if skip := s.control(ctx, source); skip != nil {
			return skip
		}
	}
	return err
}

// diff says in what a volume differs from what it has to hold, as far as that
// goes; "" if in nothing. Glance's own hash spares the download where all is
// well. A volume that cannot be read is an *unreadableError.
func (s *Session) diff(ctx context.Context, volume patternVolume) (string, error) {
	image, err := s.volumeToImage(ctx, volume.Resource)
	if err != nil {
		return "", unreadableUnlessEnded(ctx, err, "a volume cannot be uploaded to an image")
	}
	longer := image.Bytes > int64(volume.Size)*gibi
	if longer { // some storage rounds its devices up
		s.Note("%s is %d bytes long, longer than its volume: only the first %d GiB, which were backed up, are compared", image, image.Bytes, volume.content.size)
	} else if matches, err := s.hashMatches(ctx, image, volume); matches || err != nil {
		return "", err
	}
	var differs string
	if err := s.download(ctx, image, volume.content.size, func(content io.Reader) (err error) {
		differs, err = difference(volume.content.read(), content)
		return err
	}); err != nil {
		return "", err
	}
	if differs == "" && volume.Size == volume.content.size && !longer && image.SHA512 != "" {
		return "", &unreadableError{why: "Glance's hash of " + image.String() + " is not that of the bytes that Glance returns", byGlance: true}
	}
	return differs, nil
}

// hashMatches tells whether an image's hash is that of what the volume has to
// hold. Behind what was restored, drivers leave what was there or write zeros.
func (s *Session) hashMatches(ctx context.Context, image cloud.Resource, volume patternVolume) (bool, error) {
	if image.SHA512 == "" {
		return false, nil
	}
	want := expected{content: volume.content, size: volume.Size}
	if volume.Size > volume.content.size && volume.behind.size > 0 && !volume.behind.reduced {
		want.behind = volume.behind
		if sum, err := s.run.hashes.of(ctx, want); err != nil || image.SHA512 == sum {
			return err == nil, err
		}
		want.behind = content{}
	}
	sum, err := s.run.hashes.of(ctx, want)
	return image.SHA512 == sum, err
}

// contentHash is the sha256 of what is uploaded of a volume, over its size: the
// device of an encrypted one may be longer by the room for its header, so that
// Glance's hash is that of something else.
func (s *Session) contentHash(ctx context.Context, volume cloud.Resource) (string, error) {
	image, err := s.volumeToImage(ctx, volume)
	if err != nil {
		return "", unreadableUnlessEnded(ctx, err, "an encrypted volume cannot be uploaded to an image")
	}
	size := int64(volume.Size) * gibi
	if image.Bytes > 0 && image.Bytes < size {
		return "", &Finding{On: volume, Expected: fmt.Sprintf("an image of %d bytes", size), Got: fmt.Sprintf("one of %d bytes", image.Bytes),
			Hint: "the volume is shorter than it is shown, or was not uploaded to its end: keep it and its image, and look into cinder-volume's log"}
	}
	h := sha256.New()
	err = s.download(ctx, image, volume.Size, func(content io.Reader) error {
		_, err := io.CopyN(h, content, size)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// download has an image's bytes read, of which so many GiB matter, when it is its
// turn. Waiting for that is not part of the time that a download may take.
func (s *Session) download(ctx context.Context, image cloud.Resource, size int, read func(io.Reader) error) error {
	done, err := s.run.hashes.read(ctx)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, max(s.run.Timeout, time.Duration(size)*downloadGiB))
	defer cancel()
	content, err := s.cloud.ReadImage(ctx, image)
	if err != nil {
		return unreadableUnlessEnded(ctx, err, "an image cannot be downloaded")
	}
	defer content.Close()
	if err := read(&whole{content, image.Bytes}); err != nil {
		return &unreadableError{why: "the download of " + image.String() + " broke off", err: err, byGlance: true}
	}
	return nil
}

// unreadableError is a volume whose bytes cannot be had through images.
type unreadableError struct {
	why      string
	err      error // nil: the text says it all
	byGlance bool  // whatever err is
	late     bool  // as of a Finding
}

func (e *unreadableError) Error() string {
	switch call := asCall(e.err); {
	case e.err == nil:
		return e.why
	case call != nil:
		return e.why + ": " + call.Error()
	}
	return e.why + ": " + e.err.Error()
}

// skip is the check that needed the bytes.
func (e *unreadableError) skip() *Skip {
	s := &Skip{Why: e.Error(), late: byLoad(e)}
	if call := asCall(e.err); call != nil {
		s.general = e.why + ": " + cmp.Or(call.CloudMessage(), call.Got())
	}
	return s
}

// glance tells whether Glance itself failed: it does not answer, or with 5xx.
func (e *unreadableError) glance() bool {
	call := asCall(e.err)
	return e.byGlance || call != nil && call.Service == cloud.ImageService && (call.Code == 0 || call.Code >= 500)
}

// asCallError is an error's call, for a finding to quote; nil if there is none.
func asCallError(err error) error {
	if call := asCall(err); call != nil {
		return call
	}
	return nil
}

// downloadGiB is how long a GiB may take to come down, however short --timeout.
const downloadGiB = 10 * time.Minute

// unreadableUnlessEnded turns a failure of what is not the backup API into an
// *unreadableError; the end of the run, and what must not be tried any further,
// it leaves.
func unreadableUnlessEnded(ctx context.Context, err error, why string) error {
	var blocked *Blocked
	var unreadable *unreadableError
	call := asCall(err)
	switch {
	case err == nil, ctx.Err() != nil, errors.As(err, &blocked), errors.As(err, &unreadable):
		return err
	case call != nil && (call.Service == cloud.Identity || call.Code == 401):
		return err
	}
	var finding *Finding
	if errors.As(err, &finding) { // a status, after how long, and what to do about it
		// An image ends, without a reason, where others have used up a quota of Glance's.
		late := finding.late || finding.On.Kind == cloud.KindImage
		return &unreadableError{why: fmt.Sprintf("%s: got %s; %s", finding.On, finding.Got, finding.Hint), late: late}
	}
	return &unreadableError{why: why, err: err}
}

// skipUnlessEnded is the same for what a check needs before it can begin.
func skipUnlessEnded(ctx context.Context, err error, why string) error {
	var skip *Skip
	if errors.As(err, &skip) {
		return err
	}
	err = unreadableUnlessEnded(ctx, err, why)
	var unreadable *unreadableError
	if errors.As(err, &unreadable) {
		return unreadable.skip()
	}
	return err
}

// whole is an image's content, whose breaking off is no end of it.
type whole struct {
	io.Reader
	left int64 // bytes that are to come at least; less than 1: that is not known
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	w.left -= int64(n)
	if err == io.ErrUnexpectedEOF || err == io.EOF && w.left > 0 {
		err = errors.New("the connection was closed before the end")
	}
	return n, err
}
