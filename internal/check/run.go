package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// Check is one thing that a cloud either fulfils or not.
type Check struct {
	Name string
	// Line is what its result line begins with.
	Line string
	// Sentence is what the cloud has to do, Source where that is written.
	Sentence, Source string
	// Run returns nil if it does, a *Finding if it does not, a *Blocked if that
	// could not be found out, or the error that kept it from finding out.
	Run func(context.Context, *Run) error
}

// Run is one run against one cloud. Volume and Backup are all that the core
// leaves to other checks.
type Run struct {
	Cloud   *cloud.Client
	Prefix  string        // what the names of all resources begin with; never empty
	Timeout time.Duration // what one wait may take
	// VolumeType and Zone are for the volumes created; empty: the cloud's default.
	VolumeType, Zone string
	AllowAdmin       bool
	Emit             func(Event)

	Volume, Backup cloud.Resource

	emitting sync.Mutex
	// left is what this run has seen or made and not yet seen gone.
	left []cloud.Resource
}

// Test cleans up, runs the checks in order up to the first that fails, and
// cleans up after a pass. It returns nil, a *Failure, or ctx's cause.
func (r *Run) Test(ctx context.Context, checks []Check) error {
	r.emit(Connected{r.Cloud.Login})
	if roles := r.Cloud.Login.Roles; administrative(roles) && !r.AllowAdmin {
		return r.judge(ctx, nil, &Blocked{
			Why:    fmt.Sprintf("user '%s' has the roles %s: a pass as an administrator would say nothing about ordinary members", r.Cloud.Login.User, strings.Join(roles, ", ")),
			Advice: "use the credentials of an ordinary member, or --allow-admin to run all the same",
		})
	}
	if err := r.cleanUp(ctx, false); err != nil {
		return r.judge(ctx, nil, err)
	}
	for _, c := range checks {
		began := time.Now()
		if err := c.Run(ctx, r); err != nil {
			return r.judge(ctx, &c, err)
		}
		r.emit(Passed{c, time.Since(began)})
	}
	return r.judge(ctx, nil, r.cleanUp(ctx, false))
}

// CleanUp clears what begins with the prefix and does nothing else; with
// dryRun it only tells what it would delete. Its errors are those of Test.
func (r *Run) CleanUp(ctx context.Context, dryRun bool) error {
	r.emit(Connected{r.Cloud.Login})
	return r.judge(ctx, nil, r.cleanUp(ctx, dryRun))
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

// create asks for something new, and keeps account of what may exist since.
func (r *Run) create(ctx context.Context, wanted cloud.Resource, ask func(context.Context) (cloud.Resource, error)) (cloud.Resource, error) {
	made, err := wait.Until(ctx, r.policy(true), func(ctx context.Context) (cloud.Resource, bool, error) {
		made, err := ask(ctx)
		return made, err == nil, err
	})
	switch call := asCall(err); {
	case err == nil:
		r.left = append(r.left, made)
	case call == nil || call.Perhaps:
		r.left = append(r.left, wanted)
	}
	return made, err
}

// makeVolume creates an empty volume of 1 GiB and waits until it is available.
func (r *Run) makeVolume(ctx context.Context, name string) (cloud.Resource, error) {
	wanted := cloud.Resource{Kind: cloud.KindVolume, Name: name}
	r.emit(Doing{Verb: "creating", On: wanted})
	volume, err := r.create(ctx, wanted, func(ctx context.Context) (cloud.Resource, error) {
		return r.Cloud.CreateVolume(ctx, cloud.VolumeSpec{Name: name, Size: 1, Type: r.VolumeType, Zone: r.Zone})
	})
	if err != nil {
		return volume, r.volumeRefused(err)
	}
	return volume, r.await(ctx, &goal{Resource: volume})
}
