package check

import (
	"time"

	"volume-backup-tester/internal/cloud"
)

// Event is progress of a run. Events come one at a time, in order.
type Event interface{ event() }

type (
	// Connected is where the run takes place; it comes before anything is touched.
	Connected struct{ Login cloud.Login }
	// CleanupStarted is the beginning of a clean-up.
	CleanupStarted struct {
		Prefix string
		Kinds  []string // "backups", "volumes"
		DryRun bool
	}
	// Deleting is one deletion about to be asked for; with DryRun, one that
	// would be.
	Deleting struct {
		On     cloud.Resource
		Age    time.Duration // 0: unknown
		DryRun bool
	}
	// LeavingAlone is something that is not deleted because it is too young.
	LeavingAlone struct {
		On  cloud.Resource
		Why string
	}
	// StepStarted is the beginning of one step of a check.
	StepStarted struct {
		Verb string // "creating", "restoring"
		On   cloud.Resource
		From cloud.Resource // what it is made from; none: zero
	}
	// Waiting is the beginning of a wait for resources to reach a status.
	Waiting struct {
		On    []cloud.Resource
		Want  []string      // of each
		Limit time.Duration // how long it may take
	}
	// Polled is what a poll got that did not end a wait.
	Polled struct {
		On     []cloud.Resource
		Waited time.Duration
		Limit  time.Duration // how long it may take; 0: as long as something disappears
	}
	// Warning is something unusual about the run.
	Warning struct{ Text string }
	// CheckStarted is the beginning of a check.
	CheckStarted struct{ Title string }
	// CheckFinished is the end of a check that did not abort the run.
	CheckFinished struct{ Result Result }
	// CheckEnded comes when a check and the clean-up behind it are over, or it has
	// ended without a result; only beside others.
	CheckEnded struct{}
	// ChecksStarted is the beginning of so many checks beside each other.
	ChecksStarted struct{ Count int }
	// Beside is an event of a check that runs, or is cleaned up, beside others.
	Beside struct {
		Check string // title
		Event Event
	}
)

func (Connected) event()      {}
func (CleanupStarted) event() {}
func (Deleting) event()       {}
func (LeavingAlone) event()   {}
func (StepStarted) event()    {}
func (Waiting) event()        {}
func (Polled) event()         {}
func (Warning) event()        {}
func (CheckStarted) event()   {}
func (CheckFinished) event()  {}
func (CheckEnded) event()     {}
func (ChecksStarted) event()  {}
func (Beside) event()         {}
