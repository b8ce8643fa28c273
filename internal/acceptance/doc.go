// Package acceptance holds the tests that run the finished programs as processes: the checker against
// a real Cinder (testdata/devcloud), whose services are stopped and started on the way, and real
// OpenStack clients against the simulated cloud. It knows the programs only by what they promise
// their users: flags, lines, exit statuses, and what is left in the cloud.
//
// They are behind the build tag "acceptance"; `make acceptance` runs them. What cannot run fails. The
// contract suite works in another project of the same cloud meanwhile, so a test that stops a service
// has a name that begins with TestStopped: those run by themselves, after all others. The faults of all
// services take long and are behind the tag "faults" as well: `make acceptance-faults`.
package acceptance
