package check

import (
	"context"
	"errors"
	"net/http"
	"slices"
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
// such calls: control calls are answered, and the call, made twice more, fails
// alike. A control call between these two has to be answered at once: else it may
// be a limiter, which the calls before have used up, or one of several nodes, whose
// turn it was.
func (r *run) confined(ctx context.Context, err error) bool {
	call := answered(err)
	what := troubleOf(call)
	if what == noTrouble || call.Again == nil {
		return false
	}
	if r.control(ctx, func(error) bool { return true }) != nil || !r.again(ctx, call, what) {
		return false
	}
	if err := r.Cloud.ControlOnce(ctx); err != nil {
		return false
	}
	return r.again(ctx, call, what)
}

// control makes the control calls, for a while again as long as their error says so.
func (r *run) control(ctx context.Context, again func(error) bool) error {
	policy := wait.Policy{Limit: controlIn, Transient: func(err error) (time.Duration, bool) { return 0, again(err) }}
	var last error
	_, err := wait.Until(ctx, policy, func(ctx context.Context) (nothing, bool, error) {
		last = r.Cloud.Control(ctx)
		return nothing{}, last == nil, last
	})
	if last != nil {
		return last
	}
	return err
}

// again makes the call once more, and tells whether it is in the same trouble.
func (r *run) again(ctx context.Context, call *cloud.Error, what trouble) bool {
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

// wholeEndpoint turns a failure that says that there is no backup API into one about
// the endpoint, where the API of volumes is not there either.
func (r *run) wholeEndpoint(ctx context.Context, f *Failure) {
	call := answered(f.err)
	var finding *Finding
	if f.Verdict != Fail || call == nil || errors.As(f.err, &finding) || !notOffered(call) && !malformed(call) {
		return
	}
	control := answered(r.control(ctx, func(err error) bool { return troubleOf(answered(err)) != noTrouble }))
	if control == nil || control.Code != call.Code && troubleOf(control) == noTrouble && !noSuchAPI(control.Code) {
		return
	}
	f.Verdict, f.Expected = Abort, "the Block Storage API at "+r.Cloud.Login.Endpoint
	f.Hint = "calls about volumes fail too, so this is not about backups: check the endpoint in the catalog, or block_storage_endpoint_override (volume_endpoint_override and the like) in clouds.yaml"
}

// malformed is how Cinder answers to a listing whose address names another project
// than the token is for.
func malformed(call *cloud.Error) bool {
	return call.Code == http.StatusBadRequest && call.On.Kind == cloud.KindBackup+"s"
}

// troubled is an item whose deletion got no answer, or one of a front end, Keystone
// or a limiter, and whose status does not show that Cinder has begun it.
func (c *clearing) troubled(it *item) bool {
	return it.refusal != nil && c.mayDelete(it.Status) && troubleOf(asCall(it.refusal)) != noTrouble
}

// unreached are the answers about what is left that is troubled, and for what was not
// asked for because of them one of these.
func (c *clearing) unreached() (all []*cloud.Error) {
	unasked := 0
	for _, r := range c.waitedFor() {
		switch it := c.items[r.ID]; {
		case c.troubled(it):
			all = append(all, asCall(it.refusal))
		case c.unasked(it):
			unasked++
		}
	}
	if len(all) > 0 {
		all = append(all, slices.Repeat(all[:1], unasked)...)
	}
	return all
}

// unasked is an item whose turn to be deleted never came.
func (c *clearing) unasked(it *item) bool {
	return it.tried.IsZero() && it.begun.IsZero() && c.mayDelete(it.Status)
}

// aboutBackups is one of the unreached if all of them are about backups.
func (e *notDeletedError) aboutBackups() error {
	for _, call := range e.unreached {
		if call.On.Kind != cloud.KindBackup {
			return nil
		}
	}
	if len(e.unreached) == 0 {
		return nil
	}
	return e.unreached[0]
}

// confine turns a failure that says nothing about the backups into one that
// does, where it is confined to them.
func (r *run) confine(ctx context.Context, f *Failure) {
	var left *notDeletedError
	cause := f.err
	if errors.As(f.err, &left) {
		cause = left.aboutBackups()
	}
	if f.Verdict != Abort || !r.confined(ctx, cause) {
		return
	}
	f.Verdict = Fail
	if left == nil { // else each of these has a line of its own
		f.Got += "; two more tries failed alike, while GET /volumes and GET /limits were answered"
	}
	f.Hint = "only calls about backups are " + string(troubleOf(answered(cause))) + ": look at cinder-api, at cinder-backup, and at what stands in front of them"
}
