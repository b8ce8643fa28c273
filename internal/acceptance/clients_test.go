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
			o := start(t, cloudsYAML, cloudsim, append([]string{"--"}, client.command...)...).wait(t)
			o.wantCode(t, 0)
			wantWords(t, o.stdout, client.last)
		})
	}
}

// That the clients ask for no more than the real Cinder gives is shown by running one there, too; the
// other takes minutes.
func TestRealClientOnDevcloud(t *testing.T) {
	o := start(t, cloudsYAML, "env", "OS_CLOUD=devcloud", "/usr/bin/python3", "testdata/openstacksdk.py").wait(t)
	o.wantCode(t, 0)
	wantWords(t, o.stdout, "deleted: nothing left")
}
