package check

import (
	"fmt"
	"time"

	"volume-backup-tester/internal/cloud"
)

// Event is something that a run tells while it goes on. Events come one at a
// time, in order.
type Event interface{ event() }

// String is the measurement for people.
func (m Measurement) String() string {
	seconds := max(m.Took.Seconds(), 0.001)
	return fmt.Sprintf("%s: %d bytes in %.1f s, %.0f MB/s", m.What, m.Bytes, seconds, float64(m.Bytes)/1e6/seconds)
}

type (
	// Connected is where the run takes place; it comes before anything is touched.
	Connected struct{ Login cloud.Login }
	// CleaningUp begins a clean-up.
	CleaningUp struct {
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
	// Doing is the beginning of one step of a check.
	Doing struct {
		Verb string // "creating", "restoring"
		On   cloud.Resource
		From cloud.Resource // what it is made from; none: zero
	}
	// Waiting begins a wait for resources to reach a status.
	Waiting struct {
		On   []cloud.Resource
		Want []string // of each
	}
	// Looked is what a look saw that did not end a wait.
	Looked struct {
		On     []cloud.Resource
		Waited time.Duration
	}
	// Settled is what the last look of a wait saw, which was what it waited for.
	Settled struct{ On []cloud.Resource }
	// Began is the beginning of a check.
	Began struct{ Check Check }
	// Ended is the end of a check that did not abort the run.
	Ended struct {
		Check  Check
		Result Result
		Took   time.Duration
		// Notes are why it was skipped and what is unusual.
		Notes    []string
		Measured []Measurement
		// Err is why it failed: the run's *Failure; nil otherwise.
		Err error
	}
	// Measurement is how quickly something was looked at or done.
	Measurement struct {
		What  string
		Bytes int64
		Took  time.Duration
	}
)

func (Connected) event()  {}
func (CleaningUp) event() {}
func (Deleting) event()   {}
func (Doing) event()      {}
func (Waiting) event()    {}
func (Looked) event()     {}
func (Settled) event()    {}
func (Began) event()      {}
func (Ended) event()      {}
