package check

import (
	"time"

	"volume-backup-tester/internal/cloud"
)

// Config is what a run is told.
type Config struct {
	Version   string    // of the tool
	Started   time.Time // before the connection was made
	CloudName string    // in clouds.yaml
	Cloud     *cloud.Client
	Other     *cloud.Client // a member of another project; nil: none
	// Prefix is what the names of all resources begin with; never empty.
	Prefix  string
	Timeout time.Duration // what one wait may take
	// Tolerance is what the clients repeat their calls with; nil: they do not.
	Tolerance *Tolerance
	// VolumeType and Zone are for the volumes created; "": the cloud's default.
	VolumeType, Zone string
	BackupZone       string // of cinder-backup; "": the volume's
	VolumeSize       int    // GiB, of volumes that are made empty; 0: 1
	// RestoreType is the other volume type to restore onto; "": none.
	RestoreType string
	// EncryptedType is the volume type of the check encrypted; "": VolumeType, or
	// the cloud's default.
	EncryptedType string
	AllowAdmin    bool
	// FailOnSkip makes a skipped optional check a failure of the run.
	FailOnSkip bool
	// Checks are what is run, and what decides which kinds are cleaned up.
	Checks []Check
	// Parallel is how many optional checks run at once; 0: 1.
	Parallel int
	// CleanupOnly deletes what begins with the prefix and runs no check; with
	// DryRun it only tells what it would delete.
	CleanupOnly, DryRun bool
	// OlderThan makes such a clean-up leave alone what is younger; 0: nothing is.
	OlderThan time.Duration
	// CleanOnFailure deletes what a run has made also when it has failed.
	CleanOnFailure bool
	// Warnings are about what was asked for.
	Warnings []string
	// CleanupCommand is told with what is left.
	CleanupCommand string
	Progress       func(Event)
}
