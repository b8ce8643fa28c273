package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/wait"
)

// Verdict is what a test run says about the cloud.
type Verdict string

// The verdicts. Abort says nothing about the cloud: it could not be tested.
const (
	Pass  Verdict = "PASS"
	Fail  Verdict = "FAIL"
	Abort Verdict = "ABORT"
)

// Finding is a FAIL's anatomy.
type Finding struct {
	On             cloud.Resource
	Expected, Seen string
	Advice         string
	Err            error // the call behind it; nil: the resource's own state
}

func (f *Finding) Error() string {
	return fmt.Sprintf("%s: expected %s, seen %s", f.On, f.Expected, f.Seen)
}

func (f *Finding) Unwrap() error { return f.Err }

// Blocked is a precondition that does not hold and is not the backup API: an
// ABORT.
type Blocked struct {
	Why, Advice string
	Err         error // the call behind it; nil: none
}

func (b *Blocked) Error() string { return b.Why }
func (b *Blocked) Unwrap() error { return b.Err }

// Leftover is something with the prefix that clean-up could not delete.
type Leftover struct {
	cloud.Resource
	Reason string // why not, in the cloud's words where it said some
	Help   string // what gets rid of it
}

// Failure is why a run ended without a PASS.
type Failure struct {
	Verdict Verdict
	Check   *Check // that fell; nil: clean-up, or before the first check
	CleanUp bool
	What    string // in one line
	// Expected and Seen are empty where the line says it all.
	Expected, Seen string
	// Said is what the cloud said, with its request id.
	Said   string
	Advice string
	// Leftovers is what a clean-up could not delete.
	Leftovers []Leftover
	Err       error
}

func (f *Failure) Error() string {
	if f.Check != nil {
		return f.Check.Line + ": " + f.What
	}
	return f.What
}

func (f *Failure) Unwrap() error { return f.Err }

// judge is the one place where an error becomes a verdict. A run that was
// interrupted gets the interruption itself.
func (r *Run) judge(ctx context.Context, at *Check, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := Judge(err)
	f.Check = at
	call := asCall(err)
	f.CleanUp = at == nil && (call != nil || f.Leftovers != nil)
	if at == nil && call != nil {
		f.What = "clean-up: " + f.What
	}
	if call != nil && call.Code == http.StatusUnauthorized && !r.Cloud.Login.Renewable() {
		f.Advice = "the token in clouds.yaml has expired or was revoked, and a login by token cannot be renewed: get a new token, or use a password or an application credential"
	}
	if call := answered(err); call != nil && (call.Code == http.StatusForbidden || notOffered(call)) {
		f.Seen += fmt.Sprintf(", as user '%s' with the roles: %s", r.Cloud.Login.User, strings.Join(r.Cloud.Login.Roles, ", "))
	}
	return f
}

// Judge sorts an error into FAIL and ABORT, and takes it apart for a reader.
func Judge(err error) *Failure {
	f := &Failure{Verdict: Fail, What: err.Error(), Err: err}
	call := asCall(err)
	if call != nil {
		f.What, f.Expected, f.Seen, f.Said = call.What(), "the request to be accepted", call.Seen(), call.Said()
		if call.Code < 400 {
			f.Expected = "a usable answer"
		}
	}
	var timeout *wait.TimeoutError
	if errors.As(err, &timeout) && call != nil && timeout.After < timeout.Limit {
		f.Seen += fmt.Sprintf(", and so for %s", wait.Round(timeout.Failing))
	}
	var finding *Finding
	var blocked *Blocked
	var left *leftError
	var missing *cloud.NotOfferedError
	switch {
	case errors.As(err, &left):
		f.Leftovers = left.leftovers
		f.Advice = "the next run needs these gone; another --prefix avoids them"
	case errors.As(err, &finding):
		f.What, f.Expected, f.Seen, f.Advice = finding.On.String(), finding.Expected, finding.Seen, finding.Advice
		if f.Said == "" {
			f.Said = said(finding.On)
		}
	case errors.As(err, &blocked):
		f.Verdict, f.What, f.Advice = Abort, blocked.Why, blocked.Advice
	case errors.As(err, &missing):
		f.Expected, f.Seen = "a Block Storage endpoint in the catalog", "none"
		f.Advice = "the operator has to register Cinder's endpoints in Keystone"
	case call == nil: // a fault of this program or its machine
		f.Verdict = Abort
	case call.Service == cloud.Identity || call.Code == 0 || call.Code == http.StatusUnauthorized:
		f.Verdict, f.Advice = Abort, whyUnreached(call)
	case call.Service == cloud.ImageService:
		f.Verdict, f.Advice = Abort, "Glance has to work before what is in backups can be compared; look for the request id in its logs, or leave these checks out"
	case call.Code == http.StatusForbidden && strings.HasPrefix(call.On.Kind, cloud.KindVolume):
		f.Verdict, f.Advice = Abort, "the user needs the role of a member in this project"
	case call.Code == http.StatusForbidden || notOffered(call):
		f.Expected = "the backup API to be offered to an ordinary member"
		f.Advice = "check that cinder-backup is deployed and that policy lets members use backups"
	case call.Code == http.StatusServiceUnavailable && strings.Contains(call.Message, "Keystone service"): // words of Cinder's middleware
		f.Advice = "Cinder cannot ask Keystone about the token; Keystone has to work before Block Storage can be tested"
	default:
		f.Advice = "look for the request id in Cinder's logs"
	}
	if timeout != nil && timeout.After > 0 {
		f.Advice = "run again later, or allow more with --timeout"
	}
	return f
}

// notOffered is a 404 of the backup API itself.
func notOffered(call *cloud.Error) bool {
	return call.Code == http.StatusNotFound && !call.Restart && strings.HasPrefix(call.On.Kind, cloud.KindBackup) && !call.Gone() && !noBackupService(call.Message)
}

// said is what the cloud says of a resource by itself.
func said(on cloud.Resource) string {
	text := cmp.Or(on.Reason, "nothing about the reason")
	if on.RequestID != "" {
		text += fmt.Sprintf(" (begun by request id %s)", on.RequestID)
	}
	return text
}

func whyUnreached(call *cloud.Error) string {
	switch {
	case call.Code == http.StatusUnauthorized:
		return "check the credentials in clouds.yaml, or use --ask"
	case call.Code == 0 && call.Perhaps:
		return "the request was sent and never answered: the message queue, the database or a service behind this API may be down; if the cloud is merely slow, allow more with --timeout"
	case call.Code == 0:
		return "check the address, the network, proxies and TLS settings between here and the cloud"
	}
	return "Keystone has to work before Block Storage can be tested; look for the request id in its logs"
}

func asCall(err error) *cloud.Error {
	var call *cloud.Error
	errors.As(err, &call)
	return call
}

// answered is asCall without what Keystone answered: when a login has to be
// made again, its refusal says nothing about the service that was called.
func answered(err error) *cloud.Error {
	if call := asCall(err); call != nil && call.Service != cloud.Identity {
		return call
	}
	return nil
}
