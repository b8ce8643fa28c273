//go:build acceptance

package acceptance

import "testing"

// Real clients, which know nothing of the simulated cloud, work against it. That they ask for no
// more than the real Cinder gives is shown by running one there, too; the other takes minutes.
func TestRealClients(t *testing.T) {
	for _, client := range []struct {
		name, last string
		command    []string
	}{
		{"openstack/cloudsim", "volumes: deleted", []string{cloudsim, "--", "bash", "testdata/openstack-command.sh"}},
		{"openstacksdk/cloudsim", "deleted: nothing left", []string{cloudsim, "--", "/usr/bin/python3", "testdata/openstacksdk.py"}},
		{"openstacksdk/devcloud", "deleted: nothing left", []string{"env", "OS_CLOUD=devcloud", "/usr/bin/python3", "testdata/openstacksdk.py"}},
	} {
		t.Run(client.name, func(t *testing.T) {
			o := start(t, cloudsYAML, client.command[0], client.command[1:]...).wait(t)
			o.wantCode(t, 0)
			wantWords(t, o.stdout, client.last)
		})
	}
}
