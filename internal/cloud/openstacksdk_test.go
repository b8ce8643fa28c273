//go:build acceptance

package cloud

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"volume-backup-tester/internal/cloudsim"
)

// listBackups is the least that makes openstacksdk log in and list.
const listBackups = `import openstack
list(openstack.connect(cloud="mine").block_storage.backups(details=True))`

// TestAsOpenstacksdk runs Debian's openstacksdk on every case that must work,
// and holds it to the same login body and the same address of the list.
func TestAsOpenstacksdk(t *testing.T) {
	for _, c := range cloudsCases(t) {
		if c.files["want"] == "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			base := "http://" + listener.Addr().String()
			sim := cloudsim.New(cloudsim.Config{BaseURL: base, UnversionedCatalog: strings.HasPrefix(c.name, "unversioned-catalog")})
			server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: sim}}
			server.Start()
			defer server.Close()
			o, env := c.lay(t, sim, base, nil)

			before := len(sim.Log())
			python := exec.Command("/usr/bin/python3", "-c", listBackups)
			python.Dir = o.Dir
			python.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(o.Home)}, env...)
			out, err := python.CombinedOutput()
			theirs := sent(t, sim.Log()[before:])
			if why := c.files["openstacksdk"]; why != "" {
				if err == nil {
					t.Errorf("openstacksdk reads it too, although %s", why)
				}
				t.Logf("openstacksdk refuses, because %s: ...%s", why, out[max(0, len(out)-200):])
				return
			}
			before = len(sim.Log())
			client, connectErr := Connect(t.Context(), o)
			if connectErr == nil {
				if _, err := client.List(t.Context(), KindBackup); err != nil {
					t.Fatal(err)
				}
			}
			ours := sent(t, sim.Log()[before:])
			if (err == nil) != (connectErr == nil) {
				t.Errorf("openstacksdk: %v, ours: %v", err, connectErr)
			}
			if !reflect.DeepEqual(ours, theirs) || theirs.login == nil {
				t.Errorf("ours   %v\ntheirs %v\n%s", ours, theirs, out)
			}
		})
	}
}
