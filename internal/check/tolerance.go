package check

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// lag is how long an API's answers may be behind what it was asked before: its
// nodes may read from a database node that lags. Nothing that passes within
// this time is a fault.
const lag = 10 * time.Second

// shown404 is how lag is counted that hides what was shown before.
const shown404 = "404 for what was shown before"

// Tolerated is something of one kind that a run passed over.
type Tolerated struct {
	What  string `json:"what"`
	Count int    `json:"count"`
	// Longest is how many seconds it lasted at the most; 0: not measured.
	Longest float64 `json:"longest_seconds"`
}

func (t Tolerated) String() string {
	text := fmt.Sprintf("%d × %s", t.Count, t.What)
	if t.Longest > 0 {
		text += fmt.Sprintf(", longest %.1f s", t.Longest)
	}
	return text
}

// Tolerance repeats calls, and counts what was tolerated by that. It serves one
// run.
type Tolerance struct {
	mu  sync.Mutex
	all []Tolerated
}

func (t *Tolerance) add(what string, lasted time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.all, func(known Tolerated) bool { return known.What == what })
	if i < 0 {
		i = len(t.all)
		t.all = append(t.all, Tolerated{What: what})
	}
	t.all[i].Count++
	t.all[i].Longest = max(t.all[i].Longest, lasted.Seconds())
}

// list is what was counted, by its name.
func (t *Tolerance) list() []Tolerated {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := append([]Tolerated{}, t.all...)
	slices.SortFunc(all, func(a, b Tolerated) int { return strings.Compare(a.What, b.What) })
	return all
}

// Retry is how a client repeats a call: while the next try may cure it, for at
// most limit.
func (t *Tolerance) Retry(limit time.Duration) cloud.Retry {
	return func(ctx context.Context, call func(context.Context) error) error {
		_, err := wait.Until(ctx, t.policy(limit), func(ctx context.Context) (nothing, bool, error) {
			err := call(ctx)
			return nothing{}, err == nil, err
		})
		return err
	}
}

// policy is how this program waits: through errors that the next poll may cure.
func (t *Tolerance) policy(limit time.Duration) wait.Policy {
	return wait.Policy{Limit: limit, Transient: func(err error) (time.Duration, bool) {
		failed, ok := err.(*cloud.Error)
		if !ok {
			return 0, false
		}
		after, again := failed.Retry()
		if again {
			t.add(tolerated(failed), 0)
		}
		return after, again
	}}
}

// tolerated names an error that is passed over.
func tolerated(failed *cloud.Error) string {
	switch {
	case failed.Code == 0:
		return "no answer"
	case failed.Code < 400:
		return "unusable answer"
	case failed.Restart:
		return "list restarted"
	case failed.Code == http.StatusForbidden, failed.Code == http.StatusNotFound: // a service's own is not passed over
		return fmt.Sprintf("%d of a front end", failed.Code)
	}
	return fmt.Sprint(failed.Code)
}

// eventually repeats what looks at the cloud while it returns a *Finding, or what it
// looks for is not found, for as long as the API's answers may lag.
func (s *Session) eventually(ctx context.Context, poll func(context.Context) error) error {
	return s.run.Tolerance.repeat(ctx, "outdated answer", func(err error) bool {
		_, again := err.(*Finding)
		return again || refusedByLag(err)
	}, poll)
}

var anID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// askPastLag repeats a request that was refused because of a status, or because of a
// resource that is not there, although this session has just been shown
// otherwise. It is not for requests that should be refused. needs are what has to
// be there for the request: one that is not is the reason that counts.
func (s *Session) askPastLag(ctx context.Context, ask func(context.Context) error, needs ...cloud.Resource) error {
	err := s.run.Tolerance.repeat(ctx, "refusal for an outdated status", refusedByLag, ask)
	for _, what := range needs {
		if lost := s.lost(ctx, what, err); lost != nil {
			return lost
		}
	}
	return err
}

// present repeats what looks at something that was shown before, or has just been
// made, while that is 404, for as long as lag may last.
func (t *Tolerance) present(ctx context.Context, look func(context.Context) error) error {
	return t.repeat(ctx, shown404, gone, look)
}

// show is something of this run as it is now.
func (s *Session) show(ctx context.Context, what cloud.Resource) (now cloud.Resource, err error) {
	err = s.run.Tolerance.present(ctx, func(ctx context.Context) error {
		now, err = s.cloud.Show(ctx, what)
		return err
	})
	return now, err
}

// repeat tries again while that fails with what lag explains, for as long as lag may
// last, and counts what it has passed over.
func (t *Tolerance) repeat(ctx context.Context, what string, explained func(error) bool, try func(context.Context) error) error {
	began := time.Now()
	policy := wait.Policy{Limit: lag, Transient: func(err error) (time.Duration, bool) { return 0, explained(err) }}
	var last error
	repeated := false
	_, err := wait.Until(ctx, policy, func(context.Context) (nothing, bool, error) {
		repeated = repeated || last != nil
		last = try(ctx) // which has budgets of its own
		return nothing{}, last == nil, last
	})
	if err == nil && repeated {
		t.add(what, time.Since(began))
	}
	if err != nil && ctx.Err() == nil {
		return last
	}
	return err
}

// refusedByLag is a refusal that another of the API's nodes may not make: a
// status that is not what was shown, a resource that was shown and is not
// found.
func refusedByLag(err error) bool {
	call := answered(err)
	if call == nil || call.Origin != cloud.FromService || noBackupService(call.Message) {
		return false
	}
	message := strings.ToLower(call.Message)
	return call.Code == 400 && (strings.Contains(message, "status") || strings.Contains(message, "must be available") || strings.Contains(message, "no backups available to do an incremental backup")) ||
		call.Code == 404 && anID.MatchString(message)
}
