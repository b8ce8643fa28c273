package cloud

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// handshake bounds getting a connection; the answer itself is bounded by the
// context of each call.
const handshake = 10 * time.Second

// sockets is the transport to a real cloud, with the TLS settings of the
// configuration and the proxies of the environment.
func (c *config) sockets(o Options) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = proxies(o.Getenv)
	t.TLSHandshakeTimeout = handshake
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.unverified() {
		t.TLSClientConfig.InsecureSkipVerify = true
	} else if file, from := c.authority(o); file != "" {
		pool, err := certificates(file)
		switch {
		case err == nil:
		case strings.HasPrefix(c.authValue("auth_url"), "http:"): // perhaps nothing needs them
			c.warnings = append(c.warnings, fmt.Sprintf("%s of cloud '%s': %v; no certificate will be trusted", from, c.name, err))
		default:
			return nil, configErrorf("%s of cloud '%s': %v", from, c.name, err)
		}
		t.TLSClientConfig.RootCAs = pool
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

// certificates reads a file of certificates, or all files of a directory. The pool
// is never nil: an empty one trusts nobody.
func certificates(path string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return pool, fmt.Errorf("%s cannot be read: %w", path, errors.Unwrap(err))
		}
		files = nil
		for _, entry := range entries {
			if !entry.IsDir() {
				files = append(files, filepath.Join(path, entry.Name()))
			}
		}
	}
	found := false
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil && (file == path || !errors.Is(err, fs.ErrNotExist)) {
			return pool, fmt.Errorf("%s cannot be read: %w", file, errors.Unwrap(err))
		}
		found = pool.AppendCertsFromPEM(pem) || found
	}
	if !found {
		return pool, fmt.Errorf("%s holds no certificate in PEM form", path)
	}
	return pool, nil
}

// proxies are those of the environment. net/http does not know all_proxy, which
// holds for what has no variable of its own.
func proxies(getenv func(string) string) func(*http.Request) (*url.URL, error) {
	either := func(name string) string { return cmp.Or(getenv(name), getenv(strings.ToUpper(name))) }
	all := either("all_proxy")
	config := httpproxy.Config{
		HTTPProxy: cmp.Or(either("http_proxy"), all), HTTPSProxy: cmp.Or(either("https_proxy"), all), NoProxy: either("no_proxy"),
	}
	choose := config.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
}

// unverified tells whether certificates are not to be checked. It reads the
// switches as openstacksdk does: 'insecure' is also on as the text true, and
// 'verify' is off only as a switch; every other text leaves the checks on.
func (c *config) unverified() bool {
	insecure, verify := c.top.named("insecure"), c.top.named("verify")
	return isOn(insecure) || strings.EqualFold(insecure.text, "true") || isOff(verify)
}

// authority is the file of the certificates to trust instead of the system's, and
// the key or the variable that names it; "" if there is none. It may stand under
// verify too. The variables are those that openstacksdk's HTTP library reads.
func (c *config) authority(o Options) (file, from string) {
	if file := c.value("cacert"); file != "" {
		return path(o, file), "cacert"
	}
	verify := c.top.named("verify")
	if verify.text != "" && !isOn(verify) && !isOff(verify) {
		return path(o, verify.text), "verify"
	}
	for _, name := range []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
		if file := o.Getenv(name); file != "" {
			return path(o, file), name
		}
	}
	return "", ""
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
