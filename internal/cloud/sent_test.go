package cloud

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestNeverSent: a request for which no connection came about, be it to a proxy,
// was not acted on; one that was read and not answered may have been.
func TestNeverSent(t *testing.T) {
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	closed := listen()
	_ = closed.Close()
	mute := listen() // accepts, and says nothing
	defer func() { _ = mute.Close() }()
	hangsUp := listen()
	defer func() { _ = hangsUp.Close() }()
	go func() {
		for {
			conn, err := hangsUp.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	for _, row := range []struct {
		name, address, proxy string
		want                 bool
	}{
		{"refused", "http://" + closed.Addr().String(), "", true},
		{"proxy refused", "http://cloud.invalid", "http://" + closed.Addr().String(), true},
		{"proxy refused, before TLS", "https://cloud.invalid", "http://" + closed.Addr().String(), true},
		{"SOCKS proxy hangs up", "http://cloud.invalid", "socks5://" + hangsUp.Addr().String(), true},
		{"TLS handshake without an answer", "https://" + mute.Addr().String(), "", true},
		{"hangs up", "http://" + hangsUp.Addr().String(), "", false},
		{"proxy hangs up", "http://cloud.invalid", "http://" + hangsUp.Addr().String(), false},
	} {
		transport := &http.Transport{TLSHandshakeTimeout: 50 * time.Millisecond}
		if row.proxy != "" {
			proxy, err := url.Parse(row.proxy)
			if err != nil {
				t.Fatal(err)
			}
			transport.Proxy = http.ProxyURL(proxy)
		}
		resp, err := (&http.Client{Transport: transport}).Post(row.address, "application/json", strings.NewReader("{}"))
		if err == nil {
			_ = resp.Body.Close()
			t.Fatalf("%s: answered", row.name)
		}
		if neverSent(err) != row.want {
			t.Errorf("%s: never sent: %t: %v", row.name, !row.want, err)
		}
	}
}
