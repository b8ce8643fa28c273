// Package bench measures what the tool adds to a cloud's own time, and what it costs the machine and
// the cloud. It holds only tests, which do nothing unless asked to (`make bench`): they print
// figures, most of them ratios from one run, beside their targets, and fail where a target is missed.
//
// Waiting and clean-up are measured in virtual time against the simulated cloud, so their figures
// are the same on every machine. The footprint is that of the finished program as a process. The
// last figure needs a real cloud: DEVCLOUD_CLOUDS_YAML, as testdata/devcloud/devcloud prints it.
package bench
