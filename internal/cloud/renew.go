package cloud

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// keystone logs in, and logs in again when the token has expired. gophercloud
// can do that as well; but it makes the new login within the deadline of the
// call that happened to need it first, lets all others fail with it, and sends
// only the rest of a body that was read already.
type keystone struct {
	auth gophercloud.AuthOptions
	// federation gets the token that auth logs in with; nil: auth is complete.
	federation *oidc
	client     *gophercloud.ServiceClient // sends no token
	// services is what all other calls are made with; it has the token.
	services *gophercloud.ProviderClient

	mu      sync.Mutex
	ongoing *renewal // nil: none
}

// renewal is one login for all calls that wait for it.
type renewal struct {
	done    chan struct{}
	err     error // valid when done
	waiting int
	cancel  context.CancelFunc
}

// logIn finds Keystone's version 3, logs in there once, and returns a provider
// whose calls renew the token where the login can be made again. Its transport is
// the one given with that added.
func (c *config) logIn(ctx context.Context, transport http.RoundTripper, userAgent string, auth gophercloud.AuthOptions, s *secrets) (*gophercloud.ProviderClient, error) {
	provider := func() *gophercloud.ProviderClient {
		p := &gophercloud.ProviderClient{HTTPClient: http.Client{Transport: transport, CheckRedirect: notByClient}}
		p.UserAgent.Prepend(userAgent)
		p.UseTokenLock()
		return p
	}
	k := &keystone{auth: auth, client: &gophercloud.ServiceClient{ProviderClient: provider()}, services: provider()}
	k.federation = c.federation(k.client.ProviderClient, s)
	var err error
	if k.client.Endpoint, err = c.identityEndpoint(ctx, k.client.ProviderClient); err != nil {
		return nil, err
	}
	if err := k.login(ctx, loggingIn(auth.IdentityEndpoint)); err != nil {
		return nil, err
	}
	if c.method != byToken {
		k.services.HTTPClient.Transport = renewing{transport, k}
	}
	return k.services, nil
}

// login asks Keystone for a token, once. Its errors are *Error, and *ConfigError of
// a federated login.
func (k *keystone) login(ctx context.Context, op string) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	c := call{service: Identity, op: op}
	auth := k.auth // gophercloud may write to it
	if k.federation != nil {
		var err error
		if auth.TokenID, err = k.federation.token(ctx, k.client.Endpoint); err != nil {
			return err
		}
	}
	answer := tokens.Create(c.in(ctx), k.client, &auth)
	if id, err := answer.ExtractTokenID(); err == nil && id == "" {
		return c.incomplete("it has no X-Subject-Token")
	}
	return c.fail(k.services.SetTokenAndAuthResult(answer))
}

const loggingInAgain = "logging in again"

// renew gets another token than the one that was refused. A login that another
// call has begun serves this one, too. It goes on when the call that began it
// ends; it ends when no call waits for it any more. The errors are *Error.
func (k *keystone) renew(ctx context.Context, refused string) error {
	k.mu.Lock()
	if k.services.Token() != refused { // renewed in the meantime
		k.mu.Unlock()
		return nil
	}
	if k.ongoing == nil {
		k.ongoing = k.begin(context.WithoutCancel(ctx))
	}
	n := k.ongoing
	n.waiting++
	k.mu.Unlock()
	select {
	case <-n.done:
		return n.err
	case <-ctx.Done():
	}
	k.mu.Lock()
	if n.waiting--; n.waiting == 0 {
		n.cancel()
		k.ended(n)
	}
	k.mu.Unlock()
	c := call{service: Identity, op: loggingInAgain}
	return c.fail(&url.Error{Op: "Post", URL: k.client.Endpoint, Err: ctx.Err()})
}

// begin logs in at the same time as other things happen.
func (k *keystone) begin(ctx context.Context) *renewal {
	n := &renewal{done: make(chan struct{})}
	ctx, n.cancel = context.WithCancel(ctx)
	go func() {
		defer n.cancel()
		n.err = k.login(ctx, loggingInAgain)
		k.mu.Lock()
		k.ended(n)
		k.mu.Unlock()
		close(n.done)
	}()
	return n
}

// ended makes way for another login; k.mu is held.
func (k *keystone) ended(n *renewal) {
	if k.ongoing == n {
		k.ongoing = nil
	}
}

// renewing sends a request again, once, with a new token when the one that it had
// is refused with 401. A body that cannot be sent again leaves it at the 401.
type renewing struct {
	next     http.RoundTripper
	keystone *keystone
}

func (n renewing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = rewindable(r)
	resp, err := n.next.RoundTrip(r)
	refused := r.Header.Get("X-Auth-Token")
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	next, err := again(r)
	if err != nil {
		return resp, nil
	}
	discard(resp)
	if err := n.keystone.renew(r.Context(), refused); err != nil {
		return nil, err
	}
	next.Header.Set("X-Auth-Token", n.keystone.services.Token())
	return n.next.RoundTrip(next)
}
