package contract

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/cloudsim"
)

// The same contract as the checker's own client sees it: every call of the
// core, with the answers and refusals that it builds on.

func TestClientOnSimulatedCloud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := cloudsim.New(cloudsim.Config{PageSize: 2})
		path := filepath.Join(t.TempDir(), "clouds.yaml")
		if err := os.WriteFile(path, sim.ClientConfig(), 0o600); err != nil {
			t.Fatal(err)
		}
		throughClient(t, path, "cloudsim", "cloudsim-other", sim.Transport())
	})
}

func TestClientOnRealCloud(t *testing.T) {
	path, name, other := realCloud(t)
	throughClient(t, path, name, other, nil)
}

// viaClient is the checker's client with a test's patience.
type viaClient struct {
	*cloud.Client
	t   *testing.T
	ctx context.Context
}

func through(t *testing.T, path, name string, transport http.RoundTripper) viaClient {
	t.Helper()
	getenv := func(key string) string { return map[string]string{"OS_CLIENT_CONFIG_FILE": path}[key] }
	c, err := cloud.Connect(t.Context(), cloud.Options{Cloud: name, Dir: t.TempDir(), Home: t.TempDir(), Getenv: getenv, Transport: transport, UserAgent: "contract"})
	if err != nil {
		t.Fatal(err)
	}
	return viaClient{c, t, context.WithoutCancel(t.Context())}
}

// settled waits until a resource is neither being made nor used.
func (v viaClient) settled(r cloud.Resource) cloud.Resource {
	v.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); <-time.After(200 * time.Millisecond) {
		now, err := v.Show(v.ctx, r)
		if err != nil {
			v.t.Fatal(err)
		}
		if now.Status == "available" {
			return now
		}
		if strings.HasPrefix(now.Status, "error") {
			v.t.Fatalf("%s: %s: %s", now, now.Status, now.Reason)
		}
	}
	v.t.Fatalf("%s never became available", r)
	return r
}

// removed deletes a resource and waits until it is gone.
func (v viaClient) removed(r cloud.Resource) {
	v.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); <-time.After(200 * time.Millisecond) {
		_, err := v.Show(v.ctx, r)
		var failed *cloud.Error
		if errors.As(err, &failed) && failed.Gone() {
			return
		}
		if err == nil {
			_ = v.Delete(v.ctx, r) // refused while busy, and once it is on its way
		}
	}
	v.t.Errorf("%s is still there", r)
}

// refused holds a refusal to its code and words, and to naming a request.
func (v viaClient) refused(err error, code int, words string, gone bool) {
	v.t.Helper()
	var failed *cloud.Error
	if !errors.As(err, &failed) {
		v.t.Fatalf("got %v, want a refusal", err)
	}
	if failed.Code != code || !strings.Contains(failed.Message, words) || failed.Gone() != gone || !strings.HasPrefix(failed.RequestID, "req-") {
		v.t.Errorf("refused with %d %q, gone %v, request %q; want %d %q, gone %v", failed.Code, failed.Message, failed.Gone(), failed.RequestID, code, words, gone)
	}
	if _, again := failed.Retry(); again {
		v.t.Errorf("a refusal is taken for transient: %v", failed)
	}
}

func throughClient(t *testing.T, path, name, other string, transport http.RoundTripper) {
	v := through(t, path, name, transport)
	stranger := through(t, path, other, transport)
	if l := v.Login; l.ProjectID == "" || !slices.Contains(l.Roles, "member") || !strings.HasSuffix(l.Endpoint, "/v3/"+l.ProjectID+"/") {
		t.Errorf("login: %+v", l)
	}

	made, err := v.CreateVolume(v.ctx, cloud.VolumeSpec{Name: "contract-client-volume", Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.removed(made) })
	if made.Status != "creating" || made.Size != 1 || made.RequestID == "" || time.Since(made.Created).Abs() > time.Minute {
		t.Errorf("created: %+v", made)
	}
	volume := v.settled(made)
	if volume.Name != "contract-client-volume" || volume.VolumeType == "" {
		t.Errorf("shown: %+v", volume)
	}

	backup, err := v.CreateBackup(v.ctx, cloud.BackupSpec{Name: "contract-client-backup", VolumeID: volume.ID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.removed(backup) })
	v.refused(v.Delete(v.ctx, backup), 400, "Backup status must be available or error", false)
	v.refused(v.Delete(v.ctx, volume), 400, "Volume status must be available or error", false)
	backup = v.settled(backup)
	v.settled(volume)
	if backup.VolumeID != volume.ID || backup.Size != 1 || backup.Name != "contract-client-backup" {
		t.Errorf("backup: %+v", backup)
	}

	restored, err := v.Restore(v.ctx, backup, cloud.Resource{Kind: cloud.KindVolume, Name: "contract-client-restored"})
	if err != nil {
		t.Fatal(err)
	}
	target := cloud.Resource{Kind: cloud.KindVolume, ID: restored.VolumeID}
	t.Cleanup(func() { v.removed(target) })
	if restored.BackupID != backup.ID || restored.VolumeID == volume.ID {
		t.Errorf("restore: %+v", restored)
	}
	if got := v.settled(target); got.Name != "contract-client-restored" {
		t.Errorf("restored: %+v", got)
	}
	v.settled(backup)
	again, err := v.Restore(v.ctx, backup, target)
	if err != nil || again.VolumeID != target.ID {
		t.Errorf("restore into an existing volume: %+v, %v", again, err)
	}
	v.settled(target)
	v.settled(backup)

	for kind, want := range map[string][]string{cloud.KindVolume: {volume.ID, target.ID}, cloud.KindBackup: {backup.ID}} {
		listed, err := v.List(v.ctx, kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range want {
			i := slices.IndexFunc(listed, func(r cloud.Resource) bool { return r.ID == id })
			if i < 0 || listed[i].Status != "available" || listed[i].Created.IsZero() {
				t.Errorf("%s %s in the list: %d of %d", kind, id, i, len(listed))
			}
		}
		foreign, err := stranger.List(v.ctx, kind)
		if err != nil || slices.ContainsFunc(foreign, func(r cloud.Resource) bool { return slices.Contains(want, r.ID) }) {
			t.Errorf("another project's list: %v, %v", foreign, err)
		}
	}
	_, err = stranger.Show(v.ctx, backup)
	stranger.refused(err, 404, "could not be found", true)
	stranger.refused(stranger.Delete(v.ctx, volume), 404, "could not be found", true)

	v.throughImages()

	limits, err := v.Limits(v.ctx)
	if err != nil || limits[cloud.UsedBackups] < 1 || limits[cloud.MaxBackups] == 0 || limits[cloud.UsedBackupGigabytes] < 1 {
		t.Errorf("limits: %+v, %v", limits, err)
	}
	_, err = v.CreateVolume(v.ctx, cloud.VolumeSpec{Name: "contract-client-typed", Size: 1, Type: "nosuch"})
	v.refused(err, 404, "Volume type with name nosuch could not be found", false)
	_, err = v.CreateVolume(v.ctx, cloud.VolumeSpec{Name: "contract-client-zoned", Size: 1, Zone: "nosuch"})
	v.refused(err, 400, "nosuch", false)
}

// throughImages has known bytes go the way of the checks that compare them: image, volume, image.
func (v viaClient) throughImages() {
	v.t.Helper()
	data := pattern("through")
	image, err := v.CreateImage(v.ctx, "contract-client-image", "raw")
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { v.removed(image) })
	if err := v.FillImage(v.ctx, image, func() io.Reader { return strings.NewReader(data) }); err != nil {
		v.t.Fatal(err)
	}
	made, err := v.CreateVolume(v.ctx, cloud.VolumeSpec{Name: "contract-client-filled", Size: 1, ImageID: image.ID})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { v.removed(made) })
	volume := v.settled(made)
	content, err := v.UploadImage(v.ctx, volume, "contract-client-content")
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { v.removed(content) })
	v.settled(volume)
	content, err = v.Show(v.ctx, content)
	if err != nil || content.Status != "active" || content.SHA512 != padded(data, 1) {
		v.t.Errorf("the volume's image: %+v, %v", content, err)
	}
}
