package check

import (
	"context"
	"errors"
	"net/http"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// trouble is what keeps calls from reaching the service or being answered by it.
type trouble string

const (
	noTrouble trouble = ""
	silence   trouble = "not answered"
	frontEnd  trouble = "answered by a front end"
	limited   trouble = "limited"
	rejected  trouble = "answered with 401"
	keystone  trouble = "refused because of Keystone"
)

// troubleOf is what keeps a call from being answered. It says nothing about the
// cloud's backups unless it is confined to calls about them.
func troubleOf(call *cloud.Error) trouble {
	switch {
	case call == nil:
		return noTrouble
	case call.Code == 0:
		return silence
	case call.Limited():
		return limited
	case call.Origin == cloud.FromKeystone:
		return keystone
	case call.Code == http.StatusUnauthorized:
		return rejected
	case call.Origin == cloud.FromFrontEnd:
		return frontEnd
	}
	return noTrouble
}

// confined tells whether the trouble of a call about backups is confined to
// such calls: control calls are answered, and the call, made once more, fails
// alike.
func (r *run) confined(ctx context.Context, err error) bool {
	call := answered(err)
	what := troubleOf(call)
	if what == noTrouble || call.Again == nil || r.Cloud == nil {
		return false
	}
	_, err = wait.Until(ctx, wait.Policy{Limit: controlIn, Transient: func(error) (time.Duration, bool) { return 0, true }},
		func(ctx context.Context) (nothing, bool, error) {
			err := r.Cloud.Control(ctx)
			return nothing{}, err == nil, err
		})
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, min(r.Timeout, againIn))
	defer cancel()
	made, err := call.Again(ctx)
	again := answered(err)
	if made.Kind != "" && (err == nil || again == nil || again.MayHaveApplied) {
		r.owned.add(made, made.Name)
	}
	return troubleOf(again) == what
}

const (
	// controlIn is for how long the control calls are made.
	controlIn = 10 * time.Second
	// againIn bounds the call that is made once more.
	againIn = 30 * time.Second
)

// confine turns a failure that says nothing about the backups into one that
// does, where it is confined to them.
func (r *run) confine(ctx context.Context, f *Failure) {
	var left *notDeletedError
	if f.Verdict != Abort || errors.As(f.err, &left) || !r.confined(ctx, f.err) {
		return
	}
	f.Verdict = Fail
	f.Got += "; once more the same, while GET /volumes and GET /limits are answered"
	f.Hint = "calls about backups alone are " + string(troubleOf(answered(f.err))) + ": look at cinder-api, at cinder-backup, and at what stands in front of them"
}
