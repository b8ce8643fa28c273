package cloudsim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// mark is what a volume says of the backup that it was restored from.
func (s *scene) mark(volume string) any {
	return s.of("volume", volume, "metadata").(object)["src_backup_id"]
}

// A restored volume is marked when the restore is done, and the backup's own source, whose metadata
// replace the mark that it bears, is not.
func TestRestoreMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{OperationTime: 800 * time.Millisecond})
		source, target := s.volume(), s.volume()
		a, b := s.backup(source), s.backup(target)
		for _, step := range []struct {
			backup, into string
			want         any
		}{{a, source, nil}, {b, source, b}, {a, source, nil}, {a, target, a}, {a, target, a}, {b, target, nil}} {
			if got := s.mark(s.restoreInto(step.backup, step.into)); got != step.want {
				t.Errorf("%s into %s: %v, want %v", step.backup, step.into, got, step.want)
			}
		}
		restored := s.member.do(t, "POST", "/backups/"+a+"/restore", object{"restore": object{}}, 202)["volume_id"].(string)
		time.Sleep(700 * time.Millisecond)
		if got := s.mark(restored); got != nil { // and looking takes a second
			t.Errorf("%v before the restore is done", got)
		}
		if got := s.mark(restored); got != a {
			t.Errorf("%v after it", got)
		}
		s.cloud.Add(fault(t, "restore=error_restoring"))
		if got := s.mark(s.restore(a)); got != nil {
			t.Errorf("%v after one that failed", got)
		}
	})
}

// What a bootable volume has of its image stays when a backup of a volume without one is restored.
func TestRestoreKeepsImage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		target := s.cloud.PutVolume(cloudsim.Volume{Bootable: true, ImageMetadata: map[string]string{"image_name": "i"}})
		s.restoreInto(s.backup(s.volume()), target)
		image, _ := s.of("volume", target, "volume_image_metadata").(object)
		if bootable := s.of("volume", target, "bootable"); bootable != "true" || image["image_name"] != "i" {
			t.Errorf("bootable is %v, image %v", bootable, image)
		}
	})
}

func TestNoRestoreMarkBeforeUssuri(t *testing.T) {
	for version, marked := range map[string]bool{"3.59": false, "3.60": true} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{MaxMicroversion: version})
			a := s.backup(s.volume())
			if got := s.mark(s.restore(a)); (got == a) != marked {
				t.Errorf("%s: %v", version, got)
			}
		})
	}
}
