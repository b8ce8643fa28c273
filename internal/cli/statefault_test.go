package cli

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestStates lets every operation end in every wrong way. None of them passes,
// a status that begins with error fails at once, and whatever is left is
// cleared when an administrator has made it deletable.
func TestStates(t *testing.T) {
	var mu sync.Mutex
	told := map[string]string{}
	var names []string
	t.Run("operation", func(t *testing.T) {
		for _, operation := range []string{"create-volume", "create-backup", "restore", "delete-backup", "delete-volume"} {
			for _, end := range []string{
				"error", "error_restoring", "error_deleting", "error_extending", "stuck", "vanish", "available",
				"creating", "deleting", "backing-up", "restoring", "in-use", "reserved", "maintenance", "unheard-of",
			} {
				deleting := strings.HasPrefix(operation, "delete-")
				if !deleting && end == "available" || deleting && end == "vanish" {
					continue // as it should be
				}
				fault := operation + "=" + end
				names = append(names, fault)
				t.Run(fault, func(t *testing.T) {
					t.Parallel()
					bubble(t, func(t *testing.T) {
						c := newCell(t, fault)
						status := c.run("--timeout", "5")
						c.judge("", status)
						mu.Lock()
						told[fault] = c.outcome(status)
						mu.Unlock()
						if status != exitFail {
							t.Errorf("exit %d", status)
						}
						atOnce := strings.HasPrefix(end, "error") // what vanishes may lag
						if !deleting && atOnce != (c.elapsed < time.Second) {
							t.Errorf("took %v", c.elapsed)
						}
						c.reset()
					})
				})
			}
		}
	})
	var table strings.Builder
	for _, name := range names {
		fmt.Fprintf(&table, "%-31s %s\n", name, told[name])
	}
	golden(t, "states", table.String())
}

// reset clears what a member can, holds the run to naming the rest, and clears
// that when an administrator has given it a status to delete from.
func (c *cell) reset() {
	c.t.Helper()
	c.sim.ClearFaults()
	status := c.run("--cleanup-only", "--timeout", "5")
	for _, name := range c.remaining() {
		if status != exitFail || !strings.Contains(c.stderr.String(), "not deleted: "+name) {
			c.t.Errorf("%s is left with exit %d, and not named:\n%s", name, status, &c.stderr)
		}
	}
	for _, v := range c.sim.Volumes() {
		if !c.others[v.ID] {
			c.sim.SetStatus(v.ID, "error")
		}
	}
	for _, b := range c.sim.Backups() {
		if !c.others[b.ID] {
			c.sim.SetStatus(b.ID, "error")
		}
	}
	c.clear()
}

// find is what has that name in the simulated cloud.
func (c *cell) find(name string) (id string) {
	for _, v := range c.sim.Volumes() {
		if v.Name == name && !c.others[v.ID] {
			id = v.ID
		}
	}
	for _, b := range c.sim.Backups() {
		if b.Name == name && !c.others[b.ID] {
			id = b.ID
		}
	}
	return id
}

// TestMoments changes the cloud at one moment of the run, which a line on
// stdout tells: cinder-backup dies, something settles and flips back, or
// somebody deletes it.
func TestMoments(t *testing.T) {
	const volume, backup, restored = "scs-test-volume", "scs-test-volume-backup", "scs-test-restored-backup"
	dies := func(c *cell) { c.sim.StopBackupService() }
	flips := func(name, status string) func(*cell) {
		return func(c *cell) { c.sim.SetStatus(c.find(name), status) }
	}
	goes := func(name string) func(*cell) { return func(c *cell) { c.sim.Remove(c.find(name)) } }
	const likely = "cinder-backup is the likely cause"
	for _, row := range []struct {
		name, line string
		do         func(*cell)
		later      time.Duration // after the line
		want       string        // on stderr; "": the run passes
	}{
		{"dies before the volume", "Creating volume", dies, 0, likely},
		{"dies during the volume", "↳ waiting for volume 'scs-test-volume'", dies, 50 * time.Millisecond, likely},
		{"dies after the volume", "Create empty volume: PASS", dies, 0, likely},
		{"dies during the backup", "↳ waiting for backup", dies, 50 * time.Millisecond, likely},
		{"dies after the backup", "Create backup from volume: PASS", dies, 0, likely},
		{"dies during the restore", "↳ waiting for volume 'scs-test-restored-backup'", dies, 50 * time.Millisecond, "status 'restoring-backup' after 1m0s"},
		{"dies after the restore", "Restore volume from backup: PASS", dies, 0, "cinder-backup has to run"},
		{"dies during the deletion", "↳ deleting backup", dies, 50 * time.Millisecond, "status 'deleting'"},

		{"the volume fails after its phase", "Create empty volume: PASS", flips(volume, "error"), 0, `current status is "error"`},
		{"the volume is created again", "Create empty volume: PASS", flips(volume, "creating"), 0, `current status is "creating"`},
		{"the volume fails during the backup", "↳ waiting for backup", flips(volume, "error"), 50 * time.Millisecond, "status 'error' after"},
		{"the backup fails after its phase", "Create backup from volume: PASS", flips(backup, "error"), 0, "Backup status must be available"},
		{"the backup is created again", "Create backup from volume: PASS", flips(backup, "creating"), 0, "Backup status must be available"},
		{"the backup fails during the restore", "↳ waiting for volume 'scs-test-restored-backup'", flips(backup, "error"), 50 * time.Millisecond, "status 'error' after"},
		{"the restored volume fails after its phase", "Restore volume from backup: PASS", flips(restored, "error_restoring"), 0, ""},
		{"the restored volume is busy again", "Restore volume from backup: PASS", flips(restored, "restoring-backup"), 0, "status 'restoring-backup'"},

		{"the volume goes before the backup", "Create empty volume: PASS", goes(volume), 0, "could not be found"},
		{"the volume goes during the backup", "↳ waiting for backup", goes(volume), 50 * time.Millisecond, "and then it vanished"},
		{"the backup goes before the restore", "Create backup from volume: PASS", goes(backup), 0, "could not be found"},
		{"the backup goes during the restore", "↳ waiting for volume 'scs-test-restored-backup'", goes(backup), 50 * time.Millisecond, "and then it vanished"},
		{"the restored volume goes", "Restore volume from backup: PASS", goes(restored), 0, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T) {
				c := newCell(t)
				var once sync.Once
				c.onLine = func(line string) {
					c.witness(line)
					if !strings.HasPrefix(line, row.line) {
						return
					}
					if row.later == 0 {
						once.Do(func() { row.do(c) })
						return
					}
					once.Do(func() { time.AfterFunc(row.later, func() { row.do(c) }) })
				}
				status := c.run()
				c.judge("lag", status) // for all that the program can tell
				if (status == exitPass) != (row.want == "") || status > exitFail || !strings.Contains(c.stderr.String(), row.want) {
					t.Errorf("want %q:\n%s", row.want, c.transcript(status))
				}
				c.onLine = nil
				c.sim.StartBackupService()
				c.reset()
			})
		})
	}
}

// TestRestoredTooEarly: a restored volume that looks available before the
// restore is completed has not passed, whatever it comes to.
func TestRestoredTooEarly(t *testing.T) {
	for _, then := range []string{"restoring-backup", "available", "error_restoring"} {
		bubble(t, func(t *testing.T) {
			c := newCell(t, "restore=slow:2s")
			c.onLine = func(line string) {
				if !strings.HasPrefix(line, "↳ waiting for volume 'scs-test-restored-backup'") {
					return
				}
				id := c.find("scs-test-restored-backup") // a status by force: Cinder's mark is never written
				time.AfterFunc(500*time.Millisecond, func() { c.sim.SetStatus(id, "available") })
				time.AfterFunc(time.Second, func() { c.sim.SetStatus(id, then) })
			}
			if status := c.run(); status != exitFail || strings.Contains(c.stdout.String(), "Restore volume from backup: PASS") {
				t.Errorf("%s: exit %d\n%s%s", then, status, &c.stdout, &c.stderr)
			}
			c.onLine = nil
			if then != "restoring-backup" { // which a member cannot delete
				c.clear()
			}
		})
	}
}

// TestRestoreWithoutVolumeID: nothing but the answer names the restored volume,
// also when one of its name is there.
func TestRestoreWithoutVolumeID(t *testing.T) {
	for _, body := range []string{`{"restore": {"backup_id": "BACKUP"}}`, `{"restore": {"backup_id": "BACKUP", "volume_id": null, "volume_name": "scs-test-restored-backup"}}`, `{"restore": {"backup_id": "BACKUP", "volume_id": ""}}`} {
		bubble(t, func(t *testing.T) {
			c := newCell(t)
			c.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
				response, err := cloud.RoundTrip(r)
				if err == nil && strings.HasSuffix(r.URL.Path, "/restore") {
					replaceBody(response, strings.ReplaceAll(body, "BACKUP", c.find("scs-test-volume-backup")))
				}
				return response, err
			}
			status := c.run()
			c.judge("", status)
			if status != exitFail || !strings.Contains(c.stderr.String(), "answer 202, which cannot be used: it names no volume") ||
				!strings.Contains(c.stderr.String(), "may still exist: volume 'scs-test-restored-backup'") {
				t.Errorf("exit %d\n%s", status, &c.stderr)
			}
			c.clear()
		})
	}
}

// TestLastLookFails: a wait that was sound until shortly before its end tells
// what it saw, not what its last look met.
func TestLastLookFails(t *testing.T) {
	for name, last := range map[string]func() (*http.Response, error){
		"502": func() (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusBadGateway, Body: io.NopCloser(strings.NewReader("bad gateway"))}, nil
		},
		"reset": func() (*http.Response, error) {
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newCell(t, "create-backup=stuck")
				began := time.Now()
				c.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					if r.Method == "GET" && strings.Contains(r.URL.Path, "/backups/") && time.Since(began) > 59*time.Second {
						return last()
					}
					return cloud.RoundTrip(r)
				}
				status := c.run()
				c.judge("", status)
				for _, want := range []string{"got: status 'creating' after 1m0s; in the last ", "showing backup 'scs-test-volume-backup'", "cinder-backup is the likely cause"} {
					if status != exitFail || !strings.Contains(c.stderr.String(), want) {
						t.Errorf("exit %d, not %q:\n%s", status, want, &c.stderr)
					}
				}
			})
		})
	}
}

// TestUnseenEnd: what nobody has looked at for long, or not for the whole of the
// budget, is not said to have failed.
func TestUnseenEnd(t *testing.T) {
	for name, row := range map[string]struct {
		timeout string
		from    time.Duration
		code    int // 0: no network
		says    string
	}{
		"network gone at 36 s":   {"60", 36 * time.Second, 0, "got: no answer: "},
		"network gone at once":   {"6", 250 * time.Millisecond, 0, "got: no answer: "},
		"Retry-After in 2 min":   {"60", 4 * time.Second, http.StatusTooManyRequests, "hint: the cloud limits the rate of requests: run again later"},
		"Keystone away for long": {"60", 4 * time.Second, http.StatusUnauthorized, "hint: run again later, or allow more with --timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newCell(t, "create-backup=slow:45s")
				began := time.Now()
				c.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					login := strings.HasSuffix(r.URL.Path, "/auth/tokens")
					if time.Since(began) < row.from {
						return cloud.RoundTrip(r)
					}
					code, body := row.code, "away"
					if login {
						code = http.StatusServiceUnavailable
					}
					if code == 0 {
						return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ENETUNREACH}
					}
					return &http.Response{StatusCode: code, Header: http.Header{"Retry-After": {"120"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
				}
				status := c.run("--timeout", row.timeout)
				if status != exitAbort || !strings.Contains(c.stderr.String(), row.says) || strings.Contains(c.stderr.String(), "cinder-backup is the likely cause") {
					t.Errorf("exit %d\n%s", status, &c.stderr)
				}
			})
		})
	}
}
