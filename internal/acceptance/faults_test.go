//go:build acceptance && faults

package acceptance

import "testing"

// What is below Cinder, and its scheduler. Keystone's tokens are kept by Cinder for a while, so that
// a run may pass without it; any other PASS would be a false one as well, which wantRestored tells.
func TestFaultsOfTheRest(t *testing.T) {
	stopAtEachPhase(t, "cinder-scheduler", "rabbitmq", "mariadb", "keystone", "osd.0")
}
