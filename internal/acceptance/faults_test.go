//go:build acceptance && faults

package acceptance

import "testing"

// What is below Cinder, and its scheduler. Cinder keeps for a while what Keystone said of a token, so
// that phases may pass without Keystone; wantRestored tells whether they really did.
func TestStoppedAtEachPhaseTheRest(t *testing.T) {
	stopAtEachPhase(t, "cinder-scheduler", "rabbitmq", "mariadb", "keystone", "osd.0")
}
