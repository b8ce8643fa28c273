package cli

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloudsim"
)

// held is what the run has in the cloud now, as the project's quotas count it:
// Cinder's count snapshots among the gigabytes of volumes.
func (s *scene) held() (n check.Needs) {
	for _, v := range s.sim.Volumes() {
		n.Volumes++
		n.Gigabytes += v.Size
	}
	for _, snapshot := range s.sim.Snapshots() {
		n.Snapshots++
		n.Gigabytes += snapshot.Size
	}
	for _, b := range s.sim.Backups() {
		n.Backups++
		n.BackupGigabytes += b.Size
	}
	for _, i := range s.sim.Images() {
		n.ImageBytes += i.Bytes
	}
	return n
}

// peak watches a run, and returns the most of each that it has held by now.
// What takes quota is made while a request is answered; an image gets its bytes
// later, and keeps them until a request deletes it.
func (s *scene) peak() func() check.Needs {
	var mu sync.Mutex
	var most check.Needs
	look := func() {
		mu.Lock()
		defer mu.Unlock()
		now := s.held()
		most = check.Needs{
			Volumes: max(most.Volumes, now.Volumes), Gigabytes: max(most.Gigabytes, now.Gigabytes),
			Backups: max(most.Backups, now.Backups), BackupGigabytes: max(most.BackupGigabytes, now.BackupGigabytes),
			Snapshots: max(most.Snapshots, now.Snapshots), ImageBytes: max(most.ImageBytes, now.ImageBytes),
		}
	}
	s.network = func(r *http.Request, cloud http.RoundTripper) (*http.Response, error) {
		look()
		response, err := cloud.RoundTrip(r)
		look()
		return response, err
	}
	return func() check.Needs { return most }
}

// TestNeeds measures what each check holds at one time when it runs alone. The
// phases add up: each has what those before it made.
func TestNeeds(t *testing.T) {
	for _, c := range check.All() {
		if c.Mandatory {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				most := s.peak()
				if status := s.run(optional(c.Name)...); status != exitPass || !strings.Contains(s.stdout.String(), c.Title+": PASS\n") {
					t.Fatalf("exit %d\n%s%s", status, &s.stdout, &s.stderr)
				}
				needs := most()
				needs.Flag = c.Needs.Flag
				if needs != c.Needs {
					t.Errorf("held %+v\nneeds %+v", needs, c.Needs)
				}
			})
		})
	}
	for _, args := range [][]string{nil, {"--volume-type", cloudsim.OtherType}} {
		t.Run("phases "+strings.Join(args, " "), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScene(t, cloudsim.Config{})
				most := s.peak()
				ended := 0
				s.onLine = func(line string) {
					for _, c := range check.Mandatory() {
						if line != c.Title+": PASS\n" {
							continue
						}
						ended++
						if now := s.held(); now != c.Needs || most() != c.Needs {
							t.Errorf("%s\nheld %+v, at most %+v\nneeds %+v", c.Name, now, most(), c.Needs)
						}
					}
				}
				if status := s.run(args...); status != exitPass || ended != len(check.Mandatory()) {
					t.Errorf("exit %d, %d phases ended\n%s", status, ended, &s.stderr)
				}
			})
		})
	}
}

// TestNeedsWithoutIncrements: a full backup takes the place of an increment that ended
// in error, also in the quota.
func TestNeedsWithoutIncrements(t *testing.T) {
	for _, name := range []string{"data-incremental", "disaster"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := must(check.Select(name))[0]
				s := newScene(t, cloudsim.Config{})
				most := s.peak()
				s.onLine = func(line string) {
					if strings.HasPrefix(line, "Creating backup 'scs-test-"+strings.ReplaceAll(name, "-", "_")+"-incremental'") {
						s.sim.Add(must(cloudsim.ParseFault("create-backup=error*1")))
					}
				}
				status := s.run("--checks", name)
				if status != exitPass || !strings.Contains(s.stdout.String(), "\n"+c.Title+": WARN\n") || len(s.names()) > 0 {
					t.Errorf("exit %d, left %v\n%s%s", status, s.names(), &s.stdout, &s.stderr)
				}
				if got := most(); got.Backups != c.Needs.Backups || got.BackupGigabytes != c.Needs.BackupGigabytes {
					t.Errorf("held %+v\nneeds %+v", got, c.Needs)
				}
			})
		})
	}
}

// TestNeededFlags: without any flag, those checks are skipped that say they
// need one, and say which; all others pass.
func TestNeededFlags(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{})
		if status := s.run("--checks", "all"); status != exitPass {
			t.Errorf("exit %d\n%s", status, &s.stderr)
		}
		skipped := 0
		for _, c := range check.All() {
			want, flag := c.Title+": PASS", c.Needs.Flag
			if c.Name == "encrypted" { // which needs none where all volumes are
				flag = "--encrypted-volume-type"
			}
			if flag != "" {
				skipped++
				want = c.Title + ": SKIP"
			}
			before, _, found := strings.Cut(s.stdout.String(), "\n"+want+"\n")
			if note := before[strings.LastIndex(before, "\n")+1:]; !found || flag != "" && !strings.Contains(note, flag+" ") {
				t.Errorf("not %q, or %q does not name %s", want, note, flag)
			}
		}
		if skipped == 0 {
			t.Error("no check needs a flag")
		}
	})
}

// TestFlagsAreTold: the flags that checks need are real ones that the usage
// explains, and --list-checks has every check with what it needs.
func TestFlagsAreTold(t *testing.T) {
	listed := list(check.All())
	for line := range strings.Lines(listed) {
		if len(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("wider than a screen: %q", line)
		}
	}
	listed = strings.Join(strings.Fields(listed), " ")
	for _, c := range check.All() {
		name, text := c.Name, ""
		if c.Mandatory {
			name, text = "core", c.Title+": "
		}
		glance := ""
		if c.Needs.ImageBytes > 0 {
			glance = "Glance"
		}
		n := c.Needs
		row := strings.ReplaceAll(fmt.Sprint(n.Volumes, n.Gigabytes, n.Backups, n.BackupGigabytes, n.Snapshots), "0", "-")
		want := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s %s%s (%s)", name, row, c.Needs.Flag, glance, text, c.Requirement, c.Reference)), " ")
		if !strings.Contains(listed, want) {
			t.Errorf("--list-checks does not say %q", want)
		}
		if c.Needs.Flag == "" {
			continue
		}
		if _, err := parse([]string{c.Needs.Flag, "x"}, func(string) string { return "cloudsim" }); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if told := regexp.MustCompile(regexp.QuoteMeta(c.Needs.Flag) + ` NAME .*` + c.Name + "\n"); !told.MatchString(help()) {
			t.Errorf("the usage does not say that %s needs %s", c.Name, c.Needs.Flag)
		}
	}
}
