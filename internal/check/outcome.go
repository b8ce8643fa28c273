package check

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"volume-backup-tester/internal/cloud"
)

// Verdict is what a run says about the cloud's volume backups.
type Verdict string

// MarshalJSON is null where no verdict is given.
func (v Verdict) MarshalJSON() ([]byte, error) {
	if v == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(v))
}

// The verdicts. Abort says nothing about the cloud: it could not be tested.
const (
	Pass  Verdict = "PASS"
	Fail  Verdict = "FAIL"
	Abort Verdict = "ABORT"
)

// Schema names the structure of the JSON report; it changes with the meaning
// of a field. internal/report/report.schema.json describes it.
const Schema = "volume-backup-tester/3"

// Outcome is what a run came to. Its JSON is the JSON report, and it holds no
// secret.
type Outcome struct {
	Schema     string     `json:"schema"`
	Version    string     `json:"version"` // of the tool
	Started    time.Time  `json:"started"`
	Ended      time.Time  `json:"ended"`
	Evidence   Evidence   `json:"evidence"`
	Verdict    Verdict    `json:"verdict"` // "", in JSON null: the mandatory phases were not to run
	ExitStatus int        `json:"exit_status"`
	Requests   int64      `json:"requests"` // sent
	Checks     []Result   `json:"checks"`
	Resources  []Timeline `json:"resources"`
	Warnings   []string   `json:"warnings"`
	// Tolerated is what was passed over by repeating a request or by waiting.
	Tolerated []Tolerated `json:"tolerated"`
	// Failures are why the run has not passed, the first one first. Each optional
	// check can have one.
	Failures []*Failure `json:"failures"`
	Left     []Leftover `json:"left"`
	// LeftAlone is what a clean-up did not touch, as it is too young.
	LeftAlone []Leftover `json:"left_alone"`
	// CleanupCommand deletes what is left; "" if nothing is.
	CleanupCommand string `json:"cleanup_command"`

	index map[string]int // of Resources, by id
}

// TestCase is the standard's name for what the verdict is about.
const TestCase = "scs-0117-test-backup"

// StandardVersion is that of scs-0117 which the mandatory phases test.
const StandardVersion = "scs-0117-v1"

// Evidence is where the run took place, as whom, and what was asked for.
type Evidence struct {
	Cloud     string   `json:"cloud"`
	AuthURL   string   `json:"auth_url"`
	Region    string   `json:"region"`
	Endpoint  string   `json:"endpoint"`
	ProjectID string   `json:"project_id"` // "": the cloud was not reached
	Project   string   `json:"project"`
	User      string   `json:"user"`
	Roles     []string `json:"roles"`
	Prefix    string   `json:"prefix"`

	Standard         string   `json:"standard"`
	AllowAdmin       bool     `json:"allow_admin"`
	Timeout          float64  `json:"timeout_seconds"` // of one wait
	VolumeType       string   `json:"volume_type"`     // "": the cloud's default
	AvailabilityZone string   `json:"availability_zone"`
	BackupZone       string   `json:"backup_availability_zone"`
	VolumeSize       int      `json:"volume_size"` // GiB
	Checks           []string `json:"checks"`
	Parallel         int      `json:"parallel"` // optional checks at once, at most
	CleanupOnly      bool     `json:"cleanup_only"`
	DryRun           bool     `json:"dry_run"`
	OlderThan        float64  `json:"older_than_seconds"` // 0: not asked for
}

// Status is what one check came to; "" if it was not reached.
type Status string

// The statuses. A skipped check has not passed; Warned is unusual but sound.
const (
	Passed  Status = "PASS"
	Failed  Status = "FAIL"
	Skipped Status = "SKIP"
	Warned  Status = "WARN"
)

// Result is one selected check and what it came to.
type Result struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Mandatory   bool   `json:"mandatory"`
	Requirement string `json:"requirement"`
	Reference   string `json:"reference"`
	Status      Status `json:"result"`
	// Seconds is how long it ran.
	Seconds float64 `json:"seconds"`
	// Notes are why it was skipped and what is unusual.
	Notes        []string      `json:"notes"`
	Measurements []Measurement `json:"measurements"`
}

// Measurement is how long something took.
type Measurement struct {
	What    string  `json:"what"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// String is the measurement in one line.
func (m Measurement) String() string {
	return fmt.Sprintf("%s: %d bytes in %.1f s", m.What, m.Bytes, m.Seconds)
}

// Timeline is one resource that the run made or deleted, with the statuses that
// it got of it.
type Timeline struct {
	Kind      string     `json:"kind"`
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	RequestID string     `json:"request_id"` // of the request that made it; "" if not known
	Statuses  []StatusAt `json:"statuses"`
	Deleted   bool       `json:"deleted"` // its deletion was asked for
	// DeletionAsked is when that was first.
	DeletionAsked time.Time `json:"deletion_asked,omitzero"`
}

func (t Timeline) String() string {
	return cloud.Resource{Kind: t.Kind, ID: t.ID, Name: t.Name}.String()
}

// StatusAt is a status, and when it was first shown.
type StatusAt struct {
	Status string    `json:"status"`
	At     time.Time `json:"at"`
}

// Group is what a status means for what can be done: "ready" for it, "failed"
// for good, or "busy" until it is another one.
func (s StatusAt) Group() string {
	switch {
	case failed(s.Status):
		return "failed"
	case s.Status == available || s.Status == inUse || s.Status == "active":
		return "ready"
	}
	return "busy"
}

// Stage is the part of a run that a failure belongs to.
type Stage string

// The stages. A failure of StageRun belongs to none of the others: an
// interruption, or results that cannot be written.
const (
	StageUsage   Stage = "usage"
	StageConnect Stage = "connect"
	StageCheck   Stage = "check"
	StageCleanup Stage = "clean-up"
	StageRun     Stage = "run"
)

// Failure is why a run, or one check of it, has not passed.
type Failure struct {
	Verdict Verdict `json:"verdict"`
	Stage   Stage   `json:"stage"`
	Check   string  `json:"check"` // name; "" unless Stage is StageCheck
	Summary string  `json:"summary"`
	// Expected and Got are empty where the summary says it all.
	Expected string `json:"expected"`
	Got      string `json:"got"`
	// CloudMessage is what the cloud said; "none" if it was asked and said
	// nothing, "" if it was not asked.
	CloudMessage string `json:"cloud_message"`
	RequestID    string `json:"request_id"`
	Hint         string `json:"hint"` // what to do
	// NotDeleted is what a clean-up could not delete; Outcome.Left has it too.
	NotDeleted []Leftover `json:"-"`

	err error
}

func (f *Failure) Error() string { return f.Summary }
func (f *Failure) Unwrap() error { return f.err }

// Leftover is something that stays in the cloud.
type Leftover struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"` // "": it was asked for and may exist
	Name   string `json:"name"`
	Status string `json:"status"`
	Reason string `json:"reason"` // why it was not deleted; "": the run ended before
	Hint   string `json:"hint"`
}

func leftover(r cloud.Resource) Leftover {
	return Leftover{Kind: r.Kind, ID: r.ID, Name: r.Name, Status: r.Status}
}

func (l Leftover) String() string {
	return cloud.Resource{Kind: l.Kind, ID: l.ID, Name: l.Name}.String()
}

func (l Leftover) same(other Leftover) bool { return l.Kind == other.Kind && l.ID == other.ID }

// Result is the selected check of that name; nil if there is none.
func (o *Outcome) Result(name string) *Result {
	for i := range o.Checks {
		if o.Checks[i].Name == name {
			return &o.Checks[i]
		}
	}
	return nil
}

// newOutcome is how every outcome begins.
func newOutcome(c Config) *Outcome {
	o := &Outcome{
		Schema: Schema, Version: c.Version, Started: c.Started.UTC(),
		Evidence: Evidence{
			Cloud: c.CloudName, Prefix: c.Prefix, Roles: []string{}, Standard: StandardVersion, AllowAdmin: c.AllowAdmin,
			Timeout: c.Timeout.Seconds(), VolumeType: c.VolumeType, AvailabilityZone: c.Zone, BackupZone: c.BackupZone, VolumeSize: c.VolumeSize, Checks: []string{},
			Parallel: max(c.Parallel, 1), CleanupOnly: c.CleanupOnly, DryRun: c.DryRun, OlderThan: c.OlderThan.Seconds(),
		},
		Checks: []Result{}, Resources: []Timeline{}, Warnings: []string{}, Tolerated: []Tolerated{}, Failures: []*Failure{}, Left: []Leftover{}, LeftAlone: []Leftover{},
		index: map[string]int{},
	}
	if c.CleanupOnly { // which runs none
		c.Checks = nil
	}
	for _, check := range c.Checks {
		o.Evidence.Checks = append(o.Evidence.Checks, check.Name)
		o.Checks = append(o.Checks, Result{
			Name: check.Name, Title: check.Title, Mandatory: check.Mandatory, Requirement: check.Requirement, Reference: check.Reference,
			Notes: []string{}, Measurements: []Measurement{},
		})
	}
	if len(c.Checks) > 0 && c.Checks[0].Mandatory {
		o.Verdict = Abort // until the mandatory phases have run
	}
	o.Warnings = append(o.Warnings, c.Warnings...)
	if c.Cloud != nil {
		l := c.Cloud.Login
		o.Evidence.AuthURL, o.Evidence.Region, o.Evidence.Endpoint = l.AuthURL, l.Region, l.Endpoint
		o.Evidence.ProjectID, o.Evidence.Project, o.Evidence.User = l.ProjectID, l.Project, l.User
		o.Evidence.Roles = append(o.Evidence.Roles, l.Roles...)
		o.Warnings = append(o.Warnings, l.Warnings...)
	}
	return o
}

// Sent notes how many requests were sent, and how many redirects were followed.
func (o *Outcome) Sent(requests, redirects int64) {
	o.Requests = requests
	if redirects > 0 {
		o.Tolerated = append(o.Tolerated, Tolerated{What: "redirect", Count: int(redirects)})
	}
}

// Failure is the failure of a check; nil if it has none.
func (o *Outcome) Failure(check string) *Failure {
	for _, f := range o.Failures {
		if f.Check == check && check != "" {
			return f
		}
	}
	return nil
}

// Count is how many optional checks came to a status.
func (o *Outcome) Count(status Status) (n int) {
	for _, c := range o.Checks {
		if !c.Mandatory && c.Status == status {
			n++
		}
	}
	return n
}

// roles names the user and the roles, for answers that depend on them.
func (e Evidence) roles() string {
	return fmt.Sprintf("as user '%s' with the roles: %s", e.User, strings.Join(e.Roles, ", "))
}

// saw adds a resource's status to its timeline if it is a new one.
func (o *Outcome) saw(on cloud.Resource) *Timeline {
	i, known := o.index[on.ID]
	if !known {
		i = len(o.Resources)
		o.index[on.ID] = i
		o.Resources = append(o.Resources, Timeline{Kind: on.Kind, ID: on.ID, Name: on.Name, RequestID: on.RequestID, Statuses: []StatusAt{}})
	}
	t := &o.Resources[i]
	if n := len(t.Statuses); on.Status != "" && (n == 0 || t.Statuses[n-1].Status != on.Status) {
		t.Statuses = append(t.Statuses, StatusAt{on.Status, time.Now().UTC()})
	}
	return t
}
