//go:build acceptance

package acceptance

import (
	"net"
	"os"
	"strings"
	"testing"
)

func TestWrongPassword(t *testing.T) {
	o := startCheck(t, changedYAML(t, "password: secret", "password: wrong")).wait(t)
	o.wantCode(t, 3)
	o.wantVerdict(t, "ABORT")
}

func TestKeystoneUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	keystone := origin(t, login(t, "devcloud").keystone).Host
	o := startCheck(t, changedYAML(t, keystone, closed), "--timeout", "5").wait(t)
	o.wantCode(t, 3)
	o.wantVerdict(t, "ABORT")
	wantWords(t, o.stderr, closed)
}

func TestUnknownCloud(t *testing.T) {
	o := start(t, cloudsYAML, tester, "--os-cloud", "nowhere").wait(t)
	o.wantCode(t, 2)
	o.wantVerdict(t, "ABORT")
	wantWords(t, o.stderr, "nowhere", "devcloud")
}

func TestAdministrator(t *testing.T) {
	admin := login(t, "devcloud-admin")
	o := start(t, cloudsYAML, tester, "--os-cloud", "devcloud-admin").wait(t)
	o.wantCode(t, 3)
	o.wantVerdict(t, "ABORT")
	wantWords(t, o.stderr, "admin", "--allow-admin")
	admin.wantNothingLeft(t)

	o = start(t, cloudsYAML, tester, "--os-cloud", "devcloud-admin", "--allow-admin").wait(t)
	warning, rest, _ := strings.Cut(o.stderr, "\n")
	wantWords(t, warning, "warning: ", "--allow-admin", "proves nothing about ordinary members")
	o.stderr = rest
	o.wantPassed(t)
	admin.wantNothingLeft(t)
}

func changedYAML(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile(cloudsYAML)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("no %q in %s", from, cloudsYAML)
	}
	return writeYAML(t, []byte(strings.ReplaceAll(string(text), from, to)))
}
