package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// answerIn is how long a call may take that does not make anything: listing,
// showing, deleting, logging in. A call that creates may take as long as its
// caller's context allows, because Cinder answers some of them late.
const answerIn = 30 * time.Second

// Client talks to one project's Block Storage.
type Client struct {
	Login Login
	block *gophercloud.ServiceClient
	image *gophercloud.ServiceClient // nil: the cloud has none
	retry Retry
	// single makes each call once: it is a caller's that polls.
	single bool
	// precheck comes before every try; nil: none.
	precheck func(context.Context) error
}

// Retry makes a call, and again while its error is an *Error whose Retry says
// that the next try may cure it. It returns what the last try did.
type Retry func(ctx context.Context, call func(context.Context) error) error

// once is a Retry that makes each call a single time.
func once(ctx context.Context, call func(context.Context) error) error { return call(ctx) }

// Once is the same client without its retries, for callers that poll.
func (c *Client) Once() *Client {
	single := *c
	single.retry, single.single = once, true
	return &single
}

// Before is the same client with a check before every try of a call, those of an
// Error's Again too, which is not made where the check fails.
func (c *Client) Before(precheck func(context.Context) error) *Client {
	checked := *c
	checked.precheck = precheck
	return &checked
}

// do makes a call with the client's retries. within bounds one try; 0: ctx
// alone does, because Cinder answers some calls that create only when it is
// done.
func do[T any](ctx context.Context, c *Client, within time.Duration, made *call, try func(context.Context) (T, error)) (T, error) {
	var answer T
	applied := false
	err := c.retry(ctx, func(ctx context.Context) (err error) {
		if c.precheck != nil {
			err = c.precheck(ctx)
		}
		if within > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, within)
			defer cancel()
		}
		if err == nil {
			answer, err = try(made.in(ctx))
		}
		var failed *Error
		if errors.As(err, &failed) {
			applied = applied || failed.MayHaveApplied
			failed.MayHaveApplied = applied
			failed.Again = made.again
			if !made.creates && made.again == nil && strings.HasPrefix(made.on.Kind, KindBackup) {
				failed.Again = func(ctx context.Context) (Resource, error) {
					_, err := do(ctx, c.Once(), answerIn, made, try)
					return Resource{}, err
				}
			}
		}
		return err
	})
	return answer, err
}

// Connect reads the configuration, logs in and finds Block Storage in the
// catalog. Its errors are *ConfigError, *NotOfferedError, *Error, or what
// Options.Secret returned.
func Connect(ctx context.Context, o Options) (*Client, error) {
	conf, err := readConfig(o)
	if err != nil {
		return nil, err
	}
	transport := o.Transport
	if transport == nil {
		if transport, err = conf.sockets(o); err != nil {
			return nil, err
		}
	}
	if o.Pace != nil {
		transport = paced{transport, o.Pace}
	}
	if err := conf.takeSecret(o); err != nil {
		return nil, err
	}
	if err := conf.checkFederation(); err != nil {
		return nil, err
	}
	auth, err := conf.authOptions()
	if err != nil {
		return nil, err
	}
	hidden := new(secrets)
	hidden.learn(conf.hidden()...)
	if o.Debug != nil {
		transport = debugging(transport, hidden, o.Debug)
	}
	retry := o.Retry
	if retry == nil {
		retry = once
	}
	sent := redirects{observer{transport, o.Requests, hidden, &named{services: map[string]bool{}}}, o.Redirects}
	var provider *gophercloud.ProviderClient
	var l Login
	var catalog []tokens.CatalogEntry
	if err = retry(ctx, func(ctx context.Context) (err error) {
		if provider, err = conf.logIn(ctx, sent, o.UserAgent, auth, hidden); err != nil {
			return err
		}
		if l, catalog, err = describe(provider); err != nil {
			return &Error{Service: Identity, Op: loggingIn(auth.IdentityEndpoint), Code: 200, Message: unusable(err), RetryAfter: -1, Err: err}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if l.ProjectID == "" {
		return nil, configErrorf("the login of cloud '%s' is not for a project; add project_name or project_id to its 'auth' block in %s", o.Cloud, conf.file)
	}
	_, region := conf.forServiceOrAll(blockStorageTypes, "region_name")
	l.Cloud, l.AuthURL, l.Method, l.Region = o.Cloud, public(auth.IdentityEndpoint), string(conf.method), region.text
	l.Warnings = append(l.Warnings, conf.warnings...)
	if conf.unverified() {
		l.Warnings = append(l.Warnings, fmt.Sprintf("certificates are not verified, as %s says: whoever is in between can read the password", conf.file))
	}
	c := &Client{Login: l, retry: retry}
	err = c.retry(ctx, func(ctx context.Context) (err error) {
		c.block, err = conf.blockStorage(ctx, provider, &c.Login, catalog)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.image, err = conf.imageService(provider, c.Login, catalog)
	c.Login.Region = Printable(c.Login.Region)
	return c, err
}
