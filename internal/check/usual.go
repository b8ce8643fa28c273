package check

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// usual is how long waits of each kind have taken at least in this run. For half
// of that long it is no use to poll again once the operation is seen to go on: all
// checks together spare a cloud most polls of long operations. The mandatory
// phases, and their clean-ups, poll as if nothing were known.
type usual struct {
	mu    sync.Mutex
	known map[string]time.Duration
}

// took notes a wait.
func (u *usual) took(kind string, d time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if before, known := u.known[kind]; !known || d < before {
		u.known[kind] = d
	}
}

// half is for how long a wait of the kind need not be polled again; that of the
// middle one of all sorts if none of this one has ended yet.
func (u *usual) half(kind string) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	if d, known := u.known[kind]; known {
		return d / 2
	}
	if len(u.known) == 0 {
		return 0
	}
	return slices.Sorted(maps.Values(u.known))[len(u.known)/2] / 2
}

// waitKind is the kind of a wait for targets: what they are, and what they are to
// become.
func waitKind(targets []*target) (kind string) {
	for _, t := range targets {
		kind += t.Kind + " " + t.want() + ", "
	}
	return kind
}

// deletionKind is the kind of a wait for a resource to be gone.
func deletionKind(kind string) string { return "no " + kind }
