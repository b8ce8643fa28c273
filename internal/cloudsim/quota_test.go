package cloudsim_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"volume-backup-tester/internal/cloudsim"
)

// What the limits leave out is absent, not 0.
func TestLimitsLeftOut(t *testing.T) {
	for _, test := range []struct {
		config cloudsim.Config
		keys   int
		absent []string
	}{
		{cloudsim.Config{}, 10, nil},
		{cloudsim.Config{LimitsWithoutUsed: true}, 5, []string{"totalBackupsUsed", "totalBackupGigabytesUsed", "totalVolumesUsed"}},
		{cloudsim.Config{LimitsWithoutBackups: true}, 6, []string{"totalBackupsUsed", "totalBackupGigabytesUsed", "maxTotalBackups", "maxTotalBackupGigabytes"}},
	} {
		limits := connect(t, cloudsim.New(test.config)).get(t, "/limits")["absolute"].(object)
		if len(limits) != test.keys {
			t.Errorf("limits are %v", limits)
		}
		for _, name := range test.absent {
			if value, there := limits[name]; there {
				t.Errorf("%s is %v", name, value)
			}
		}
	}
}

// A quota can be used up by what is in no list.
func TestUnlisted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		s.cloud.SetUnlisted(cloudsim.Project, cloudsim.Quotas{Backups: 10, BackupGigabytes: 10})
		if used := s.do("GET", "/limits", nil, http.StatusOK)["absolute"].(object)["totalBackupsUsed"]; used != 10.0 {
			t.Errorf("%v are used", used)
		}
		s.do("POST", "/backups", object{"backup": object{"volume_id": s.volume()}}, http.StatusRequestEntityTooLarge)
		if n := s.count(s.member, "/backups"); n != 0 {
			t.Errorf("%d are listed", n)
		}
		s.cloud.SetUnlisted(cloudsim.Project, cloudsim.Quotas{})
		s.backup(s.volume())
	})
}

// A quota that is not given back is used up by backups that are gone.
func TestQuotaKept(t *testing.T) {
	for kept, want := range map[bool]int{false: http.StatusAccepted, true: http.StatusRequestEntityTooLarge} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, cloudsim.Config{QuotaKept: kept, Quotas: &cloudsim.Quotas{Volumes: 10, Gigabytes: 10, Backups: 1, BackupGigabytes: 10}})
			volume := s.volume()
			s.do("DELETE", "/backups/"+s.backup(volume), nil, http.StatusAccepted)
			used := s.do("GET", "/limits", nil, http.StatusOK)["absolute"].(object)
			if (used["totalBackupsUsed"] == 1.0) != kept || (used["totalBackupGigabytesUsed"] == 1.0) != kept {
				t.Errorf("kept %t: %v", kept, used)
			}
			s.do("POST", "/backups", object{"backup": object{"volume_id": volume}}, want)
		})
	}
}
