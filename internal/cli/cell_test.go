package cli

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// cell is one run of the sweep.
type cell struct {
	*scene
	others map[string]bool // ids of what the run must not touch
	before string          // how that is before the run
}

// newCell makes a full run meet every kind of request: it has to ask where
// version 3 is, and to turn pages. The catalogue and clouds.yaml are small,
// because there are thousands of runs.
func newCell(t *testing.T, faults ...string) *cell {
	return newCellOn(t, cloudsim.Config{OperationTime: 100 * time.Millisecond, PageSize: 3}, faults...)
}

// newCellOn is newCell on a cloud of another kind.
func newCellOn(t *testing.T, config cloudsim.Config, faults ...string) *cell {
	faults = slices.DeleteFunc(faults, func(fault string) bool { return fault == "" })
	c := &cell{scene: newScene(t, config, faults...), others: map[string]bool{}}
	c.sim.SetEndpoints(cloudsim.Endpoint{Type: "volumev3", Name: "cinderv3", Region: cloudsim.Region, Interface: "public", URL: "/volume/"})
	c.clouds = memberCloud("", cloudsim.Password)
	lookAlikes(c.scene)
	c.sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Project: cloudsim.OtherProject, Name: "scs-test-volume"}})
	for _, v := range c.sim.Volumes() {
		c.others[v.ID] = true
	}
	for _, b := range c.sim.Backups() {
		c.others[b.ID] = true
	}
	c.before = c.untouched()
	c.onLine = c.witness
	return c
}

// witness holds a phase's result line to what is in the cloud when it is said.
func (c *cell) witness(line string) {
	phase, passed := strings.CutSuffix(line, ": PASS\n")
	if !passed || phase == "scs-0117-test-backup" {
		return
	}
	var volume, restored, backup bool
	var from string
	for _, b := range c.sim.Backups() {
		if b.Name == "scs-test-volume-backup" {
			backup, from = b.Status == "available" && b.Size == 1, b.ID
		}
	}
	for _, v := range c.sim.Volumes() {
		settled := !c.others[v.ID] && v.Status == "available" && v.Size == 1
		volume = volume || settled && v.Name == "scs-test-volume"
		restored = restored || settled && v.Name == "scs-test-restored-backup" && v.Metadata["src_backup_id"] == from
	}
	wants := map[string]bool{
		"Create empty volume": volume, "Create backup from volume": volume && backup, "Restore volume from backup": volume && backup && restored,
	}
	if held, known := wants[phase]; !known || !held {
		c.t.Errorf("%q, and the cloud has volume %t, backup %t, restored volume %t", phase, volume, backup, restored)
	}
}

// untouched describes what the run must leave alone.
func (c *cell) untouched() string {
	var lines []string
	for _, v := range c.sim.Volumes() {
		if c.others[v.ID] {
			lines = append(lines, fmt.Sprint(v.ID, v.Name, v.Status, v.UpdatedAt, v.Metadata))
		}
	}
	for _, b := range c.sim.Backups() {
		if c.others[b.ID] {
			lines = append(lines, fmt.Sprint(b.ID, b.Name, b.Status, b.UpdatedAt))
		}
	}
	return strings.Join(lines, "\n")
}

// remaining is what has the prefix and is still in the cloud.
func (c *cell) remaining() (names []string) {
	for _, v := range c.sim.Volumes() {
		if !c.others[v.ID] {
			names = append(names, fmt.Sprintf("volume '%s'", v.Name))
		}
	}
	for _, b := range c.sim.Backups() {
		if !c.others[b.ID] {
			names = append(names, fmt.Sprintf("backup '%s'", b.Name))
		}
	}
	return names
}

// judge asserts what holds whichever fault struck.
func (c *cell) judge(what string, status int) {
	c.t.Helper()
	verdict := c.verdict()
	if want, known := map[string]int{"PASS": exitPass, "FAIL": exitFail, "ABORT": exitAbort}[verdict]; !known || want != status {
		c.t.Errorf("verdict %q with exit %d", verdict, status)
	}
	if c.elapsed > longestRun {
		c.t.Errorf("took %v", c.elapsed)
	}
	begins := map[int]string{exitFail: "error: ", exitAbort: "critical: "}[status]
	if (status == exitPass) != (c.stderr.Len() == 0) || !strings.HasPrefix(c.stderr.String(), begins) {
		c.t.Errorf("exit %d with this on stderr: %q", status, &c.stderr)
	}
	accepted := c.postsAsAllowed(what)
	if status == exitPass {
		if want := map[string]int{"POST /volumes": 1, "POST /backups": 1, "POST /backups/*/restore": 1}; !maps.Equal(accepted, want) {
			c.t.Errorf("a PASS with these requests accepted: %v", accepted)
		}
		if strings.Count(c.stdout.String(), ": PASS\n") != 4 {
			c.t.Error("a PASS without its three phases")
		}
		if left := c.remaining(); len(left) > 0 {
			c.t.Errorf("a PASS that left %v", left)
		}
	}
	c.onlyOurs()
}

func (c *cell) verdict() string {
	lines := strings.Split(strings.TrimSuffix(c.stdout.String(), "\n"), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "scs-0117-test-backup: ")
}

// postsAsAllowed asserts that a request which makes something is repeated only
// if the cloud cannot have acted on it, and counts those that were accepted.
func (c *cell) postsAsAllowed(what string) map[string]int {
	c.t.Helper()
	accepted, last := map[string]int{}, map[string]*cloudsim.Request{}
	loggedIn := false
	for _, r := range c.sim.Log() {
		request := pattern(r)
		if request == "POST /v3/auth/tokens" {
			loggedIn = true
		}
		if r.Method != "POST" || request == "POST /v3/auth/tokens" {
			continue
		}
		if strings.Contains(string(r.Body), `-again"`) { // under another name, to tell whether only backups are struck
			continue
		}
		if before := last[request]; before != nil {
			renewed := before.Status == 401 && loggedIn
			refused := before.Status == 429 || before.Status == 413 && what == "413+7" || before.Status == 503 && strings.HasSuffix(what, "503+7") || before.Status/100 == 3 || before.Status == 0 && what == "refuse"
			lagging := (before.Status == 404 || before.Status == 400) && what == "lag"
			if !renewed && !refused && !lagging {
				c.t.Errorf("%s was sent again after %s (%d)", request, what, before.Status)
			}
		}
		if r.Status == 202 {
			accepted[request]++
		}
		last[request], loggedIn = &r, false
	}
	return accepted
}

// onlyOurs asserts that nothing without the prefix was touched or asked to be.
func (c *cell) onlyOurs() {
	c.t.Helper()
	if after := c.untouched(); after != c.before {
		c.t.Errorf("the others' resources were:\n%s\nand are:\n%s", c.before, after)
	}
	for _, r := range c.sim.Log() {
		if r.Method == "GET" || pattern(r) == "POST /v3/auth/tokens" {
			continue
		}
		if !slices.Contains([]string{"POST /volumes", "POST /backups", "POST /backups/*/restore", "DELETE /backups/*", "DELETE /volumes/*"}, pattern(r)) {
			c.t.Errorf("an unexpected %s %s", r.Method, r.Path)
		}
		if r.Method == "POST" && !strings.Contains(string(r.Body), `"name":"scs-test-`) {
			c.t.Errorf("%s without a name that has the prefix: %s", r.Path, r.Body)
		}
		for id := range c.others {
			if strings.Contains(r.Path+string(r.Body), id) {
				c.t.Errorf("%s %s %s names what is not ours", r.Method, r.Path, r.Body)
			}
		}
	}
}

// clear asserts that one clean-up of the cloud, well again, leaves nothing.
func (c *cell) clear() {
	c.t.Helper()
	c.sim.ClearFaults()
	if status := c.run("--cleanup-only"); status != exitPass || len(c.remaining()) > 0 {
		c.t.Errorf("the clean-up afterwards: exit %d, left %v\n%s", status, c.remaining(), &c.stderr)
	}
	c.onlyOurs()
}

var anID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// pattern is a request as the simulator's faults name it.
func pattern(r cloudsim.Request) string {
	path := strings.TrimPrefix(strings.TrimPrefix(r.Path, "/moved"), "/identity")
	if below, isVersioned := strings.CutPrefix(path, "/volume/v3"); isVersioned {
		path = below
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if len(segment) == 36 { // a UUID
			segments[i] = "*"
		}
	}
	return r.Method + " " + strings.Join(segments, "/")
}
