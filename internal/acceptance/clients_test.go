//go:build acceptance

package acceptance

import "testing"

// TestRealClientsOnCloudsim has real clients, which know nothing of the simulated cloud, work against
// it. It needs no devcloud, so that it runs while the one that is there has its services stopped.
func TestRealClientsOnCloudsim(t *testing.T) {
	t.Parallel()
	for _, client := range []struct {
		name, last string
		command    []string
	}{
		{"openstack", "volumes: deleted", []string{"bash", "testdata/openstack-command.sh"}},
		{"openstacksdk", "deleted: nothing left", []string{"/usr/bin/python3", "testdata/openstacksdk.py"}},
	} {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			wantDone(t, client.last, cloudsim, append([]string{"--"}, client.command...)...)
		})
	}
}

// That the clients ask for no more than the real Cinder gives is shown by running openstacksdk there,
// too; the openstack command would take minutes.
func TestRealClientOnDevcloud(t *testing.T) {
	wantDone(t, "deleted: nothing left", "env", "OS_CLOUD=devcloud", "/usr/bin/python3", "testdata/openstacksdk.py")
}

// wantDone runs a command that has to get as far as its last line.
func wantDone(t *testing.T, last, name string, args ...string) {
	t.Helper()
	o := start(t, cloudsYAML, name, args...).wait(t)
	o.wantCode(t, 0)
	wantWords(t, o.stdout, last)
}
