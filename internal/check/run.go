package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// Run is one run against one cloud.
type Run struct {
	Cloud   *cloud.Client
	Other   *cloud.Client // a member of another project; nil: none
	Prefix  string        // what the names of all resources begin with; never empty
	Timeout time.Duration // what one wait may take
	// VolumeType and Zone are for the volumes created; empty: the cloud's default.
	VolumeType, Zone string
	// RestoreType is the other volume type to restore onto; empty: none.
	RestoreType string
	AllowAdmin  bool
	// Checks are what is run, and what decides which kinds are cleaned up.
	Checks []Check
	Emit   func(Event)

	// Volume and Backup are what checks share: the core's, or made anew by the
	// first further check that needs them.
	Volume, Backup cloud.Resource
	// Core is what the core came to: Abort until it has run.
	Core Verdict

	// of the check that runs now
	own      string // what its own resources begin with
	notes    []string
	measured []Measurement
	warned   bool
	// noImages is why a volume could not be filled; nil: it could.
	noImages *Skip

	emitting sync.Mutex
	// left is what this run has seen or made and not yet seen gone.
	left []cloud.Resource
}

// Test cleans up, runs the checks in order up to the first that fails, and
// cleans up after a pass: first the core, whose verdict is then decided, then
// the further checks. It returns nil, a *Failure, or ctx's cause.
func (r *Run) Test(ctx context.Context) error {
	r.Core = Abort
	r.emit(Connected{r.Cloud.Login})
	if roles := r.Cloud.Login.Roles; Administrative(roles) && !r.AllowAdmin {
		return r.judge(ctx, nil, &Blocked{
			Why:    fmt.Sprintf("user '%s' has the roles %s: a pass as an administrator would say nothing about ordinary members", r.Cloud.Login.User, strings.Join(roles, ", ")),
			Advice: "use the credentials of an ordinary member, or --allow-admin to run all the same",
		})
	}
	core, further := r.Checks, slices.IndexFunc(r.Checks, func(c Check) bool { return !c.Core })
	if further >= 0 {
		core = r.Checks[:further]
	}
	storage, unclear := r.blockStorage(), r.kinds()
	if len(core) > 0 {
		err := r.sequence(ctx, storage, core, storage)
		if r.decide(err); err != nil {
			return err
		}
		unclear = r.images()
	}
	if further < 0 {
		return nil
	}
	r.Volume, r.Backup = cloud.Resource{}, cloud.Resource{}
	return r.sequence(ctx, unclear, r.Checks[further:], r.kinds())
}

// decide settles the core's verdict, which nothing that comes later changes.
func (r *Run) decide(err error) {
	var failure *Failure
	switch {
	case err == nil:
		r.Core = Pass
	case errors.As(err, &failure):
		r.Core = failure.Verdict
	}
}

// sequence cleans up, runs checks one after the other, and cleans up when all
// have passed.
func (r *Run) sequence(ctx context.Context, before []kind, checks []Check, after []kind) error {
	if err := r.judge(ctx, nil, r.cleanUp(ctx, r.Prefix, before, false)); err != nil {
		return err
	}
	for _, c := range checks {
		if err := r.runOne(ctx, c); err != nil {
			return err
		}
	}
	return r.judge(ctx, nil, r.cleanUp(ctx, r.Prefix, after, false))
}

// CleanUp clears what begins with the prefix and does nothing else; with
// dryRun it only tells what it would delete. Its errors are those of Test.
func (r *Run) CleanUp(ctx context.Context, dryRun bool) error {
	r.emit(Connected{r.Cloud.Login})
	return r.judge(ctx, nil, r.cleanUp(ctx, r.Prefix, r.kinds(), dryRun))
}

// Left is what the run knows to be in the cloud still. One without an id was
// asked for and may exist.
func (r *Run) Left() []cloud.Resource { return slices.Clone(r.left) }

func (r *Run) emit(e Event) {
	r.emitting.Lock()
	defer r.emitting.Unlock()
	r.Emit(e)
}

// policy is how this run waits: riding out what the next try may cure.
func (r *Run) policy(creates bool) wait.Policy {
	return wait.Policy{Limit: r.Timeout, Transient: func(err error) (time.Duration, bool) {
		if failed, ok := err.(*cloud.Error); ok {
			return failed.Retry(creates)
		}
		return 0, false
	}}
}

// Patiently makes a read again while the next try may cure it, within the
// budget of one wait.
func (r *Run) Patiently(ctx context.Context, read func(context.Context) error) error {
	_, err := attempt(ctx, r, false, func(ctx context.Context) (struct{}, error) { return struct{}{}, read(ctx) })
	return err
}

// attempt makes a call with that patience, which is less for one that creates.
func attempt[T any](ctx context.Context, r *Run, creates bool, call func(context.Context) (T, error)) (T, error) {
	return wait.Until(ctx, r.policy(creates), func(ctx context.Context) (T, bool, error) {
		answer, err := call(ctx)
		return answer, err == nil, err
	})
}

// create asks for something new, and keeps account of what may exist since.
func (r *Run) create(ctx context.Context, wanted cloud.Resource, ask func(context.Context) (cloud.Resource, error)) (cloud.Resource, error) {
	made, err := attempt(ctx, r, true, ask)
	left := made
	switch call := asCall(err); {
	case err == nil:
	case call == nil || call.Perhaps:
		left = wanted
	default:
		return made, err
	}
	known := func(l cloud.Resource) bool { return l.Kind == left.Kind && l.ID == left.ID && l.Name == left.Name }
	if !slices.ContainsFunc(r.left, known) { // as a restore's target may be
		r.left = append(r.left, left)
	}
	return made, err
}

// makeVolume creates a volume, empty and of 1 GiB if the specification does not
// say otherwise, and waits until it is available.
func (r *Run) makeVolume(ctx context.Context, spec cloud.VolumeSpec) (cloud.Resource, error) {
	spec.Size, spec.Type, spec.Zone = max(spec.Size, 1), cmp.Or(spec.Type, r.VolumeType), r.Zone
	wanted := cloud.Resource{Kind: cloud.KindVolume, Name: spec.Name}
	r.emit(Doing{Verb: "creating", On: wanted})
	volume, err := r.create(ctx, wanted, func(ctx context.Context) (cloud.Resource, error) {
		return r.Cloud.CreateVolume(ctx, spec)
	})
	if err != nil {
		return volume, volumeRefused(err, spec)
	}
	made := &goal{Resource: volume}
	err = r.await(ctx, made)
	return made.Resource, err
}

// makeBackup creates a backup of a volume and waits until both are available.
func (r *Run) makeBackup(ctx context.Context, spec cloud.BackupSpec, volume cloud.Resource) (cloud.Resource, error) {
	spec.VolumeID = volume.ID
	backup, err := r.beginBackup(ctx, spec, volume)
	if err != nil {
		return backup, err
	}
	made := &goal{Resource: backup}
	err = r.await(ctx, made, &goal{Resource: volume})
	return made.Resource, err
}

// beginBackup is makeBackup up to the answer, also for a backup from a snapshot.
func (r *Run) beginBackup(ctx context.Context, spec cloud.BackupSpec, from cloud.Resource) (cloud.Resource, error) {
	wanted := cloud.Resource{Kind: cloud.KindBackup, Name: spec.Name}
	r.emit(Doing{Verb: "creating", On: wanted, From: from})
	backup, err := r.create(ctx, wanted, func(ctx context.Context) (cloud.Resource, error) {
		return r.Cloud.CreateBackup(ctx, spec)
	})
	if err != nil {
		return backup, r.backupRefused(ctx, err, from.Size)
	}
	return backup, nil
}
