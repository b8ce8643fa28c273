package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"volume-backup-tester/internal/cloud"
)

// Check is one thing that a cloud either fulfils or not.
type Check struct {
	Name string
	// Line is what its result line begins with.
	Line string
	// Sentence is what the cloud has to do, Source where that is written.
	Sentence, Source string
	// Core marks the phases of the standard's own test.
	Core bool
	// Run returns nil if the cloud does it, a *Finding if it does not, a *Skip
	// if it lacks what the check needs, a *Blocked if that could not be found
	// out, or the error that kept it from finding out.
	Run func(context.Context, *Run) error
}

// Where the sentences come from.
const (
	standard = "scs-0117: the volume backup functionality is configured properly and its API, /v3/{project_id}/backups, is offered"
	cinder   = "Cinder's Block Storage API v3 reference"
	purpose  = "what a backup is for; no standard says it"
)

// All are the checks that there are, in the order in which they run.
func All() []Check {
	further := func(name, sentence, source string, run func(context.Context, *Run) error) Check {
		return Check{Name: name, Line: name, Sentence: "the cloud " + sentence, Source: source, Run: run}
	}
	return []Check{
		{"create-volume", "Create empty volume", "an ordinary member can create a volume", standard, true, createVolume},
		{"create-backup", "Create backup from volume", "an ordinary member can back a volume up", standard, true, createBackup},
		{"restore", "Restore volume from backup", "an ordinary member can restore a backup", standard, true, restoreBackup},
		further("listing", "lists a backup, finds it by name, status and volume, pages without loss or repetition, and counts it in the limits", cinder+", Backups and Limits", listing),
		further("fidelity", "records a backup as asked, renames it on request, and restores size, name, metadata and bootable flag", cinder+", Backups", fidelity),
		further("refusals", "refuses what cannot be done, with the right code", cinder+", Backups", refusals),
		further("isolation", "hides backups and volumes from another project", cinder+", and its default policy", isolation),
		further("snapshot", "backs up a snapshot, leaving the volume available, and restores it", cinder+", Create a backup (snapshot_id)", snapshotBackup),
		further("incremental", "makes an incremental backup, and does not delete a backup that another builds on", cinder+", Create a backup (incremental)", incremental),
		further("restore-existing", "restores into an existing volume, and refuses one that is too small or not available", cinder+", Restore a backup", restoreExisting),
		further("other-type", "restores onto another volume type", cinder+", Restore a backup", otherType),
		further("volume-from-backup", "creates a volume from a backup", cinder+", Create a volume (backup_id, microversion 3.47)", volumeFromBackup),
		further("data", "gives back every byte", purpose, data),
		further("data-incremental", "gives back every byte of an incremental chain, and the older bytes from the full backup", purpose, dataIncremental),
		further("disaster", "restores full and incremental after the source volume is gone", purpose, disaster),
	}
}

// Core is the three phases of the standard's own test, in order.
func Core() []Check {
	return slices.DeleteFunc(All(), func(c Check) bool { return !c.Core })
}

// Select are the checks that a comma-separated list of names means, in the
// order of All: "core" is the phases of the standard, "all" everything.
func Select(list string) ([]Check, error) {
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		wanted[strings.TrimSpace(name)] = true
	}
	var selected []Check
	known := []string{"core", "all"}
	for _, c := range All() {
		if wanted["all"] || c.Core && wanted["core"] || !c.Core && wanted[c.Name] {
			selected = append(selected, c)
		}
		if !c.Core {
			known = append(known, c.Name)
		}
	}
	for name := range wanted {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no check '%s'; there are %s", name, strings.Join(known, ", "))
		}
	}
	return selected, nil
}

// Result is what one check came to.
type Result string

// The results. Skipped is no pass; Warned is unusual but sound.
const (
	Passed  Result = "PASS"
	Failed  Result = "FAIL"
	Skipped Result = "SKIP"
	Warned  Result = "WARN"
)

// Skip is a check that the cloud, or the command line, does not offer what it
// takes.
type Skip struct {
	Why string
	Err error // the call behind it; nil: none
}

func (s *Skip) Error() string {
	if call := asCall(s.Err); call != nil {
		return s.Why + ": " + call.Error()
	}
	return s.Why
}

func (s *Skip) Unwrap() error { return s.Err }

// runOne runs a check and tells how it ended. A further check cleans up behind
// itself, so that the next one has the whole quota; what it shares stays.
func (r *Run) runOne(ctx context.Context, c Check) error {
	r.notes, r.measured, r.warned, r.noImages = nil, nil, false, nil
	r.emit(Began{c})
	r.own = r.Prefix + c.Name + "-"
	began := time.Now()
	err := c.Run(ctx, r)
	ended := Ended{Check: c, Result: Passed, Took: time.Since(began)}
	if r.warned {
		ended.Result = Warned
	}
	var skip *Skip
	var blocked *Blocked
	switch {
	case err == nil:
	case ctx.Err() == nil && !c.Core && errors.As(err, &skip): // the core passes or does not
		ended.Result = Skipped
		r.note("skipped: %v", skip)
	case ctx.Err() == nil && !c.Core && errors.As(err, &blocked):
		ended.Result = Skipped
		r.note("skipped: %v", blocked)
	default:
		err = r.judge(ctx, &c, err)
		var failure *Failure
		if errors.As(err, &failure) && failure.Verdict == Fail {
			ended.Result, ended.Notes, ended.Measured, ended.Err = Failed, r.notes, r.measured, err
			r.emit(ended)
		}
		return err
	}
	ended.Notes, ended.Measured = r.notes, r.measured
	r.emit(ended)
	if c.Core {
		return nil
	}
	return r.judge(ctx, nil, r.cleanUp(ctx, r.own, r.kinds(), false))
}

// note adds to the check's result what it measured or why it was skipped.
func (r *Run) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// warn notes what is unusual but sound.
func (r *Run) warn(format string, args ...any) {
	r.warned = true
	r.note("unusual: "+format, args...)
}

// shared makes sure that there are a volume and a backup of it to look at.
func (r *Run) shared(ctx context.Context) error {
	if r.Backup.ID != "" {
		return nil
	}
	if err := createVolume(ctx, r); err != nil {
		return err
	}
	return createBackup(ctx, r)
}

// refused holds a call to its refusal with one of the codes. One that was
// accepted, or refused otherwise, is a finding.
func refused(on cloud.Resource, what string, err error, codes ...int) error {
	call := answered(err)
	switch {
	case call != nil && slices.Contains(codes, call.Code):
		return nil
	case err != nil && (call == nil || call.Code < 400 || call.Code >= 500):
		return err
	}
	seen := "it was accepted"
	if call != nil {
		seen = call.Answer()
	}
	return &Finding{On: on, Expected: fmt.Sprintf("%s to be refused with %s", what, either(codes)), Seen: seen}
}

func either(codes []int) string {
	var texts []string
	for _, code := range codes {
		texts = append(texts, fmt.Sprint(code))
	}
	return strings.Join(texts, " or ")
}
