package check

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/cloudsim"
)

// TestEvidence: a restore counts when Cinder's mark shows that it was completed,
// and where the mark cannot tell, when it was shown at work and both stay
// available; a mark of an earlier restore is none.
func TestEvidence(t *testing.T) {
	for _, row := range []struct {
		name   string
		config cloudsim.Config
		faults string // from the second restore on
		own    bool   // restored into the backup's own source
		bears  bool   // which has metadata, to which another mark was added since
		twice  bool   // the same backup, into the same volume
		fails  bool
		least  time.Duration // that the restore takes
	}{
		{name: "into another volume", config: cloudsim.Config{OperationTime: 3 * time.Second}, least: 3 * time.Second},
		{name: "into another volume, stale", config: cloudsim.Config{OperationTime: 3 * time.Second, Lag: time.Second}, least: 4 * time.Second},
		{name: "twice", config: cloudsim.Config{OperationTime: 3 * time.Second}, twice: true, least: 13 * time.Second},
		{name: "twice, stale", config: cloudsim.Config{OperationTime: 3 * time.Second, Lag: time.Second}, twice: true, least: 13 * time.Second},
		{name: "twice, stale, and the second one fails", config: cloudsim.Config{OperationTime: 3 * time.Second, Lag: time.Second}, faults: "restore=error_restoring", twice: true, fails: true},
		{name: "twice, flapping, and the second one fails", config: cloudsim.Config{OperationTime: 3 * time.Second, Lag: 2 * time.Second, LagFlapping: true}, faults: "restore=error_restoring", twice: true, fails: true},
		{name: "into its own source", config: cloudsim.Config{OperationTime: 3 * time.Second}, own: true, least: 13 * time.Second},
		{name: "into its own source, which bears another mark", config: cloudsim.Config{OperationTime: 3 * time.Second}, own: true, bears: true, least: 13 * time.Second},
		{name: "into its own source, stale, and it fails", config: cloudsim.Config{OperationTime: 3 * time.Second, Lag: time.Second}, faults: "restore=error_restoring", own: true, fails: true},
		{name: "an older Cinder, stale, and it fails", config: cloudsim.Config{OperationTime: 3 * time.Second, Lag: time.Second, MaxMicroversion: "3.59"}, faults: "restore=error_restoring", fails: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := withoutImages(cloudsim.New(row.config))
				c := checkRestore
				s, ctx := sessionOn(t, sim, c), t.Context()
				pair := func(name string, metadata map[string]string) (volume, backup cloud.Resource) {
					volume, err := s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name(name), Metadata: metadata})
					must(t, err)
					backup, err = s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name(name)}, volume)
					must(t, err)
					return volume, backup
				}
				volume, backup := pair("source", map[string]string{"k": "v"})
				if row.bears {
					_, other := pair("other", nil)
					_, err := s.Restore(ctx, other, volume)
					must(t, err)
				}
				var err error
				into := volume
				if !row.own {
					into, err = s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("target")})
					must(t, err)
				}
				if row.twice {
					_, err = s.Restore(ctx, backup, into)
					must(t, err)
				}
				if row.faults != "" {
					fault, err := cloudsim.ParseFault(row.faults)
					must(t, err)
					sim.Add(fault)
				}
				began := time.Now()
				_, err = s.Restore(ctx, backup, into)
				if (err != nil) != row.fails || time.Since(began) < row.least || time.Since(began) > time.Minute {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
			})
		})
	}
}

// TestRestoreIntoRenamed: what is restored into has to be this run's own at
// that moment.
func TestRestoreIntoRenamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := withoutImages(cloudsim.New(cloudsim.Config{}))
		s, ctx := sessionOn(t, sim, checkRestore), t.Context()
		volume, backup, err := s.volumeAndBackup(ctx)
		must(t, err)
		sim.Rename(volume.ID, "somebody's")
		if _, err := s.Restore(ctx, backup, volume); err == nil {
			t.Error("restored into what somebody renamed")
		}
		for _, request := range sim.Log() {
			if strings.HasSuffix(request.Path, "/restore") {
				t.Errorf("%s was asked for", request.Path)
			}
		}
	})
}

// TestRemoveOutlasts: a deletion that the storage undoes is asked for again.
func TestRemoveOutlasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := withoutImages(cloudsim.New(cloudsim.Config{DeletionUndone: 40 * time.Second}))
		s := sessionOn(t, sim, checkRestore)
		volume, err := s.CreateVolume(t.Context(), cloud.VolumeSpec{Name: s.Name("volume")})
		must(t, err)
		if err := s.Remove(t.Context(), volume); err != nil || len(sim.Volumes()) > 0 {
			t.Errorf("%v, left %v", err, sim.Volumes())
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestIncrementOrFull: a full backup takes the place of an increment that the
// cloud cannot make, not of one that no cinder-backup took: that says nothing of
// increments, and the check may be run once more alone.
func TestIncrementOrFull(t *testing.T) {
	for _, row := range []struct {
		name       string
		increments bool // the driver can make them
		taken      bool // by a cinder-backup
		full, fail bool
	}{
		{"made", true, true, false, false},
		{"not by this driver", false, true, true, false},
		{"taken by none", true, false, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := withoutImages(cloudsim.New(cloudsim.Config{IncrementalsFail: !row.increments}))
				s := sessionOn(t, sim, checkDisaster)
				volume, _, err := s.volumeAndBackup(t.Context())
				must(t, err)
				if !row.taken {
					sim.StopBackupService()
					sim.RestartScheduler()
				}
				backup, err := s.incrementOrFull(t.Context(), volume)
				if (err != nil) != row.fail || row.fail != byLoad(err) {
					t.Errorf("error %v", err)
				}
				if full := err == nil && !backup.Incremental; full != row.full || full != (s.result.Status == Warned) {
					t.Errorf("%v, backups %v, warnings %v", backup, sim.Backups(), s.result.Notes)
				}
			})
		})
	}
}
