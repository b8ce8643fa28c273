package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// Session is what one check may do and has done. It is made anew for each
// check, and no check touches another's: its names begin with the check's own
// prefix, and notes, warnings and measurements are its own.
type Session struct {
	run    *run
	cloud  *cloud.Client
	other  *cloud.Client // a member of another project; nil: none
	prefix string
	// under is the prefix of all that the check may have made, in earlier tries too.
	under  string
	result *Result

	// beside tells that others may run at the same time; disturbed, that one did.
	beside    bool
	disturbed atomic.Bool

	mu    sync.Mutex // what is done together writes the result, and waits
	waits []*waitState
}

// waitState is a wait that goes on.
type waitState struct {
	targets []*target
	waited  time.Duration // so far
}

// emit tells an event of this check.
func (s *Session) emit(e Event) {
	if s.beside {
		e = Beside{s.result.Title, e}
	}
	s.run.emit(e)
}

// state is what a check was waiting for when it was interrupted.
func (s *Session) state() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, w := range s.waits {
		var parts []string
		for _, t := range w.targets {
			parts = append(parts, fmt.Sprintf("%s had status '%s'", t.Resource, t.Status))
		}
		all = append(all, fmt.Sprintf(" after a wait of %s: %s", wait.Round(w.waited), strings.Join(parts, ", ")))
	}
	return strings.Join(all, ", and")
}

// newSession begins a check. The mandatory phases have the run's own prefix,
// by which they find what the phase before made. No check's prefix is the
// beginning of another's: what is cleaned up behind one must not be another's.
func (r *run) newSession(c Check) *Session {
	s := &Session{run: r, cloud: r.Cloud, other: r.Other, prefix: r.Prefix, result: r.outcome.Result(c.Name)}
	if !c.Mandatory {
		s.prefix += strings.ReplaceAll(c.Name, "-", "_") + "-"
	}
	s.under = s.prefix
	return s
}

// Name is the name of something of this check.
func (s *Session) Name(what string) string { return s.prefix + what }

// Note adds to the result what is worth knowing about it.
func (s *Session) Note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Notes = append(s.result.Notes, fmt.Sprintf(format, args...))
}

// Warn notes what is unusual but sound: the result is a WARN.
func (s *Session) Warn(format string, args ...any) {
	s.Note(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Status = Warned
}

// Measure adds how long something took that is bytes long.
func (s *Session) Measure(what string, bytes int64, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Measurements = append(s.result.Measurements, Measurement{what, bytes, took.Seconds()})
}

// made is what this check made under a name, as the cloud last showed it.
func (s *Session) made(kind, name string) cloud.Resource {
	return s.run.owned.named(kind, s.Name(name))
}

// volumeAndBackup makes a volume and a backup of it to look at.
func (s *Session) volumeAndBackup(ctx context.Context) (volume, backup cloud.Resource, err error) {
	if volume, err = s.CreateVolume(ctx, cloud.VolumeSpec{Name: s.Name("volume")}); err != nil {
		return volume, backup, err
	}
	backup, err = s.CreateBackup(ctx, cloud.BackupSpec{Name: s.Name("backup")}, volume)
	return volume, backup, err
}

// expectRefused holds a call to its refusal with one of the codes. One that was
// accepted, or that Cinder refused otherwise, is a finding. What did not reach
// Cinder, or was refused by something else, is no answer to the question.
func expectRefused(on cloud.Resource, what string, err error, codes ...int) error {
	call := answered(err)
	switch {
	case err != nil && (call == nil || troubleOf(call) != noTrouble || call.Code < 400 || call.Code >= 500):
		return err
	case call != nil && slices.Contains(codes, call.Code):
		return nil
	}
	got := "accepted"
	if call != nil {
		got = call.Got()
	}
	var texts []string
	for _, code := range codes {
		texts = append(texts, fmt.Sprint(code))
	}
	return &Finding{On: on, Expected: fmt.Sprintf("%s to be refused with %s", what, strings.Join(texts, " or ")), Got: got, Err: err}
}

// field is one of a resource: as asked, and as shown.
type field struct {
	name         string
	asked, shown any
}

// expectAsAsked holds the fields of a resource to what was asked.
func expectAsAsked(on cloud.Resource, fields ...field) error {
	for _, f := range fields {
		if f.asked != f.shown {
			return &Finding{On: on, Expected: fmt.Sprintf("%s '%v'", f.name, f.asked), Got: fmt.Sprintf("%s '%s'", f.name, cloud.Printable(fmt.Sprint(f.shown)))}
		}
	}
	return nil
}

func contains(all []cloud.Resource, one cloud.Resource) bool {
	return slices.ContainsFunc(all, func(r cloud.Resource) bool { return r.ID == one.ID })
}
