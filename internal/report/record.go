package report

import (
	"time"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloud"
)

// Schema names the structure of the JSON report; it changes with the meaning
// of a field. testdata/report.schema.json describes it.
const Schema = "volume-backup-tester/1"

// Record is a run as the reports tell it. It holds no secret.
type Record struct {
	Schema     string     `json:"schema"`
	Version    string     `json:"version"` // of the tool
	Started    time.Time  `json:"started"`
	Ended      time.Time  `json:"ended"`
	Evidence   Evidence   `json:"evidence"`
	Verdict    string     `json:"verdict"` // PASS, FAIL, ABORT; "" if the core was not run
	ExitStatus int        `json:"exit_status"`
	Requests   int64      `json:"requests"` // sent
	Checks     []Check    `json:"checks"`
	Resources  []Resource `json:"resources"`
	Warnings   []string   `json:"warnings"`
	Failure    *Failure   `json:"failure"` // why the run ended early; null: it did not
	Left       []Left     `json:"left"`
	Clear      string     `json:"clear"` // the command that clears what is left

	index map[string]int // of Resources, by id
}

// Evidence is where the run took place, as whom.
type Evidence struct {
	Cloud     string   `json:"cloud"`
	AuthURL   string   `json:"auth_url"`
	Region    string   `json:"region"`
	Endpoint  string   `json:"endpoint"`
	ProjectID string   `json:"project_id"`
	Project   string   `json:"project"`
	User      string   `json:"user"`
	Roles     []string `json:"roles"`
	Prefix    string   `json:"prefix"`
}

// Check is one selected check. Its result is "" if it was not reached.
type Check struct {
	Name         string        `json:"name"`
	Line         string        `json:"line"`
	Core         bool          `json:"core"`
	Sentence     string        `json:"sentence"`
	Source       string        `json:"source"`
	Result       string        `json:"result"`
	Seconds      float64       `json:"seconds"`
	Notes        []string      `json:"notes"`
	Measurements []Measurement `json:"measurements"`
}

// Measurement is how quickly something was done.
type Measurement struct {
	What    string  `json:"what"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// Resource is one that the run made or deleted, with what it saw of it.
type Resource struct {
	Kind      string   `json:"kind"`
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	RequestID string   `json:"request_id"` // of what began it; "" if not known
	Statuses  []Status `json:"statuses"`
	Deleted   bool     `json:"deleted"` // its deletion was asked for
}

// Status is one that was seen, and when first.
type Status struct {
	Status string    `json:"status"`
	At     time.Time `json:"at"`
}

// Failure is a check's or the run's.
type Failure struct {
	Verdict  string `json:"verdict"` // FAIL, ABORT
	Check    string `json:"check"`   // name; "": clean-up, or before the first check
	What     string `json:"what"`
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
	Said     string `json:"said"` // by the cloud, with its request id
	Advice   string `json:"advice"`

	cleanUp bool // it is one of a clean-up
}

// Left is something that stays in the cloud.
type Left struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"` // "": it was asked for and may exist
	Name   string `json:"name"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	Help   string `json:"help"`
}

// NewRecord begins a run's record with the checks that were selected.
func NewRecord(version, cloudName, prefix string, checks []check.Check) *Record {
	r := &Record{
		Schema: Schema, Version: version, Started: time.Now().UTC(),
		Evidence: Evidence{Cloud: cloudName, Prefix: prefix, Roles: []string{}},
		index:    map[string]int{},
		Checks:   []Check{}, Resources: []Resource{}, Warnings: []string{}, Left: []Left{},
	}
	for _, c := range checks {
		r.Checks = append(r.Checks, Check{Name: c.Name, Line: c.Line, Core: c.Core, Sentence: c.Sentence, Source: c.Source, Notes: []string{}, Measurements: []Measurement{}})
	}
	return r
}

// Event adds one event.
func (r *Record) Event(e check.Event) {
	switch e := e.(type) {
	case check.Connected:
		l := e.Login
		r.Evidence.AuthURL, r.Evidence.Region, r.Evidence.Endpoint = l.AuthURL, l.Region, l.Endpoint
		r.Evidence.ProjectID, r.Evidence.Project, r.Evidence.User = l.ProjectID, l.Project, l.User
		r.Evidence.Roles = append(r.Evidence.Roles, l.Roles...)
		r.Warnings = append(r.Warnings, l.Warnings...)
	case check.Deleting:
		if !e.DryRun {
			r.saw(e.On).Deleted = true
		}
	case check.Waiting:
		r.sawAll(e.On)
	case check.Looked:
		r.sawAll(e.On)
	case check.Settled:
		r.sawAll(e.On)
	case check.Ended:
		r.ended(e)
	}
}

func (r *Record) ended(e check.Ended) {
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Name != e.Check.Name {
			continue
		}
		c.Result, c.Seconds = string(e.Result), e.Took.Seconds()
		c.Notes = append(c.Notes, e.Notes...)
		for _, m := range e.Measured {
			c.Measurements = append(c.Measurements, Measurement{m.What, m.Bytes, m.Took.Seconds()})
		}
	}
}

func (r *Record) sawAll(all []cloud.Resource) {
	for _, on := range all {
		r.saw(on)
	}
}

// saw notes a resource's status if it is a new one.
func (r *Record) saw(on cloud.Resource) *Resource {
	i, known := r.index[on.ID]
	if !known {
		i = len(r.Resources)
		r.index[on.ID] = i
		r.Resources = append(r.Resources, Resource{Kind: on.Kind, ID: on.ID, Name: on.Name, RequestID: on.RequestID, Statuses: []Status{}})
	}
	seen := &r.Resources[i]
	if n := len(seen.Statuses); on.Status != "" && (n == 0 || seen.Statuses[n-1].Status != on.Status) {
		seen.Statuses = append(seen.Statuses, Status{on.Status, time.Now().UTC()})
	}
	return seen
}

// Finish ends the record. left is what stays besides the failure's own
// leftovers.
func (r *Record) Finish(verdict check.Verdict, status int, failure *check.Failure, left []cloud.Resource, clear string) {
	r.Ended, r.Verdict, r.ExitStatus = time.Now().UTC(), string(verdict), status
	if failure != nil {
		r.Failure = &Failure{
			Verdict: string(failure.Verdict), What: failure.What, Expected: failure.Expected, Seen: failure.Seen,
			Said: failure.Said, Advice: failure.Advice, cleanUp: failure.CleanUp,
		}
		if failure.Check != nil {
			r.Failure.Check = failure.Check.Name
		}
		for _, l := range failure.Leftovers {
			r.Left = append(r.Left, Left{l.Kind, l.ID, l.Name, l.Status, l.Reason, l.Help})
		}
	}
	for _, on := range left {
		r.Left = append(r.Left, Left{Kind: on.Kind, ID: on.ID, Name: on.Name, Status: on.Status})
	}
	if len(r.Left) > 0 {
		r.Clear = clear
	}
}
