package cli

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// TestTakenBetweenPhases: what one phase made and another program takes before the
// next needs it is judged as what vanishes while it is waited for: by what else
// there is to be seen of another run.
func TestTakenBetweenPhases(t *testing.T) {
	const volume, backup, restored = "scs-test-volume", "scs-test-volume-backup", "scs-test-restored-backup"
	const vanished, another, deleting = "and then it vanished", "which another run has made under an overlapping prefix", "is being deleted by another program"
	typed := []string{"--volume-type", cloudsim.OtherType}
	for _, row := range []struct {
		line, kind, name string
		args             []string
		state            string // "": it is gone
		foreign          bool   // something of another run is there
		status           int
		says             string
	}{
		{"Create empty volume: PASS", "volume", volume, nil, "", false, exitFail, vanished},
		{"Create empty volume: PASS", "volume", volume, nil, "", true, exitAbort, another},
		{"Create empty volume: PASS", "volume", volume, nil, "deleting", false, exitAbort, deleting},
		{"Create backup from volume: PASS", "backup", backup, nil, "", false, exitFail, vanished},
		{"Create backup from volume: PASS", "backup", backup, nil, "", true, exitAbort, another},
		{"Create backup from volume: PASS", "backup", backup, nil, "deleting", false, exitAbort, deleting},
		{"Restoring volume", "volume", restored, typed, "", false, exitFail, vanished},
		{"Restoring volume", "volume", restored, typed, "", true, exitAbort, another},
		{"Create empty volume: PASS", "volume", volume, nil, "error", true, exitFail, `current status is "error"`},
	} {
		t.Run(fmt.Sprint(row.line, row.name, row.state, row.foreign), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				var once sync.Once
				s.onLine = func(line string) {
					if !strings.HasPrefix(line, row.line) {
						return
					}
					once.Do(func() {
						id := s.id(row.kind, row.name)
						if row.state == "" {
							s.sim.Remove(id)
						} else {
							s.sim.SetStatus(id, row.state)
						}
						if row.foreign {
							put("volume", "scs-test-volume", "available")(s)
						}
					})
				}
				status := s.run(row.args...)
				if status != row.status || !strings.Contains(s.stderr.String(), row.says) {
					t.Errorf("exit %d, not %q:\n%s", status, row.says, &s.stderr)
				}
			})
		})
	}
}

// TestVanishesBeside: what another check is just making, and has no answer about
// yet, is not another run's: what vanishes meanwhile is the cloud's fault.
func TestVanishesBeside(t *testing.T) {
	for k := range 5 {
		bubble(t, func(t *testing.T) {
			s := withoutImages(t, cloudsim.Config{OperationTime: 4 * time.Second}, fmt.Sprintf("create-backup=vanish@%d", k), "POST /backups/*/restore=slow:30s")
			status := s.run("--checks", "listing,snapshot,fidelity,incremental", "--timeout", "120")
			if said := s.stdout.String() + s.stderr.String(); status != exitFail || strings.Contains(said, "another run has made") {
				t.Errorf("backup %d vanishes: exit %d\n%s", k, status, said)
			}
		})
	}
}
