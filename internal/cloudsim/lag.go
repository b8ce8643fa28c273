package cloudsim

import (
	"maps"
	"reflect"
	"slices"
	"time"
)

// node is one of the database's nodes: what it has of Cinder's resources.
type node struct {
	volumes   map[string]*Volume
	snapshots map[string]*Snapshot
	backups   map[string]*Backup
}

func newNode() node {
	return node{volumes: map[string]*Volume{}, snapshots: map[string]*Snapshot{}, backups: map[string]*Backup{}}
}

func volumesOf(n *node) map[string]*Volume     { return n.volumes }
func snapshotsOf(n *node) map[string]*Snapshot { return n.snapshots }
func backupsOf(n *node) map[string]*Backup     { return n.backups }

// resource finds one of whichever kind.
func (n *node) resource(id string) *Resource {
	if v := n.volumes[id]; v != nil {
		return &v.Resource
	}
	if s := n.snapshots[id]; s != nil {
		return &s.Resource
	}
	if b := n.backups[id]; b != nil {
		return &b.Resource
	}
	return nil
}

func (n *node) remove(id string) {
	delete(n.volumes, id)
	delete(n.snapshots, id)
	delete(n.backups, id)
}

// replica is a second node, to which everything comes Config.Lag later. Cinder reads from it and writes
// to the first one: what a request reads is old, and one that needs a status is refused until both
// nodes have it.
type replica struct {
	node          // what has come
	sent     node // copies of what is on its way or has come
	queue    []change
	lag      time.Duration
	flapping bool
	turns    map[string]int // by request: how often it was answered while something was on its way
}

// change is something on its way to the replica.
type change struct {
	at    time.Time // when it happened
	id    string
	apply func(*node)
}

func newReplica(lag time.Duration, flapping bool) *replica {
	return &replica{node: newNode(), sent: newNode(), lag: lag, flapping: flapping, turns: map[string]int{}}
}

// record sends what has changed since the last time.
func (p *replica) record(n *node, at time.Time) {
	if p == nil {
		return
	}
	follow(p, at, volumesOf, n, func(v Volume) Volume { v.data, v.Metadata = nil, maps.Clone(v.Metadata); return v })
	follow(p, at, snapshotsOf, n, func(s Snapshot) Snapshot { s.data, s.Metadata = nil, maps.Clone(s.Metadata); return s })
	follow(p, at, backupsOf, n, func(b Backup) Backup { b.Metadata = maps.Clone(b.Metadata); return b })
}

func follow[T any](p *replica, at time.Time, of func(*node) map[string]*T, n *node, clone func(T) T) {
	sent := of(&p.sent)
	for id, one := range of(n) {
		now := clone(*one)
		if old := sent[id]; old == nil || !reflect.DeepEqual(*old, now) {
			sent[id] = &now
			p.queue = append(p.queue, change{at, id, func(n *node) { of(n)[id] = &now }})
		}
	}
	for id := range sent {
		if of(n)[id] == nil {
			delete(sent, id)
			p.queue = append(p.queue, change{at, id, func(n *node) { delete(of(n), id) }})
		}
	}
}

// receive applies what was sent long enough ago.
func (p *replica) receive(now time.Time) {
	if p == nil {
		return
	}
	for len(p.queue) > 0 && !p.queue[0].at.Add(p.lag).After(now) {
		p.queue[0].apply(&p.node)
		p.queue = p.queue[1:]
	}
}

// everywhere ends what a test places in a cloud: both nodes have it at once.
func (c *Cloud) everywhere() {
	if p := c.behind; p != nil {
		before := len(p.queue)
		p.record(&c.node, c.now)
		for _, placed := range p.queue[before:] {
			placed.apply(&p.node)
		}
		p.queue = p.queue[:before]
	}
	c.mu.Unlock()
}

// node is the one that a request reads from. With a flapping lag requests take turns while something
// that concerns them is on its way: the first look is fresh, the next one old; a change is judged by old
// statuses at first, and by fresh ones when it is asked for again.
func (r *call) node() *node {
	p := r.cloud.behind
	switch {
	case p == nil:
		return &r.cloud.node
	case !p.flapping:
		return &p.node
	case r.reads != nil:
		return r.reads
	}
	r.reads = &r.cloud.node
	request, concerns, old := r.Method+r.URL.Path+string(r.body), "", 0
	if r.Method == "GET" {
		concerns, old = r.id, 1
	}
	if !slices.ContainsFunc(p.queue, func(c change) bool { return concerns == "" || c.id == concerns }) {
		delete(p.turns, request)
		return r.reads
	}
	if p.turns[request]%2 == old {
		r.reads = &p.node
	}
	p.turns[request]++
	return r.reads
}

// statusOf is the status that a request is judged by, which has to be one of the wanted ones: if it is,
// it may still not have come to the node that the request reads from.
func (r *call) statusOf(on *Resource, wanted ...string) string {
	if read := r.node().resource(on.ID); read != nil && slices.Contains(wanted, on.Status) {
		return read.Status
	}
	return on.Status
}
