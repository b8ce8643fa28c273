// Package cloudsim is a simulated OpenStack: Keystone v3, Cinder v3 and Glance v2 over HTTP, in memory,
// with the real services' statuses, rules and error bodies. It owns the protocol and the behaviour that a
// client of volume backups can see, the faults that tests and demonstrations order, and nothing of
// any client: what decides is a real Cinder (the contract suite in internal/contract runs against
// both).
//
// A Fault makes one request or operation fail, perhaps a counted number of times. A Rule is what every
// sound cloud keeps to: a broken one is broken wherever it applies. The rest of what real clouds do
// differently is in Config.
//
// It is strict where the real services are: a token is checked on every call, pages are small,
// deletions take time, a volume's status changes before its backup's. State lies behind one mutex,
// and time drives it: whatever is due is brought up to date when somebody looks, so there is neither
// a goroutine nor a timer between two requests, and it runs in a testing/synctest bubble as well as
// in real time. Identifiers are the same in every run, so that outputs can be compared.
//
// Volumes, snapshots, backups and images have bytes, of which only what is not zero takes memory. Only
// an image's hashes take time, seconds for a GiB: they are computed when an image is first shown, while
// others are served.
//
// What it does not model:
//
//   - Nova and Cinder's groups, transfers, retyping, extending, reserving and migrating, export and import
//     of backups, single metadata keys, and the changing
//     of image metadata; of the volume types only names, smallest sizes and that one may be encrypted; of the messages only the list.
//   - Glance's import, sharing, PATCH, schemas, quotas, several stores, deactivation and other formats than
//     raw (whatever an image says of its format, its bytes are a volume's); an image's id, tags, minima and
//     protection cannot be set, and filters know no operators. A volume's image cannot be named, only given by id.
//   - Scheduling: there is one availability zone and room for everything that the quotas allow.
//   - Cinder notices a dead cinder-backup after a minute without heartbeat; here it does at once.
//   - The second region of the catalogue is only a name: its endpoints answer 404.
//   - Names: an empty one and none at all are the same (null).
//   - Keystone's own administration: users, projects and roles are given.
//   - Requests are validated for what clients get wrong, not with Cinder's complete schemas.
package cloudsim
