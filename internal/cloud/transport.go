package cloud

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// handshake bounds getting a connection; the answer itself is bounded by the
// context of each call.
const handshake = 10 * time.Second

// sockets is the transport to a real cloud, with the TLS settings of the
// configuration.
func (c *config) sockets(o Options) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSHandshakeTimeout = handshake
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.unverified() {
		t.TLSClientConfig.InsecureSkipVerify = true
	} else if file := c.authority(o); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, configErrorf("cacert of cloud '%s': %s cannot be read: %v", c.name, file, errors.Unwrap(err))
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, configErrorf("cacert of cloud '%s': %s holds no certificate in PEM form", c.name, file)
		}
	}
	if file := path(o, c.value("cert")); file != "" {
		key := path(o, c.value("key"))
		if key == "" {
			key = file
		}
		pair, err := tls.LoadX509KeyPair(file, key)
		if err != nil {
			return nil, configErrorf("cert and key of cloud '%s' cannot be used: %v", c.name, err)
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// unverified tells whether certificates are not to be checked. It reads the
// switches as openstacksdk does: 'insecure' is also on as the text true, and
// 'verify' is off only as a switch; every other text leaves the checks on.
func (c *config) unverified() bool {
	insecure, verify := c.top.named("insecure"), c.top.named("verify")
	return isOn(insecure) || strings.EqualFold(insecure.text, "true") || isOff(verify)
}

// authority is the file of the certificates to trust instead of the system's;
// "" if there is none. It may stand under verify too.
func (c *config) authority(o Options) string {
	file := c.value("cacert")
	if verify := c.top.named("verify"); file == "" && !isOn(verify) && !isOff(verify) {
		file = verify.text
	}
	return path(o, file)
}

// path makes a file named in clouds.yaml absolute; "" stays "".
func path(o Options, file string) string {
	switch rest, home := strings.CutPrefix(file, "~/"); {
	case file == "":
		return ""
	case home:
		return filepath.Join(o.Home, rest)
	case !filepath.IsAbs(file):
		return filepath.Join(o.Dir, file)
	}
	return file
}

// observer notes on each call what its last answer was. gophercloud keeps that
// to itself when the body of an answer cannot be decoded.
type observer struct {
	next     http.RoundTripper
	requests *atomic.Int64
	secrets  *secrets
	named    *named
}

// named are the services whose good answers bore a request id.
type named struct {
	mu       sync.Mutex
	services map[string]bool
}

func (n *named) add(service string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.services[service] = true
}

func (n *named) has(service string) bool {
	if n == nil { // nothing was sent
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.services[service]
}

func (o observer) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.requests != nil {
		o.requests.Add(1)
	}
	o.secrets.learn(r.Header.Get("X-Auth-Token"))
	c, _ := r.Context().Value(callKey{}).(*call)
	if c == nil {
		return o.next.RoundTrip(r)
	}
	c.code, c.requestID, c.secrets, c.named = 0, "", o.secrets, o.named
	resp, err := o.next.RoundTrip(r)
	if err == nil {
		c.code, c.requestID = resp.StatusCode, requestID(resp.Header)
		if c.code < 300 && c.requestID != "" {
			o.named.add(c.service)
		}
	}
	return resp, err
}
