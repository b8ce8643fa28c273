// Package contract holds what a member of a project can observe of Keystone, Cinder and Glance, as far as
// backups are concerned, as one suite of tests over plain HTTP. It runs against the simulated cloud
// always, and with the same assertions against a real one when the environment names it:
//
//	CONTRACT_CLOUDS_YAML  path of a clouds.yaml with password logins
//	CONTRACT_CLOUD        the cloud in it that is tested, as a member
//	CONTRACT_OTHER_CLOUD  a member of another project of the same cloud
//
// Where the two differ, the simulator is wrong. What a real cloud shows only to somebody who can
// stop its services, or only sometimes, is not here: how a dead cinder-backup looks, failed
// operations, quotas other than those of gigabytes.
//
// Everything that it creates in a cloud is deleted at the end, also after a failure. What is left of a
// run that was killed is named `contract-…`, but for a nameless volume and `restore_backup_…`.
package contract
