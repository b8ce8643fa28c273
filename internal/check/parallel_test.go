package check

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// account is what one check came to, without what differs from run to run.
type account struct {
	result   string   // status, notes, measurements, and the failure if there is one
	made     []string // kinds and names that were asked for, with the check's prefix
	seen     []string // names in the timelines, with the check's prefix
	left     []string // in the run's account, with the check's prefix
	inCloud  []string // the same in the cloud
	finished int      // how often its end was told
}

// atOnceOn runs checks on one run at the same time, each with a session of its
// own, and returns what became of each.
func atOnceOn(t *testing.T, config cloudsim.Config, checks ...Check) map[string]*account {
	t.Helper()
	accounts := map[string]*account{}
	synctest.Test(t, func(t *testing.T) {
		sim := withoutImages(cloudsim.New(config))
		var events []Event
		r := newRun(Config{
			Cloud: connect(t, sim, "cloudsim"), Other: connect(t, sim, "cloudsim-other"), Prefix: "scs-test-", Timeout: time.Minute,
			RestoreType: cloudsim.OtherType, Checks: checks, Parallel: 2, Progress: func(e Event) { events = append(events, e) },
		})
		errs := make([]error, len(checks))
		var wg sync.WaitGroup
		for i, c := range checks {
			s := r.newSession(c)
			s.beside = true
			wg.Go(func() {
				if errs[i] = r.perform(t.Context(), s, c); errs[i] == nil {
					errs[i] = r.cleanCheck(t.Context(), s)
				}
			})
		}
		wg.Wait()
		for i, c := range checks {
			prefix := r.newSession(c).prefix
			a := &account{}
			accounts[c.Name] = a
			result := r.outcome.Result(c.Name)
			a.result = fmt.Sprint(result.Status, " ", result.Notes, " ", len(result.Measurements))
			var failure *Failure
			if errors.As(errs[i], &failure) {
				a.result += fmt.Sprint(" ", failure.Check, " ", failure.Summary, " ", failure.Expected, " ", failure.Got)
			} else if errs[i] != nil {
				a.result += fmt.Sprint(" ", errs[i])
			}
			a.result = anID.ReplaceAllString(a.result, "ID")
			a.result = counts.ReplaceAllString(a.result, "at least N backups and N GiB") // all of the run's that are there
			for _, request := range sim.Log() {
				if name := aName.FindStringSubmatch(string(request.Body)); request.Method == "POST" && name != nil && strings.HasPrefix(name[1], prefix) {
					a.made = append(a.made, name[1])
				}
			}
			for _, timeline := range r.outcome.Resources {
				if strings.HasPrefix(timeline.Name, prefix) {
					a.seen = append(a.seen, timeline.Name)
				}
			}
			for _, l := range r.owned.left() {
				if strings.HasPrefix(l.Name, prefix) {
					a.left = append(a.left, l.Kind+" "+l.Name)
				}
			}
			for _, name := range namesIn(sim) {
				if _, name, _ := strings.Cut(name, " "); strings.HasPrefix(name, prefix) {
					a.inCloud = append(a.inCloud, name)
				}
			}
			for _, e := range events {
				if beside, is := e.(Beside); is {
					e = beside.Event
				}
				if ended, is := e.(CheckFinished); is && ended.Result.Name == c.Name {
					a.finished++
				}
			}
			for _, list := range [][]string{a.made, a.seen, a.left, a.inCloud} {
				slices.Sort(list)
			}
		}
		theirs := 0
		for _, a := range accounts {
			theirs += len(a.left)
		}
		if all := r.owned.left(); len(all) != theirs {
			t.Errorf("%d of %v are left by the checks", theirs, all)
		}
	})
	return accounts
}

var counts = regexp.MustCompile(`at least \d+ backups and \d+ GiB`)

var aName = regexp.MustCompile(`"name":"([^"]*)"`)

func namesIn(sim *cloudsim.Cloud) (names []string) {
	for _, v := range sim.Volumes() {
		names = append(names, "volume "+v.Name)
	}
	for _, b := range sim.Backups() {
		names = append(names, "backup "+b.Name)
	}
	for _, s := range sim.Snapshots() {
		names = append(names, "snapshot "+s.Name)
	}
	return names
}

// TestTwoAtOnce: what a check comes to, makes and leaves is the same, whichever
// other one runs at the same time, or all of them: on a sound cloud, on one that
// is unusual in what makes notes and warnings, and on those that make most
// checks fail.
func TestTwoAtOnce(t *testing.T) {
	quotas := cloudsim.Quotas{Volumes: -1, Gigabytes: -1, Snapshots: -1, Backups: -1, BackupGigabytes: -1}
	fault := func(text string) []cloudsim.Fault {
		f, err := cloudsim.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		return []cloudsim.Fault{f}
	}
	for name, config := range map[string]cloudsim.Config{
		"sound":      {Quotas: &quotas},
		"unusual":    {Quotas: &quotas, MaxMicroversion: "3.9", Broken: []cloudsim.Rule{cloudsim.IncrementalFull, cloudsim.AcceptsAdminAction, cloudsim.AcceptsIncrementalWithoutFull}},
		"unreadable": {Quotas: &quotas, Broken: []cloudsim.Rule{cloudsim.UnreadableBackup}},
		"broken":     {Quotas: &quotas, Faults: fault("restore=error_restoring"), Broken: []cloudsim.Rule{cloudsim.LimitsWrong, cloudsim.ForeignShowBackup, cloudsim.ParentUnmarked}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alone, statuses := map[string]*account{}, map[string]int{}
			for _, c := range optionalChecks() {
				alone[c.Name] = atOnceOn(t, config, c)[c.Name]
				status, _, _ := strings.Cut(alone[c.Name].result, " ")
				statuses[status]++
			}
			t.Log(statuses)
			want := map[string]Status{"sound": Passed, "unusual": Warned, "unreadable": Failed, "broken": Failed}[name]
			if statuses[string(want)] < 2 {
				t.Fatalf("too few %s: %v", want, statuses)
			}
			checks := optionalChecks()
			together := [][]Check{checks}
			for i, a := range checks {
				for _, b := range checks[i+1:] {
					together = append(together, []Check{a, b})
				}
			}
			for _, checks := range together {
				got := atOnceOn(t, config, checks...)
				for _, c := range checks {
					if was, is := fmt.Sprintf("%+v", *alone[c.Name]), fmt.Sprintf("%+v", *got[c.Name]); was != is {
						t.Errorf("%s, one of %d from %s on: %s\nalone: %s", c.Name, len(checks), checks[0].Name, is, was)
					}
				}
			}
		})
	}
}
