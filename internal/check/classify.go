package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// Finding is a requirement that the cloud does not meet: a FAIL.
type Finding struct {
	On            cloud.Resource
	Expected, Got string
	Hint          string
	Err           error // the call behind it; nil: the resource's own state

	ended bool // in an error status
	asked bool // the cloud was asked for its message, and has none
	late  bool // nothing is wrong but the time that it took, or what others took
}

func (f *Finding) Error() string {
	return fmt.Sprintf("%s: expected %s, got %s", f.On, f.Expected, f.Got)
}
func (f *Finding) Unwrap() error { return f.Err }

// Blocked is a precondition that does not hold and is not the backup API: an
// ABORT, or a SKIP of an optional check.
type Blocked struct {
	Why, Hint string
	Err       error // the call behind it; nil: none
}

func (b *Blocked) Error() string { return b.Why }
func (b *Blocked) Unwrap() error { return b.Err }

// Skip is a check that the cloud, or the command line, does not offer what it
// needs. It wraps nothing: what is behind it is no failure of the check.
type Skip struct {
	Why string
	// general is Why without the check's own names and ids; "": it has none.
	general string
	late    bool // as of a Finding
}

func (s *Skip) Error() string { return s.Why }

// UsageError is a mistake in the command line; the text names the remedy.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

// notDeletedError is a clean-up that could not delete everything.
type notDeletedError struct {
	leftovers []Leftover
	renamed   int // of these, by another program, which says nothing about the cloud
	// unreached are the last answers about those that Cinder was asked to delete
	// and has not answered itself; nor does that say anything about the cloud.
	unreached []*cloud.Error
}

func (e *notDeletedError) Error() string {
	return fmt.Sprintf("clean-up could not delete everything: %d left", len(e.leftovers))
}

// classify is the one place where an error becomes a verdict, and the text that
// the operator reads.
func classify(err error) *Failure {
	f := &Failure{Verdict: Fail, Summary: err.Error(), err: err}
	call := asCall(err)
	if call != nil {
		f.Summary, f.Expected, f.Got, f.CloudMessage, f.RequestID = call.Operation(), "the request to be accepted", call.Got(), call.CloudMessage(), call.RequestID
		if call.Code < 400 {
			f.Expected = "a usable answer"
		}
	}
	var timeout *wait.TimeoutError
	if errors.As(err, &timeout) && call != nil && timeout.RetryAfter < timeout.Limit {
		f.Got += fmt.Sprintf(", for %s", wait.Round(timeout.Failing))
	}
	var finding *Finding
	var blocked *Blocked
	var left *notDeletedError
	var missing *cloud.NotOfferedError
	var bug *bugError
	switch {
	case errors.As(err, &left):
		f.NotDeleted = left.leftovers
		if left.renamed+len(left.unreached) == len(left.leftovers) {
			f.Verdict = Abort
		}
		f.Hint = "the next run needs these gone; another --prefix avoids them"
	case errors.As(err, &finding):
		f.fromFinding(finding)
	case errors.As(err, &blocked):
		f.Verdict, f.Summary, f.Hint = Abort, blocked.Why, blocked.Hint
	case errors.As(err, &missing):
		f.Expected, f.Got = "a Block Storage endpoint in the catalog", "none"
		f.Hint = "the operator has to register Cinder's endpoints in Keystone"
	case errors.As(err, &bug):
		f.Verdict, f.Hint = Abort, "this says nothing about the cloud; report it with what was called, innermost first: "+bug.calls
	case call == nil: // a fault of this program or its machine
		f.Verdict = Abort
	case call.Service == cloud.ImageService:
		f.Verdict, f.Hint = Abort, "Glance has to work before the contents of backups can be compared; look for the request id in its logs, or leave these checks out"
	case call.Service == cloud.Identity || troubleOf(call) != noTrouble:
		f.Verdict, f.Hint = Abort, unreachedHint(call)
	case call.Code == http.StatusForbidden && (strings.HasPrefix(call.On.Kind, cloud.KindVolume) || strings.HasPrefix(call.On.Kind, cloud.KindSnapshot)):
		f.Verdict, f.Hint = Abort, "the user needs the role of a member in this project"
	case call.Code == http.StatusForbidden || notOffered(call):
		f.Expected = "the backup API to be offered to an ordinary member"
		f.Hint = "check that cinder-backup is deployed and that policy lets members use backups"
	case call.RequestID == "":
		f.Hint = "look at Cinder's logs at this time: the answer has no request id"
	default:
		f.Hint = "look for the request id in Cinder's logs"
	}
	if timeout != nil && timeout.RetryAfter > 0 && troubleOf(call) == noTrouble {
		f.Hint = "run again later, or allow more with --timeout"
	}
	return f
}

func (f *Failure) fromFinding(finding *Finding) {
	f.Summary, f.Expected, f.Got, f.Hint = finding.On.String(), finding.Expected, finding.Got, finding.Hint
	if asCall(finding.Err) != nil {
		return // the call's message and request id stand
	}
	f.CloudMessage, f.RequestID = finding.On.Reason, finding.On.RequestID
	if finding.asked {
		f.CloudMessage = cmp.Or(f.CloudMessage, "none")
	}
}

// explain adds what only the run knows: where it was, as whom.
func (r *run) explain(f *Failure) {
	call := asCall(f.err)
	if f.Stage == StageCleanup && call != nil {
		f.Summary = "clean-up: " + f.Summary
	}
	if call != nil && call.Code == http.StatusUnauthorized && !r.Cloud.Login.Renewable() {
		f.Hint = "the token in clouds.yaml has expired or was revoked, and a login by token cannot be renewed: get a new token, or use a password or an application credential"
	}
	if call := answered(f.err); call != nil && (call.Code == http.StatusForbidden || notOffered(call)) {
		f.Got += ", " + r.outcome.Evidence.roles()
	}
}

// notOffered is an answer that there is no backup API.
func notOffered(call *cloud.Error) bool {
	if !strings.HasPrefix(call.On.Kind, cloud.KindBackup) {
		return false
	}
	if call.Code == http.StatusNotFound && (call.Restart || anID.MatchString(strings.ToLower(call.Message)) || noBackupService(call.Message)) {
		return false // of a resource, or of a service
	}
	return noSuchAPI(call.Code)
}

// noSuchAPI is the code of an answer that there is no such API.
func noSuchAPI(code int) bool {
	return code == http.StatusNotFound || code == http.StatusMethodNotAllowed || code == http.StatusNotImplemented
}

// unreachedHint is about a call that was not answered by the service it was for.
func unreachedHint(call *cloud.Error) string {
	const network = "check the address, the network, proxies and TLS settings between here and the cloud"
	what := troubleOf(call)
	switch {
	case what == limited:
		return "the cloud limits the rate of requests: run again later, or allow more with --timeout"
	case call.Origin == cloud.FromProvider && call.Code >= 400 && call.Code < 500:
		return "the OpenID Connect provider refuses the login: check its addresses, client_id, client_secret, openid_scope and the user's name and password in clouds.yaml"
	case call.Origin == cloud.FromProvider:
		return "the OpenID Connect provider gives no token, without which Keystone cannot be asked; look at the provider's logs"
	case call.Service != cloud.Identity && what == rejected:
		return "the login was accepted and Cinder refuses the token: the access rules of an application credential may not allow this call, or Cinder's own credentials for Keystone (keystone_authtoken) are wrong"
	case call.Code == http.StatusUnauthorized:
		return "check the credentials in clouds.yaml, or use --ask"
	case call.Service == cloud.Identity && call.Code == http.StatusNotFound:
		return "Keystone does not find what the login names: an application credential may have been deleted or have expired; check it, and auth_url, in clouds.yaml"
	case what == silence && call.MayHaveApplied:
		return "the request was sent and never answered: the message queue, the database or a service behind this API may be down; if the cloud is merely slow, allow more with --timeout"
	case what == silence:
		return network
	case what == keystone:
		return "Cinder cannot ask Keystone about the token; Keystone has to work before Block Storage can be tested"
	case what == frontEnd:
		return "the answer has no request id of Cinder's: a proxy, a load balancer or a firewall in front of it made it; look at its logs. " + network
	}
	return "Keystone has to work before Block Storage can be tested; look for the request id in its logs"
}

const noBackupServiceHint = "cinder-backup is the likely cause: it is not running, disabled, or not in this availability zone; an administrator sees it in: openstack volume service list"

func (t *target) whyFailed() string {
	switch {
	case noBackupService(t.Reason):
		return noBackupServiceHint
	case t.Kind == cloud.KindBackup:
		return "look for the request id in the log of cinder-backup"
	}
	return "look for the request id in the logs of cinder-scheduler, cinder-volume and cinder-backup"
}

func (t *target) timeoutFinding(timeout *wait.TimeoutError) *Finding {
	f := &Finding{On: t.Resource, Expected: t.expected(), late: true}
	f.Got = fmt.Sprintf("status '%s' after %s", t.Status, wait.Round(timeout.Waited))
	if t.shown && !t.missing.IsZero() {
		f.Got = fmt.Sprintf("status '%s', and then not found for %s", t.Status, wait.Round(time.Since(t.missing)))
	}
	if t.Status == absent {
		f.Got = fmt.Sprintf("not found for %s", wait.Round(timeout.Waited))
	}
	if timeout.Err != nil {
		f.Got += fmt.Sprintf("; in the last %s of it: %v", wait.Round(timeout.Failing), timeout.Err)
	}
	f.Hint = "if the cloud is merely slow, allow more with --timeout; otherwise look at cinder-scheduler, cinder-volume, cinder-backup and the storage behind them"
	if t.Kind == cloud.KindBackup && t.Status == "creating" {
		f.Hint = "cinder-backup is the likely cause if it died: Cinder does not notice, and the backup stays 'creating'; a dead cinder-scheduler, cinder-volume or storage looks the same. An administrator sees it in: openstack volume service list. If the cloud is merely slow, allow more with --timeout"
	}
	return f
}

func asCall(err error) *cloud.Error {
	var call *cloud.Error
	errors.As(err, &call)
	return call
}

// byLoad tells a failure that checks beside it may have caused: it took too long,
// or they used the quota up, or the rate of requests, or kept cinder-backup so busy
// that it reported late and Cinder took it for dead (service_down_time, 60 s).
func byLoad(err error) bool {
	var finding *Finding
	var skip *Skip
	var unreadable *unreadableError
	var timeout *wait.TimeoutError
	call := asCall(err)
	switch {
	case errors.As(err, &finding) && (finding.late || noBackupService(finding.On.Reason)), errors.As(err, &skip) && skip.late, errors.As(err, &unreadable) && (unreadable.late || byLoad(unreadable.err)):
		return true
	case call == nil:
		return errors.As(err, &timeout)
	}
	return noBackupService(call.Message) || call.Limited() || call.Creates && call.OverQuota() || errors.Is(call, context.DeadlineExceeded)
}

// answered is asCall without what Keystone answered: when a login has to be
// made again, its refusal says nothing about the service that was called.
func answered(err error) *cloud.Error {
	if call := asCall(err); call != nil && call.Service != cloud.Identity {
		return call
	}
	return nil
}

// gone is a 404 for the resource that was asked for.
func gone(err error) bool {
	call := asCall(err)
	return call != nil && call.Gone()
}
