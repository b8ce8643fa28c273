package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"volume-backup-tester/internal/cloudsim"
)

const usage = `Usage: cloudsim [flags] -- COMMAND ARGS...

Runs COMMAND against a simulated OpenStack (Keystone, Cinder and Glance, on
loopback, in memory), and exits with its status. COMMAND finds the cloud through
OS_CLIENT_CONFIG_FILE and OS_CLOUD=cloudsim; its clouds.yaml also has
cloudsim-other, a member of another project, and cloudsim-admin. Without COMMAND
it serves until interrupted and prints where its clouds.yaml is.

      --operation-time D         how long each asynchronous operation takes
                                 (default 100ms)
      --latency D                how long each request takes (default 0s)
      --page-size N              entries in a list at most (default 5)
      --more-accounts N          N more members, cloudsim-member-1 and so on, and
                                 N more administrators, cloudsim-admin-1 and so
                                 on, each in a project of its own (default 0)
      --fault MATCH=WHAT[*TIMES][@SKIP]
                                 make something fail, see below; may be repeated
      --break RULE               do what a sound cloud does not, for instance
                                 restore-flips-bytes; may be repeated; the
                                 rules are listed for ?
      --help, --version

As some clouds are:
      --without-backup-service   cinder-backup was never installed
      --unversioned-catalog      Block Storage URLs end before the version
      --max-microversion 3.N     the newest that Cinder speaks (default 3.71)
      --strip-request-ids        Block Storage's answers have no request id
      --lag D                    Cinder reads what was so D ago (default 0s)
      --lag-flapping             every other read is not old
      --min-volume-size GIB      of the default volume type
      --private-default-type     members may not use the default volume type
      --encrypted-type           there is a volume type cloudsim-luks, too
      --limits-without-used      limits do not say what is used
      --limits-without-backups   limits say nothing of backups
      --keep-quota               deleted backups still count against the quota
      --incrementals-fail        incremental backups end in error
      --undo-deletion D          a volume is available again after a deletion,
                                 until D after the first request for it
      --uploads-plain-images     a volume made from an image without a property
                                 of its own can be uploaded, as before Cinder
                                 24.3 and 25.1, and after May 2026
      --device-multiple GIB      devices are a multiple of that size, and an image of
                                 a volume is as long as its device
      --image-in-use D           an image cannot be deleted until D after it was
                                 made of a volume, or a volume of it

MATCH is a request (POST /backups, GET /volumes/*), every request to a service
(keystone, cinder, glance) or at all (*), or an operation (create-volume,
create-snapshot, create-backup, restore, upload, save-image, delete-volume,
delete-snapshot, delete-backup).
WHAT happens to a request: a status code (503, 503+5 with Retry-After, 413+5 of
the rate limiter, proxy:503 of a front end, keystone:503 of the token's check,
html:502), redirect:307 or redirect:307:http://HOST, quota, refuse, drop (reset
before acting), lose (act, then reset), cut, garbage, empty, null, slow:D. To an
operation: a status (error_restoring), stuck, vanish, delete, slow:D.
It happens TIMES times (default: always), after SKIP that go well.

Example: the second backup of a run fails
  cloudsim --fault create-backup=error@1 -- volume-backup-tester --timeout 5
`

// bind has flags set how the cloud behaves.
func bind(flags *pflag.FlagSet, config *cloudsim.Config) {
	flags.DurationVar(&config.OperationTime, "operation-time", 100*time.Millisecond, "")
	flags.DurationVar(&config.Latency, "latency", 0, "")
	flags.DurationVar(&config.Lag, "lag", 0, "")
	flags.BoolVar(&config.LagFlapping, "lag-flapping", false, "")
	flags.IntVar(&config.PageSize, "page-size", 5, "")
	flags.IntVar(&config.MoreAccounts, "more-accounts", 0, "")
	flags.BoolVar(&config.WithoutBackupService, "without-backup-service", false, "")
	flags.IntVar(&config.MinVolumeSize, "min-volume-size", 0, "")
	flags.BoolVar(&config.PrivateDefaultType, "private-default-type", false, "")
	flags.BoolVar(&config.WithEncryptedType, "encrypted-type", false, "")
	flags.BoolVar(&config.IncrementalsFail, "incrementals-fail", false, "")
	flags.DurationVar(&config.DeletionUndone, "undo-deletion", 0, "")
	flags.BoolVar(&config.UploadsPlainImages, "uploads-plain-images", false, "")
	flags.IntVar(&config.DeviceMultiple, "device-multiple", 0, "")
	flags.DurationVar(&config.ImageInUse, "image-in-use", 0, "")
	flags.BoolVar(&config.QuotaKept, "keep-quota", false, "")
	flags.BoolVar(&config.LimitsWithoutUsed, "limits-without-used", false, "")
	flags.BoolVar(&config.LimitsWithoutBackups, "limits-without-backups", false, "")
	flags.BoolVar(&config.StripRequestIDs, "strip-request-ids", false, "")
	flags.BoolVar(&config.UnversionedCatalog, "unversioned-catalog", false, "")
	flags.StringVar(&config.MaxMicroversion, "max-microversion", "3.71", "")
}

// validate returns what is wrong with the flags, in one line.
func validate(config *cloudsim.Config) error {
	switch {
	case config.OperationTime <= 0:
		return fmt.Errorf("--operation-time must be more than 0, not %v", config.OperationTime)
	case config.Latency < 0:
		return fmt.Errorf("--latency must not be negative, but is %v", config.Latency)
	case config.Lag < 0:
		return fmt.Errorf("--lag must not be negative, but is %v", config.Lag)
	case config.LagFlapping && config.Lag == 0:
		return errors.New("--lag-flapping requires --lag")
	case config.DeviceMultiple < 0:
		return fmt.Errorf("--device-multiple must not be negative, but is %d", config.DeviceMultiple)
	case config.PageSize < 1:
		return fmt.Errorf("--page-size must be at least 1, not %d", config.PageSize)
	case config.MoreAccounts < 0:
		return fmt.Errorf("--more-accounts must not be negative, but is %d", config.MoreAccounts)
	}
	_, err := cloudsim.ParseMicroversion(config.MaxMicroversion)
	return err
}
