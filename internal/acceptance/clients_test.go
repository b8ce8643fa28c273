//go:build acceptance

package acceptance

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"volume-backup-tester/internal/report"
)

// realClients know nothing of the simulated cloud. They are those of the release's own system: openstacksdk
// 4.4 and openstackclient 7.4 beside 2025.1, 0.101 and 6.0 beside Zed.
var realClients = []struct {
	name, last string
	command    []string
}{
	{"openstack", "volumes: deleted", []string{devcloudScript, "box", "bash", "testdata/openstack-command.sh"}},
	{"openstacksdk", "deleted: nothing left", []string{devcloudScript, "box", "/usr/bin/python3", "testdata/openstacksdk.py"}},
}

// TestRealClientsOnCloudsim needs no devcloud, so that it runs while the one that is there has its services
// stopped.
func TestRealClientsOnCloudsim(t *testing.T) {
	t.Parallel()
	for _, client := range realClients {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			wantDone(t, client.last, cloudsim, append([]string{"--"}, client.command...)...)
		})
	}
}

// TestRealClientsOnCloudsimReadJSON: Debian's validator takes the schema, and the report of a failed run by it.
func TestRealClientsOnCloudsimReadJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, schema := filepath.Join(dir, "run.json"), filepath.Join(dir, "schema.json")
	if err := os.WriteFile(schema, []byte(report.Schema), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, cloudsYAML, cloudsim, "--without-backup-service", "--", tester, "--checks", "core,listing", "--json", file).wait(t).wantCode(t, 1)
	validator := []string{"box", "/usr/bin/python3", "-W", "ignore", "-m", "jsonschema", "-i"}
	start(t, cloudsYAML, devcloudScript, append(validator, file, schema)...).wait(t).wantCode(t, 0)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(raw, []byte(`"exit_status": 1`), []byte(`"exit_status": "1"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, cloudsYAML, devcloudScript, append(validator, file, schema)...).wait(t).wantCode(t, 1) // it does look
}

// TestRealClientsOnDevcloud shows that the clients ask for no more than the real Cinder gives.
func TestRealClientsOnDevcloud(t *testing.T) {
	for _, client := range realClients {
		t.Run(client.name, func(t *testing.T) {
			wantDone(t, client.last, "env", append([]string{"OS_CLOUD=devcloud"}, client.command...)...)
		})
	}
}

// wantDone runs a command that has to get as far as its last line.
func wantDone(t *testing.T, last, name string, args ...string) {
	t.Helper()
	o := start(t, cloudsYAML, name, args...).wait(t)
	o.wantCode(t, 0)
	wantWords(t, o.stdout, last)
}
