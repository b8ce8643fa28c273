package cloud

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// The kinds of resources, in the words of the API references.
const (
	KindVolume   = "volume"
	KindBackup   = "backup"
	KindSnapshot = "snapshot"
	KindImage    = "image"
)

// Resource is a volume, backup, snapshot or image as the cloud last described
// it.
type Resource struct {
	Kind, ID, Name, Status string
	Description            string
	// Reason is a backup's fail_reason: the driver's own words.
	Reason string
	// Size is in GiB; an image has none.
	Size int
	// Created is zero if the cloud did not say.
	Created time.Time
	// AsOf is the time of the list that the resource is from, by the cloud's own
	// clock (the answer's Date); zero if it did not say.
	AsOf time.Time
	// RequestID is that of the answer which described the resource.
	RequestID string
	Metadata  map[string]string

	VolumeType string // of a volume
	Bootable   bool   // a volume
	Encrypted  bool   // a volume: what is uploaded of it is ciphertext
	// Attachments are a volume's; ImageMetadata is what it keeps of the image that
	// it was made from.
	Attachments   []Attachment
	ImageMetadata map[string]string

	VolumeID   string // of a backup or snapshot: what it was made of
	SnapshotID string // of a backup or volume: what it was made of
	// Incremental is a backup of what has changed since its parent.
	Incremental bool
	// HasDependents says that incremental backups build on this one. Cinder
	// keeps silent about failed ones.
	HasDependents bool
	Owner         string // of an image: its project
	Bytes         int64  // of an image; 0 if Glance does not say
	SHA512        string // of an image's bytes; "" if Glance does not say
}

// Attachment is that of a volume to a server, or to nothing that Nova knows of.
type Attachment struct {
	ID       string `json:"attachment_id"`
	ServerID string `json:"server_id"`
	Device   string `json:"device"`
}

// String names a resource for people: kind, name and id, as far as known.
func (r Resource) String() string {
	switch {
	case r.Kind == "":
		return "request"
	case r.ID == "" && r.Name == "":
		return r.Kind
	case r.ID == "":
		return fmt.Sprintf("%s '%s'", r.Kind, Printable(r.Name))
	case r.Name == "":
		return fmt.Sprintf("%s %s", r.Kind, r.ID)
	}
	return fmt.Sprintf("%s '%s' (%s)", r.Kind, Printable(r.Name), r.ID)
}

// wire is what this program reads of Cinder's answers. gophercloud's own types
// refuse a whole answer because of one timestamp with a zone; this one does not.
type wire struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	Description   string            `json:"description"`
	Status        string            `json:"status"`
	FailReason    string            `json:"fail_reason"`
	Size          json.Number       `json:"size"`
	CreatedAt     timestamp         `json:"created_at"`
	Metadata      map[string]string `json:"metadata"`
	VolumeType    string            `json:"volume_type"`
	Bootable      any               `json:"bootable"` // "true" in Cinder
	Encrypted     bool              `json:"encrypted"`
	Attachments   []Attachment      `json:"attachments"`
	ImageMetadata map[string]string `json:"volume_image_metadata"`
	VolumeID      string            `json:"volume_id"`
	SnapshotID    string            `json:"snapshot_id"`
	Incremental   bool              `json:"is_incremental"`
	HasDependents bool              `json:"has_dependent_backups"`
	Owner         string            `json:"-"` // an image's
	Bytes         int64             `json:"-"`
	SHA512        string            `json:"-"`
}

// imageWire is what it reads of Glance's. Nothing else is: an image's own
// properties stand beside these, and may have the names of Cinder's.
type imageWire struct {
	ID            string      `json:"id"`
	Name          string      `json:"name"`
	Status        string      `json:"status"`
	CreatedAt     timestamp   `json:"created_at"`
	Owner         string      `json:"owner"`
	Size          json.Number `json:"size"`
	HashAlgorithm string      `json:"os_hash_algo"`
	Hash          string      `json:"os_hash_value"`
}

func (i imageWire) wire() wire {
	w := wire{ID: i.ID, Name: i.Name, Status: i.Status, CreatedAt: i.CreatedAt, Owner: i.Owner}
	w.Bytes, _ = i.Size.Int64() // null while it is not known
	if i.HashAlgorithm == "sha512" {
		w.SHA512 = i.Hash
	}
	return w
}

// single is the body of an answer with one resource in it.
type single struct {
	Volume   wire      `json:"volume"`
	Backup   wire      `json:"backup"`
	Snapshot wire      `json:"snapshot"`
	image    imageWire // Glance wraps nothing
}

// target is what such an answer is decoded into.
func (s *single) target(kind string) any {
	if kind == KindImage {
		return &s.image
	}
	return s
}

func (s *single) of(kind string) wire {
	switch kind {
	case KindVolume:
		return s.Volume
	case KindBackup:
		return s.Backup
	case KindSnapshot:
		return s.Snapshot
	}
	return s.image.wire()
}

// several is the body of a list's page. Cinder has a list of links to other
// pages, Glance one link.
type several struct {
	Volumes        []wire             `json:"volumes"`
	VolumesLinks   []gophercloud.Link `json:"volumes_links"`
	Backups        []wire             `json:"backups"`
	BackupsLinks   []gophercloud.Link `json:"backups_links"`
	Snapshots      []wire             `json:"snapshots"`
	SnapshotsLinks []gophercloud.Link `json:"snapshots_links"`
	Images         []imageWire        `json:"images"`
	Next           string             `json:"next"`
}

// of are the entries and the links; nil if the answer holds no such list.
func (s *several) of(kind string) (list []wire, links []gophercloud.Link) {
	switch kind {
	case KindVolume:
		return s.Volumes, s.VolumesLinks
	case KindBackup:
		return s.Backups, s.BackupsLinks
	case KindSnapshot:
		return s.Snapshots, s.SnapshotsLinks
	}
	if s.Images != nil {
		list = []wire{}
	}
	for _, i := range s.Images {
		list = append(list, i.wire())
	}
	return list, []gophercloud.Link{{Rel: "next", Href: s.Next}}
}

// usable says whether the id can be one. It becomes part of addresses and of
// commands that people copy, so nothing but an id may be in it.
func (w wire) usable() bool { return identifier.MatchString(w.ID) }

// resource is what the answer to a call shows. A driver's own words may quote a secret.
func (w wire) resource(kind string, c *call) Resource {
	size, _ := w.Size.Int64() // null while it is not known
	return Resource{
		Kind: kind, ID: w.ID, Name: w.Name, Status: Printable(w.Status), Description: w.Description, Reason: Printable(c.secrets.hide(w.FailReason)),
		Created: time.Time(w.CreatedAt), RequestID: c.requestID, Metadata: w.Metadata,
		VolumeType: Printable(w.VolumeType), Bootable: fmt.Sprint(w.Bootable) == "true", Encrypted: w.Encrypted,
		Attachments: w.Attachments, ImageMetadata: w.ImageMetadata,
		VolumeID: w.VolumeID, SnapshotID: Printable(w.SnapshotID), Incremental: w.Incremental, HasDependents: w.HasDependents,
		Size: int(size), Owner: w.Owner, Bytes: w.Bytes, SHA512: w.SHA512,
	}
}

var identifier = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

// timestamp reads Cinder's zoneless UTC times and RFC 3339. A time of another
// form stays zero: no check depends on one.
type timestamp time.Time

func (t *timestamp) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999", time.RFC3339Nano} {
		if parsed, err := time.Parse(layout, text); err == nil {
			*t = timestamp(parsed)
			break
		}
	}
	return nil
}
