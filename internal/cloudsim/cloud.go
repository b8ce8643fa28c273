package cloudsim

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Config says how a Cloud behaves. The zero value is a usable default.
type Config struct {
	BaseURL              string        // scheme and host that URLs in answers begin with; "": as the request has them
	OperationTime        time.Duration // how long each asynchronous operation takes; 0: 100 ms
	Latency              time.Duration // how long each request waits before it is looked at
	Lag                  time.Duration // how old what Cinder reads is, see also LagFlapping
	LagFlapping          bool          // only every other time, for the same request
	PageSize             int           // how many entries a list has at most; 0: 5 (Cinder's own default is 1000)
	TokenLifetime        time.Duration // 0: 1 hour
	WithoutBackupService bool          // cinder-backup was never installed
	StripRequestIDs      bool          // a front end takes the request id out of all of Block Storage's answers
	UnversionedCatalog   bool          // the catalogue's Block Storage URLs end before the version
	MinVolumeSize        int           // GiB of the default type's smallest volume
	PrivateDefaultType   bool          // members may not use the default type
	WithEncryptedType    bool          // there is EncryptedType, too
	Quotas               *Quotas       // of each project; nil: DefaultQuotas
	IncrementalsFail     bool          // the driver cannot make increments: they end in error
	DeviceMultiple       int           // GiB: a volume's device, and so an image of it, is as long or a multiple of it; 0: as long as the volume
	DeletionUndone       time.Duration // until so long after the first request to delete it, a volume is available again
	UploadsPlainImages   bool          // as Cinder before 24.3: a volume that was made from an image without a property of its own can be uploaded
	ImageInUse           time.Duration // how long Glance refuses to delete an image that a volume was made of, or the other way round
	QuotaKept            bool          // a deleted backup goes on counting against the quota
	MoreAccounts         int           // so many more members, cloudsim-member-1…, and administrators, cloudsim-admin-1…, each in a project of its own
	LimitsWithoutUsed    bool          // GET /limits says nothing of what is used: the policy for that is closed
	LimitsWithoutBackups bool          // GET /limits says nothing of backups
	MaxMicroversion      string        // the newest that Cinder speaks, e.g. 3.8; "": 3.71, that of 2025.1. New panics on another form
	Faults               []Fault
	Broken               []Rule   // each as with Cloud.Break
	Digests              *Digests // of images; nil: its own. Tests share one, which saves seconds
}

// Cloud is a simulated OpenStack. It is an http.Handler; its methods are for tests and may be called
// at any time.
type Cloud struct {
	config      Config
	maxMinor    int              // 71 of microversion 3.71
	routes      map[string]route // Cinder's
	imageRoutes map[string]route // Glance's

	mu     sync.Mutex // held while state is read or changed, never while waiting
	now    time.Time  // of the event or request that is being worked on
	events events
	serial map[string]int // how many identifiers of a kind were given out
	log    []*Request
	faults []*armed
	rules  map[Rule]bool // those that are broken

	users     []user
	projects  []project
	tokens    map[string]*token
	endpoints []Endpoint

	node            // Cinder's resources
	behind *replica // nil: none

	images   map[string]*Image
	messages map[string]*message
	types    []volumeType
	quotas   map[string]Quotas // by project
	unlisted map[string]Quotas // by project: used according to the quotas, and in no list
	service  backupService
}

// New returns a cloud with two projects, an administrator's one, and nothing in them.
func New(config Config) *Cloud {
	if config.OperationTime == 0 {
		config.OperationTime = 100 * time.Millisecond
	}
	if config.PageSize == 0 {
		config.PageSize = 5
	}
	if config.TokenLifetime == 0 {
		config.TokenLifetime = time.Hour
	}
	if config.Digests == nil {
		config.Digests = new(Digests)
	}
	if config.Quotas == nil {
		quotas := DefaultQuotas()
		config.Quotas = &quotas
	}
	minor, err := ParseMicroversion(cmp.Or(config.MaxMicroversion, newestMicroversion))
	if err != nil {
		panic(err)
	}
	c := &Cloud{
		config:    config,
		maxMinor:  minor,
		serial:    map[string]int{},
		rules:     map[Rule]bool{},
		tokens:    map[string]*token{},
		endpoints: defaultEndpoints(config.UnversionedCatalog),
		node:      newNode(),
		images:    map[string]*Image{},
		messages:  map[string]*message{},
		quotas:    map[string]Quotas{},
		unlisted:  map[string]Quotas{},
		service:   backupService{up: !config.WithoutBackupService, known: !config.WithoutBackupService},
	}
	if config.Lag > 0 {
		c.behind = newReplica(config.Lag, config.LagFlapping)
	}
	c.routes, c.imageRoutes = c.blockStorageRoutes(), c.imagePaths()
	c.enroll(config.accounts())
	c.types = c.volumeTypes()
	for _, f := range config.Faults {
		c.faults = append(c.faults, &armed{Fault: f})
	}
	for _, r := range config.Broken {
		c.rules[r] = true
	}
	return c
}

var _ http.Handler = (*Cloud)(nil)

// lock begins a look at the state: everything that was due by now has happened.
func (c *Cloud) lock() {
	c.mu.Lock()
	c.behind.record(&c.node, c.now) // what was done under the lock before this one
	now := time.Now()
	for len(c.events) > 0 && !c.events[0].at.After(now) {
		e := heap.Pop(&c.events).(event)
		c.now = e.at
		e.do()
		c.behind.record(&c.node, c.now)
	}
	c.now = now
	c.behind.receive(now)
}

// after lets something happen later. It runs under the mutex, and must itself see whether the
// resource that it was meant for is still there and still waits for it.
func (c *Cloud) after(d time.Duration, do func()) {
	c.serial["event"]++
	heap.Push(&c.events, event{at: c.now.Add(d), serial: c.serial["event"], do: do})
}

type event struct {
	at     time.Time
	serial int // keeps events of one instant in order
	do     func()
}

type events []event

func (e events) Len() int      { return len(e) }
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].serial < e[j].serial
}

func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// newID returns a UUID that depends only on the kind and on how many of it there were before.
func (c *Cloud) newID(kind string) string {
	c.serial[kind]++
	return uuid(fmt.Sprint(kind, c.serial[kind]))
}

// uuid returns a version 4 UUID made of a seed.
func uuid(seed string) string {
	h := sha256.Sum256([]byte(seed))
	h[6], h[8] = h[6]&0x0f|0x40, h[8]&0x3f|0x80
	hex := hex.EncodeToString(h[:16])
	return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
}
