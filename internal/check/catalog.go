package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Check is one requirement that a cloud either meets or does not.
type Check struct {
	Name string
	// Title is what its result line begins with.
	Title string
	// Requirement is what the cloud has to do, Reference where that is written.
	Requirement, Reference string
	// Mandatory marks the phases of the standard's own test.
	Mandatory bool
	Needs     Needs
	// Alone marks what measures time: no other check runs meanwhile.
	Alone bool
	// Run returns nil if the cloud meets the requirement, a *Finding if it does
	// not, a *Skip if the cloud lacks what the check needs, a *Blocked if that
	// could not be found out, or the error that kept it from finding out.
	Run func(context.Context, *Session) error
}

// Needs is the most of the project's quota that a check holds at one time, and
// the flag that it cannot run without ("": none). A snapshot's size counts among
// the gigabytes, as in Cinder's quota.
type Needs struct {
	Volumes, Gigabytes       int
	Backups, BackupGigabytes int
	Snapshots                int
	ImageBytes               int64
	Flag                     string
}

// Where the requirements come from.
const (
	standard = "scs-0117: the volume backup functionality is configured properly and its API, /v3/{project_id}/backups, is offered"
	cinder   = "Cinder's Block Storage API v3 reference"
	purpose  = "the purpose of a backup; no standard says it"
)

// All are the checks that there are, in the order in which they run. A new one
// is a file check_<name>.go and an entry here.
func All() []Check {
	return []Check{
		checkCreateVolume, checkCreateBackup, checkRestore,
		checkListing, checkFidelity, checkRefusals, checkIsolation, checkSnapshot, checkInUse, checkIncremental,
		checkRestoreExisting, checkOverwrite, checkOtherType, checkVolumeFromBackup, checkEncrypted,
		checkData, checkDataIncremental, checkChain, checkDisaster,
	}
}

// Mandatory are the three phases of the standard's own test, in order.
func Mandatory() []Check {
	return slices.DeleteFunc(All(), func(c Check) bool { return !c.Mandatory })
}

// Names are what Select knows.
func Names() []string {
	names := []string{"core", "all"}
	for _, c := range All() {
		if !c.Mandatory {
			names = append(names, c.Name)
		}
	}
	return names
}

// Select returns the checks that a comma-separated list of names means, in the
// order of All: "core" means the mandatory phases, "all" everything.
func Select(list string) ([]Check, error) {
	known := Names()
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("unknown check '%s'; known are %s", name, strings.Join(known, ", "))
		}
		wanted[name] = true
	}
	var selected []Check
	for _, c := range All() {
		if wanted["all"] || c.Mandatory && wanted["core"] || !c.Mandatory && wanted[c.Name] {
			selected = append(selected, c)
		}
	}
	return selected, nil
}

// Optional tells whether any of the checks is not one of the mandatory phases.
func Optional(checks []Check) bool {
	return slices.ContainsFunc(checks, func(c Check) bool { return !c.Mandatory })
}
